"""Pages of the record, read from the log: where a page begins and ends, and what happened there.

A page costs what lies in it, not what lies before it: the course tells its positions, the past the
state it begins with, and from there its own entries are folded on.
"""

from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from events.entry import Stored, load
from events.history import History, Version
from events.position import Position
from events.record import Deed, recorded
from server.past.as_it_was import Past
from server.past.course import Course, Courses
from server.storage.log import Log, entries
from server.tail import Loaded

LARGEST: Final = 1_000_000
"""Characters that a page compares: beyond, it ends with the entry that it is in."""


class Proven(Struct, frozen=True):
    """A deed and the digest of its entry's head, which the whole log before it stands behind."""

    deed: Deed
    digest: str


class ProvenVersion(NamedTuple):
    """A version of a post and the digest of its entry's head."""

    version: Version
    digest: str


class Page(Struct, frozen=True):
    """A stretch of the record in the order that was asked for.

    `on` is where the page after it begins, None where nothing follows. `back` is where the page
    before it begins; with `first`, there is none, and without either it is the first page.
    """

    entries: list[Proven]
    on: Position | None
    back: Position | None
    first: bool


class Records:
    """The records of all blogs."""

    def __init__(self, log: Log, past: Past, courses: Courses) -> None:
        self._log = log
        self._past = past
        self._courses = courses

    async def page(
        self,
        loaded: Loaded,
        limit: int,
        *,
        begin: Position | None = None,
        post: str = "",
        newest: bool = True,
    ) -> Page:
        """Up to `limit` changes from `begin` on, itself included; of one post where it is named.

        Without an entry where the post has none. Raises LogError, Corrupt.
        """
        course = await self._courses.of(loaded)
        where: Sequence[int] = course.of(post) if post else range(len(course))
        low, high = _stretch(course, where, limit, begin, newest)
        found = await self._read(loaded, course, where[low:high], post)
        kept = _bounded(found[::-1] if newest else found)
        if len(kept) < len(found):
            count = len({each.deed.position for each in kept})
            low, high = (high - count, high) if newest else (low, low + count)
        at = course.position
        if newest:
            above = min(high + limit, len(where))
            return Page(
                kept,
                at(where[low - 1]) if low else None,
                at(where[above - 1]) if above < len(where) else None,
                first=high == len(where),
            )
        below = max(0, low - limit)
        return Page(
            kept,
            at(where[high]) if high < len(where) else None,
            at(where[below]) if below else None,
            first=low == 0,
        )

    async def history(self, loaded: Loaded, post: str) -> list[ProvenVersion]:
        """Every version of a post, drafts too, oldest first. Raises LogError, Corrupt."""
        told, known = History(loaded.id, post), loaded.blog.posts.get(post)
        found: list[ProvenVersion] = []
        if known is None:
            return found
        async for stored in entries(self._log, loaded.id):
            if version := told.take(load(stored)):
                found.append(ProvenVersion(version, stored.digest))
            if stored.position >= known.position:
                break
        return found

    async def _read(
        self, loaded: Loaded, course: Course, chosen: Sequence[int], post: str
    ) -> list[Proven]:
        """What the log holds at these changes, the oldest first."""
        if not chosen:
            return []
        positions = [course.position(index) for index in chosen]
        blog, timeline = await self._past.folded(loaded.id, _before(positions[0]))
        read = self._each(loaded.id, positions) if post else self._all(loaded.id, positions)
        found = []
        async for stored in read:
            blog, deeds = recorded(blog, timeline, load(stored), loaded.blog)
            wanted = (deed for deed in deeds if not post or deed.post == post)
            found += [Proven(deed, stored.digest) for deed in wanted]
        return found

    async def _all(self, blog: str, positions: list[Position]) -> AsyncIterator[Stored]:
        async for stored in entries(self._log, blog, _before(positions[0])):
            if stored.position > positions[-1]:
                return
            yield stored

    async def _each(self, blog: str, positions: list[Position]) -> AsyncIterator[Stored]:
        for position in positions:
            for stored in await self._log.read(blog, _before(position), 1):
                yield stored


def _before(position: Position) -> Position:
    """Just before a position, whether or not there is an entry."""
    return Position(position.epoch, position.seq - 1)


def _stretch(
    course: Course, where: Sequence[int], limit: int, begin: Position | None, newest: bool
) -> tuple[int, int]:
    """From which to before which of `where` a page goes."""
    if begin is None:
        return (max(0, len(where) - limit), len(where)) if newest else (0, min(limit, len(where)))
    if newest:
        high = bisect_left(where, course.after(begin))
        return max(0, high - limit), high
    low = bisect_left(where, course.after(_before(begin)))
    return low, min(low + limit, len(where))


def _bounded(found: list[Proven], largest: int = LARGEST) -> list[Proven]:
    """As many as compare no more than so many characters, and one at least."""
    size = 0
    for number, each in enumerate(found):
        size += each.deed.size
        if number and size > largest:
            return found[:number]
    return found
