"""What every log promises, held against each of them; then what only the one on Redis can break."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime

import pytest
from redis.asyncio import Redis

from events.commands import Command, RevisePost, WritePost
from events.entry import Stored, check
from events.position import START, Position
from server.site import connect
from server.storage.log import (
    Conflict,
    Exists,
    Head,
    Log,
    Lost,
    Mismatch,
    Receipt,
    Request,
    Tip,
    Unreachable,
    beginning,
    entries,
)
from server.storage.memory_log import MemoryLog
from server.storage.redis_log import RedisLog
from tests.conftest import Storage
from tests.story import A_BLOG, EDITOR, EPOCH, NOON, Story, given, position

ENTRIES = 5


def a_day(posts: int = ENTRIES - 1) -> Story:
    return given(A_BLOG, *(WritePost(f"p{n}", title=f"Post {n}") for n in range(posts)))


def request(number: int, actor: str = EDITOR, now: datetime = NOON) -> Request:
    """The request behind the entry with that seq in a story."""
    return Request(actor, f"key-{number}", f"fingerprint-{number}", now)


def tip_before(story: Story, seq: int, epoch: int = EPOCH) -> Tip:
    """What the entry with that seq follows."""
    if seq == 1:
        return beginning(epoch)
    before = story.stored[seq - 2]
    return Tip(Head(before.position, epoch), before.digest)


async def write(log: Log, story: Story, seq: int, epoch: int = EPOCH) -> Receipt:
    """Append the story's entry with that seq, as its writer would."""
    return await log.append(
        "fair", tip_before(story, seq, epoch), story.stored[seq - 1], request(seq)
    )


async def write_all(log: Log, story: Story) -> None:
    for stored in story.stored:
        await write(log, story, stored.position.seq)


async def read_all(log: Log) -> list[Stored]:
    return [stored async for stored in entries(log, "fair")]


async def stands_at(log: Log) -> Head:
    head = await log.head("fair")
    assert head
    return head


