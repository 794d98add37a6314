"""Event streams at their edges: who gets one, whose ends, and that a place is one reader's."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from server.push.pulse import REVISIT
from server.site import Site
from tests.by_hand import PATIENCE

LIVE = "/blogs/day/live?as=json"
ACCEPT = {"accept": "text/event-stream"}


@pytest.fixture
async def client(here: tuple[Site, int]) -> AsyncIterator[httpx.AsyncClient]:
    """A browser's connection to a server in this loop, with the blog `day`."""
    site, port = here
    token = await site.access.create_token("admin")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
        blog = {"slug": "day", "title": "A day", "visibility": "public"}
        written = await client.post(
            "/api/blogs", json=blog, headers={"authorization": f"Bearer {token}"}
        )
        written.raise_for_status()
        yield client


@asynccontextmanager
async def stream(
    client: httpx.AsyncClient, path: str = LIVE, token: str = ""
) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of a stream."""
    headers = ACCEPT | ({"authorization": f"Bearer {token}"} if token else {})
    async with client.stream("GET", path, headers=headers) as answer:
        answer.raise_for_status()
        yield answer.aiter_lines()


async def hello(lines: AsyncIterator[str]) -> None:
    async for line in lines:
        if '"type":"hello"' in line:
            return
    raise EOFError("it ended before it said hello")


@pytest.mark.parametrize(
    ("accept", "status"), [("*/*", 406), ("application/json", 406), ("", 406), ("text/html", 303)]
)
async def test_who_does_not_ask_for_events_gets_none_that_never_end(
    client: httpx.AsyncClient, accept: str, status: int
) -> None:
    answer = await client.get(LIVE, headers={"accept": accept})
    assert answer.status_code == status
    if status == 303:
        assert answer.headers["location"] == "/blogs/day"
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "text/event-stream" in answer.json()["detail"]


async def test_who_reads_a_restricted_blog_is_asked_again_who_it_is(
    here: tuple[Site, int], client: httpx.AsyncClient
) -> None:
    site, _ = here
    admin, member = [await site.access.create_token(role) for role in ("admin", "reader")]
    blog = {"slug": "members", "title": "Members", "visibility": "restricted"}
    await client.post("/api/blogs", json=blog, headers={"authorization": f"Bearer {admin}"})
    async with (
        asyncio.timeout(PATIENCE),
        stream(client, "/blogs/members/live", member) as guest,
        stream(client) as anybody,
    ):
        await hello(guest)
        await hello(anybody)
        site.pulse.tick(time.monotonic() + REVISIT + 1)
        assert [line async for line in guest][-1] == ""
        assert site.crowd.count == 1, "anybody reads on"
        assert site.pulse._guests == {}


async def test_of_two_who_come_for_the_last_place_one_is_told_that_there_is_none(
    here: tuple[Site, int], client: httpx.AsyncClient
) -> None:
    site, _ = here
    site.crowd._most = 1

    async def comes() -> int:
        async with client.stream("GET", LIVE, headers=ACCEPT) as answer:
            if answer.status_code == 200:
                await hello(answer.aiter_lines())
                await others.wait()
            others.set()
            return answer.status_code

    others = asyncio.Event()
    async with asyncio.timeout(PATIENCE):
        assert sorted(await asyncio.gather(comes(), comes())) == [200, 429]
        while site.crowd.count:  # noqa: ASYNC110 - it goes when the server hears of its going
            await asyncio.sleep(0)
