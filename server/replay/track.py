"""A blog's past as frames, made when somebody watches it and shared by all who do.

Kept are chunks of so many entries, each change as the bytes that go out, and scenes: what a viewer
is told who begins at a position. All of it is bounded, and none of it outlives what it shows: once
a text is withdrawn, nothing is kept that was made before.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from msgspec.structs import replace

from events.blog import Blog, evolve, seq_of
from events.entry import Entry, load
from events.facts import (
    BlogDeleted,
    BlogPastClosed,
    BlogSlugChanged,
    BlogVisibilityChanged,
    PostRestored,
    PostRetracted,
)
from events.frames import Form
from events.position import START, Position
from events.timeline import Change, Timeline
from server.kept import Kept
from server.past.as_it_was import Past, as_shown_today
from server.past.course import Course, Courses
from server.push.feed import NOT_FOUND, RESTART
from server.push.messages import Messages, Render
from server.push.wire import Carriage
from server.storage.log import Log
from server.tail import Behind, Loaded

T = TypeVar("T")

CHUNK: Final = 128
"""Entries whose frames are made together."""
TRIES: Final = 3
AT_ONCE: Final = 2
"""How many chunks and scenes are made at the same time; the others wait."""

SLICE: Final = 0.001
"""Seconds of work after which the loop turns."""

Chunk = dict[int, bytes]
"""The frames of each entry by its seq; none where it changed nothing in public."""


class Scene(NamedTuple):
    """What a viewer is told who begins at `position`, or comes there."""

    position: Position
    hello: bytes
    snapshot: bytes


class Pause:
    """Lets the loop turn in a long work: the readers of the live blog come first."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + SLICE

    async def due(self) -> None:
        if time.perf_counter() > self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + SLICE


class Viewer(Protocol):
    """Somebody who watches."""

    def close(self, code: int) -> None: ...

    def lose(self, since: int) -> None:
        """Something that was published at this seq may not be shown any more."""
        ...


class Watched(NamedTuple):
    """How a viewer wants its frames."""

    form: Form
    carriage: Carriage


