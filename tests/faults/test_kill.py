"""SIGKILL in the middle of writing: every acknowledged post is there, exactly once."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from events.blog import Blog, evolve
from events.entry import Stored, check, load
from server.settings import Settings
from server.site import opened
from server.storage.log import entries
from tests.process import Server, liveblog

WRITERS = 8
ROUNDS = 20


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def write(url: str, token: str, key: str) -> bool:
    """One post with a key; whether it was acknowledged."""
    headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=10) as client:
        with contextlib.suppress(httpx.HTTPError):
            answer = await client.post("/api/blogs/day/posts", json={"title": key})
            return answer.status_code == 201
    return False


async def write_until_killed(server: Server, token: str, keys: list[str], after: int) -> set[str]:
    """Write all keys from eight writers at once, and kill the server after so many answers."""
    acknowledged: set[str] = set()
    waiting = iter(keys)

    async def writer() -> None:
        for key in waiting:
            if await write(server.url, token, key):
                acknowledged.add(key)
                if len(acknowledged) == after:
                    server.kill()

    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return acknowledged


async def the_log(data: Path) -> list[Stored]:
    async with opened(Settings(data=data)) as site:
        blog = await site.index.find("day")
        assert blog
        return [stored async for stored in entries(site.log, blog)]


def titles_of(log: list[Stored]) -> list[str]:
    """The titles of every post in the log, after its chain was walked."""
    before, blog = None, Blog("day")
    for stored in log:
        check(stored, before)
        blog, before = evolve(blog, load(stored)), stored
    assert [stored.position.seq for stored in log] == list(range(1, len(log) + 1))
    return [post.title for post in blog.posts.values()]


async def test_no_acknowledged_post_is_lost_or_doubled_when_the_server_is_killed(
    data: Path,
) -> None:
    chance = random.Random(1)
    wanted: set[str] = set()
    with contextlib.ExitStack() as held:
        server = held.enter_context(Server(data))
        token = server.token()
        with server.client() as client:
            client.post("/api/blogs", json={"slug": "day", "title": "Day"}).raise_for_status()
        for turn in range(ROUNDS):
            keys = [f"{turn}-{number}" for number in range(16)]
            acknowledged = await write_until_killed(server, token, keys, chance.randint(1, 12))
            server = held.enter_context(Server(data))
            for key in keys:
                assert await write(server.url, token, key), "the retry settles what was unknown"
            wanted |= set(keys)
            assert acknowledged <= wanted
        assert server.stop() == 0
    titles = titles_of(await the_log(data))
    assert sorted(titles) == sorted(wanted)
    assert "every one as it was written" in liveblog("verify", "day", data=data)


def workers_of(server: Server) -> list[int]:
    """The process ids of a server's further workers."""
    listed = subprocess.run(
        ["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True
    )
    rows = (line.split(maxsplit=2) for line in listed.stdout.splitlines()[1:])
    return [
        int(pid)
        for pid, parent, command in rows
        if int(parent) == server.process.pid and "server.workers" in command
    ]


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def test_a_killed_worker_loses_no_acknowledged_post_and_is_replaced(data: Path) -> None:
    with Server(data, "--workers", "2") as server:
        token = server.token()
        with server.client() as client:
            client.post("/api/blogs", json={"slug": "day", "title": "Day"}).raise_for_status()
        wanted: list[str] = []
        for turn in range(ROUNDS):
            eventually(lambda: len(workers_of(server)) == 1)
            [worker] = workers_of(server)
            keys = [f"{turn}-{number}" for number in range(16)]
            await write_and_kill(server, token, keys, worker)
            for key in keys:
                assert await write(server.url, token, key), "the retry settles what was unknown"
            wanted += keys
            eventually(lambda: worker not in workers_of(server))  # noqa: B023 - done within the turn
        eventually(lambda: len(workers_of(server)) == 1)
        [last] = workers_of(server)
        server.kill()
        eventually(lambda: not alive(last))
    assert sorted(titles_of(await the_log(data))) == sorted(wanted)


async def write_and_kill(server: Server, token: str, keys: list[str], worker: int) -> None:
    """Write all keys from eight writers at once, with a worker killed in the middle."""
    waiting = iter(keys)

    async def writer() -> None:
        for key in waiting:
            await write(server.url, token, key)
            if key == keys[len(keys) // 2]:
                os.kill(worker, signal.SIGKILL)

    await asyncio.gather(*(writer() for _ in range(WRITERS)))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
