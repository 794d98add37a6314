"""The demo: a sample day that keeps happening, each round in a new blog, played by one process.

What happens, and when, is told by `day`.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog
from msgspec import UNSET
from redis.asyncio import Redis
from redis.asyncio.lock import Lock
from redis.exceptions import LockError, RedisError

from events import summary
from events.commands import (
    ChangeBlog,
    ChangeBlogStatus,
    ChangePostStatus,
    Command,
    DeleteBlog,
    MarkKey,
    PinPost,
    Refused,
    RevisePost,
    WritePost,
)
from events.document import Body, Embed, Image, ImageAttrs, LinkCard, Video
from events.markup import from_markdown
from server.demo import pictures as demo_pictures
from server.demo.day import (
    Day,
    Drawing,
    Key,
    Pin,
    Publish,
    Retract,
    Revise,
    Status,
    Step,
    Summarise,
    Unpin,
    day,
)
from server.index import SlugTaken
from server.media import Picture
from server.site import Site
from server.storage.log import LogError, Request, Unreachable
from server.storage.redis_log import reach
from server.tail import Behind, NoSuchBlog
from server.web.inputs import post_id

ACTOR = "demo"
CURRENT = "liveblog:demo"
"""The slug that `/demo` leads to."""
NUMBER, ROUNDS, PLAYER = f"{CURRENT}:number", f"{CURRENT}:rounds", f"{CURRENT}:player"
KEPT = 3
"""Rounds that are kept, the current one included."""
LEASE = 15.0
"""Seconds after which a player that was killed is replaced."""
PAUSE = 2.0
"""Seconds before what failed is tried again."""

logger = structlog.get_logger("demo")


async def current(redis: Redis) -> str | None:
    """The slug of the round that is being played, or was last."""
    slug = await reach(lambda: redis.get(CURRENT))
    return slug.decode() if isinstance(slug, bytes) else None


async def run_demo(site: Site, *, pace: float = 1.0, rounds: int | None = None) -> None:
    """Play the day, `pace` times as fast as its own, `rounds` times or until cancelled.

    Any number of processes may call this: one plays, the others stand by. What fails is tried
    again, in a new round.
    """
    stage = _Stage(site, day(), pace)
    played = 0
    while rounds is None or played < rounds:
        try:
            async with _alone(site.redis):
                await stage.play()
            played += 1
        except* (LogError, RedisError, Behind, Refused, NoSuchBlog, OSError) as errors:
            logger.warning("the demo begins anew", error=str(errors.exceptions[0]))
            await asyncio.sleep(PAUSE)


@contextlib.asynccontextmanager
async def _alone(redis: Redis) -> AsyncIterator[None]:
    """Wait until no other process plays, and see to it that none does; the body is cancelled
    if that is lost."""
    lock = Lock(redis, PLAYER, timeout=LEASE, sleep=1.0)
    await lock.acquire()
    try:
        async with asyncio.TaskGroup() as tasks:
            renewing = tasks.create_task(_renew(lock))
            yield
            renewing.cancel()
    finally:
        with contextlib.suppress(RedisError):
            await lock.release()


async def _renew(lock: Lock) -> None:
    while True:
        await asyncio.sleep(LEASE / 5)
        try:
            await lock.reacquire()
        except LockError:
            raise
        except (RedisError, OSError) as error:
            logger.warning("the demo cannot renew its lease", error=str(error))


class _Stage:
    """Where rounds are played; the pictures are drawn once."""

    def __init__(self, site: Site, day: Day, pace: float) -> None:
        self._site = site
        self._day = day
        self._pace = pace
        self._pictures: dict[str, Picture] = {}

    async def play(self) -> None:
        """One round, from an empty page to the end of the day."""
        opening = self._day.steps[: self._day.live]
        for step in opening:
            if isinstance(step, Publish) and step.image:
                await self._picture(step.image.draw)  # drawn before anybody waits for it
        began = _now() - timedelta(seconds=sum(step.wait for step in opening))
        blog_id, slug = await self._open(began)
        for number, at in enumerate(_times(opening, began)):
            await self._do(blog_id, number, at)
        await reach(lambda: self._site.redis.set(CURRENT, slug))
        await self._clear()
        for number in range(self._day.live, len(self._day.steps)):
            await self._do(blog_id, number)
            await asyncio.sleep(self._day.steps[number].wait / self._pace)

    async def _open(self, at: datetime) -> tuple[str, str]:
        """A new blog; its id and slug."""
        redis, blog_id = self._site.redis, str(uuid.uuid4())
        while True:
            number = await reach(lambda: redis.incr(NUMBER))
            slug = f"{self._day.blog.slug}-{number}"
            with contextlib.suppress(SlugTaken):
                await self._site.index.claim(slug, blog_id)
                break
        await reach(lambda: redis.rpush(ROUNDS, blog_id))
        blog = msgspec.structs.replace(self._day.blog, slug=slug)
        await self._handle(blog_id, blog, "open", at)
        await self._site.index.add(blog_id, slug)
        return blog_id, slug

    async def _clear(self) -> None:
        """Delete the rounds that are no longer kept, oldest first."""
        redis = self._site.redis
        for old in await reach(lambda: redis.lrange(ROUNDS, 0, -KEPT - 1)):
            blog_id = old.decode() if isinstance(old, bytes) else old
            with contextlib.suppress(Refused, NoSuchBlog):  # deleted before, or never opened
                await self._handle(blog_id, DeleteBlog(), "delete")
            await self._site.index.remove(blog_id)
            await reach(lambda: redis.lpop(ROUNDS))

    async def _do(self, blog_id: str, number: int, at: datetime | None = None) -> None:
        step = self._day.steps[number]
        command = await self._command(blog_id, step, at)
        await self._handle(blog_id, command, f"step {number}", at)

    async def _handle(
        self, blog_id: str, command: Command, key: str, at: datetime | None = None
    ) -> None:
        request = Request(ACTOR, key, "", _now(), at)
        while True:
            try:
                await self._site.commands.handle(blog_id, command, request)
            except Unreachable as error:  # the same key settles it
                logger.warning("the demo waits for the log", error=str(error))
                await asyncio.sleep(PAUSE)
            else:
                return

    async def _command(self, blog_id: str, step: Step, at: datetime | None) -> Command:
        if isinstance(step, Status):
            return ChangeBlogStatus(step.status)
        if isinstance(step, Summarise):
            return ChangeBlog(summary=summary.from_text(step.markdown))
        post = post_id(blog_id, ACTOR, step.name)
        match step:
            case Publish():
                return await self._write(post, step, at)
            case Revise():
                body = from_markdown(step.markdown)
                return RevisePost(post, body=body, correction=step.correction)
            case Retract():
                return ChangePostStatus(
                    post, "retracted", note=step.reason, keep_text=step.keep_text
                )
            case Pin() | Unpin():
                return PinPost(post, isinstance(step, Pin))
            case Key():
                return MarkKey(post, True)

    async def _write(self, post: str, step: Publish, at: datetime | None) -> WritePost:
        return WritePost(
            post,
            title=step.title,
            body=await self._body(step),
            author=step.author,
            tags=step.tags,
            lang=step.lang,
            published_at=UNSET if at is None else at,
            pinned=step.pinned,
            key=step.key,
        )

    async def _body(self, step: Publish) -> Body:
        picture = (await self._image(step.image),) if step.image else ()
        return (*picture, *from_markdown(step.markdown), *_cards(step))

    async def _image(self, drawing: Drawing) -> Image:
        picture = await self._picture(drawing.draw)
        attrs: dict[str, Any] = {
            "media": picture.id,
            "ext": picture.ext,
            "width": picture.width,
            "height": picture.height,
            "alt": drawing.alt,
            "caption": drawing.caption,
            "credit": drawing.credit,
        }
        return Image(ImageAttrs(**attrs))

    async def _picture(self, name: str) -> Picture:
        if name not in self._pictures:
            drawn = await asyncio.to_thread(demo_pictures.draw, name)
            self._pictures[name] = await self._site.media.store(drawn)
        return self._pictures[name]


def _cards(step: Publish) -> Iterator[Video | LinkCard | Embed]:
    if step.video:
        yield Video(step.video)
    if step.link:
        yield LinkCard(step.link)
    if step.embed:
        yield Embed(step.embed)


def _times(steps: tuple[Step, ...], at: datetime) -> Iterator[datetime]:
    """When steps would have happened that began at a time."""
    for step in steps:
        yield at
        at += timedelta(seconds=step.wait)


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
