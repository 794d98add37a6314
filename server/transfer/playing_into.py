"""A day played again, through the write path, into a new blog: `liveblog replay BLOG --into NEW`.

What is played of an entry is told by `events.retelling`. The new blog's log knows how far it has
come: each of its entries has the key of the source's entry it was made from.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

import msgspec
from msgspec import Struct, field

from events.blog import Blog, evolve
from events.commands import CreateBlog, Refused
from events.desk import scheduled
from events.entry import Entry, Stored, load
from events.facts import PostScheduled
from events.position import START, Position
from events.retelling import Retelling, erased
from server.commands import Commands
from server.index import SlugTaken
from server.replay.printed import Stretch, time_of
from server.site import Site
from server.storage.log import Log, Request, entries
from server.tail import Loaded, NoSuchBlog
from server.web.endpoint import NAMESPACE
from server.web.inputs import Slug, post_id
from server.words import language

ACTOR: Final = "replay"

LISTED: Final = 50
"""Positions that are told one by one."""

Progress = Callable[[int, int], None]


class BadSlug(Exception):
    def __init__(self, slug: str) -> None:
        super().__init__(
            f"--into takes a slug, small letters, digits and single hyphens, not {slug[:40]!r}"
        )


class NotThisReplay(Exception):
    """The new blog's slug leads to something else."""

    def __init__(self, slug: str, source: str, paced: bool) -> None:
        how = "with" if paced else "without"
        super().__init__(
            f"{slug} is there already and was not made by replaying {source} {how} --speed: "
            "take another slug, or delete that blog first"
        )


class Refusal(NamedTuple):
    """An entry of the source whose command the new blog refused."""

    position: Position
    why: str


class Played(Struct):
    """What came of one run of a replay."""

    slug: str
    commands: int = 0
    withheld: set[str] = field(default_factory=set)
    """Posts of the source whose texts were not told."""
    erased: list[Position] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    def told(self) -> Iterator[str]:
        """How much it was, and what did not come over as it was, a line each."""
        yield f"commands played: {self.commands}"
        if self.withheld:
            yield f"withdrawn since, so played without their texts: {len(self.withheld)} posts"
        for position in self.erased[:LISTED]:
            yield f"{position}: its text was erased; played without it"
        for position, why in self.refused[:LISTED]:
            yield f"{position}: refused, {why}"
        if more := sum(max(0, len(each) - LISTED) for each in (self.erased, self.refused)):
            yield f"and {more} more"


class Clock(Protocol):
    """When something of the source's day happens in the new blog."""

    def of(self, time: datetime) -> datetime: ...

    async def wait(self, time: datetime) -> None:
        """Until it is time for what happened then."""
        ...


class AsHappened:
    """The day's own times, and no waiting: the new blog's replay is the same day."""

    def of(self, time: datetime) -> datetime:
        return time

    async def wait(self, _: datetime) -> None:
        pass


class Paced:
    """As many times as fast as it happened, from now on; what was before `since` is over."""

    def __init__(self, since: datetime, speed: float) -> None:
        self._since, self._now, self._speed = since, _now(), speed

    def of(self, time: datetime) -> datetime:
        try:
            return self._now + (time - self._since) / self._speed
        except OverflowError:  # at an end of the calendar nothing is told from anything
            return time

    async def wait(self, time: datetime) -> None:
        await asyncio.sleep((self.of(time) - _now()).total_seconds())


async def play(
    site: Site, source_id: str, slug: str, of: Stretch, speed: float | None, progress: Progress
) -> Played:
    """Carry out what is not there yet of a stretch of the source's day.

    What was before the stretch is played at once, since what follows builds on it; with a speed
    the stretch itself is paced, and happens now. Raises BadSlug, NotThisReplay, NoSuchBlog,
    LogError, Corrupt; what was written stays, and the same call goes on from there. `site` must be
    following its log.
    """
    try:
        msgspec.convert(slug, Slug)
    except msgspec.ValidationError:
        raise BadSlug(slug) from None
    source = await site.tail.load(source_id)
    if source.blog.deleted:
        raise NoSuchBlog(source.blog.slug)
    blog_id = await _claimed(site, source, slug, paced=speed is not None)
    last = await _last_played(site.log, blog_id, source_id)
    clock = await _clock_of(site.log, source_id, of, speed, last)
    play, blog = _Play(site, source, blog_id, slug, clock), Blog(source_id)
    async for stored in entries(site.log, source_id):
        entry = load(stored)
        if of.over(entry):
            break
        progress(entry.position.seq, max(entry.position.seq, source.position.seq))
        if entry.position >= last:  # of the last, only a part may have been played
            if of.begun(entry):
                await clock.wait(entry.at)
            await play.entry(stored, entry, blog)
        blog = evolve(blog, entry)
    await play.hand_over()
    return play.played


