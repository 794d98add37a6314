"""A version is built beside the one that answers, whatever happens, and takes its place."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Iterator
from typing import ClassVar

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from events.blog import Blog, evolve
from events.entry import Entry, Stored, load
from events.position import START, Position
from events.projection import Projection, Version
from events.statistics import PostsADay, WordsADay
from server import projections
from server.projections import Projected, Projections
from server.render import Articles, templates
from server.storage.log import Head, Request, Tip, Unreachable
from server.storage.memory_log import MemoryLog
from server.tail import Loaded
from tests.audience import at_once
from tests.story import A_BLOG, NOON, Story, given
from tests.unit.test_timeline import DAYS, Step, lived, post

RENDER = Articles(templates())
SLICES = 3
"""Slices of a build between two entries that arrive."""
TURNS = 10_000
"""Of the loop: more than all builds of such a day take."""


def plain(version: Version, entries: list[Entry]) -> Projection:
    """The fold that everything is held to."""
    blog, made = Blog("fair"), version()
    for entry in entries:
        blog = evolve(blog, entry)
        made.apply(blog, entry)
    return made


class Newsroom(MemoryLog):
    """A log into which others write whenever it is read, and the blog its tail has folded."""

    def __init__(self, day: Story, bursts: Iterator[int], batch: int = 500) -> None:
        super().__init__()
        self.day = day
        self.blog = Loaded("fair", RENDER, 0, at_once)
        self.projections = Projections(self)
        self.seen: list[int] = []
        """The schema that answered after each entry, since something answered."""
        self.strict = True
        """Whether something must go on answering once something did."""
        self._bursts = bursts
        self._batch = batch

    async def read(self, blog: str, after: Position, limit: int = 500) -> list[Stored]:
        for folded in (True, False):
            if burst := next(self._bursts, 0):
                await self.writes(burst, folded=folded)
        await asyncio.sleep(0)
        read = await super().read(blog, after, min(limit, self._batch))
        # Of this, neither the tail nor the build has read anything.
        await self.writes(next(self._bursts, 0), folded=False)
        return read

    async def writes(self, count: int, *, folded: bool = True) -> None:
        """So many entries more of the day; the tail folds what is there, or is late."""
        there = await self._there()
        for stored in self.day.stored[there : there + count]:
            last = self.day.stored[there - 1].position if there else START
            tip = Tip(Head(last, self.day.stored[0].position.epoch), "")
            await self.append("fair", tip, stored, Request("ann", str(stored.position), "", NOON))
            there += 1
        while folded and self.blog.position.seq < there:
            self.blog.apply(self.day.stored[self.blog.position.seq])
            self.looks()

    async def _there(self) -> int:
        return (await self.heads(["fair"]))[0].seq

    def looks(self) -> Projected:
        """Whoever looks, at whatever moment, sees the fold of all that the blog has."""
        projected = self.projections.of(self.blog)
        if now := projected.answers:
            entries = [load(stored) for stored in self.day.stored[: self.blog.position.seq]]
            assert now == plain(type(now), entries)
            self.seen.append(now.schema)
        else:
            assert not (self.strict and self.seen), "nothing answers any more"
        return projected


async def until_nothing_is_built(room: Newsroom) -> Projected:
    """Entries go on arriving between the slices of a build, until all is there and built."""
    async with building(room):
        while await room._there() < len(room.day.stored):
            await room.writes(1)
            for _ in range(SLICES):
                await asyncio.sleep(0)
                room.looks()
        await nothing_waits(room)
    return room.looks()


@contextlib.asynccontextmanager
async def building(room: Newsroom) -> AsyncIterator[None]:
    running = asyncio.create_task(room.projections.run())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running  # which raises what went wrong in it


async def many_turns() -> None:
    """More than any build of these few entries takes."""
    for _ in range(100):
        await asyncio.sleep(0)


async def nothing_waits(room: Newsroom) -> None:
    """Until every version is built; each look wants what is not."""
    for _ in range(TURNS):
        room.looks()
        if not room.projections.building:
            return
        await asyncio.sleep(0)
    pytest.fail("a build does not come to its end")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop turns after every entry of a build."""
    monkeypatch.setattr(projections, "SLICE", -1.0)


@settings(deadline=None)
@for_all(DAYS, st.lists(st.integers(0, 5), max_size=30), st.integers(1, 9), st.integers(1, 30))
def test_whatever_arrives_meanwhile_one_answers_and_then_two_each_as_a_plain_fold_would(
    steps: list[Step], bursts: list[int], batch: int, first: int
) -> None:
    async def lives() -> Newsroom:
        room = Newsroom(lived(steps), iter(bursts), batch)
        await room.writes(first)
        await until_nothing_is_built(room)
        return room

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(projections, "SLICE", -1.0)
        seen = asyncio.run(lives()).seen
    assert seen == sorted(seen)
    assert set(seen) == {1, 2}


