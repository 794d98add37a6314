"""Scheduled posts go out on time, once, from whichever process is alive.

A mark (blog, post, time) is set *before* the entry that schedules the post, so no schedule is
ever without one; a mark without a schedule does nothing. At its time any process may try: the
command's key is made from the mark, so all tries are one publication.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from redis.asyncio import Redis

from events.commands import NoSuchPost, PublishDue, Refused
from events.entry import Corrupt
from events.facts import Event, PostScheduled
from server.commands import Commands
from server.storage.log import LogError, Request
from server.storage.redis_log import reach
from server.tail import NoSuchBlog

DUE = "liveblog:due"
LOOK = 1.0
"""Seconds between two looks: how late a post may go out."""
AT_ONCE = 100
GRACE = timedelta(seconds=30)
"""How long after its time a mark without a schedule is kept."""
ACTOR = "scheduler"

logger = structlog.get_logger("schedule")


class Schedule:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def mark(self, blog: str, events: list[Event]) -> None:
        """Remember the times of the posts that these events schedule."""
        for event in events:
            if isinstance(event, PostScheduled):
                at = event.publish_at.timestamp()
                member = f"{blog} {event.post} {at!r}"
                await reach(lambda member=member, at=at: self._redis.zadd(DUE, {member: at}))  # type: ignore[misc]

    async def run(self, commands: Commands) -> None:
        """Publish what is due, until cancelled."""
        while True:
            try:
                await self.publish_due(commands, datetime.now(UTC))
            except LogError as error:
                logger.warning("schedule waits for the log", error=str(error))
            await asyncio.sleep(LOOK)

    async def publish_due(self, commands: Commands, now: datetime) -> None:
        """Publish every post whose time has come."""
        marks = await reach(
            lambda: self._redis.zrangebyscore(DUE, "-inf", now.timestamp(), start=0, num=AT_ONCE)
        )
        for mark in marks:
            try:
                await self._publish(commands, mark, now)
            except (LogError, Corrupt) as error:
                # The others' posts must not wait for this one's blog.
                logger.warning("a post waits", mark=mark.decode(), error=str(error))

    async def _publish(self, commands: Commands, mark: bytes, now: datetime) -> None:
        blog, post, at = mark.decode().split(" ")
        due = datetime.fromtimestamp(float(at), UTC)
        request = Request(ACTOR, f"due {post} {at}", "", now)
        published = False
        try:
            done = await commands.handle(blog, PublishDue(post, due), request)
            published = done.loaded.blog.posts[post].public
        except (NoSuchBlog, NoSuchPost, Refused):
            logger.info("nothing to publish", blog=blog, post=post)
        # A mark may be seen before the entry it announces: keep it for a while.
        if published or now - due > GRACE:
            await reach(lambda: self._redis.zrem(DUE, mark))
