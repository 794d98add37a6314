"""SIGKILL of Valkey and of its keeper in the middle of writing: nothing acknowledged is lost."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server.storage.keeper import KEEPER, SERVER
from tests.faults.storage import PATIENCE
from tests.faults.test_kill import WRITERS, the_log, titles_of, write
from tests.process import Server, liveblog

VICTIMS = [(SERVER,), (KEEPER,), (SERVER, KEEPER), (KEEPER, SERVER), (SERVER,)] * 4
"""Whom each round kills, in that order."""
POSTS = 16
"""Posts a round writes."""


@pytest.fixture
def server(data: Path) -> Iterator[Server]:
    with Server(data) as server:
        yield server


def process_of(data: Path, lock: str) -> int:
    """The process that holds a lock of the storage, which has its number in it; 0 between two."""
    text = (data / "redis" / lock).read_text().strip()
    return int(text) if text else 0


def kill(data: Path, victims: tuple[str, ...]) -> None:
    for victim in victims:
        pid = process_of(data, victim)
        assert pid, "nobody holds the lock: there is nobody to kill"  # and 0 is all of us
        os.kill(pid, signal.SIGKILL)


async def write_while_killing(
    server: Server, token: str, keys: list[str], victims: tuple[str, ...], after: int
) -> set[str]:
    """Write all keys from eight writers at once, kill after so many answers; who got one."""
    acknowledged: set[str] = set()
    waiting = iter(keys)

    async def writer() -> None:
        for key in waiting:
            if await write(server.url, token, key):
                acknowledged.add(key)
                if len(acknowledged) == after:
                    kill(server.data, victims)

    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return acknowledged


async def write_at_last(server: Server, token: str, key: str) -> None:
    """Try with the same key until it is acknowledged: the server heals by itself."""
    deadline = time.monotonic() + PATIENCE
    while not await write(server.url, token, key):
        assert time.monotonic() < deadline, "the storage did not come back"


async def until_replaced(data: Path, before: dict[str, int], victims: tuple[str, ...]) -> None:
    deadline = time.monotonic() + PATIENCE
    while any(process_of(data, victim) in {0, before[victim]} for victim in victims):
        assert time.monotonic() < deadline, "nobody took the place of the killed"
        await asyncio.sleep(0.02)


def shown_by(server: Server) -> tuple[str, list[object]]:
    """The snapshot a new reader gets, and the whole timeline."""
    with httpx.Client(base_url=server.url) as client:
        snapshot = client.get("/api/blogs/day/changes").raise_for_status().text
        posts: list[object] = []
        asked = {"limit": "100"}
        while True:
            page = client.get("/api/blogs/day/posts", params=asked).raise_for_status().json()
            posts += page["posts"]
            if page["next"] is None:
                return snapshot, posts
            asked["before"] = page["next"]


async def test_no_acknowledged_post_is_lost_or_doubled_when_the_storage_is_killed(
    server: Server, data: Path
) -> None:
    chance = random.Random(2)
    token = server.token()
    with server.client() as client:
        client.post("/api/blogs", json={"slug": "day", "title": "Day"}).raise_for_status()
        client.put("/api/blogs/day/status", json={"status": "live"}).raise_for_status()
    wanted: list[str] = []
    acknowledged: set[str] = set()
    for turn, victims in enumerate(VICTIMS):
        keys = [f"{turn}-{number}" for number in range(POSTS)]
        before = {victim: process_of(data, victim) for victim in victims}
        after = chance.randint(1, POSTS - WRITERS)
        acknowledged |= await write_while_killing(server, token, keys, victims, after)
        await until_replaced(data, before, victims)
        for key in keys:
            await write_at_last(server, token, key)
        wanted += keys
    log = await the_log(data)
    assert acknowledged <= set(wanted)
    assert sorted(titles_of(log)) == sorted(wanted)
    assert "every one as it was written" in liveblog("verify", "day", data=data)
    with Server(data) as fresh:
        assert shown_by(server) == shown_by(fresh), "what was folded live is what the log says"
        assert len(shown_by(fresh)[1]) == len(wanted)
