"""The day, replayed: who may watch what, and the socket that plays it on plain ASGI.

Under our own server the socket is answered below ASGI (`server.door.handshake`); elsewhere here.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime
from math import nan

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect

from events.frames import FASTEST, SLOWEST, Form
from server.past.as_it_was import NoSuchMoment
from server.past.course import Course
from server.push.feed import TOO_SLOW
from server.push.wire import Carriage, reason
from server.replay.viewing import Moment, Opening, Viewing
from server.site import Site
from server.tail import Loaded
from server.web.admission import Admission, address, admitted, counted
from server.web.live import CODES
from server.web.moments import asked_moment, past_allowed
from server.web.problems import Problem, problem_of

LIMIT = 4096
"""Bytes of a message from a viewer."""
TOO_BIG = 1009


async def judged(connection: HTTPConnection, asked: Mapping[str, str]) -> tuple[Admission, Opening]:
    """Who may watch a replay, and what is to be played; every refusal as a Problem."""
    site: Site = connection.app.state.site
    admission = await admitted(connection, asked.get("as"), None)
    try:
        loaded = admission.loaded
        await past_allowed(connection, site, loaded)
        opening = _opening(loaded, asked)
        course = await site.courses.of(loaded)
        await past_allowed(connection, site, loaded)  # still: to read the course may take a while
    except Exception as error:
        raise problem_of(error) or error from error
    if opening.start and opening.end and _after(opening.start, opening.end, course):
        raise Problem(400, "from is after to")
    if not admission.stands:
        raise Problem(404, "this blog is not for you any more")
    return admission, opening


def _opening(loaded: Loaded, asked: Mapping[str, str]) -> Opening:
    def named(name: str) -> Moment | None:
        text = asked.get(name)
        return moment_named(text, loaded, name) if text else None

    return Opening(
        loaded,
        lambda text: moment_named(text, loaded, "to"),
        named("from"),
        named("to"),
        _speed(asked.get("speed") or "1"),
        playing=asked.get("paused", "") in {"", "0"},
    )


def _after(start: Moment, end: Moment, course: Course) -> bool:
    """Whether one moment comes after another; a time and a position meet in the course."""
    if isinstance(start, datetime) and isinstance(end, datetime):
        return start > end
    return course.time(start) > course.time(end)


def moment_named(text: str, loaded: Loaded, name: str) -> Moment:
    """A moment of a blog, by time or position; raises NoSuchMoment, which names the parameter."""
    try:
        return asked_moment(text, loaded)
    except NoSuchMoment as error:
        raise NoSuchMoment(f"{name} {str(error).removeprefix('at ')}") from None
    except Problem as problem:
        raise NoSuchMoment(f"{name}: {problem.detail}") from None


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = nan
    if not SLOWEST <= speed <= FASTEST:
        raise Problem(400, f"speed takes {SLOWEST:g} to {FASTEST:g}, not {text[:40]!r}")
    return speed


class Window:
    """A viewer whom somebody's loop writes out."""

    carriage: Carriage = "line"

    def __init__(self, form: Form) -> None:
        self.form = form
        self.ready = True
        self.code: int | None = None
        self.why = ""
        self._batch = b""
        self._woken = asyncio.Event()

    def send(self, data: bytes) -> None:
        self._batch, self.ready = data, False
        self._woken.set()

    def close(self, code: int, reason: str = "") -> None:
        if self.code is None:
            self.code, self.why = code, reason
        self.ready = False
        self._woken.set()

    async def next(self, seconds: float) -> bytes:
        """What is to be written next; empty after so many quiet seconds, or once it is closed."""
        self.ready = self.code is None and not self._batch
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()
        batch, self._batch = self._batch, b""
        return batch


async def socket(websocket: WebSocket) -> None:
    """`/blogs/{blog}/replay/live` on plain ASGI. Refusals are accepted and closed with a code."""
    await websocket.accept()
    site: Site = websocket.app.state.site
    try:
        admission, opening = await judged(websocket, websocket.query_params)
        with counted(site.crowd, address(websocket)):
            await _serve(websocket, site, Window(admission.form), opening)
    except Problem as problem:
        with contextlib.suppress(RuntimeError):  # it may have gone while it was judged
            await websocket.close(CODES.get(problem.status, 1008), reason(problem.detail))


async def _serve(websocket: WebSocket, site: Site, window: Window, opening: Opening) -> None:
    viewing = site.replays.open(window, opening)
    incoming = asyncio.create_task(_listen(websocket, site, window, viewing))
    try:
        await _write_out(websocket, site, window, viewing)
    except (WebSocketDisconnect, RuntimeError):
        pass  # gone: nothing to tell anybody
    finally:
        incoming.cancel()
        site.replays.leave(viewing)


async def _write_out(websocket: WebSocket, site: Site, window: Window, viewing: Viewing) -> None:
    while window.code is None:
        batch = await window.next(site.settings.ping)
        if not batch and window.code is None:
            viewing.tell(site.replays.now())
        try:
            async with asyncio.timeout(site.settings.stall):
                for message in batch.splitlines():
                    await websocket.send_text(message.decode())
        except TimeoutError:
            window.close(TOO_SLOW)
        if batch and window.code is None:
            window.ready = True
            viewing.go(site.replays.now())
    if window.code:
        # Who takes nothing does not take this either: then the server below ends it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(site.settings.stall):
                await websocket.close(window.code, reason(window.why))


async def _listen(websocket: WebSocket, site: Site, window: Window, viewing: Viewing) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while window.code is None:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                break
            said = message.get("text") or message.get("bytes") or ""
            if len(said) > LIMIT:
                window.close(TOO_BIG, f"a message has at most {LIMIT} bytes")
            else:
                viewing.hear(said, site.replays.now())
    window.close(0)
