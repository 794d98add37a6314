"""The proof of exactness: whatever happens, every reader ends with the fold of the log.

`EXACTNESS_SEEDS=50 python -m pytest tests/faults/test_exactness.py` tries more schedules than
`make test` does; the seed of one that failed is in the test's name.
"""

import asyncio
import contextlib
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

from events.position import Position
from tests.audience import Held, Page
from tests.faults.chaos import Chaos, all_of
from tests.faults.editors import Chief, Editor
from tests.faults.house import House, Truth, descriptors, paused, standing
from tests.faults.readers import FORMS, KINDS, PACES, Crowd, Reader
from tests.faults.storage import PATIENCE, Valkey
from tests.faults.tcp_proxy import TcpProxy
from tests.process import Server

SEEDS = range(1, 1 + int(os.environ.get("EXACTNESS_SEEDS", "3")))
EARLY, LATE = 220, 80
"""Readers who are there from the beginning, and who join while everything goes wrong."""
EDITORS = 5
BEFORE = 24
"""Posts on the page when the first readers come: who comes late gets no more than a first page."""
STOPPED = 3.0
"""Seconds: longer than two comparisons of heads, and than an answer of Redis is waited for."""


# --- what has to hold -----------------------------------------------------------------------


def held(truth: Truth, ids: set[str], floor: str = "") -> Held:
    posts = (truth.timeline.posts[id] for id in ids)
    return {
        post.id: (post.version, post.order, post.title) for post in posts if post.order >= floor
    }


def assert_shows(page: Page, truth: Truth) -> None:
    """The page is the fold of the log, as far as it has loaded; it was told each thing once."""
    timeline = truth.timeline
    assert page.position == timeline.position
    assert page.posts == held(truth, set(timeline.posts), page.floor)
    assert page.pinned == held(truth, timeline.pinned)
    assert page.keys == {id: post[1:] for id, post in held(truth, timeline.keys).items()}
    assert page.status == truth.blog.status
    assert page.details == (truth.blog.title, truth.blog.standfirst)
    final = {(change.id, change.position) for change in timeline.changes.values()}
    assert {change for change in final if change[1] > page.since_snapshot} <= page.told
    assert page.told_again == []


def assert_all_show(crowd: Crowd, truth: Truth) -> None:
    for reader in crowd.readers:
        try:
            assert_shows(reader.page, truth)
        except AssertionError as error:
            raise AssertionError(f"{reader}: {error}") from error
        assert reader.gaps == 0, f"{reader}: live frames followed each other with a gap"


def assert_it_bit(crowd: Crowd, house: House) -> None:
    """What went wrong was felt. Else nothing was proved: if nothing happens any server passes."""
    direct = [reader for reader in crowd.readers if reader.port == house.port]
    assert any(reader.cuts for reader in direct), "no process died under its readers"
    assert house.redis.swallowed, "no wake-up was lost"
    assert sum(reader.cuts for reader in crowd.readers) > len(crowd.readers) / 4, "few were cut"
    assert any(reader.codes for reader in crowd.readers), "nobody was sent away"
    missed = [reader for reader in crowd.readers if reader.cuts and reader.page.beginnings > 1]
    assert missed, "nobody who was cut came back to be caught up, or to start over"


def assert_written_once(truth: Truth, editors: list[Editor]) -> None:
    """Each acknowledged write is one entry, and every post stands as its editor was told."""
    written = Counter(entry.command for entry in truth.entries)
    for editor in editors:
        assert {key: written[key] for key in editor.acknowledged} == dict.fromkeys(
            editor.acknowledged, 1
        )
        for id, answer in editor.posts.items():
            post = truth.blog.posts[id]
            assert (post.version, post.status) == (answer["version"], answer["status"])
            assert (post.pinned, post.key) == (answer["pinned"], answer["key"])
            assert post.title == answer["title"]


# --- who takes part -------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def editing(
    url: str, token: str, number: int = 1, seed: int = 0
) -> AsyncIterator[list[Editor]]:
    """Editors at a server; the first is the chief."""
    editors = [(Editor if each else Chief)(url, token, f"{seed}.{each}") for each in range(number)]
    try:
        yield editors
    finally:
        for editor in editors:
            await editor.leaves()


