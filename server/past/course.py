"""When what happened in a blog: times, kinds and places of its public changes. No text.

What is here is what scrubbers draw and replays are paced by. It is small, and it never changes
but by growing, so that it is read from the log once and then only carried on.
"""

import asyncio
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from events.blog import Blog, evolve
from events.entry import Entry, load
from events.facts import PostKeyMarked
from events.position import START, Position
from events.timeline import BLOG, Change, Timeline
from server.past.as_it_was import Past
from server.storage.log import Log
from server.tail import Behind, Loaded

Kind = Literal["post", "edit", "retract", "blog", "key"]

KEPT: Final = 1_000_000
"""Changes remembered over all blogs, some 40 bytes each."""
BATCH: Final = 100
"""Entries folded between two turns of the loop: some milliseconds."""
MOST: Final = 20_000
"""Marks told at most; beyond, neighbours of a kind are told as one."""

_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_KINDS: Final[tuple[tuple[Kind, ...], ...]] = (
    ("post",),
    ("edit",),
    ("retract",),
    ("blog",),
    ("key",),
    ("post", "key"),
)
"""What one change can be; a post may be a key event from the beginning."""


class Mark(NamedTuple):
    """One change: `at` in microseconds since 1970. `post` is "" for the blog, and for several."""

    at: int
    kind: Kind
    seq: int
    post: str


def microseconds(time: datetime) -> int:
    """Since 1970, exactly."""
    return (time - _1970) // _MICROSECOND


def time_of(at: int) -> datetime:
    """The moment so many microseconds after 1970."""
    return _1970 + timedelta(microseconds=at)


class Course:
    """The public changes of one blog, oldest first, as far as `through`."""

    def __init__(self) -> None:
        self.through = START
        """The last entry that was looked at, public or not."""
        self.times = array("q")
        """Of each change, in microseconds since 1970. They never decrease."""
        self.seqs = array("Q")
        self.epochs: list[Position] = []
        """The first position of each epoch."""
        self._kinds = bytearray()
        self._posts: list[str] = []
        self._growing = asyncio.Lock()

    def __len__(self) -> int:
        return len(self.seqs)

    @property
    def began(self) -> int:
        """When the first post came, in microseconds since 1970; without one, the first change."""
        return next((mark.at for mark in self._marks() if mark.kind == "post"), self.times[0])

    def position(self, index: int) -> Position:
        """Where a change stands in the log."""
        return self.place(self.seqs[index])

    def place(self, seq: int) -> Position:
        """The position of an entry, by its number."""
        epoch = bisect_right(self.epochs, seq, key=lambda first: first.seq) - 1
        return Position(self.epochs[epoch].epoch, seq)

    def after(self, moment: Position | datetime) -> int:
        """The index of the first change after a moment; `len` where there is none."""
        if isinstance(moment, Position):
            return bisect_right(self.seqs, moment.seq)
        return bisect_right(self.times, microseconds(moment))

    def of(self, post: str) -> list[int]:
        """The indices of the changes of a post, or of the blog's own (BLOG)."""
        return [index for index, changed in enumerate(self._posts) if changed == post]

    def public(self, moment: Position | datetime) -> Position:
        """The public position at a moment: that of the last change up to it."""
        index = self.after(moment)
        return self.position(index - 1) if index else START

    def time(self, moment: Position | datetime) -> int:
        """When a moment is, in microseconds since 1970: none is before the first change.

        Nor after the last. A position's is that of the last public change up to it.
        """
        if isinstance(moment, Position):
            return self.times[max(0, self.after(moment) - 1)]
        return min(max(self.times[0], microseconds(moment)), self.times[-1])

    def marks(self, most: int = MOST) -> list[Mark]:
        """What happened when, at most so many and ordered by time."""
        marks = list(self._marks())
        if len(marks) <= most:
            return marks
        together = -(-len(marks) // (most - len(_KINDS)))
        joined = (
            mark
            for kind in sorted({mark.kind for mark in marks})
            for mark in _joined([each for each in marks if each.kind == kind], together)
        )
        return sorted(joined, key=lambda mark: (mark.seq, mark.kind != "post"))

    def add(self, entry: Entry, changes: list[Change], appeared: bool) -> None:
        """Take in an entry and what it changed in public; `appeared`: a post is on the page now."""
        if not self.epochs or self.epochs[-1].epoch != entry.position.epoch:
            self.epochs.append(entry.position)
        self.through = entry.position
        if changes:
            # Public changes of one entry share its position: they are one step of a replay.
            at = microseconds(entry.at)
            self.times.append(max(at, self.times[-1]) if self.times else at)
            self.seqs.append(entry.position.seq)
            self._kinds.append(_KINDS.index(_kind(entry, changes[0], appeared)))
            self._posts.append(changes[0].id)

    async def reach(self, loaded: Loaded, log: Log, past: Past) -> None:
        """Grow to where the blog is now. When this returns, in that step, it is there."""
        async with self._growing:
            if self.through == loaded.position:
                return
            blog, timeline = Blog(loaded.id), Timeline()
            if self.through > START:
                blog, timeline = await past.folded(loaded.id, self.through)
            while self.through < loaded.position:
                batch = await log.read(loaded.id, self.through, BATCH)
                if not batch:
                    raise Behind(f"the log does not hold {loaded.position}, which was there")
                for stored in batch:
                    # The log may be ahead of what this process knows of the blog.
                    if stored.position <= loaded.position:
                        blog = self._grow(blog, timeline, load(stored))
                await asyncio.sleep(0)

    def _grow(self, blog: Blog, timeline: Timeline, entry: Entry) -> Blog:
        shown = len(timeline.posts)
        blog = evolve(blog, entry)
        changes = timeline.apply(blog, entry)
        self.add(entry, changes, appeared=len(timeline.posts) > shown)
        return blog

    def _marks(self) -> Iterator[Mark]:
        for at, seq, kinds, post in zip(
            self.times, self.seqs, self._kinds, self._posts, strict=True
        ):
            for kind in _KINDS[kinds]:
                yield Mark(at, kind, seq, post)


def _kind(entry: Entry, change: Change, appeared: bool) -> tuple[Kind, ...]:
    if change.id == BLOG:
        return ("blog",)
    if change.post is None:
        return ("retract",)
    key = any(isinstance(event, PostKeyMarked) for event in entry.events)
    if appeared:
        return ("post", "key") if key else ("post",)
    return ("key",) if key else ("edit",)


def _joined(marks: list[Mark], together: int) -> Iterator[Mark]:
    """Each so many neighbours as one, which stands where the first of them does."""
    for start in range(0, len(marks), together):
        several = min(together, len(marks) - start) > 1
        yield marks[start]._replace(post="") if several else marks[start]


class Courses:
    """The courses of the blogs asked for last."""

    def __init__(self, log: Log, past: Past) -> None:
        self._log = log
        self._past = past
        self._courses: OrderedDict[str, Course] = OrderedDict()

    async def of(self, loaded: Loaded) -> Course:
        """A blog's course, as far as the blog is now. Raises LogError, Corrupt."""
        course = self._courses.get(loaded.id)
        if course is None or not loaded.blog.holds(course.through):
            course = self._courses[loaded.id] = Course()
        self._courses.move_to_end(loaded.id)
        await course.reach(loaded, self._log, self._past)
        self._forget()
        return course

    def _forget(self) -> None:
        """Of many long ones, those that were not asked for in a while."""
        left = sum(map(len, self._courses.values()))
        while left > KEPT and len(self._courses) > 1:
            _, forgotten = self._courses.popitem(last=False)
            left -= len(forgotten)
