"""uvicorn with our settings: the one place that knows its options."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from importlib import import_module
from socket import socket
from typing import Any, Final

import structlog
import uvicorn
from starlette.applications import Starlette
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from server.door.drain import Drain, Guest
from server.door.http_protocol import HttpProtocol
from server.push.crowd import Proxies
from server.push.pulse import LINGER
from server.settings import Settings
from server.site import Site

GRACE: Final = 10
"""Seconds that open requests are given when the server ends."""
COLLECT: Final = (10_000, 20, 50)
"""With ten thousand readers a full collection stops everything for 25 ms: it comes rarely."""
BACKLOG: Final = 4096
"""Connections the kernel holds for us while we are busy; it may have a lower bound of its own."""
BATCH: Final = 64
"""Connections taken from it in a turn of the loop: others get a turn, other workers a share."""


def nothing() -> None:
    """For a server that nobody else waits for."""


def patience(settings: Settings) -> int:
    """Seconds that a server may take to end: requests, then readers, then their answers."""
    return int(GRACE + settings.drain + LINGER)


class Server(uvicorn.Server):
    """Freezes what it was started with, and drains its readers before it ends."""

    def __init__(self, config: uvicorn.Config, application: Starlette, settings: Settings) -> None:
        super().__init__(config)
        self._application = application
        self._settings = settings
        self.ending: Callable[[], None] = nothing
        """Called when the end begins, before anybody is sent away."""

    def heed(self) -> None:
        """Be told to end by SIGTERM from now on.

        uvicorn listens only while it serves. Told before, it ends as soon as it has started; in
        the end it raises the signal again, which is then an order that was carried out.
        """
        signal.signal(signal.SIGTERM, self._told)

    def _told(self, *_: object) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self.ending()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        proxied = self.config.loaded_app
        if isinstance(proxied, ProxyHeadersMiddleware):
            proxied.trusted_hosts = Proxies(self._settings.trusted_proxies)
        await super().startup(sockets)
        for listening in sockets or ():
            listening.listen(BACKLOG)  # the loop knows one number for both, and was given BATCH
        drain = Drain(
            self._settings.drain,
            self._readers,
            self._open,
            self._ends,
            self.server_state.connections.discard,
        )
        self.server_state.connections.add(drain)  # type: ignore[arg-type] # it can shut down, and is waited for
        # Modules, routes and templates live as long as we do: the collector need not look again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT)

    @property
    def _site(self) -> Site:
        site: Site = self._application.state.site
        return site

    def _readers(self) -> list[Guest]:
        feeds = [loaded.feed for loaded in self._site.tail.loaded.values()]
        return [*(reader for feed in feeds for reader in feed.readers), *self._site.replays.viewers]

    def _ends(self) -> None:
        self._site.crowd.ending = True
        self._site.pulse.hurry()

    def _open(self) -> bool:
        return bool(self._site.pulse.connections)


def run(main: Coroutine[Any, Any, None], settings: Settings) -> None:
    """Run a program on the loop that the settings name, until it ends or is told to by Ctrl-C."""
    loop = import_module("uvloop").new_event_loop if settings.loop == "uvloop" else None
    # uvicorn has ended in order, and then raises the interrupt once more.
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main)


def uvicorn_for(application: Starlette, settings: Settings) -> Server:
    """A uvicorn server with our settings."""
    config = uvicorn.Config(
        application,
        http=HttpProtocol,
        log_config=None,
        access_log=False,
        lifespan="on",
        backlog=BATCH,
        timeout_graceful_shutdown=patience(settings),
        ws_max_size=4096,
        ws_per_message_deflate=False,  # the desk's sockets say little
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        server_header=False,
    )
    return Server(config, application, settings)


def log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.add_log_level,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
