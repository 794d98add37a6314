"""uvicorn with our settings: the one place that knows its options."""

import socket
import sys
from typing import Final

import structlog
import uvicorn
from starlette.applications import Starlette

from server.app import close_readers
from server.settings import Settings

GRACE: Final = 10
"""Seconds that open requests are given when the server ends."""


class _Server(uvicorn.Server):
    """Sends the readers away before it waits for connections to end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        close_readers(self.config.app)  # type: ignore[arg-type] # the application we gave it
        await super().shutdown(sockets)


def uvicorn_for(application: Starlette, settings: Settings) -> uvicorn.Server:
    """A uvicorn server with our settings."""
    return _Server(
        uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=GRACE,
            ws_max_size=4096,
            proxy_headers=bool(settings.proxies),
            forwarded_allow_ips=settings.proxies or "",
            server_header=False,
        )
    )


def log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.add_log_level,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