class Track:
    """One blog as it is replayed. It lives while somebody watches, and holds the blog loaded."""

    def __init__(self, loaded: Loaded, tracks: "Tracks") -> None:
        self.loaded = loaded
        self.viewers: dict[Viewer, None] = {}
        self._tracks = tracks
        self._timeline = loaded.timeline
        self._making: dict[Hashable, asyncio.Task[Any]] = {}
        self.turned = 0
        """How often what may be shown has become another."""
        self._reel: tuple[Position, Blog, Timeline] | None = None
        """The fold at the end of the chunk made last, from where the next goes on."""
        self._over = False
        loaded.watchers.add(self._hear)

    @property
    def stands(self) -> bool:
        """Whether the blog is still the one that is watched, and not read anew from another log."""
        return self.loaded.timeline is self._timeline

    def end(self) -> None:
        """Nobody watches any more."""
        self._over = True
        self.loaded.watchers.discard(self._hear)
        self._tracks.kept.drop_all(lambda key: key[0] is self)

    def reached(self, course: Course) -> bool:
        """Whether the course is as far as the blog is."""
        return course.through == self.loaded.position

    async def course(self) -> Course:
        """What happened when, up to now."""
        return await self._tracks.courses.of(self.loaded)

    def frame(self, seq: int, watched: Watched) -> bytes | None:
        """The messages of a change; None where they are not here, and `prepare` makes them."""
        chunk: Chunk | None = self._tracks.kept.get(_key(self, seq, watched))
        return None if chunk is None else chunk.get(seq)

    async def prepare(self, course: Course, seq: int, watched: Watched) -> None:
        """Have the messages of a change here, and those around it. Raises LogError, Corrupt."""
        before = (seq - 1) // CHUNK * CHUNK
        place = course.place(before) if before else START
        key = _key(self, seq, watched)
        for _ in range(TRIES):
            if seq in await self._made(key, lambda: self._chunk(place, watched), _size):
                return
            self._tracks.kept.drop(key)  # it was made before that change came
        raise Behind(f"the log does not hold entry {seq}, which was there")

    async def scene(self, position: Position, watched: Watched) -> Scene:
        """The beginning at a public position. Raises LogError, Corrupt."""

        def size(scene: Scene) -> int:
            return len(scene.hello) + len(scene.snapshot)

        key = self, position, watched
        return await self._made(key, lambda: self._scene(position, watched), size)

    async def _made(
        self, key: Hashable, make: Callable[[], Awaitable[T]], size: Callable[[T], int]
    ) -> T:
        """What is kept, or made now: once, whoever asks for it meanwhile."""
        here: T | None = self._tracks.kept.get(key)
        if here is not None:
            return here
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._make(key, make, size))
            making.add_done_callback(lambda _: self._making.pop(key, None))
        made: T = await asyncio.shield(making)
        return made

    async def _make(
        self, key: Hashable, make: Callable[[], Awaitable[T]], size: Callable[[T], int]
    ) -> T:
        turned = -1
        while turned != self.turned:
            turned = self.turned
            async with self._tracks.turns:
                made = await make()
        if not self._over:
            self._tracks.kept.put(key, made, size(made))
        return made

    async def _scene(self, position: Position, watched: Watched) -> Scene:
        blog, timeline = await self._tracks.past.shown(self.loaded.blog, position)
        messages = Messages(blog, timeline, self._tracks.render)
        if watched.form == "html":
            pause = Pause()
            for post in (*timeline.newest(), *timeline.pins()):
                messages.article(post)  # which is then there
                await pause.due()
        hello, snapshot = (frame.carried(*watched) for frame in messages.since(None))
        return Scene(timeline.position, hello, snapshot)

    async def _chunk(self, before: Position, watched: Watched) -> Chunk:
        """The frames of the entries after a position."""
        now = self.loaded.blog
        blog, timeline = await self._fold(before)
        messages = Messages(blog, timeline, self._tracks.render)
        chunk: Chunk = {}
        pause = Pause()
        for stored in await self._tracks.log.read(self.loaded.id, before, CHUNK):
            if stored.position > self.loaded.position:
                break  # the log is ahead of what this process knows of the blog
            entry = load(stored)
            messages.blog = blog = evolve(blog, entry)
            blog.slug = self.loaded.blog.slug  # an address is today's, as in `Past.shown`
            frames = b""
            for change in timeline.apply(blog, entry):
                messages.publish(change)
                if stored.position > now.opened:
                    frames += messages.changed(self._shown(change)).carried(*watched)
            if stored.position == now.opened:
                # All that was prepared before comes at once, as it did.
                frames = (await self._scene(stored.position, watched)).snapshot
            chunk[stored.position.seq] = frames
            await pause.due()
        self._reel = blog.position, blog, timeline
        return chunk

    async def _fold(self, before: Position) -> tuple[Blog, Timeline]:
        """The fold up to a position, for one who folds on: the reel, which is then another's."""
        reel, self._reel = self._reel, None
        if reel and reel[0] == before:
            return reel[1:]
        return await self._tracks.past.folded(self.loaded.id, before)

    def _shown(self, change: Change) -> Change:
        """A past change as may be shown today."""
        if change.post is None:
            return change
        return replace(change, post=as_shown_today(change.post, self.loaded.blog.posts[change.id]))

    def _hear(self, entry: Entry) -> None:
        """The blog has gone on: what may be shown of it may be another."""
        kinds = {type(event) for event in entry.events}
        if kinds & {PostRetracted, PostRestored, BlogSlugChanged, BlogVisibilityChanged}:
            self.turned += 1
            self._tracks.kept.drop_all(lambda key: key[0] is self)
        for event in entry.events:
            if isinstance(event, PostRetracted) and not event.keep_text:
                self._take_back(event.post)
        if BlogDeleted in kinds:
            self._send_away(NOT_FOUND)
        elif kinds & {BlogVisibilityChanged, BlogPastClosed}:
            self._send_away(RESTART)

    def _take_back(self, post: str) -> None:
        """A text was withdrawn: whoever may have it on screen is shown the same moment anew."""
        order = self.loaded.blog.posts[post].order
        for viewer in tuple(self.viewers) if order else ():
            viewer.lose(seq_of(order))

    def _send_away(self, code: int) -> None:
        """Fewer may see it than did: who still may comes back, the others hear why."""
        for viewer in tuple(self.viewers):
            viewer.close(code)


class Tracks:
    """What tracks are made with, and what they share."""

    def __init__(self, log: Log, past: Past, courses: Courses, render: Render) -> None:
        self.log = log
        self.past = past
        self.courses = courses
        self.render = render
        self.kept = Kept()
        self.turns = asyncio.Semaphore(AT_ONCE)


def _key(track: Track, seq: int, watched: Watched) -> Hashable:
    return track, (seq - 1) // CHUNK, watched


def _size(chunk: Chunk) -> int:
    return sum(map(len, chunk.values()))
