"""The push on plain ASGI: server-sent events, polling, and sockets where no better server is.

All speak the messages of PROTOCOL.md. A reader here is a position and a wake-up: what it has
missed is asked of the feed when its transport has taken what came before. Under our own server
websockets are answered below ASGI (`server.door.handshake`), at a tenth of the cost.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from events.frames import Form
from events.position import Position
from server.push.feed import NOT_FOUND, RESTART, TOO_MANY, TOO_SLOW, UNAUTHORIZED, Feed
from server.push.wire import Carriage, reason
from server.site import Site
from server.web.admission import Admission, address, admitted, counted
from server.web.endpoint import Call, Endpoint
from server.web.fresh import answer, cache_of, of_blog
from server.web.problems import Problem

CODES: Final = {401: UNAUTHORIZED, 404: NOT_FOUND, 429: TOO_MANY, 503: RESTART}
"""The close codes that say what an HTTP status says; 1008 for any other."""


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
def following(admission: Admission, carriage: Carriage) -> Iterator[Follower]:
    """A reader that takes part for as long as the block runs."""
    feed = admission.loaded.feed
    follower = Follower(feed, admission.form, carriage)
    follower.begin(admission.since)
    try:
        yield follower
    finally:
        feed.detach(follower)


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
    with following(admission, "line") as follower:
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
    last = request.headers.get("last-event-id") or asked("since")
    admission = await admitted(request, asked("as"), last)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type="text/event-stream")
    with counted(site.crowd, address(request)):
        await site.turnstile.passed()  # refused here, while there is a status to refuse with

    async def stream() -> AsyncIterator[bytes]:
        if not admission.stands:
            return
        with (
            contextlib.suppress(Problem),
            counted(site.crowd, address(request)),
            following(admission, "event") as follower,
        ):
            yield b"retry: 2000\n\n"
            while batch := await follower.next(site.settings.ping):
                yield batch

    return StreamingResponse(stream(), headers=headers, media_type="text/event-stream")


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
