"""The page as it was: the timeline folded up to a time or position, withdrawn texts withheld.

A fold goes on from the nearest snapshot, which is kept only where somebody looks at the past. That
it is of this log, the digest of the head it was made at says, and with it all heads before.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from events.blog import Blog, Post, evolve
from events.entry import Stored, load
from events.position import START, Position
from events.timeline import Change, Timeline
from server.past.albums import EVERY, Albums
from server.past.overlay import Overlay
from server.past.snapshots import Damaged
from server.storage.log import Log, LogError

BATCH: Final = 500
"""Entries read at once."""
FEW: Final = 125
"""Likewise, behind a snapshot, where it is not known how many lie before a time."""
AT_ONCE: Final = 2
"""Threads that work on the past at the same time: each takes its share from the event loop."""
PATIENCE: Final = 10.0
"""Seconds that one waits for his turn."""

V = TypeVar("V")


class NoSuchMoment(Exception):
    """`at` is neither a time nor a position."""


class Busy(LogError):
    """More ask for the past than can be answered; those that come back later may be."""


def moment(text: str, zone: str = "UTC") -> Position | datetime:
    """A position, or an RFC 3339 time; raises NoSuchMoment.

    A time without an offset is one of the clock on the wall of `zone`.
    """
    with suppress(ValueError):
        return Position.parse(text)
    given = text if text.isprintable() else ""  # a NUL at its end would be passed over
    try:
        # In a query a plus that was not escaped comes as a space; no time has one there.
        time = datetime.fromisoformat(given[:11] + given[11:].replace(" ", "+"))
        return (time if time.tzinfo else time.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NoSuchMoment(
            f"at takes a position or a time such as 2026-05-04T14:00:00Z, not {text[:40]!r}"
        ) from None


def as_shown_today(then: Post, now: Post) -> Post:
    """A past post; of one withdrawn since, only that it was there."""
    if now.status != "retracted" or now.keep_text:
        return then
    return _blank(then, status="retracted")


def _blank(post: Post, **changes: Any) -> Post:
    return replace(post, title="", body=(), author="", correction="", tags=(), **changes)


def unopened(now: Blog, then: Blog, public: Position) -> tuple[Blog, Timeline]:
    """The blog as readers know it at a position before they knew it: with nothing in it."""
    blank = replace(
        now,
        position=then.position,
        at=then.at,
        posts={},
        summary=(),
        status="upcoming",
        started_at=None,
        ended_at=None,
    )
    return blank, Timeline(public)


class Past:
    """Any moment of any blog, from its log and from the snapshots of it in a folder."""

    def __init__(self, log: Log, folder: Path | None = None, every: int = EVERY) -> None:
        self.albums = Albums(log, folder, every)
        self._log = log
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def folded(self, blog_id: str, at: Position | datetime) -> tuple[Blog, Timeline]:
        """The fold of every entry up to a moment, and the caller's own to fold on.

        Up to a time means: before the first entry of a later one. Raises LogError, Corrupt.
        """
        async with self.turn():
            fold = await self._nearest(blog_id, at) or _Fold(Blog(blog_id), Timeline())
            while not fold.reached(at):
                batch = await self._log.read(blog_id, fold.blog.position, fold.left(at))
                await asyncio.to_thread(fold.take, batch, at)
        if fold.blog.position.seq - fold.began >= self.albums.every:
            self.albums.want(blog_id)
        return fold.blog, fold.timeline

    async def shown(self, now: Blog, at: Position | datetime) -> tuple[Blog, Timeline]:
        """The blog and its timeline at a moment, as may be shown today.

        Said is what was said then; address, looks and who may read are today's. Not to be folded
        on: what the blog has of posts that were not public is blank. Before it was there, and while
        it was a draft, readers saw nothing of it: then there is nothing on the page.
        """
        blog, timeline = await self.folded(now.id, at)
        if blog.position == START or timeline.position < now.opened:
            return unopened(now, blog, timeline.position)

        def today(post: Post) -> Post:
            return as_shown_today(post, now.posts.get(post.id, post))

        def told(change: Change) -> Change:
            return replace(change, post=today(change.post)) if change.post else change

        timeline.posts = _seen(timeline.posts, today)
        timeline.changes = _seen(timeline.changes, told)
        blog.posts = _seen(blog.posts, lambda post: today(post) if post.public else _blank(post))
        blog.slug, blog.visibility, blog.deleted = now.slug, now.visibility, now.deleted
        blog.appearance, blog.past_public = now.appearance, now.past_public
        return blog, timeline

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Work on the past in a thread, one of few; raises Busy where that takes too long."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._turns.acquire()
        except TimeoutError:
            raise Busy("too many ask for the past just now") from None
        try:
            yield
        finally:
            self._turns.release()

    async def _nearest(self, blog_id: str, at: Position | datetime) -> "_Fold | None":
        """The fold at the nearest snapshot that is of this log, and what was read on from there."""
        album = await self.albums.of(blog_id)
        if album is None:
            return None
        for mark in album.before(at):
            with suppress(Damaged):
                thawed = await asyncio.to_thread(album.thaw, mark)
                fold = _Fold(thawed.blog, thawed.timeline)
                before = mark.position._replace(seq=mark.position.seq - 1)
                ahead = min(fold.left(at), self.albums.every)  # no more lie before the next one
                batch = await self._log.read(blog_id, before, 1 + ahead)
                if batch and (batch[0].position, batch[0].digest) == (mark.position, mark.digest):
                    await asyncio.to_thread(fold.take, batch[1:], at)
                    return fold
        return None


class _Fold:
    """A fold on its way to a moment."""

    def __init__(self, blog: Blog, timeline: Timeline) -> None:
        self.blog = blog
        self.timeline = timeline
        self.began = blog.position.seq
        self._over = False

    def take(self, batch: list[Stored], at: Position | datetime) -> None:
        """Fold on, as far as the moment. An empty batch is the log's end."""
        self._over = not batch
        for stored in batch:
            entry = load(stored)
            if entry.position > at if isinstance(at, Position) else entry.at > at:
                self._over = True
                return
            self.blog = evolve(self.blog, entry)
            self.timeline.apply(self.blog, entry)

    def reached(self, at: Position | datetime) -> bool:
        return self._over or (isinstance(at, Position) and self.blog.position >= at)

    def left(self, at: Position | datetime) -> int:
        """How many entries are to be read at most, and at once."""
        if not isinstance(at, Position):
            return FEW if 0 <= self.blog.position.seq - self.began < EVERY else BATCH
        left = at.seq - self.blog.position.seq  # which may be of no use: of another epoch
        return left if 0 < left < BATCH else BATCH


def _seen(below: dict[str, V], see: Callable[[V], V]) -> dict[str, V]:
    """A dict whose values are seen through something when they are looked at."""

    def find(key: str) -> V | None:
        value = below.get(key)
        return None if value is None else see(value)

    def keys(backwards: bool) -> Iterator[str]:
        return reversed(below) if backwards else iter(below)

    return cast("dict[str, V]", Overlay(find, keys, len(below)))
