"""Redis out of reach: what is in memory goes on being served, writes wait, all heals by itself."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.faults.storage import PATIENCE, Valkey
from tests.process import Server

WRITE = "/api/blogs/day/posts"
LONGEST = 20.0
"""Seconds a write may take to be told that it cannot be done now."""
CALM = 5.0
"""Seconds a page may take without Redis: from memory. To wait for a silent one takes six."""

Act = Callable[[Valkey], None]
WAYS: dict[str, tuple[Act, Act]] = {
    "silent": (Valkey.pause, Valkey.resume),
    "dead": (Valkey.kill, Valkey.start),
}
"""How Redis goes out of reach, and how it comes back."""


@pytest.fixture
def server(valkey: Valkey, data: Path) -> Iterator[Server]:
    """A server on that Valkey, with a live blog of one post; it says nothing unasked."""
    with Server(data, LIVEBLOG_REDIS_URL=valkey.url, LIVEBLOG_PING="120") as server:
        with server.client() as editor:
            editor.post("/api/blogs", json={"slug": "day", "title": "A day"}).raise_for_status()
            editor.put("/api/blogs/day/status", json={"status": "live"}).raise_for_status()
            editor.post(WRITE, json={"title": "Doors"}).raise_for_status()
        yield server


def reader(server: Server, query: str = "") -> ClientConnection:
    return connect(f"{server.url.replace('http', 'ws')}/blogs/day/live?as=json{query}")


def receives(socket: ClientConnection) -> Any:
    return msgspec.json.decode(socket.recv(timeout=PATIENCE))


def until_ready_says(server: Server, *, degraded: bool) -> None:
    """Wait for it; all the while the server is ready."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = httpx.get(f"{server.url}/readyz")
        assert answer.status_code == 200
        if bool(answer.json()["degraded"]) == degraded:
            return
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)


@pytest.mark.parametrize("way", WAYS)
def test_readers_go_on_and_writers_are_told_until_redis_is_back(
    server: Server, valkey: Valkey, way: str
) -> None:
    lose, regain = WAYS[way]
    key = {"idempotency-key": "through the outage"}
    with (
        server.client() as editor,
        httpx.Client(base_url=server.url, timeout=CALM) as public,
        reader(server) as socket,
    ):
        assert [receives(socket)["type"] for _ in range(2)] == ["hello", "snapshot"]
        entries = editor.get("/api/blogs/day/log").text.splitlines()
        lose(valkey)
        for path in ("/blogs/day", "/api/blogs/day/posts", "/api/blogs/day/changes"):
            assert "Doors" in public.get(path).raise_for_status().text
        with reader(server) as another:
            assert receives(another)["type"] == "hello"
            assert receives(another)["posts"][0]["post"]["title"] == "Doors"
        until_ready_says(server, degraded=True)
        for path in ("/", "/api/blogs"):
            assert "A day" in public.get(path).raise_for_status().text

        refused = editor.post(WRITE, json={"title": "Lunch"}, headers=key, timeout=LONGEST)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["content-type"] == "application/problem+json"
        assert "Lunch" not in public.get("/blogs/day").text

        regain(valkey)
        until_ready_says(server, degraded=False)
        first = editor.post(WRITE, json={"title": "Lunch"}, headers=key)
        again = editor.post(WRITE, json={"title": "Lunch"}, headers=key)
        assert (first.status_code, first.content) == (201, again.content)
        assert receives(socket)["post"]["title"] == "Lunch"
        editor.post(WRITE, json={"title": "Tea"}).raise_for_status()
        assert receives(socket)["post"]["title"] == "Tea"
        assert len(editor.get("/api/blogs/day/log").text.splitlines()) == len(entries) + 2


def test_an_append_that_redis_reads_only_after_it_was_given_up_is_still_one_entry(
    server: Server, valkey: Valkey
) -> None:
    """A paused Redis finds the abandoned request in its buffer when it goes on."""
    titles = [f"Post {number}" for number in range(24)]

    async def write(client: httpx.AsyncClient, title: str) -> httpx.Response:
        key = {"idempotency-key": title}
        return await client.post(WRITE, json={"title": title}, headers=key, timeout=LONGEST)

    async def post_while_pausing(token: str) -> list[int]:
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
            sent = [asyncio.create_task(write(client, title)) for title in titles[:16]]
            await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
            valkey.pause()
            sent += [asyncio.create_task(write(client, title)) for title in titles[16:]]
            answers = await asyncio.gather(*sent)
            valkey.resume()
            again = [await write(client, title) for title in titles]
            assert {answer.status_code for answer in again} == {201}
            return [answer.status_code for answer in answers]

    statuses = asyncio.run(post_while_pausing(server.token()))
    assert set(statuses) == {201, 503}, "some were written before the pause, the others given up"
    written = [post["title"] for post in httpx.get(f"{server.url}{WRITE}").json()["posts"]]
    assert sorted(written) == sorted(["Doors", *titles])


def shifted(position: str, epoch: int, seq: int) -> str:
    first, second = position.split("-")
    return f"{int(first) + epoch}-{int(second) + seq}"


def test_a_cursor_nobody_gave_out_brings_a_snapshot_or_a_refusal(server: Server) -> None:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        now = client.get("/api/blogs/day").json()["position"]
        unknown = [
            shifted(now, epoch=0, seq=100),
            shifted(now, epoch=-1, seq=0),
            shifted(now, epoch=1, seq=0),
            shifted(now, epoch=1, seq=-1),
            "1-1",
            f"{2**64 - 1}-{2**64 - 1}",
        ]

        def brings_a_snapshot(cursor: str) -> None:
            hello, snapshot = client.get(f"/api/blogs/day/changes?since={cursor}").json()
            assert (hello["resumed"], hello["position"]) == (False, now), cursor
            assert snapshot["type"] == "snapshot"
            with reader(server, f"&since={cursor}") as socket:
                assert receives(socket) == hello
                assert receives(socket) == snapshot

        with ThreadPoolExecutor(len(unknown)) as asking:  # it takes a second each to be sure
            list(asking.map(brings_a_snapshot, unknown))
        for nonsense in ("yesterday", "-1", "1", "1-", "1-2-3", "0x1-1", "٣-١", f"{2**64}-1"):
            answer = client.get("/api/blogs/day/changes", params={"since": nonsense})
            assert (answer.status_code, "is not a position" in answer.text) == (400, True)
            stream = {"accept": "text/event-stream"}
            sse = client.get("/blogs/day/live", params={"since": nonsense}, headers=stream)
            assert sse.status_code == 400
            with (
                reader(server, f"&since={nonsense}") as socket,
                pytest.raises(ConnectionClosed) as closed,
            ):
                socket.recv(timeout=PATIENCE)
            assert closed.value.rcvd
            assert closed.value.rcvd.code == 1008
            assert "is not a position" in closed.value.rcvd.reason
