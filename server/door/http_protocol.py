"""uvicorn's HTTP with what is ours: readers leave it, the stalled are found, nobody takes for ever
to say what they want, and who has gone is forgotten whatever they had asked for at once.

Which of uvicorn's internals this stands on is told by tests/contract/test_uvicorn.py.
"""

import asyncio
from collections import deque
from functools import cached_property
from typing import Any, Final

from httptools import parse_url
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from server.door.handshake import Arrival, arrival
from server.site import Site
from server.web.live import STALLED

HEAD: Final = 64 * 1024
"""Bytes of a request's head, or of what is no body after it, as trailers are.

What comes in one read is taken, so four times that at most.
"""
TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
_EXTENSIONS: Final[dict[str, dict[object, object]]] = {STALLED: {}}


class HttpProtocol(HttpToolsProtocol):
    """One connection, until a reader takes it over or it ends."""

    _arrival: Arrival | None = None
    _idle = 0
    """Bytes since the last that were good for something."""
    _asks = False
    """Whether a request was begun and is not all there."""
    _in_head = False

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._earlier: deque[RequestResponseCycle] = deque()
        """Requests before the newest, the only one that uvicorn knows; some may be answered."""

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
        for cycle in self._earlier:
            cycle.disconnected = True
            cycle.message_event.set()
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
        self._idle += len(data)
        super().data_received(data)
        if self._asks or self._answered:
            self._look_on()

    def _look_on(self) -> None:
        """What came is a part of a request, or none: the rest is awaited, but not for ever."""
        if self._arrival or self.transport.is_closing() or self not in self.connections:
            return  # it was refused, or is somebody else's from here on
        if self._asks and self._idle > HEAD:
            self._refuse()
        else:
            # Bytes that begin no request have stopped uvicorn's clock for the next one.
            self.site.pulse.awaits(self)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = _EXTENSIONS
        self._asks = self._in_head = True

    def on_headers_complete(self) -> None:
        self._idle, self._in_head = 0, False
        self.scope["headers"] = self.headers[:]  # without trailers, of which nobody wants to know
        self.site.pulse.has(self)
        self._remember()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._idle = 0
        self.site.pulse.comes(self, len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._idle, self._asks = 0, False
        self.site.pulse.has(self)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self.site.pulse.has(self)
        asked = parse_url(self.url)
        ours = self.scope["method"] == "GET" and arrival(self, asked.path, asked.query or b"")
        if not ours:
            super().handle_websocket_upgrade()
        elif not self._answered or self.transport.get_write_buffer_size() > 0:
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

    def _refuse(self) -> None:
        """It says too much and nothing with it; among other answers there is no place to say so."""
        if self._in_head and self._answered:
            self.transport.write(TOO_LARGE)
            self.transport.close()
        else:
            self.transport.abort()

    def _remember(self) -> None:
        """Another request is to be the newest."""
        while self._earlier and self._earlier[0].response_complete:
            self._earlier.popleft()
        if not self._answered:
            self._earlier.append(self.cycle)

    @property
    def _answered(self) -> bool:
        """Whether nothing that was asked is unanswered."""
        known: RequestResponseCycle | None = self.cycle
        return known is None or known.response_complete