@pytest.mark.usefixtures("impatient")
async def test_one_answers_as_long_as_two_is_being_built() -> None:
    day = given(A_BLOG, *(post(f"{n}") for n in range(60)))
    room = Newsroom(day, iter(()), batch=7)
    await room.writes(30)
    await until_nothing_is_built(room)
    assert room.seen.count(1) > 10
    assert room.seen[-1] == 2


class Faulty(WordsADay):
    """A version two that cannot fold one of the entries."""

    schema: ClassVar[int] = 2
    until: ClassVar[int] = 0

    def apply(self, blog: Blog, entry: Entry) -> None:
        if entry.position.seq == self.until:
            raise ZeroDivisionError("no posts, no average")
        super().apply(blog, entry)


@pytest.mark.parametrize("until", [1, 5, 15])
async def test_a_fault_in_version_two_leaves_one_answering_and_is_logged(until: int) -> None:
    """While it is built, and when it answers already: then one is built anew."""
    room = Newsroom(given(A_BLOG, *(post(f"{n}") for n in range(20))), iter(()), batch=3)
    faulty = type("Faulty", (Faulty,), {"until": until})
    room.projections = Projections(room, (PostsADay, faulty))
    await room.writes(10)
    with capture_logs() as logged:
        async with building(room):
            await nothing_waits(room)
            if until > 10:
                assert room.looks().answers == plain(faulty, [load(each) for each in day_of(room)])
                room.strict = False  # what answered cannot go on, and the other is to be built
            await room.writes(10)
            await nothing_waits(room)
    assert isinstance(room.looks().answers, PostsADay)
    assert room.projections.failed == 1
    [fault] = [each for each in logged if each["log_level"] == "error"]
    assert (fault["schema"], fault["position"]) == (2, str(room.day.entries[until - 1].position))
    assert fault["exc_info"]


def day_of(room: Newsroom) -> list[Stored]:
    return room.day.stored[: room.blog.position.seq]


async def test_a_tail_that_is_late_is_not_overtaken() -> None:
    room = Newsroom(given(A_BLOG, *(post(f"{n}") for n in range(9))), iter(()))
    await room.writes(5)
    await room.writes(5, folded=False)
    async with building(room):
        await nothing_waits(room)
    assert room.looks().answers == plain(WordsADay, room.day.entries[:5])
    await room.writes(0)
    assert room.looks().answers == plain(WordsADay, room.day.entries)


async def test_a_log_that_has_become_another_is_folded_anew() -> None:
    room = Newsroom(given(A_BLOG, *(post(f"{n}") for n in range(5))), iter(()))
    await room.writes(4)
    await until_nothing_is_built(room)
    other = Newsroom(given(A_BLOG, post("another")), iter(()))
    await other.writes(2)
    room.blog.replace(other.blog)
    other.blog, other.projections, other.projections._log = room.blog, room.projections, other
    assert other.looks().answers is None
    await until_nothing_is_built(other)
    assert other.seen[-1] == 2


async def test_a_build_that_meets_another_log_than_the_tails_never_answers() -> None:
    room = Newsroom(given(A_BLOG, post("one")), iter(()))
    await room.writes(2)
    other = Newsroom(given(A_BLOG, *(post(f"other {n}") for n in range(5))), iter(()), batch=2)
    await other.writes(6)
    room.projections._log = other
    projected = room.projections.of(room.blog)
    async with building(room):
        await many_turns()
        assert not projected.wanted
    assert projected.answers is None
    assert not room.projections.failed


async def test_a_log_out_of_reach_is_asked_again_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projections, "PAUSE", 0.0)

    class Away(Newsroom):
        away = True

        async def read(self, blog: str, after: Position, limit: int = 500) -> list[Stored]:
            if self.away:
                raise Unreachable("the storage is away")
            return await super().read(blog, after, limit)

    room = Away(given(A_BLOG, post("one")), iter(()))
    await room.writes(2)
    async with building(room):
        await many_turns()
        assert room.projections.of(room.blog).answers is None
        room.away = False
        await nothing_waits(room)
    assert isinstance(room.looks().answers, WordsADay)


async def test_a_blog_that_leaves_memory_takes_its_projection_along() -> None:
    room = Newsroom(given(A_BLOG, post("one")), iter(()))
    await room.writes(2)
    await until_nothing_is_built(room)
    assert room.projections.answering == {("statistics", 2): 1}
    assert not room.blog.watchers, "that would keep the blog in memory"
    del room.blog
    gc.collect()  # a blog and its feed know each other
    assert room.projections.answering == {}
