"""The push on plain ASGI: server-sent events, polling, and sockets where no better server is.

All speak the messages of PROTOCOL.md. A reader here is a position and a wake-up: what it has
missed is asked of the feed when its transport has taken what came before. Under our own server
websockets are answered below ASGI (`server.door.handshake`), at a tenth of the cost.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from events.frames import Form
from events.position import Position
from server.push.feed import NOT_FOUND, RESTART, TOO_MANY, TOO_SLOW, UNAUTHORIZED, Feed
from server.push.pulse import Pulse
from server.push.wire import Carriage, reason
from server.site import Site
from server.web.admission import Admission, address, admitted, counted
from server.web.endpoint import Call, Endpoint
from server.web.fresh import answer, cache_of, of_blog
from server.web.problems import Problem

CODES: Final = {401: UNAUTHORIZED, 404: NOT_FOUND, 429: TOO_MANY, 503: RESTART}
"""The close codes that say what an HTTP status says; 1008 for any other."""
EVENTS: Final = "text/event-stream"
PIECE: Final = 16 * 1024
"""Bytes of a stream that have the time of a stall to be taken: who is merely slow takes so many."""
STALLED: Final = "liveblog.stalled"
"""Says in a request's scope that the server below ends by itself who takes nothing."""


class Follower:
    """A reader of the feed that somebody's loop writes out."""

    def __init__(self, feed: Feed, form: Form, carriage: Carriage) -> None:
        self.form = form
        self.carriage = carriage
        self.position: Position | None = None
        self.ready = False
        self.code: int | None = None
        self._feed = feed
        self._batch = b""
        self._woken = asyncio.Event()

    def begin(self, since: Position | None) -> None:
        self._batch = self._feed.attach(self, since)

    def send(self, data: bytes) -> None:
        self._batch, self.ready = data, False
        self._woken.set()

    def close(self, code: int) -> None:
        self.code, self.ready = code, False
        self._woken.set()

    async def next(self, seconds: float) -> bytes:
        """What is to be written next: a batch, or a sign of life after so many quiet seconds.

        Empty once the reader is to be sent away with `code`.
        """
        while self.code is None:
            if not self._batch:
                await self._wait(seconds)
            batch, self._batch = self._batch, b""
            if not batch and self.code is None:
                batch = self._feed.heartbeat(self)
            if batch:
                return batch
        return b""

    async def _wait(self, seconds: float) -> None:
        self.ready = True
        self._feed.bring_up(self)
        if self.ready:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._woken.wait()
        self._woken.clear()
        self.ready = False


@contextlib.contextmanager
def following(admission: Admission, carriage: Carriage, pulse: Pulse) -> Iterator[Follower]:
    """A reader that takes part for as long as the block runs."""
    feed = admission.loaded.feed
    follower = Follower(feed, admission.form, carriage)
    follower.begin(admission.since)
    if admission.actor:
        pulse.guest(follower)
    try:
        yield follower
    finally:
        feed.detach(follower)
        pulse.gone(follower)


async def socket(websocket: WebSocket) -> None:
    """`/blogs/{blog}/live` as a websocket. Refusals are accepted and closed with a code."""
    await websocket.accept()
    site: Site = websocket.app.state.site
    asked = websocket.query_params.get
    try:
        admission = await admitted(websocket, asked("as"), asked("since"))
        with counted(site.crowd, address(websocket)):
            await _serve(websocket, site, admission)
    except Problem as problem:
        with contextlib.suppress(RuntimeError):  # it may have gone while it was judged
            await websocket.close(CODES.get(problem.status, 1008), reason(problem.detail))


async def _serve(websocket: WebSocket, site: Site, admission: Admission) -> None:
    with following(admission, "line", site.pulse) as follower:
        incoming = asyncio.create_task(_ignore(websocket, follower))
        try:
            await _write_out(websocket, follower, site)
        except (WebSocketDisconnect, RuntimeError):
            pass  # gone: nothing to tell anybody
        finally:
            incoming.cancel()


async def _write_out(websocket: WebSocket, follower: Follower, site: Site) -> None:
    while batch := await follower.next(site.settings.ping):
        try:
            async with asyncio.timeout(site.settings.stall):
                for message in batch.splitlines():
                    await websocket.send_text(message.decode())
        except TimeoutError:
            follower.code = TOO_SLOW
    if follower.code:
        # Who takes nothing does not take this either: then the server below ends it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(site.settings.stall):
                await websocket.close(follower.code)


async def _ignore(websocket: WebSocket, follower: Follower) -> None:
    """Readers have nothing to say; their going is what matters."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                break
    follower.close(0)


async def events(request: Request) -> Response:
    """`/blogs/{blog}/live` as server-sent events: `id` is the position, Last-Event-ID wins."""
    site: Site = request.app.state.site
    asked = request.query_params.get
    if refusal := _for_no_page(request):
        return refusal
    last = request.headers.get("last-event-id") or asked("since")
    admission = await admitted(request, asked("as"), last)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=EVENTS)
    with contextlib.ExitStack() as place:
        # Refused here, while there is a status to refuse with; then the place is kept.
        place.enter_context(counted(site.crowd, address(request)))
        await site.turnstile.passed()
        ends_the_stalled = STALLED in request.scope.get("extensions", {})
        stall = None if ends_the_stalled else site.settings.stall
        return Stream(_told(site, admission), place.pop_all(), stall, headers)


def _for_no_page(request: Request) -> Response | None:
    """For who follows a link to here, and does not want to follow events; None for who does."""
    accept = request.headers.get("accept", "")
    if EVENTS in accept.lower():
        return None
    if "text/html" in accept:
        return RedirectResponse(f"/blogs/{quote(request.path_params['blog'])}", 303)
    raise Problem(406, f"this is a websocket, or for who accepts {EVENTS} an event stream")


async def _told(site: Site, admission: Admission) -> AsyncGenerator[bytes, None]:
    if not admission.stands:
        return
    with following(admission, "event", site.pulse) as follower:
        yield b"retry: 2000\n\n"
        while batch := await follower.next(site.settings.ping):
            for begin in range(0, len(batch), PIECE):
                yield batch[begin : begin + PIECE]


class Stream(StreamingResponse):
    """Events for one who has a `place`, and who is given it up when it takes none for a while."""

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        place: contextlib.ExitStack,
        stall: float | None,
        headers: dict[str, str],
    ) -> None:
        super().__init__(events, headers=headers, media_type=EVENTS)
        self._events = events
        self._place = place
        self._stall = stall

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            async with contextlib.aclosing(self._events):
                await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        async def timed(message: Message) -> None:
            async with asyncio.timeout(self._stall):
                await send(message)

        with contextlib.suppress(TimeoutError):
            await super().stream_response(timed)


async def changes(call: Call) -> Response:
    """The same messages for polling, as a JSON array; made for a cache in front."""
    admission = await admitted(call.request, call.asked("as") or "json", call.asked("since"))
    loaded, feed = admission.loaded, admission.loaded.feed

    def messages() -> bytes:
        return b"[" + b",".join(feed.answer(admission.since, admission.form)) + b"]"

    etag = of_blog(loaded, "changes", admission.since, admission.form, feed.viewers)
    headers = {"cache-control": cache_of(loaded)}
    return answer(call.request, etag, messages, "application/json", headers)


ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/blogs/{blog}/changes",
        changes,
        None,
        "What changed since a position: the socket's messages",
        query=("since", "as"),
    ),
]