@pytest.fixture(params=["memory", "redis"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[Log]:
    if request.param == "memory":
        yield MemoryLog()
        return
    storage: Storage = request.getfixturevalue("shared_storage")
    async with connect(storage.url) as client:
        await client.flushall()
        yield RedisLog(client)


# --- append and read ---------------------------------------------------------------------------


async def test_there_is_no_log_until_its_first_entry(log: Log) -> None:
    assert await log.head("fair") is None
    assert await log.read("fair", START) == []
    assert await log.answered("fair", request(1)) is None


async def test_entries_are_read_as_they_were_appended(log: Log) -> None:
    day = a_day()
    for seq in range(1, ENTRIES + 1):
        assert await write(log, day, seq) == Receipt(position(seq), again=False)
        assert await log.head("fair") == Head(position(seq), EPOCH)
    assert await read_all(log) == day.stored
    for before, after in zip([None, *day.stored], await read_all(log), strict=False):
        check(after, before)


async def test_the_log_is_read_in_batches_after_a_position(log: Log) -> None:
    day = a_day()
    await write_all(log, day)
    assert await log.read("fair", START, limit=2) == day.stored[:2]
    assert await log.read("fair", position(2), limit=2) == day.stored[2:4]
    assert await log.read("fair", position(4), limit=2) == day.stored[4:]
    assert await log.read("fair", position(5)) == []


async def test_a_position_the_log_never_had_is_read_after_all_the_same(log: Log) -> None:
    day = a_day()
    await write_all(log, day)
    assert await log.read("fair", Position(EPOCH - 1, 3)) == day.stored
    assert await log.read("fair", Position(EPOCH + 1, 3)) == []


async def test_any_bytes_come_back_as_they_were(log: Log) -> None:
    raw = bytes(range(256)) * 40
    stored = Stored(position(1), raw, raw[::-1])
    await log.append("fair", beginning(EPOCH), stored, request(1))
    assert await log.read("fair", START) == [stored]


async def test_blogs_are_apart(log: Log) -> None:
    day = a_day()
    await write_all(log, day)
    await log.append("other", beginning(EPOCH), day.stored[0], request(1))
    assert await log.heads(["fair", "none", "other"]) == [position(5), START, position(1)]
    assert await log.heads([]) == []
    assert await log.read("other", START) == day.stored[:1]


# --- who is first, and who comes again ---------------------------------------------------------


async def test_a_repeated_request_gets_the_answer_it_got(log: Log) -> None:
    day = a_day()
    await write_all(log, day)
    assert await write(log, day, 3) == Receipt(position(3), again=True)
    assert await log.answered("fair", request(3)) == Receipt(position(3), again=True)
    assert await read_all(log) == day.stored


async def test_the_answer_comes_before_the_conflict(log: Log) -> None:
    """The writer of a lost reply has decided again on a newer state: still one entry."""
    day = a_day()
    await write_all(log, day)
    later = tip_before(day, ENTRIES + 1)
    again = Stored(later.following, b"{}", b"{}")
    assert await log.append("fair", later, again, request(2)) == Receipt(position(2), again=True)
    assert await read_all(log) == day.stored


async def test_a_key_for_another_request_is_a_mismatch(log: Log) -> None:
    day = a_day()
    await write_all(log, day)
    other = Request(EDITOR, "key-2", "another fingerprint", NOON)
    with pytest.raises(Mismatch, match="key-2"):
        await log.answered("fair", other)
    with pytest.raises(Mismatch, match="key-2"):
        await log.append("fair", tip_before(day, 6), Stored(position(6), b"", b""), other)
    assert await read_all(log) == day.stored


async def test_a_key_belongs_to_its_actor(log: Log) -> None:
    day = a_day()
    for seq in (1, 2):
        await write(log, day, seq)
    other = Request("bea", "key-2", "another fingerprint", NOON)
    assert await log.answered("fair", other) is None
    receipt = await log.append("fair", tip_before(day, 3), day.stored[2], other)
    assert receipt == Receipt(position(3))


async def test_two_writers_of_the_same_position_and_one_is_first(log: Log) -> None:
    ours, theirs = a_day(1), a_day(0).when(WritePost("theirs", title="Theirs"))
    await write(log, ours, 1)
    tip = tip_before(ours, 2)
    answers = await asyncio.gather(
        log.append("fair", tip, ours.stored[1], request(2, "ann")),
        log.append("fair", tip, theirs.stored[1], request(2, "bea")),
        return_exceptions=True,
    )
    [receipt] = [answer for answer in answers if isinstance(answer, Receipt)]
    [conflict] = [answer for answer in answers if isinstance(answer, Conflict)]
    assert receipt == Receipt(position(2))
    assert conflict.head == Head(position(2), EPOCH)
    assert len(await read_all(log)) == 2


@pytest.mark.parametrize("expected", [position(2), position(7)], ids=["behind", "ahead"])
async def test_a_writer_that_stands_elsewhere_is_told_the_head(
    log: Log, expected: Position
) -> None:
    day = a_day()
    await write_all(log, day)
    tip = Tip(Head(expected, EPOCH), "0" * 64)
    with pytest.raises(Conflict) as conflict:
        await log.append("fair", tip, Stored(tip.following, b"", b""), request(9))
    assert conflict.value.head == Head(position(5), EPOCH)
    assert await read_all(log) == day.stored
    assert await log.answered("fair", request(9)) is None


@pytest.mark.parametrize("epoch", [EPOCH - 1, EPOCH + 1])
async def test_a_writer_of_another_epoch_is_fenced(log: Log, epoch: int) -> None:
    day = a_day()
    await write_all(log, day)
    tip = tip_before(day, 6, epoch)
    with pytest.raises(Conflict) as conflict:
        await log.append("fair", tip, Stored(tip.following, b"", b""), request(6))
    assert conflict.value.head == Head(position(5), EPOCH)
    assert await read_all(log) == day.stored


async def test_a_blog_is_created_once(log: Log) -> None:
    day = a_day()
    await write_all(log, day)
    with pytest.raises(Exists, match="fair"):
        await log.append("fair", beginning(EPOCH + 9), day.stored[0], request(9))
    assert await write(log, day, 1) == Receipt(position(1), again=True)
    assert await read_all(log) == day.stored


async def test_nothing_is_appended_to_a_log_that_is_not_there(log: Log) -> None:
    with pytest.raises(Lost, match="fair"):
        await write(log, a_day(), 2)
    assert await log.head("fair") is None
    assert await log.read("fair", START) == []


# --- restore -----------------------------------------------------------------------------------


async def test_a_restored_log_goes_on_in_its_new_epoch(log: Log) -> None:
    day = a_day()
    await log.restore("fair", day.stored, EPOCH + 1)
    assert await log.head("fair") == Head(position(5), EPOCH + 1)
    head = await opened(log, day)
    assert head.position == position(5)
    tip = Tip(head, day.stored[-1].digest)
    assert tip.following.seq == 6
    await log.append("fair", tip, Stored(tip.following, b"h", b"c"), request(6))
    assert [stored.position.seq for stored in await read_all(log)] == [1, 2, 3, 4, 5, 6]


async def test_a_restore_rebuilds_the_answers(log: Log) -> None:
    day = a_day()
    await log.restore("fair", day.stored, EPOCH + 1)
    assert await log.answered("fair", request(3)) == Receipt(position(3), again=True)
    with pytest.raises(Mismatch):
        await log.answered("fair", Request(EDITOR, "key-3", "another", NOON))
    await opened(log, day)
    assert await write(log, day, 3) == Receipt(position(3), again=True)
    assert await read_all(log) == day.stored


async def test_an_interrupted_restore_goes_on_and_takes_no_append_before_it_is_open(
    log: Log,
) -> None:
    day = a_day()
    await log.restore("fair", day.stored[:3], None)
    with pytest.raises(Lost):
        await log.head("fair")
    for seq in (1, 4):
        with pytest.raises(Lost):
            await write(log, day, seq)
    await log.restore("fair", day.stored[:4], None)
    await log.restore("fair", day.stored, EPOCH + 1)
    assert await read_all(log) == day.stored
    assert await log.head("fair") == Head(position(5), EPOCH + 1)


async def test_an_open_log_is_not_restored_over(log: Log) -> None:
    day, other = a_day(2), a_day()
    await write_all(log, day)
    for epoch in (None, EPOCH + 1):
        with pytest.raises(Exists, match="fair"):
            await log.restore("fair", other.stored, epoch)
    assert await read_all(log) == day.stored
    assert await log.head("fair") == Head(position(3), EPOCH)


async def opened(log: Log, day: Story) -> Head:
    """Where a restored log stands for its first writer, who is told a new epoch by some logs."""
    tip = Tip(await stands_at(log), day.stored[-1].digest)
    probe = Request("probe", "probe", "probe", NOON)
    wrong = tip._replace(head=Head(tip.head.position, 1))
    with pytest.raises(Conflict) as conflict:
        await log.append("fair", wrong, Stored(wrong.following, b"", b""), probe)
    assert conflict.value.head == await stands_at(log)
    return conflict.value.head


# --- wake-ups ----------------------------------------------------------------------------------


async def test_a_listener_is_told_of_every_blog_that_is_written(log: Log) -> None:
    day = a_day()
    async with asyncio.timeout(20), aclosing(log.wakeups()) as wakeups:  # type: ignore[type-var]
        assert await anext(wakeups) == ""
        await write(log, day, 1)
        await log.append("other", beginning(EPOCH), day.stored[0], request(1))
        await write(log, day, 2)
        await log.restore("third", day.stored, EPOCH)
        assert [await anext(wakeups) for _ in range(4)] == ["fair", "other", "fair", "third"]


async def test_a_refused_append_wakes_nobody(log: Log) -> None:
    day = a_day()
    async with asyncio.timeout(20), aclosing(log.wakeups()) as wakeups:  # type: ignore[type-var]
        assert await anext(wakeups) == ""
        await write(log, day, 1)
        await write(log, day, 1)
        with pytest.raises(Conflict):
            await write(log, day, 3)
        await log.append("other", beginning(EPOCH), day.stored[0], request(1))
        assert [await anext(wakeups) for _ in range(2)] == ["fair", "other"]


# --- Redis alone -------------------------------------------------------------------------------

KEYS = [f"{{blog:fair}}:{name}" for name in ("log", "epoch", "answers")]
LATER = datetime.fromtimestamp(EPOCH / 1000 + 3600, NOON.tzinfo)


async def everything(redis: Redis) -> list[bytes | None]:
    """All that Redis holds of the blog, in its own form."""
    return [await redis.dump(key) for key in KEYS]


async def revise(log: Log, day: Story, head: Head, number: int) -> Receipt:
    """One more entry after a head, by the request with that number."""
    day.epoch = head.epoch
    command: Command = RevisePost("p0", title=f"Revision {number}")
    if day.blog.position == head.position:
        day.when(command)
    tip = Tip(head, day.stored[-2].digest)
    return await log.append("fair", tip, day.stored[-1], request(number, now=LATER))


async def test_a_lost_epoch_key_is_an_error_and_never_a_beginning(redis: Redis) -> None:
    log, day = RedisLog(redis), a_day()
    await write_all(log, day)
    await redis.delete(KEYS[1])
    with pytest.raises(Lost, match="restore it"):
        await log.head("fair")
    for seq in (1, 2, 6):
        with pytest.raises(Lost):
            await log.append(
                "fair", tip_before(day, seq), Stored(position(seq), b"", b""), request(seq)
            )
    assert await read_all(log) == day.stored


@pytest.mark.parametrize("refusal", ["conflict", "fenced", "mismatch", "exists", "lost"])
async def test_a_refused_append_leaves_nothing(redis: Redis, refusal: str) -> None:
    log, day = RedisLog(redis), a_day()
    await write_all(log, day)
    if refusal == "lost":
        await redis.delete(KEYS[1])
    tips = {
        "conflict": tip_before(day, 3),
        "fenced": tip_before(day, 6, EPOCH - 1),
        "exists": beginning(EPOCH + 1),
    }
    tip = tips.get(refusal, tip_before(day, 6))
    ask = Request(EDITOR, "key-2" if refusal == "mismatch" else "key-9", "another", NOON)
    before = await everything(redis)
    with pytest.raises((Conflict, Mismatch, Exists, Lost)):
        await log.append("fair", tip, Stored(tip.following, b"", b""), ask)
    assert await everything(redis) == before


async def test_a_flushed_script_is_loaded_again(redis: Redis) -> None:
    log, day = RedisLog(redis), a_day()
    await write(log, day, 1)
    await redis.script_flush()
    assert await write(log, day, 2) == Receipt(position(2))
    assert await read_all(log) == day.stored[:2]


async def test_a_position_below_the_head_is_refused_by_redis_itself(redis: Redis) -> None:
    """Were the script's checks ever wrong, an id would still not be written twice."""
    log, day = RedisLog(redis), a_day()
    await write_all(log, day)
    with pytest.raises(Unreachable, match="equal or smaller"):
        await log.append("fair", tip_before(day, 6), day.stored[2], request(6))
    assert await read_all(log) == day.stored


async def test_after_a_restart_a_new_epoch_opens_and_the_retry_goes_through(
    own_storage: Storage,
) -> None:
    day = a_day()
    async with connect(own_storage.url) as client:
        log = RedisLog(client)
        await write_all(log, day)
        own_storage.restart()
        with pytest.raises(Conflict) as conflict:
            await revise(log, day, Head(position(5), EPOCH), 6)
        head = conflict.value.head
        assert head == Head(position(5), EPOCH + 3_600_000)
        assert await log.head("fair") == head

        day = a_day()
        receipt = await revise(log, day, head, 6)
        assert receipt == Receipt(Position(head.epoch, 6))
        assert await read_all(log) == day.stored


async def test_a_new_epoch_is_greater_than_the_old_even_if_the_clock_went_back(
    own_storage: Storage,
) -> None:
    day = a_day()
    async with connect(own_storage.url) as client:
        log = RedisLog(client)
        await write_all(log, day)
        own_storage.restart()
        tip = tip_before(day, 6)
        earlier = request(6, now=datetime.fromtimestamp(EPOCH / 1000 - 3600, NOON.tzinfo))
        with pytest.raises(Conflict) as conflict:
            await log.append("fair", tip, Stored(tip.following, b"", b""), earlier)
        assert conflict.value.head == Head(position(5), EPOCH + 1)


async def test_two_restarts_between_append_and_retry_and_the_answer_is_the_same(
    own_storage: Storage,
) -> None:
    day = a_day()
    async with connect(own_storage.url) as client:
        log = RedisLog(client)
        await write_all(log, day)
        epochs = []
        for _ in range(2):
            own_storage.restart()
            with pytest.raises(Conflict) as conflict:
                await write(log, day, 5)
            epochs.append(conflict.value.head.epoch)
        assert EPOCH < epochs[0] < epochs[1]
        assert await write(log, day, 5, epochs[1]) == Receipt(position(5), again=True)
        assert await log.answered("fair", request(5)) == Receipt(position(5), again=True)
        assert await read_all(log) == day.stored


async def test_a_storage_of_our_own_may_restart_within_an_epoch(own_storage: Storage) -> None:
    day = a_day()
    async with connect(own_storage.url) as client:
        log = RedisLog(client, watch_replid=False)
        for seq in (1, 2):
            await write(log, day, seq)
        own_storage.restart()
        assert await write(log, day, 3) == Receipt(position(3))
        assert await log.head("fair") == Head(position(3), EPOCH)


async def test_out_of_reach_is_said_and_heals(own_storage: Storage) -> None:
    day = a_day()
    async with connect(own_storage.url) as client:
        log = RedisLog(client, watch_replid=False)
        await write(log, day, 1)
        own_storage.kill()
        with pytest.raises(Unreachable):
            await write(log, day, 2)
        with pytest.raises(Unreachable):
            await log.head("fair")
        with pytest.raises(Unreachable):
            await log.read("fair", START)
        with pytest.raises(Unreachable):
            await anext(log.wakeups())
        own_storage.start()
        assert await write(log, day, 2) == Receipt(position(2))


async def test_a_stopped_replica_leaves_the_append_unknown_until_it_is_back(
    master_and_replica: tuple[Storage, Storage],
) -> None:
    """Each try comes on a connection of its own, where WAIT counts nothing but its own writes."""
    (master, replica), day = master_and_replica, a_day()

    async def attempt(seq: int, wait_ms: int) -> Receipt:
        async with connect(master.url) as client:
            log = RedisLog(client, replicas=1, wait_ms=wait_ms, watch_replid=False)
            return await write(log, day, seq)

    assert await attempt(1, wait_ms=20_000) == Receipt(position(1))
    with replica.stopped():
        for _ in range(2):
            with pytest.raises(Unreachable, match="0 of 1 replicas"):
                await attempt(2, wait_ms=50)
    assert await attempt(2, wait_ms=20_000) == Receipt(position(2), again=True)


async def test_an_append_that_no_replica_has_is_unknown_and_so_is_its_retry(redis: Redis) -> None:
    """Nobody says it was not written: it is, and counts as soon as a replica has it."""
    log, day = RedisLog(redis, replicas=1, wait_ms=1), a_day()
    for _ in range(2):
        with pytest.raises(Unreachable, match="0 of 1 replicas"):
            await write(log, day, 1)
    assert await RedisLog(redis).answered("fair", request(1)) == Receipt(position(1), again=True)


async def test_who_is_cancelled_while_the_log_is_being_reached_ends(
    shared_storage: Storage,
) -> None:
    """However far the connection has come: redis-py goes on after some of the cancellations."""
    for steps in range(30):
        async with connect(shared_storage.url) as client:
            asking = asyncio.create_task(RedisLog(client).head("fair"))
            for _ in range(steps):
                await asyncio.sleep(0)
            if asking.done():
                break
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
    assert steps > 2
