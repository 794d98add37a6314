"""Scheduled posts: on time, once, from whichever process is alive."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from websockets.sync.client import connect

from events.commands import CreateBlog, WritePost
from events.facts import PostScheduled
from server.settings import Settings
from server.site import Site, running
from server.storage.log import Request
from tests.process import PATIENCE, Server

BLOG = "00000000-0000-0000-0000-000000000001"


def at_the_desk(key: str, now: datetime) -> Request:
    return Request("ann", key, key, now)


async def scheduled(site: Site, due: datetime, now: datetime) -> None:
    await site.commands.handle(BLOG, CreateBlog("day", "Day"), at_the_desk("open", now))
    command = WritePost("later", title="Later", status="scheduled", publish_at=due)
    await site.commands.handle(BLOG, command, at_the_desk("write", now))


async def test_a_post_goes_out_at_its_time_and_shows_that_time(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    due = now + timedelta(hours=1)
    async with running(Settings(data=tmp_path)) as site:
        await scheduled(site, due, now)
        await site.schedule.publish_due(site.commands, due - timedelta(seconds=1))
        loaded = await site.tail.load(BLOG)
        assert loaded.blog.posts["later"].status == "scheduled"
        await site.schedule.publish_due(site.commands, due)
        post = loaded.blog.posts["later"]
        assert (post.status, post.published_at) == ("published", due)


async def test_two_processes_that_see_it_due_publish_it_once(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    due = now + timedelta(hours=1)
    settings = Settings(data=tmp_path)
    async with running(settings) as one, running(settings) as other:
        await scheduled(one, due, now)
        for site in (one, other, one):
            await site.schedule.publish_due(site.commands, due)
        loaded = await one.tail.load(BLOG)
        assert loaded.blog.posts["later"].version == 2
        assert await other.tail.behind(await other.tail.load(BLOG)) is False


async def test_a_mark_seen_before_its_entry_waits_for_it(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    due = now + timedelta(hours=1)
    async with running(Settings(data=tmp_path)) as site:
        await site.schedule.mark(BLOG, [PostScheduled("later", due)])
        await site.schedule.publish_due(site.commands, due)
        await scheduled(site, due, now)
        await site.schedule.publish_due(site.commands, due)
        assert (await site.tail.load(BLOG)).blog.posts["later"].public


async def test_a_blog_that_is_broken_does_not_hold_up_the_others(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    due = now + timedelta(hours=1)
    async with running(Settings(data=tmp_path)) as site:
        broken = "00000000-0000-0000-0000-000000000002"
        await site.schedule.mark(broken, [PostScheduled("x", due - timedelta(minutes=1))])
        await site.redis.xadd(f"{{blog:{broken}}}:log", {"h": "no epoch", "c": ""})
        await scheduled(site, due, now)
        await site.schedule.publish_due(site.commands, due)
        assert (await site.tail.load(BLOG)).blog.posts["later"].public


def test_the_process_that_scheduled_may_die(tmp_path: Path) -> None:
    first = Server(tmp_path / "data")
    second = Server(tmp_path / "data")
    with first.client() as editor:
        sent = {"slug": "day", "title": "Day", "visibility": "public"}
        editor.post("/api/blogs", json=sent).raise_for_status()
        due = datetime.now(UTC) + timedelta(seconds=2)
        sent = {"title": "Later", "status": "scheduled", "publish_at": due.isoformat()}
        editor.post("/api/blogs/day/posts", json=sent).raise_for_status()
    first.kill()
    with connect(f"{second.url.replace('http', 'ws')}/blogs/day/live?as=json") as reader:
        while '"title":"Later"' not in str(reader.recv(timeout=PATIENCE)):
            pass  # its greeting, and the page, if it is not on that already
    assert second.stop() == 0


async def test_a_schedule_survives_in_the_storage(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    due = now + timedelta(hours=1)
    async with running(Settings(data=tmp_path)) as site:
        await scheduled(site, due, now)
    async with running(Settings(data=tmp_path)) as site:
        await site.schedule.publish_due(site.commands, due)
        assert (await site.tail.load(BLOG)).blog.posts["later"].public
