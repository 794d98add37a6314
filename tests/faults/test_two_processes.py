"""Two processes write one blog: one of two wins, and neither refuses by what it does not know."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
from redis import Redis
from websockets.asyncio.client import connect as connect_async
from websockets.sync.client import connect

from events.commands import ChangePostStatus, Command, CreateBlog, PinPost, RevisePost, WritePost
from events.position import Position
from server.settings import Settings
from server.site import Site, opened
from server.storage.embedded import Embedded
from server.storage.log import Request
from server.storage.redis_log import WAKE
from tests.faults.storage import PATIENCE
from tests.process import Server

ROUNDS = 10
BLOG = "day"


@pytest.fixture
def pair(data: Path) -> Iterator[tuple[Server, Server]]:
    """Two servers on one data directory, with a blog that is live."""
    with Server(data) as here, Server(data) as there:
        with here.client() as client:
            client.post("/api/blogs", json={"slug": "day", "title": "Day"}).raise_for_status()
            client.put("/api/blogs/day/status", json={"status": "live"}).raise_for_status()
        yield here, there


async def revise_at_once(
    pair: tuple[Server, Server], token: str, post: str, etag: str
) -> list[httpx.Response]:
    """Both revise the post, each on its own process, based on the same version."""

    async def revise(server: Server) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}", "if-match": etag}
        async with httpx.AsyncClient(headers=headers, timeout=30) as client:
            path = f"{server.url}/api/blogs/day/posts/{post}"
            return await client.patch(path, json={"title": f"{etag} by {server.url}"})

    return list(await asyncio.gather(*(revise(server) for server in pair)))


async def test_of_two_processes_that_revise_one_version_one_wins_and_the_other_is_told_the_new_one(
    pair: tuple[Server, Server],
) -> None:
    token = pair[0].token()
    with pair[0].client() as client:
        post = client.post("/api/blogs/day/posts", json={"title": "Doors"}).json()["id"]
        for version in range(1, ROUNDS + 1):
            answers = await revise_at_once(pair, token, post, f'"{version}"')
            won, lost = sorted(answers, key=lambda answer: answer.status_code)
            assert (won.status_code, lost.status_code) == (200, 412), lost.text
            assert won.json()["version"] == lost.json()["current_version"] == version + 1
            read = client.get(f"/api/blogs/day/posts/{post}?min={won.json()['position']}").json()
            assert (read["version"], read["title"]) == (version + 1, won.json()["title"])


def until_both_listen(redis: Redis) -> None:
    deadline = time.monotonic() + PATIENCE
    while redis.pubsub_numsub(WAKE) != [(WAKE.encode(), 2)]:
        assert time.monotonic() < deadline, "a process does not listen"
        time.sleep(0.02)


def test_a_process_whose_subscription_is_cut_hears_again_by_itself(
    pair: tuple[Server, Server], data: Path
) -> None:
    writing, reading = pair
    with (
        Embedded(data) as storage,
        Redis.from_url(storage.open()) as redis,
        writing.client() as editor,
        connect(f"{reading.url.replace('http', 'ws')}/blogs/day/live?as=json") as socket,
    ):
        assert msgspec.json.decode(socket.recv(timeout=10))["type"] == "hello"
        assert msgspec.json.decode(socket.recv(timeout=10))["type"] == "snapshot"
        for turn in range(3):
            until_both_listen(redis)
            assert redis.client_kill_filter(_type="pubsub") == 2
            title = f"After cut {turn}"
            editor.post("/api/blogs/day/posts", json={"title": title}).raise_for_status()
            assert msgspec.json.decode(socket.recv(timeout=10))["post"]["title"] == title


async def test_an_entry_without_a_wake_up_arrives_all_the_same(
    pair: tuple[Server, Server], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.storage.redis_log.WAKE", "a channel nobody listens to")
    url = f"{pair[0].url.replace('http', 'ws')}/blogs/day/live?as=json"
    async with (
        opened(Settings(data=data)) as site,
        connect_async(url) as socket,
        asyncio.timeout(PATIENCE),
    ):
        assert msgspec.json.decode(await socket.recv())["type"] == "hello"
        assert msgspec.json.decode(await socket.recv())["type"] == "snapshot"
        blog = await site.index.find("day")
        assert blog
        await do(site, WritePost("doors", title="Doors"), "write", blog)
        assert msgspec.json.decode(await socket.recv())["id"] == "doors"


async def do(site: Site, command: Command, key: str, blog: str = BLOG) -> Position:
    request = Request("writer", key, key, datetime.now(UTC))
    return (await site.commands.handle(blog, command, request)).position


async def test_what_a_deaf_process_would_refuse_is_decided_by_the_head_of_the_log(
    data: Path,
) -> None:
    """Neither site runs its tail: each knows only what it wrote or was told."""
    async with AsyncExitStack() as held:
        here, there = [
            await held.enter_async_context(opened(Settings(data=data))) for _ in range(2)
        ]
        await do(here, CreateBlog("day", "Day"), "blog")
        deaf = await there.tail.load(BLOG)
        assert not deaf.blog.posts

        wrote = await do(here, WritePost("doors", title="Doors", status="draft"), "write")
        assert deaf.position < wrote
        await do(there, ChangePostStatus("doors", "published", 1), "publish")  # was: no such post
        assert deaf.blog.posts["doors"].public

        await do(here, RevisePost("doors", 2, title="Doors open"), "revise")
        assert deaf.blog.posts["doors"].version == 2
        await do(there, RevisePost("doors", 3, title="Doors are open"), "again")  # was: stale
        assert deaf.blog.posts["doors"].version == 4

        await do(here, ChangePostStatus("doors", "retracted", None, "No."), "retract")
        await do(here, ChangePostStatus("doors", "published", None), "restore")
        await do(here, PinPost("doors", pinned=True), "pin")
        await do(there, PinPost("doors", pinned=False), "unpin")  # was: so already
        assert not deaf.blog.posts["doors"].pinned
        assert await here.log.head(BLOG) == await there.log.head(BLOG)
        assert (await here.tail.load(BLOG)).position < deaf.position
