"""A stretch of a blog's day, and that printed as it happened: its public changes, a line each."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from events.blog import Blog, Post, evolve
from events.document import plain_text
from events.entry import Entry, load
from events.position import START, Position
from events.timeline import BLOG, Change, Timeline
from server.past.as_it_was import NoSuchMoment, moment
from server.render import clock, day
from server.storage.log import Log, entries

SLOWEST: Final = 0.01
FASTEST: Final = 1_000_000.0
"""Bounds of a speed: times as fast as it happened."""

Moment = Position | datetime


class BadStretch(Exception):
    """What was asked for is no stretch of the day; says which end of it, and why."""


class Stretch(NamedTuple):
    """From one moment to another, both included; None is the beginning, or the end."""

    begin: Moment | None = None
    end: Moment | None = None

    def begun(self, entry: Entry) -> bool:
        match self.begin:
            case None:
                return True
            case Position():
                return entry.position >= self.begin
            case datetime():
                return entry.at >= self.begin

    def over(self, entry: Entry) -> bool:
        """Whether the entry lies behind the end."""
        match self.end:
            case None:
                return False
            case Position():
                return entry.position > self.end
            case datetime():
                return entry.at > self.end


WHOLE: Final = Stretch()


async def stretch(log: Log, blog: Blog, begin: str | None, end: str | None) -> Stretch:
    """The stretch between two moments as they were written; raises BadStretch.

    A time without an offset is one of the blog's zone. `blog` must be as the log's head says.
    """
    asked = Stretch(_read("--from", begin, blog), _read("--to", end, blog))
    first = await time_of(log, blog.id, None)
    since = await time_of(log, blog.id, asked.begin)
    until = await time_of(log, blog.id, asked.end) if asked.end else blog.at
    if blog.at and since > blog.at:
        raise BadStretch(f"--from {begin}: the last that happened was at {_local(blog.at, blog)}")
    if until and until < first:
        raise BadStretch(f"--to {end}: the first that happened was at {_local(first, blog)}")
    if (until and since > until) or _reversed(asked):
        raise BadStretch(f"--from {begin} lies after --to {end}")
    return asked


async def time_of(log: Log, blog_id: str, at: Moment | None) -> datetime:
    """When the entry at a position that the log holds happened, or the first of all."""
    if isinstance(at, datetime):
        return at
    after = Position(at.epoch, at.seq - 1) if at else START
    [stored] = await log.read(blog_id, after, 1)
    return load(stored).at


def _local(time: datetime, blog: Blog) -> str:
    """A time in the zone in which the asker's are read, in a form that can be asked for again."""
    return time.astimezone(ZoneInfo(blog.time_zone)).isoformat(timespec="milliseconds")


def _read(option: str, text: str | None, blog: Blog) -> Moment | None:
    if text is None:
        return None
    try:
        at = moment(text, blog.time_zone)
    except NoSuchMoment:
        raise BadStretch(
            f"{option} takes a position or a time such as 2026-05-04T14:00:00Z, not {text[:40]!r}"
        ) from None
    if isinstance(at, Position) and (at == START or not blog.holds(at)):
        raise BadStretch(
            f"{option} {at}: the log has no such position; its last is {blog.position}"
        )
    return at


def _reversed(asked: Stretch) -> bool:
    match asked:
        case Stretch(Position() as begin, Position() as end):
            return begin > end  # which may have happened at one time
        case _:
            return False


async def lines(
    log: Log, blog_id: str, speed: float | None = None, of: Stretch = WHOLE
) -> AsyncIterator[str]:
    """Lines of text; with a speed, paced as many times as fast as it happened."""
    blog, timeline = Blog(blog_id), Timeline()
    before: datetime | None = None
    shown_day = ""
    async for stored in entries(log, blog_id):
        entry = load(stored)
        if of.over(entry):
            return
        blog = evolve(blog, entry)
        changes = timeline.apply(blog, entry)
        if not of.begun(entry):
            continue
        if speed and before:
            await asyncio.sleep((entry.at - before).total_seconds() / speed)
        before = entry.at
        today = day(entry.at, blog.time_zone)
        if changes and today != shown_day:
            shown_day = today
            yield f"--- {today}"
        for change in changes:
            yield _line(blog, entry, change)


def _named(blog: Blog, post: Post) -> str:
    """Which post was withdrawn, by no more than may still be shown of it."""
    if post.keep_text:
        return _said(post)
    shown = post.published_at or post.first_published_at or post.created_at
    return f"a post of {clock(shown, blog.time_zone)}"


def _said(post: Post) -> str:
    return post.title or plain_text(post.body).partition("\n")[0][:100]


def _line(blog: Blog, entry: Entry, change: Change) -> str:
    time = clock(entry.at, blog.time_zone)
    if change.id == BLOG:
        return f"{time}  [{blog.status}] {blog.title}"
    if change.post is None:
        return f"{time}  - withdrawn: {_named(blog, blog.posts[change.id])}"
    post = change.post
    mark = "+" if post.version == 1 else "~"
    badges = "".join(
        f" ({badge})" for badge, worn in (("key", post.key), ("pinned", post.pinned)) if worn
    )
    note = f"  correction: {post.correction}" if post.correction and mark == "~" else ""
    return f"{time}  {mark} {_said(post)}{badges}{note}"
