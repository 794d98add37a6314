"""How many are reading: summed over processes, told to the desk, and to the audience if it may."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from events.commands import ChangeBlog, Command, CreateBlog
from events.frames import Form
from events.position import Position
from server.push.wire import Carriage
from server.settings import Settings
from server.site import Site, build
from server.site import connect as connect_redis
from server.storage.log import Request, Unreachable
from server.viewers import Viewers, key
from tests.conftest import Storage

BLOG = "00000000-0000-0000-0000-000000000001"
PATIENCE = 30.0
"""Seconds a condition may take on a loaded machine."""
LIFE = 2.0
"""Seconds that a number outlives its process, where a test waits for it."""


class Reader:
    """Takes part in a feed and keeps what it is sent."""

    form: Form = "json"
    carriage: Carriage = "line"
    ready = True

    def __init__(self) -> None:
        self.position: Position | None = None
        self.heard: list[Any] = []

    def send(self, data: bytes) -> None:
        self.heard += map(msgspec.json.decode, data.splitlines())

    def close(self, code: int) -> None:
        raise AssertionError(f"sent away with {code}")

    @property
    def numbers(self) -> list[int]:
        return [message["count"] for message in self.heard if message["type"] == "viewers"]


class Process:
    """A site whose log is not followed, with the clock in the test's hand."""

    def __init__(self, redis: Redis, folder: Path, *, life: float = 10.0) -> None:
        self.site: Site = build(Settings(data=folder), redis)
        self.now = 0.0
        self.viewers = Viewers(redis, self.site.tail, life=life, window=5.0, clock=lambda: self.now)
        self.desk: list[int] = []
        """What a desk was told."""

    async def does(self, command: Command) -> None:
        now = datetime.now(UTC)
        request = Request("ann", str(now.timestamp()), "", now)
        await self.site.commands.handle(BLOG, command, request)

    async def comes(self) -> Reader:
        feed, reader = (await self.site.tail.load(BLOG)).feed, Reader()
        reader.send(feed.attach(reader, None))
        return reader

    def goes(self, reader: Reader) -> None:
        self.site.tail.loaded[BLOG].feed.detach(reader)

    def hello(self) -> int | None:
        """What one who comes now is told."""
        return self.site.tail.loaded[BLOG].feed.viewers

    async def counts_until(self, told: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.desk[-1:] != [told]:
                await self.viewers.count()


@pytest.fixture
async def here(redis: Redis, tmp_path: Path) -> Process:
    """A process with a blog that shows its viewers, and a desk that watches."""
    here = Process(redis, tmp_path)
    await here.does(CreateBlog("day", "Day", visibility="public", show_viewers=True))
    return here


@pytest.fixture
def there(redis: Redis, here: Process, tmp_path: Path) -> Process:  # noqa: ARG001 - after it
    """Another process on the same storage."""
    return Process(redis, tmp_path)


# --- the sum -----------------------------------------------------------------------------------


async def test_the_readers_of_two_processes_are_summed(here: Process, there: Process) -> None:
    one, other = await here.comes(), await there.comes()
    await there.comes()
    with here.viewers.watched(BLOG, here.desk.append):
        await there.viewers.count()
        await here.viewers.count()
        await there.viewers.count()
        assert (here.desk, one.numbers, other.numbers) == ([3], [3], [2])

        there.goes(other)
        there.now += 5
        await there.viewers.count()
        await here.viewers.count()
        assert (here.desk, there.hello()) == ([3, 2], 2)


async def test_when_all_have_gone_the_desk_is_told_and_nothing_is_left(
    here: Process, redis: Redis
) -> None:
    with here.viewers.watched(BLOG, here.desk.append):
        readers = [await here.comes() for _ in range(3)]
        await here.viewers.count()
        for reader in readers:
            here.goes(reader)
        await here.viewers.count()
    assert (here.desk, here.hello()) == ([3, 0], None)
    assert not await redis.exists(key(BLOG))


async def test_a_blog_that_nobody_reads_or_watches_is_asked_for_once_more_and_then_left(
    here: Process, redis: Redis
) -> None:
    reader = await here.comes()
    await here.viewers.count()
    here.goes(reader)
    await here.viewers.count()
    assert not await redis.exists(key(BLOG))
    asked = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    await here.viewers.count()
    assert (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] == asked


async def test_a_desk_is_told_of_readers_that_are_all_elsewhere(
    here: Process, there: Process
) -> None:
    await there.comes()
    await there.viewers.count()
    with here.viewers.watched(BLOG, here.desk.append):
        await here.viewers.count()
    assert here.desk == [1]


async def test_a_desk_that_comes_later_is_told_the_number_at_once(here: Process) -> None:
    await here.comes()
    await here.viewers.count()
    with here.viewers.watched(BLOG, here.desk.append):
        assert here.desk == [1]
        await here.viewers.count()
    await here.comes()
    await here.viewers.count()
    assert here.desk == [1]


async def test_only_numbers_are_kept_and_they_expire(here: Process, redis: Redis) -> None:
    before = set(await redis.keys())
    await here.comes()
    await here.viewers.count()
    assert set(await redis.keys()) - before == {key(BLOG).encode()}
    kept: dict[Any, Any] = await redis.hgetall(key(BLOG))
    [(process, said)] = kept.items()
    assert [word.isdigit() for word in (process, *said.split(b" "))] == [True] * 3
    assert 0 < await redis.pttl(key(BLOG)) <= 10_000


async def test_a_number_that_still_holds_is_not_written_again(here: Process, redis: Redis) -> None:
    await here.comes()
    await here.viewers.count()
    written = await redis.hgetall(key(BLOG))
    await here.viewers.count()
    assert await redis.hgetall(key(BLOG)) == written


async def test_a_process_that_went_silent_stops_counting(
    redis: Redis, there: Process, tmp_path: Path
) -> None:
    await there.comes()
    await there.viewers.count()
    quick = Process(redis, tmp_path, life=1.0)
    await quick.comes()
    with quick.viewers.watched(BLOG, quick.desk.append):
        await quick.counts_until(1)
    assert len(await redis.hgetall(key(BLOG))) == 1


async def test_a_process_that_ends_takes_its_number_back(here: Process, redis: Redis) -> None:
    told = asyncio.Event()
    await here.comes()
    with here.viewers.watched(BLOG, lambda _: told.set()):
        running = asyncio.create_task(here.viewers.run())
        async with asyncio.timeout(PATIENCE):
            await told.wait()
        assert await redis.exists(key(BLOG))
        running.cancel()
        await asyncio.wait([running])
    assert not await redis.exists(key(BLOG))


async def test_out_of_reach_counting_pauses_and_comes_back(
    own_storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.viewers.EVERY", 0.01)  # many counts fail before it is back
    told: asyncio.Queue[int] = asyncio.Queue()
    async with connect_redis(own_storage.url) as redis, asyncio.timeout(PATIENCE):
        here = Process(redis, tmp_path)
        await here.does(CreateBlog("day", "Day", visibility="public", show_viewers=True))
        await here.comes()
        with here.viewers.watched(BLOG, told.put_nowait):
            running = asyncio.create_task(here.viewers.run())
            assert await told.get() == 1
            own_storage.kill()
            with pytest.raises(Unreachable):
                await here.viewers.count()
            await here.comes()
            assert here.hello() == 1
            await asyncio.to_thread(own_storage.start)
            assert await told.get() == 2
        running.cancel()
        await asyncio.wait([running])


async def test_a_number_whose_answer_was_lost_is_taken_back_all_the_same(
    own_storage: Storage, tmp_path: Path
) -> None:
    async with connect_redis(own_storage.url) as redis, asyncio.timeout(PATIENCE):
        here = Process(redis, tmp_path)
        await here.does(CreateBlog("day", "Day", visibility="public"))
        with here.viewers.watched(BLOG, here.desk.append):
            await here.viewers.count()  # so that the next goes out whole
        reader = await here.comes()
        with own_storage.stopped(), pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await here.viewers.count()
        while not await redis.exists(key(BLOG)):
            pass
        here.goes(reader)
        await here.viewers.count()
        assert not await redis.exists(key(BLOG))


# --- the audience ------------------------------------------------------------------------------


async def test_the_audience_of_a_blog_that_does_not_show_it_is_told_no_number(
    here: Process,
) -> None:
    await here.does(ChangeBlog(show_viewers=False))
    reader = await here.comes()
    with here.viewers.watched(BLOG, here.desk.append):
        await here.viewers.count()
    assert here.desk == [1]
    assert reader.numbers == []
    assert here.hello() is None


async def test_the_audience_is_told_once_in_a_window_and_only_what_is_new(here: Process) -> None:
    first = await here.comes()
    for now in range(5):
        here.now = now
        await here.comes()
        await here.viewers.count()
    assert (first.numbers, here.hello()) == ([2], 2)
    for now in range(5, 20):
        here.now = now
        await here.viewers.count()
    assert first.numbers == [2, 6]
    assert (await here.comes()).heard[0]["viewers"] == 6


async def test_the_window_holds_though_all_have_gone_meanwhile(here: Process) -> None:
    here.goes(await here.comes())
    reader = await here.comes()
    await here.viewers.count()
    here.goes(reader)
    await here.viewers.count()
    assert here.hello() is None
    reader = await here.comes()
    here.now = 4.9
    await here.viewers.count()
    assert reader.numbers == []
    here.now = 5.0
    await here.viewers.count()
    assert reader.numbers == [1]


async def test_switched_off_nobody_is_told_any_more_and_switched_on_all_are(here: Process) -> None:
    reader = await here.comes()
    await here.viewers.count()
    await here.does(ChangeBlog(show_viewers=False))
    await here.comes()
    here.now = 10
    await here.viewers.count()
    assert here.hello() is None
    await here.does(ChangeBlog(show_viewers=True))
    await here.viewers.count()
    assert (reader.numbers, here.hello()) == ([1, 2], 2)


# --- a real process ----------------------------------------------------------------------------

READ_ON = """
import asyncio, sys
from pathlib import Path
from redis.asyncio import Redis
from tests.integration.test_viewers import LIFE, Process

async def main():
    async with Redis.from_url(sys.argv[1]) as redis:
        process = Process(redis, Path(sys.argv[2]), life=LIFE)
        readers = [await process.comes() for _ in range(2)]
        await process.viewers.count()
        print("here", flush=True)
        await process.viewers.run()

asyncio.run(main())
"""


@contextmanager
def process_with_two_readers(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", READ_ON, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "here\n"
            yield process
        finally:
            process.kill()


async def test_the_readers_of_a_killed_process_drop_out_of_the_sum(
    here: Process,  # noqa: ARG001 - its blog
    redis: Redis,
    shared_storage: Storage,
    tmp_path: Path,
) -> None:
    survivor = Process(redis, tmp_path, life=LIFE)
    await survivor.comes()
    told: asyncio.Queue[int] = asyncio.Queue()
    with (
        process_with_two_readers(shared_storage.url, str(tmp_path)) as other,
        survivor.viewers.watched(BLOG, told.put_nowait),
    ):
        running = asyncio.create_task(survivor.viewers.run())
        async with asyncio.timeout(PATIENCE):
            assert await told.get() == 3
            other.kill()
            assert await told.get() == 1
        running.cancel()
        await asyncio.wait([running])
