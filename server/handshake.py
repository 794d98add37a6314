"""Where uvicorn's work ends: a websocket handshake for a blog's readers is answered here.

uvicorn has parsed the request. Routing, visibility, limits and the answer happen in the same
step where nothing has to be waited for, and the transport is handed to a reader: no ASGI, no
task. Other websockets go uvicorn's way, and so to Starlette. Which of uvicorn's internals this
stands on is told by tests/contract/test_uvicorn.py.
"""

import asyncio
import re
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_to_bytes

import structlog
from starlette.requests import HTTPConnection
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.crowd import Full
from server.opening import Agreed, Refused, opened
from server.reader import SocketReader
from server.site import Site
from server.web.admission import Admission, admitted, at_once
from server.web.endpoint import SESSION_COOKIE
from server.web.live import CODES
from server.web.problems import Problem
from server.websocket import Connection

PATH: Final = re.compile(rb"/blogs/([^/?#]+)/live")
QUERY: Final = 1000
"""Characters of a query that are looked at; a position and a form have fewer than fifty."""

logger = structlog.get_logger("handshake")


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP, but for two things: our readers leave it, and who stalls is found."""

    _arrived = False

    @property
    def site(self) -> Site:
        site: Site = self.config.app.state.site  # type: ignore[union-attr] # the application we gave it
        return site

    def close(self, _: int) -> None:
        self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.site.pulse.paused(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.site.pulse.resumed(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.site.pulse.resumed(self)

    def data_received(self, data: bytes) -> None:
        if self._arrived:
            self.transport.abort()  # it speaks before it is answered
        else:
            super().data_received(data)

    def handle_websocket_upgrade(self) -> None:
        path, _, query = self.url.partition(b"?")
        ours = PATH.fullmatch(path) if self.scope["method"] == "GET" else None
        if not getattr(self.cycle, "response_complete", True):
            self.transport.abort()  # an answer still to come would fall among the frames
        elif ours:
            self._arrived = True
            name = unquote_to_bytes(ours[1]).decode(errors="replace")
            self.site.turnstile.arrive(Arrival(self, name, query.decode("latin-1")).enter)
        else:
            super().handle_websocket_upgrade()

    def hand_over(self) -> asyncio.Transport | None:
        """The transport, for a protocol that takes it from here; None if it has gone meanwhile."""
        if self.transport.is_closing():
            return None
        self.connections.discard(self)
        del self.parser  # it holds us, and we hold it
        return self.transport


class Arrival:
    """A reader at the door: what its handshake says, and where it is let in or turned away."""

    def __init__(self, http: HttpProtocol, name: str, query: str) -> None:
        self._http = http
        self._site = http.site
        self._name = name
        asked = dict(parse_qsl(query[:QUERY]))
        self._form, self._since = asked.get("as"), asked.get("since")
        self._headers = dict(http.headers)
        offers = [value for name, value in http.headers if name == b"sec-websocket-extensions"]
        self._headers[b"sec-websocket-extensions"] = b", ".join(offers)

    def enter(self) -> None:
        """Answer the handshake, now or once what it needs is known."""
        try:
            answer, agreed = opened(self._headers)
        except Refused as refused:
            self._refuse(refused)
            return
        try:
            admission = None if self._is_somebody() else self._known()
        except Problem as problem:
            self._turn_away(answer, agreed, problem)
            return
        if admission:
            self._let_in(answer, agreed, admission)
        else:
            task = asyncio.create_task(self._ask(answer, agreed))
            self._http.tasks.add(task)
            task.add_done_callback(self._http.tasks.discard)

    def _is_somebody(self) -> bool:
        cookie = self._headers.get(b"cookie", b"")
        return b"authorization" in self._headers or SESSION_COOKIE.encode() in cookie

    def _known(self) -> Admission | None:
        return at_once(self._site, self._name, self._form, self._since)

    async def _ask(self, answer: bytes, agreed: Agreed) -> None:
        """For what is not in memory, and for those who say who they are."""
        try:
            admission = await admitted(self._connection(), self._form, self._since)
        except Problem as problem:
            self._turn_away(answer, agreed, problem)
        except Exception:
            logger.exception("a handshake failed")
            self._http.transport.abort()
        else:
            self._let_in(answer, agreed, admission)

    def _connection(self) -> HTTPConnection:
        scope: dict[str, Any] = {
            "type": "websocket",
            "app": self._http.config.app,
            "headers": self._http.headers,
            "path_params": {"blog": self._name},
        }
        return HTTPConnection(scope)

    def _let_in(self, answer: bytes, agreed: Agreed, admission: Admission) -> None:
        crowd = self._site.crowd
        try:
            home = crowd.enter(crowd.counts(self._host()))
        except Full as full:
            self._turn_away(answer, agreed, Problem(429, str(full)))
            return
        if transport := self._http.hand_over():
            reader = SocketReader(transport, agreed, admission.form, crowd, home)
            reader.follow(admission.loaded.feed, admission.since, self._site.pulse, answer)
        else:
            crowd.leave(home)

    def _turn_away(self, answer: bytes, agreed: Agreed, problem: Problem) -> None:
        """Browsers show no status of a handshake: it is accepted, and closed with a code."""
        if transport := self._http.hand_over():
            stranger = Connection(transport, agreed)
            self._site.pulse.leaves(stranger)
            stranger.send(answer)
            stranger.close(CODES.get(problem.status, 1008), problem.detail)

    def _refuse(self, refused: Refused) -> None:
        """No handshake at all: an answer in HTTP."""
        said = str(refused).encode()
        self._http.transport.write(
            b"HTTP/1.1 %d Refused\r\ncontent-type: text/plain; charset=utf-8\r\n"
            b"sec-websocket-version: 13\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"
            % (refused.status, len(said), said)
        )
        self._http.transport.close()

    def _host(self) -> str:
        """Whose connection this is."""
        peer = self._http.client[0] if self._http.client else ""
        forwarded = b", ".join(v for name, v in self._http.headers if name == b"x-forwarded-for")
        return self._site.crowd.behind(peer, forwarded.decode("latin-1"))
