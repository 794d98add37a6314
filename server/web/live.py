"""The push: socket, server-sent events and polling, all speaking the messages of PROTOCOL.md.

These are the feed's readers on plain ASGI. A reader here is a position and a wake-up: what it
has missed is asked of the feed when its transport has taken what came before.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from events.frames import Form
from events.position import Position
from server.access import Actor
from server.feed import NOT_FOUND, RESTART, TOO_MANY, TOO_SLOW, UNAUTHORIZED, Feed, Frame
from server.permits import may_read
from server.site import Site
from server.tail import Behind, Loaded
from server.web.blogs import MovedTo, find
from server.web.endpoint import Call, Endpoint, identify
from server.web.problems import Problem, problem_of

PING: Final = 25.0
"""Seconds of silence after which an event stream says something: below common proxy limits."""
READERS: Final = 15_000
"""Readers of one blog in a process: below the 20,000 files it may have open."""
SEND: Final = 30.0
"""Seconds a transport may take for one batch before its reader is sent away."""


class Follower:
    """A reader of the feed that somebody else's loop writes out."""

    def __init__(self, feed: Feed, form: Form) -> None:
        self.form = form
        self.position: Position | None = None
        self.code: int | None = None
        self._feed = feed
        self._begun: list[bytes] = []
        self._woken = asyncio.Event()

    def begin(self, messages: list[bytes], position: Position) -> None:
        self._begun, self.position = messages, position
        self._woken.set()

    def take(self, frame: Frame) -> None:  # noqa: ARG002 - it is asked of the feed when there is room
        self._woken.set()

    def close(self, code: int) -> None:
        self.code = code
        self._woken.set()

    async def next(self) -> list[bytes]:
        """The next messages; empty once the reader is to be closed with `code`."""
        while self.code is None:
            await self._woken.wait()
            self._woken.clear()
            if self._begun:
                messages, self._begun = self._begun, []
                if self.position != self._feed.position:
                    self._woken.set()  # a change came between the beginning and now
                return messages
            assert self.position is not None
            messages = self._feed.following(self.position, self.form)
            self.position = self._feed.position
            if messages:
                return messages
        return []


class Admission(NamedTuple):
    """A reader who may come in: to which blog, in which form, from where."""

    loaded: Loaded
    actor: Actor | None
    form: Form
    since: Position | None

    @property
    def stands(self) -> bool:
        """Whether the blog is still readable: true at first, and to be asked after any wait."""
        return may_read(self.actor, self.loaded.blog)


@contextlib.contextmanager
def following(admission: Admission) -> Iterator[Follower]:
    """A reader that takes part for as long as the block runs."""
    feed = admission.loaded.feed
    follower = Follower(feed, admission.form)
    feed.attach(follower, admission.since)
    try:
        yield follower
    finally:
        feed.detach(follower)


async def socket(websocket: WebSocket) -> None:
    """`/blogs/{blog}/live` as a websocket. Refusals are accepted and closed with a code."""
    await websocket.accept()
    try:
        admission = await _admitted(
            websocket, websocket.query_params.get("as"), websocket.query_params.get("since")
        )
    except Problem as problem:
        code = {401: UNAUTHORIZED, 404: NOT_FOUND, 429: TOO_MANY, 503: RESTART}.get(
            problem.status, 1008
        )
        await websocket.close(code, problem.detail[:120])
        return
    with following(admission) as follower:
        incoming = asyncio.create_task(_ignore(websocket, follower))
        try:
            await _write_out(websocket, follower)
        except (WebSocketDisconnect, RuntimeError):
            pass  # gone: nothing to tell anybody
        finally:
            incoming.cancel()


async def _write_out(websocket: WebSocket, follower: Follower) -> None:
    while messages := await follower.next():
        try:
            async with asyncio.timeout(SEND):
                for message in messages:
                    await websocket.send_text(message.decode())
        except TimeoutError:
            follower.code = TOO_SLOW
    if follower.code:
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
    last = request.headers.get("last-event-id") or request.query_params.get("since")
    admission = await _admitted(request, request.query_params.get("as"), last)

    async def stream() -> AsyncIterator[bytes]:
        if not admission.stands:
            return
        with following(admission) as follower:
            yield b"retry: 2000\n\n"
            while True:
                try:
                    async with asyncio.timeout(PING):
                        messages = await follower.next()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if not messages:
                    return
                position = str(follower.position).encode()
                *before, last = messages
                for message in before:
                    yield b"data: " + message + b"\n\n"
                # Only on the last: a reader cut off before it asks for the whole batch again.
                yield b"id: " + position + b"\ndata: " + last + b"\n\n"

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(stream(), headers=headers, media_type="text/event-stream")


async def changes(call: Call) -> Response:
    """The same messages for polling, as a JSON array; made for a cache in front."""
    loaded, _, form, since = await _admitted(
        call.request, call.asked("as") or "json", call.asked("since")
    )
    messages = loaded.feed.answer(since, form)
    etag = f'"{loaded.feed.position}"'
    public = loaded.blog.visibility in {"public", "unlisted"}
    headers = {
        "etag": etag,
        "cache-control": "public, max-age=0, s-maxage=1" if public else "private, no-store",
    }
    if call.request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(b"[" + b",".join(messages) + b"]", 200, headers, "application/json")


async def _admitted(
    connection: Request | WebSocket, form: str | None, since: str | None
) -> Admission:
    """The blog in the path, if this reader may follow it; every refusal as a Problem."""
    site: Site = connection.app.state.site
    try:
        actor = await identify(connection, site)
        admission = Admission(await _found(connection, site, actor), actor, *_asked(form, since))
        await _catch_up(admission)
    except Exception as error:
        raise problem_of(error) or error from error
    if not admission.stands:
        raise Problem(404, "this blog is not for you any more")
    if len(admission.loaded.feed.readers) >= READERS:
        raise Problem(429, "as many readers as this process takes are here; come back later")
    return admission


async def _found(connection: Request | WebSocket, site: Site, actor: Actor | None) -> Loaded:
    try:
        return await find(site, connection.path_params["blog"], actor)
    except MovedTo as moved:
        return await find(site, moved.slug, actor)


async def _catch_up(admission: Admission) -> None:
    """A cursor ahead of this process comes from another; it will not be ahead for long."""
    since, loaded = admission.since, admission.loaded
    if since is not None and since > loaded.timeline.position:
        with contextlib.suppress(Behind):
            await loaded.reach(since, seconds=1)


def _asked(form: str | None, since: str | None) -> tuple[Form, Position | None]:
    if form not in {None, "html", "json"}:
        raise Problem(400, f"as takes html or json, not {str(form)[:40]}")
    try:
        position = Position.parse(since) if since else None
    except ValueError as error:
        raise Problem(400, str(error)) from None
    return ("json" if form == "json" else "html"), position


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
