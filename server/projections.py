"""Projections that change their form while they are looked at, without a moment's gap.

Of a blog that somebody looks at, the oldest known version is built first. While it answers, the
next is built beside it from the log, a slice at a time, until it stands where the first one stands;
in that same step it answers in its place. What is built is kept in memory, as long as its blog is.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final
from weakref import WeakKeyDictionary

import structlog

from events.blog import Blog, evolve
from events.entry import Corrupt, Entry, load
from events.projection import Projection, Version
from events.statistics import PostsADay, WordsADay
from server.push.slices import SLICE
from server.storage.log import Log, LogError
from server.tail import Loaded

VERSIONS: Final[Sequence[Version]] = (PostsADay, WordsADay)
"""Of the statistics, oldest first."""
BATCH: Final = 200
"""Entries that are read at once, and held by a build."""
PAUSE: Final = 1.0
"""Seconds before a log that does not answer is asked again."""

logger = structlog.get_logger("projections")


class Projected:
    """One blog's projection: the version that answers, and what is known of the others."""

    def __init__(self) -> None:
        self.answers: Projection | None = None
        """As of the position of its blog, whenever it is looked at."""
        self.failed: set[int] = set()
        """The schemas that could not be folded."""
        self.wanted = False
        """Whether a build of it waits or runs."""
        self.there = asyncio.Event()
        """Set once something answers."""

    def take(self, blog: Blog, entry: Entry) -> None:
        """The follower of a loaded blog: what answers goes on with it."""
        if self.answers and not _folds(self.answers, blog, entry):
            self.fail(self.answers)

    def begin(self, version: Projection) -> None:
        """Let a version answer that has come as far as the blog."""
        self.answers = version
        self.there.set()

    def fail(self, version: Projection) -> None:
        """Leave a version aside: what answers goes on, or one before it is built anew."""
        self.failed.add(version.schema)
        if version is self.answers:
            self.forget()

    def forget(self) -> None:
        """Nothing answers, until something is built."""
        self.answers = None
        self.there.clear()

    def next(self, versions: Sequence[Version]) -> Version | None:
        """The version to build: the oldest that is newer than what answers."""
        now = self.answers.schema if self.answers else 0
        newer = (each for each in versions if now < each.schema and each.schema not in self.failed)
        return next(newer, None)


class Projections:
    """Of the blogs that are looked at. `run` builds, one version of one blog at a time."""

    def __init__(self, log: Log, versions: Sequence[Version] = VERSIONS) -> None:
        self._log = log
        self._versions = versions
        self._projected: WeakKeyDictionary[Loaded, Projected] = WeakKeyDictionary()
        self._wanted: asyncio.Queue[Loaded] = asyncio.Queue()

    def of(self, loaded: Loaded) -> Projected:
        """What there is of a blog, at once; from the first look on, its versions are built."""
        projected = self._projected.setdefault(loaded, Projected())
        if projected.answers and projected.take not in loaded.followers:
            projected.forget()  # the log has become another since
        self._want(loaded, projected)
        return projected

    @property
    def building(self) -> int:
        """Blogs of which a version waits or is being built."""
        return sum(projected.wanted for projected in self._projected.values())

    @property
    def failed(self) -> int:
        """Versions that could not be folded, of all blogs."""
        return sum(len(projected.failed) for projected in self._projected.values())

    @property
    def answering(self) -> Counter[tuple[str, int]]:
        """How many blogs each version answers for, by name and schema."""
        all_ = (projected.answers for projected in self._projected.values())
        return Counter((each.name, each.schema) for each in all_ if each)

    async def run(self) -> None:
        """Build what is wanted, until cancelled. What could not be had waits for the next look."""
        while True:
            # Nothing of the blog stays here: while it waits, this must not keep one in memory.
            await self._build_one(await self._wanted.get())

    def _want(self, loaded: Loaded, projected: Projected) -> None:
        if not projected.wanted and projected.next(self._versions):
            projected.wanted = True
            self._wanted.put_nowait(loaded)

    async def _build_one(self, loaded: Loaded) -> None:
        projected = self._projected[loaded]
        try:
            decided = await self._next(loaded, projected)
        finally:
            projected.wanted = False
        if decided:
            self._want(loaded, projected)

    async def _next(self, loaded: Loaded, projected: Projected) -> bool:
        """Build the next version; whether it answers now, or cannot."""
        version = projected.next(self._versions)
        try:
            return version is not None and await self._build(loaded, projected, version())
        except LogError as error:
            logger.warning("a projection waits for the log", blog=loaded.id, error=str(error))
        except Corrupt as error:
            logger.error("a projection cannot be built", blog=loaded.id, error=str(error))
        return False

    async def _build(self, loaded: Loaded, projected: Projected, version: Projection) -> bool:
        """Fold the log as far as the blog has come; then, in the same step, let it answer."""
        blog, last, turn = Blog(loaded.id), "", _Turn()
        while batch := await self._log.read(loaded.id, blog.position, BATCH):
            before = last
            for stored in batch:
                if stored.position > loaded.position:
                    break  # the tail has not come to it
                entry, last = load(stored), stored.digest
                blog = evolve(blog, entry)
                if not _folds(version, blog, entry):
                    projected.fail(version)
                    return True
                await turn.over()
            # No await since the last entry was taken in, unless the blog has gone on meanwhile.
            if last == loaded.tip.digest:
                projected.begin(version)
                loaded.followers.add(projected.take)
                return True
            if last == before:
                break  # the log is not the one the blog was folded from
        return False


def _folds(version: Projection, blog: Blog, entry: Entry) -> bool:
    """Whether a version takes in an entry; a fault in it is its own, and logged."""
    try:
        version.apply(blog, entry)
    except Exception:
        logger.exception(
            "a projection cannot be folded",
            projection=version.name,
            schema=version.schema,
            blog=blog.id,
            position=str(entry.position),
        )
        return False
    return True


class _Turn:
    """Lets the loop turn after each SLICE of work."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + SLICE

    async def over(self) -> None:
        if time.perf_counter() > self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + SLICE
