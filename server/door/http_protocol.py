"""uvicorn's HTTP with three things of ours: readers leave it, the stalled are found, and nobody
takes for ever to say what they want.

Which of uvicorn's internals this stands on is told by tests/contract/test_uvicorn.py.
"""

import asyncio
from functools import cached_property
from typing import Any, Final

from httptools import parse_url
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.door.handshake import Arrival, arrival
from server.site import Site

HEAD: Final = 64 * 1024
"""Bytes of a request's head; what comes in one read is taken, so four times that at most."""
TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class HttpProtocol(HttpToolsProtocol):
    """One connection, until a reader takes it over or it ends."""

    _arrival: Arrival | None = None
    _head = 0

    @cached_property
    def site(self) -> Site:
        site: Site = self.config.app.state.site  # type: ignore[union-attr] # the application we gave it
        return site

    @property
    def application(self) -> Any:
        return self.config.app

    def close(self, _: int) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self.site.pulse.awaits(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.site.pulse.has(self)
        self.site.pulse.resumed(self)
        if self._arrival:
            self._arrival.leave()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.site.pulse.paused(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.site.pulse.resumed(self)

    def data_received(self, data: bytes) -> None:
        if self._arrival:
            self.transport.abort()  # it speaks before it is answered
            return
        self._head = len(data) + (self._head if self.site.pulse.is_awaited(self) else 0)
        super().data_received(data)
        if self._head > HEAD and self.site.pulse.is_awaited(self):
            self.transport.write(TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.site.pulse.awaits(self)

    def on_headers_complete(self) -> None:
        self.site.pulse.has(self)
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        asked = parse_url(self.url)
        ours = self.scope["method"] == "GET" and arrival(self, asked.path, asked.query or b"")
        if not ours:
            super().handle_websocket_upgrade()
        elif self._unfinished():
            self.transport.abort()  # an answer still to come would fall among the frames
        else:
            self._arrival = ours
            ours.arrive()

    def hand_over(self) -> asyncio.Transport | None:
        """The transport, for a protocol that takes it from here; None if it has gone meanwhile."""
        if self.transport.is_closing():
            return None
        self.connections.discard(self)
        self._arrival = None
        del self.parser  # it holds us, and we hold it
        return self.transport

    def _unfinished(self) -> bool:
        answered = getattr(self.cycle, "response_complete", True)
        return not answered or self.transport.get_write_buffer_size() > 0