def come(crowd: Crowd, ports: list[int], number: int, seed: int) -> None:
    """So many readers of every kind, pace and form, through each of the ports."""
    for each in range(len(crowd.readers), len(crowd.readers) + number):
        kind, pace = KINDS[each % len(KINDS)], PACES[each % len(PACES)]
        port = ports[each // len(KINDS) % len(ports)]
        crowd.joins(kind(port, f"{seed}.{each}", pace, FORMS[each % len(FORMS)]))


async def come_by_and_by(crowd: Crowd, ports: list[int], number: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(number):
        await asyncio.sleep(chance.uniform(0, 0.1))
        come(crowd, ports, 1, seed)


def written_by(editors: list[Editor]) -> int:
    return sum(len(editor.acknowledged) for editor in editors)


async def all_hear_the_last_word(crowd: Crowd, editor: Editor) -> None:
    """A last post, which every reader waits for."""
    position = Position.parse((await editor.publishes())["position"])

    async def hears(reader: Reader) -> None:
        await reader.reaches(position)

    await crowd.all(hears)


class Counts(NamedTuple):
    """What a process holds while nobody reads: its tasks, and its files but for those to Redis."""

    tasks: float
    files: int


async def counts_of(house: House) -> list[Counts] | None:
    """The main process's and the workers'; None while they hold anything of a reader's."""
    counts = []
    for pid in (house.main, *house.workers):
        told = await house.metrics(pid)
        files = descriptors(pid, house.port, house.redis.port)
        of_readers = (told[f"liveblog_{name}"] for name in ("readers", "sockets"))
        if any(of_readers) or told["liveblog_handshakes_waiting"] or files.from_readers:
            return None
        counts.append(Counts(told["liveblog_tasks"], files.open))
    return counts


async def until_counts_are(house: House, before: list[Counts] | None) -> None:
    """Connections take a moment to end. What is held otherwise would be held for ever."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while (now := await counts_of(house)) != before:
        assert asyncio.get_running_loop().time() < deadline, f"{now} is not {before}"
        await asyncio.sleep(0.2)


async def settled(house: House) -> list[Counts]:
    """The counts, once a reader of every kind has come and gone."""
    async with Crowd() as crowd:
        come(crowd, [house.port], len(KINDS), seed=0)
        await crowd.all(Reader.present)
    deadline = asyncio.get_running_loop().time() + PATIENCE
    before: list[Counts] | None = None
    while (now := await counts_of(house)) is None or now != before:
        assert asyncio.get_running_loop().time() < deadline, f"{now} after {before}"
        before = now
        await asyncio.sleep(0.5)
    return now


# --- the proof ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
async def test_every_reader_ends_with_the_fold_of_the_log_whatever_went_wrong(
    data: Path, valkey: Valkey, seed: int
) -> None:
    async with standing(data, valkey) as house:
        before = await settled(house)
        async with (
            TcpProxy(house.port, narrow=True) as network,
            editing(house.server.url, house.token, EDITORS, seed) as editors,
            Crowd() as crowd,
        ):
            for _ in range(BEFORE):
                await editors[-1].publishes()
            ports = [house.port, network.port]
            come(crowd, ports, EARLY, seed)
            await crowd.all(Reader.present)
            chaos = Chaos(house, network, lambda: written_by(editors), seed)
            over = asyncio.Event()

            async def reigns() -> None:
                try:
                    await chaos.reigns()
                finally:
                    over.set()
                    print(f"seed {seed}", *chaos.told, sep="\n")  # shown where the test fails

            await all_of(
                *(editor.works(over) for editor in editors),
                come_by_and_by(crowd, ports, LATE, seed),
                reigns(),
            )
            await all_hear_the_last_word(crowd, editors[0])
            truth = await house.truth()
            assert_all_show(crowd, truth)
            assert_written_once(truth, editors)
            assert_it_bit(crowd, house)
        await until_counts_are(house, before)


@pytest.mark.parametrize("way", ["deaf", "refused"])
async def test_a_tail_that_hears_nothing_any_more_notices_and_its_readers_miss_nothing(
    data: Path, valkey: Valkey, way: Literal["deaf", "refused"]
) -> None:
    """Its subscription stays open and brings nothing, or is killed whenever it is made."""
    another = await asyncio.to_thread(Server, data)
    try:
        async with standing(data, valkey, processes=1) as house, Crowd() as crowd:
            come(crowd, [house.port], 2 * len(KINDS), seed=0)
            await crowd.all(Reader.present)
            async with editing(another.url, house.token) as editors:
                house.redis.treats_subscribers(way)
                for _ in range(2):
                    await editors[0].writes()
                    await all_hear_the_last_word(crowd, editors[0])
                assert house.redis.swallowed or way == "refused"
                house.redis.treats_subscribers("well")
                await all_hear_the_last_word(crowd, editors[0])
                assert_all_show(crowd, await house.truth())
    finally:
        await asyncio.to_thread(another.stop)


async def test_readers_of_a_worker_that_was_stopped_for_a_while_lose_nothing(
    data: Path, valkey: Valkey
) -> None:
    async with (
        standing(data, valkey) as house,
        Crowd() as crowd,
        editing(house.server.url, house.token) as editors,
    ):
        [worker] = house.workers
        with paused(house.main):  # so that all of them come to the worker
            come(crowd, [house.port], 40, seed=0)
            await crowd.all(Reader.present)
        assert (await house.metrics(worker))["liveblog_readers"] > 20
        with paused(worker):
            post = await editors[0].publishes()
            for _ in range(2):  # whatever chance has them do in the time there is
                await editors[0].revises(post)
            over = asyncio.Event()
            working = asyncio.create_task(editors[0].works(over))
            await asyncio.sleep(STOPPED)
            over.set()
            await working
        await all_hear_the_last_word(crowd, editors[0])
        assert house.workers == [worker], "a process that is late is not a dead one"
        overtaken = [reader for reader in crowd.readers if reader.overtaken]
        assert overtaken, "no post changed twice: nobody had to be caught up where it listened"
        truth = await house.truth()
        assert_all_show(crowd, truth)
        assert_written_once(truth, editors)
