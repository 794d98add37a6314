"""The page as it was: the timeline folded up to a time or position, withdrawn texts withheld."""

from datetime import UTC, datetime

from msgspec.structs import replace

from events.blog import Blog, Post, evolve
from events.entry import load
from events.position import Position
from events.timeline import Timeline
from server.log import Log, entries


class NoSuchMoment(Exception):
    """`at` is neither a time nor a position."""


def moment(text: str) -> Position | datetime:
    """A position, or an RFC 3339 time; raises NoSuchMoment."""
    try:
        return Position.parse(text)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise NoSuchMoment(
            f"at takes a position or a time such as 2026-05-04T14:00:00Z, not {text[:40]!r}"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


class Past:
    """Any moment of any blog, from its log."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def folded(self, blog_id: str, at: Position | datetime) -> tuple[Blog, Timeline]:
        """The fold of every entry up to a moment, and the caller's own to fold on."""
        blog, timeline = Blog(blog_id), Timeline()
        async for stored in entries(self._log, blog_id):
            entry = load(stored)
            if entry.position > at if isinstance(at, Position) else entry.at > at:
                break
            blog = evolve(blog, entry)
            timeline.apply(blog, entry)
        return blog, timeline

    async def shown(self, now: Blog, at: Position | datetime) -> tuple[Blog, Timeline]:
        """The blog and its timeline at a moment, as may be shown today."""
        blog, timeline = await self.folded(now.id, at)
        for id, post in timeline.posts.items():
            timeline.posts[id] = as_shown_today(post, now.posts[id])
        return blog, timeline


def as_shown_today(then: Post, now: Post) -> Post:
    """A past post; of one withdrawn since, only that it was there."""
    if now.status != "retracted" or now.keep_text:
        return then
    return replace(then, status="retracted", title="", body=(), author="", correction="", tags=())
