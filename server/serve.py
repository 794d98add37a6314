"""Running the server: uvicorn with our settings, the links printed, the demo beside it."""

import asyncio
import contextlib
import socket
import sys

import click
import uvicorn

from server.access import Taken, Unknown
from server.app import app
from server.demo.rounds import current, run_demo
from server.door import uvicorn_server
from server.door.uvicorn_server import log_to_stderr, uvicorn_for
from server.settings import Settings
from server.site import Site
from server.storage.embedded import Embedded
from server.storage.log import Unreachable
from server.workers import Workers

UNSENT = 128 * 1024
"""Bytes that wait in the kernel for one connection, beyond those on their way."""
UNANSWERED = 60
"""Seconds, and those of a stall, after which what no kernel has confirmed is a dead connection."""
FIRST_ROUND = 20
"""Seconds the demo is given to open its first day."""


def serve(settings: Settings, *, demo: float | None = None) -> None:
    """Serve until told to end. With `demo`, the sample day happens at that pace."""
    log_to_stderr()
    bound = bind(settings)
    port = bound.getsockname()[1]
    application = app(settings)
    server = uvicorn_for(application, settings)

    async def run() -> None:
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        keeping = asyncio.create_task(workers.keep())
        await _started(server, serving)
        if not serving.done() and not server.should_exit:
            site: Site = application.state.site
            player = asyncio.create_task(run_demo(site, pace=demo)) if demo else None
            if player:
                await _first_round(site, player)
            await _greet(site, settings, port, demo=demo is not None)
            await serving
            if player:
                player.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await player
        await serving
        keeping.cancel()

    server.heed()
    with contextlib.ExitStack() as held:
        held.callback(bound.close)
        if not settings.redis_url:
            # Opened before anything is served, so that what is wrong with it is said in a line.
            held.enter_context(Embedded(settings.data))
        workers = Workers(settings.workers - 1, settings, bound)
        # At once with us: else our readers go to them, to be sent away again.
        server.ending = workers.end
        held.callback(workers.stop)
        uvicorn_server.run(run(), settings)


async def _first_round(site: Site, player: asyncio.Task[None]) -> None:
    """Wait until the link that is about to be printed leads somewhere."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FIRST_ROUND):
            while await current(site.redis) is None and not player.done():  # noqa: ASYNC110 - told through Redis, not by an event
                await asyncio.sleep(0.05)


async def _started(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn sets a flag, no event
        await asyncio.sleep(0.02)


async def login_link(site: Site, name: str) -> str:
    """A one-time link; the first user, `admin`, is made where there is none."""
    if name == "admin" and not await site.access.users():
        with contextlib.suppress(Taken):
            await site.access.create_user("admin", "admin")
    settings = site.settings
    base = settings.base_url.rstrip("/") or f"http://127.0.0.1:{settings.port}"
    return f"{base}/login/{await site.access.login_link(name)}"


async def _greet(site: Site, settings: Settings, port: int, *, demo: bool) -> None:
    base = settings.base_url.rstrip("/") or f"http://{_shown(settings.host)}:{port}"
    click.echo(f"Page      {base}/{'demo' if demo else ''}")
    try:
        if sys.stdout.isatty() or demo or not await site.access.users():
            link = await login_link(site, "admin")
            click.echo(f"Desk      {base}/login/{link.rpartition('/')[2]}   (once, 15 minutes)")
    except Unknown:
        pass  # somebody else is admin here
    except Unreachable as error:
        click.echo(f"Not ready: {error}", err=True)
    click.echo(f"API docs  {base}/api/docs")
    sys.stdout.flush()


def _shown(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host


def bind(settings: Settings) -> socket.socket:
    """The address to listen on, taken; raises OSError with the sentence to print."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Named, or the loop does not know TCP when it sees it, and leaves small answers to Nagle.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        # Every accepted socket has it too. Else the kernel takes megabytes for who reads nothing.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Nobody answers for an event stream whose network is gone but the other end's kernel.
        patience = UNANSWERED + settings.stall
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(patience * 1000))
    try:
        bound.bind((settings.host, settings.port))
    except OSError as error:
        bound.close()
        raise OSError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; "
            "choose another with --port"
        ) from error
    bound.set_inheritable(True)
    return bound
