"""The reply of an append gets lost: one entry a key, and every retry gets the same answer."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.proxy import Proxy
from tests.faults.storage import Valkey
from tests.process import Server

ATTEMPTS = 3
"""How often our client sends an append before it gives up."""

WRITES: dict[str, tuple[str, str, dict[str, Any] | None, int]] = {
    "a post": ("POST", "/posts", {"title": "Doors"}, 201),
    "a revision": ("PATCH", "/posts/{revised}", {"title": "Changed"}, 200),
    "a publication": ("PUT", "/posts/{draft}/status", {"status": "published"}, 200),
    "a retraction": ("PUT", "/posts/{gone}/status", {"status": "retracted", "note": "No."}, 200),
    "a pin": ("PUT", "/posts/{shown}/pin", None, 200),
    "the end of a pin": ("DELETE", "/posts/{pinned}/pin", None, 200),
    "a key event": ("PUT", "/posts/{shown}/key", None, 200),
    "a change of the blog": ("PATCH", "", {"title": "Another day"}, 200),
}


@pytest.fixture
async def proxy(valkey: Valkey) -> AsyncIterator[Proxy]:
    async with Proxy(valkey.port) as proxy:
        yield proxy


class Desk:
    """An editor of the blog "day", with a post for every purpose."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._ids: dict[str, str] = {}

    async def open(self) -> None:
        blog = await self._client.post("/api/blogs", json={"slug": "day", "title": "Day"})
        blog.raise_for_status()
        for name in ("shown", "revised", "gone"):
            self._ids[name] = await self.post(name)
        self._ids["draft"] = await self.post("draft", status="draft")
        self._ids["pinned"] = await self.post("pinned", pinned=True)

    async def send(self, write: str) -> httpx.Response:
        """One of the WRITES under a key of its own, based on the first version of its post."""
        method, path, body, _ = WRITES[write]
        path = "/api/blogs/day" + path.format(**self._ids)
        headers = {"idempotency-key": write, "if-match": '"1"'}
        return await self._client.request(method, path, json=body, headers=headers)

    async def post(self, title: str, **how: object) -> str:
        """The id of a new post."""
        said = {"title": title, **how}
        post = await self._client.post("/api/blogs/day/posts", json=said)
        return str(post.raise_for_status().json()["id"])

    async def log(self) -> list[str]:
        """The entries, as they are stored."""
        return (await self._client.get("/api/blogs/day/log")).raise_for_status().text.splitlines()


@pytest.fixture
async def desk(valkey: Valkey, proxy: Proxy, data: Path) -> AsyncIterator[Desk]:
    """The desk of a server that reaches Valkey through the proxy."""
    assert valkey.url != proxy.url
    server = await asyncio.to_thread(Server, data, LIVEBLOG_REDIS_URL=proxy.url)
    headers = {"authorization": f"Bearer {await asyncio.to_thread(server.token)}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client:
        desk = Desk(client)
        await desk.open()
        yield desk
    assert await asyncio.to_thread(server.stop) == 0


async def test_an_append_without_a_reply_is_done_once_and_every_retry_is_answered_alike(
    desk: Desk, proxy: Proxy
) -> None:
    for write, (*_, status) in WRITES.items():
        before = await desk.log()
        proxy.lose = ATTEMPTS
        assert (await desk.send(write)).status_code == 503, write
        written = await desk.log()
        assert len(written) == len(before) + 1, "it was executed, only nobody was told"
        first, again = await desk.send(write), await desk.send(write)
        assert first.status_code == status, (write, first.text)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert await desk.log() == written
    assert proxy.lost == ATTEMPTS * len(WRITES)


async def test_our_own_client_settles_one_lost_reply_before_anybody_notices(
    desk: Desk, proxy: Proxy
) -> None:
    for write, (*_, status) in WRITES.items():
        before = await desk.log()
        proxy.lose = 1
        assert (await desk.send(write)).status_code == status
        assert len(await desk.log()) == len(before) + 1
    assert proxy.lost == len(WRITES)


async def test_two_restarts_of_redis_between_a_lost_reply_and_the_retry_change_nothing(
    desk: Desk, proxy: Proxy, valkey: Valkey
) -> None:
    for write in ("a post", "a publication", "a pin"):
        await desk.post("Doors")  # after it no other epoch is due, so the next append is executed
        before = await desk.log()
        proxy.lose = ATTEMPTS
        assert (await desk.send(write)).status_code == 503
        written = await desk.log()
        assert len(written) == len(before) + 1
        for _ in range(2):
            valkey.kill()
            await asyncio.to_thread(valkey.start)
        first, again = await desk.send(write), await desk.send(write)
        assert first.status_code == WRITES[write][3], first.text
        assert first.content == again.content
        assert await desk.log() == written