class _Play:
    """One run of a replay."""

    def __init__(self, site: Site, source: Loaded, blog_id: str, slug: str, clock: Clock) -> None:
        self.played = Played(slug)
        self._site = site
        self._source = source
        self._blog_id = blog_id
        # Without the schedule's marks: as long as it lasts, the replay publishes what is due.
        self._commands = Commands(site.log, site.tail)
        self._retelling = Retelling(
            slug=slug,
            post=lambda post: post_id(blog_id, ACTOR, post),
            time=clock.of,
            withheld=self._withheld,
            gap=language(source.blog.language)("withheld").unescape(),
        )

    async def entry(self, stored: Stored, entry: Entry, before: Blog) -> None:
        """Play one entry of the source, which met the blog `before`."""
        self._source = await self._site.tail.load(self._source.id)  # as it stands today
        for number, wish in enumerate(self._retelling.wishes(entry, before)):
            key = f"{self._source.id} {entry.position}" + (f" {number}" if number else "")
            request = Request(ACTOR, key, stored.digest, _now(), wish.now)
            try:
                done = await self._commands.handle(self._blog_id, wish.command, request)
            except Refused as refusal:
                self.played.refused.append(Refusal(entry.position, str(refusal)))
                continue
            if isinstance(wish.command, CreateBlog):
                await self._site.index.add(self._blog_id, done.loaded.blog.slug)
            self.played.commands += not done.again
        if erased(entry):
            self.played.erased.append(entry.position)

    async def hand_over(self) -> None:
        """What is still to go out is the schedule's from now on; a time that is past stays so."""
        blog, now = (await self._site.tail.load(self._blog_id)).blog, _now()
        waiting = [PostScheduled(post.id, at) for at, post in scheduled(blog) if at > now]
        await self._site.schedule.mark(blog.id, list(waiting))

    def _withheld(self, post: str) -> bool:
        now = self._source.blog.posts.get(post)
        gone = now is not None and now.status == "retracted" and not now.keep_text
        if gone:
            self.played.withheld.add(post)
        return gone


async def _claimed(site: Site, source: Loaded, slug: str, *, paced: bool) -> str:
    """The id of the blog that such replays under a slug make; a deleted one gives way to the next.

    Raises NotThisReplay where the slug is another's.
    """
    number = 0
    while True:
        name = f"{ACTOR}\n{source.id}\n{slug}\n{'paced' if paced else 'as happened'}\n{number}"
        blog_id = str(uuid.uuid5(NAMESPACE, name))
        try:
            if not (await site.tail.load(blog_id)).blog.deleted:
                break
        except NoSuchBlog:
            break
        number += 1
    try:
        await site.index.claim(slug, blog_id)
    except SlugTaken:
        raise NotThisReplay(slug, source.blog.slug, paced) from None
    return blog_id


async def _last_played(log: Log, blog_id: str, source_id: str) -> Position:
    """The last entry of the source that the new blog has something of."""
    last = START
    async for stored in entries(log, blog_id):
        entry = load(stored)
        of, _, rest = entry.command.partition(" ")
        if entry.actor == ACTOR and of == source_id:
            last = max(last, Position.parse(rest.partition(" ")[0]))
    return last


async def _clock_of(
    log: Log, source_id: str, of: Stretch, speed: float | None, last: Position
) -> Clock:
    if speed is None:
        return AsHappened()
    since = await time_of(log, source_id, of.begin)
    if last != START:
        since = max(since, await time_of(log, source_id, last))
    return Paced(since, speed)


def _now() -> datetime:
    return datetime.now(UTC)
