"""Where uvicorn's work ends: the handshakes of a blog's readers and viewers are answered here.

uvicorn has parsed the request. Routing, visibility, limits and the answer happen in the same
step where nothing has to be waited for, and the transport is handed to a reader: no ASGI, no
task. A viewer of a replay waits until what it asks for was found. Other websockets go uvicorn's
way, and so to Starlette.
"""

import asyncio
import re
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, unquote_to_bytes

import structlog
from starlette.requests import HTTPConnection

from server.push.crowd import Full
from server.push.opening import Agreed, Refused, opened
from server.push.reader import SocketReader, Stranger
from server.replay.screen import SocketScreen
from server.site import Site
from server.web.admission import Admission, admitted, at_once
from server.web.live import CODES
from server.web.problems import Problem
from server.web.replay import judged

PATH: Final = re.compile(r"/blogs/([^/]+)/(replay/)?live")
QUERY: Final = 1000
"""Characters of a query that are looked at; a position and a form have fewer than fifty."""

logger = structlog.get_logger("handshake")


def arrival(http: "Http", path: bytes, query: bytes) -> "Arrival | None":
    """Somebody at the door of a reader's or a viewer's socket; None for any other path.

    Compared as routing compares it, decoded: another spelling must not lead round the limits.
    """
    ours = PATH.fullmatch(unquote_to_bytes(path).decode(errors="replace"))
    if ours is None:
        return None
    return (ViewerArrival if ours[2] else Arrival)(http, ours[1], query.decode("latin-1"))


class Http(Protocol):
    """What an arrival needs of the connection on which it asked; `http_protocol` has it."""

    transport: asyncio.Transport
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    tasks: set[asyncio.Task[None]]

    @property
    def site(self) -> Site: ...

    @property
    def application(self) -> Any: ...

    def hand_over(self) -> asyncio.Transport | None:
        """The transport, for a protocol that takes it from here; None if it has gone meanwhile."""
        ...


class Arrival:
    """A reader at the door: what its handshake says, and where it is let in or turned away.

    It is counted from the moment it arrives, so who waits for a turn is bounded as readers are.
    """

    def __init__(self, http: Http, name: str, query: str) -> None:
        self._http = http
        self._site = http.site
        self._name = name
        self._asked = dict(parse_qsl(query[:QUERY]))
        self._headers = dict(http.headers)
        offers = [value for name, value in http.headers if name == b"sec-websocket-extensions"]
        self._headers[b"sec-websocket-extensions"] = b", ".join(offers)
        self._home: str | None = None

    def arrive(self) -> None:
        """Be counted, and wait for a turn."""
        crowd = self._site.crowd
        try:
            self._home = crowd.enter(crowd.counts(self._host()))
        except Full as full:
            self._answer(full)
        else:
            self._site.turnstile.arrive(self._enter, self._http.transport.is_closing)

    def leave(self) -> None:
        """It has gone, or is not to be counted any more."""
        if self._home is not None:
            self._site.crowd.leave(self._home)
            self._home = None

    def _enter(self) -> None:
        try:
            self._answer(None)
        except Exception:
            logger.exception("a handshake failed")
            self._http.transport.abort()

    def _answer(self, full: Full | None) -> None:
        """Answer the handshake, now or once what it needs is known."""
        try:
            answer, agreed = opened(self._headers)
        except Refused as refused:
            self._refuse(refused)
            return
        try:
            admission = self._judge(full)
        except Problem as problem:
            self._turn_away(answer, agreed, problem)
            return
        if admission:
            self._let_in(answer, agreed, admission)
        else:
            task = asyncio.create_task(self._ask(answer, agreed))
            self._http.tasks.add(task)
            task.add_done_callback(self._http.tasks.discard)

    def _judge(self, full: Full | None) -> Admission | None:
        """What can be said at once, whoever asks; a public blog needs nobody to be looked up."""
        if full:
            raise Problem(429, str(full))
        if self._site.crowd.ending:
            raise Problem(503, "this server ends; come back")
        return self._known()

    def _known(self) -> Admission | None:
        return at_once(self._site, self._name, self._asked.get("as"), self._asked.get("since"))

    async def _ask(self, answer: bytes, agreed: Agreed) -> None:
        """For what is not in memory, and for those who have to say who they are."""
        try:
            await self._admit(answer, agreed)
        except Problem as problem:
            self._turn_away(answer, agreed, problem)
        except Exception:
            logger.exception("a handshake failed")
            self._http.transport.abort()

    async def _admit(self, answer: bytes, agreed: Agreed) -> None:
        asked = self._asked.get
        admission = await admitted(self._connection(), asked("as"), asked("since"))
        self._let_in(answer, agreed, admission)

    def _connection(self) -> HTTPConnection:
        scope: dict[str, Any] = {
            "type": "websocket",
            "app": self._http.application,
            "headers": self._http.headers,
            "path_params": {"blog": self._name},
        }
        return HTTPConnection(scope)

    def _let_in(self, answer: bytes, agreed: Agreed, admission: Admission) -> None:
        site = self._site
        if (home := self._home) is None or (transport := self._http.hand_over()) is None:
            return
        self._home = None
        reader = SocketReader(transport, agreed, admission.form, site.crowd, home)
        reader.follow(admission.loaded.feed, admission.since, site.pulse, answer)
        if admission.actor:
            site.pulse.guest(reader)

    def _turn_away(self, answer: bytes, agreed: Agreed, problem: Problem) -> None:
        """Browsers show no status of a handshake: it is accepted, and closed with a code."""
        home = self._home
        if transport := self._http.hand_over():
            self._home = None
            stranger = Stranger(transport, agreed, self._site.crowd, home)
            stranger.send(answer)
            stranger.close(CODES.get(problem.status, 1008), problem.detail)
            if home is None:
                transport.close()  # not even counted: it is not waited for
            else:
                self._site.pulse.leaves(stranger)

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


class ViewerArrival(Arrival):
    """A viewer at the door of a replay: what is played has to be found first, whoever asks."""

    def _known(self) -> None:
        return None

    async def _admit(self, answer: bytes, agreed: Agreed) -> None:
        admission, opening = await judged(self._connection(), self._asked)
        site = self._site
        if (home := self._home) is None or (transport := self._http.hand_over()) is None:
            return
        self._home = None
        screen = SocketScreen(transport, agreed, admission.form, site.crowd, home)
        screen.watch(site.replays, opening, site.pulse, answer)
        if admission.actor:
            site.pulse.guest(screen)
