"""The demo played to its end, against the real storage and at a high pace."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from events.blog import Post
from events.document import Block, bodies
from server.demo import day as demo_day
from server.demo import rounds as demo
from server.settings import Settings
from server.site import Site, running
from server.tail import Loaded

FAST = 100_000.0


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running(Settings(data=tmp_path)) as site:
        yield site


async def shown(site: Site) -> Loaded:
    """The round that `/demo` leads to."""
    slug = await demo.current(site.redis)
    assert slug
    blog_id = await site.index.find(slug)
    assert blog_id
    return await site.tail.load(blog_id)


def kinds(post: Post) -> set[str]:
    def walk(body: tuple[Block, ...]) -> set[str]:
        found = {type(block).__name__ for block in body}
        return found.union(*(walk(inner) for block in body for inner in bodies(block)))

    return walk(post.body)


async def test_a_round_ends_as_the_day_tells_it(site: Site) -> None:
    await demo.run_demo(site, pace=FAST, rounds=1)
    loaded = await shown(site)
    assert (loaded.blog.status, loaded.blog.visibility) == ("ended", "public")
    assert loaded.blog.slug == f"{demo_day.day().blog.slug}-1"
    assert loaded.id in await site.index.blogs()

    posts = loaded.timeline.posts.values()
    published = [step for step in demo_day.day().steps if isinstance(step, demo_day.Publish)]
    assert len(posts) == len(published) - 1  # one was withdrawn
    assert set[str]().union(*(kinds(post) for post in posts)) == {
        "Paragraph",
        "Heading",
        "BulletList",
        "NumberedList",
        "Quote",
        "Image",
        "Video",
        "LinkCard",
        "Embed",
        "Divider",
    }
    retracted = [post for post in loaded.blog.posts.values() if post.status == "retracted"]
    assert len(retracted) == 1
    assert retracted[0].reason
    assert sum(bool(post.correction) for post in posts) == 2
    assert [post.title for post in loaded.timeline.pins()] == ["The first day, in full"]
    assert len(loaded.timeline.key_events()) >= 5


async def test_a_reader_finds_a_living_page_and_the_rest_comes_in_order(site: Site) -> None:
    playing = asyncio.create_task(demo.run_demo(site, pace=0.1))
    try:
        async with asyncio.timeout(60):
            while await demo.current(site.redis) is None:  # noqa: ASYNC110 - another key tells none
                await asyncio.sleep(0.02)
        loaded = await shown(site)
        assert len(loaded.timeline.posts) == demo_day.OPENING
        times = [post.published_at for post in loaded.timeline.walk(newest_first=False)]
        assert all(times)
        assert times == sorted(times, key=str)
        assert loaded.blog.at
        assert loaded.blog.created_at
        assert loaded.blog.created_at < loaded.blog.at
    finally:
        await ended(playing)


async def test_three_rounds_are_kept_and_the_older_are_gone(site: Site) -> None:
    await demo.run_demo(site, pace=FAST, rounds=4)
    slug = demo_day.day().blog.slug
    assert await site.index.find(f"{slug}-1") is None
    assert await demo.current(site.redis) == f"{slug}-4"
    kept = [(await site.tail.load(blog)).blog.slug for blog in await site.index.blogs()]
    assert sorted(kept) == [f"{slug}-{number}" for number in (2, 3, 4)]


async def test_of_two_processes_one_plays_and_the_other_takes_over(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    async with running(settings) as one, running(settings) as other:
        first = asyncio.create_task(demo.run_demo(one, pace=0.1))
        async with asyncio.timeout(60):
            while await demo.current(one.redis) is None:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        slug = await demo.current(one.redis)
        second = asyncio.create_task(demo.run_demo(other, pace=FAST, rounds=1))
        assert not second.done()
        await ended(first)
        async with asyncio.timeout(60):
            await second
        assert await demo.current(one.redis) != slug
        assert (await shown(other)).blog.status == "ended"


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
