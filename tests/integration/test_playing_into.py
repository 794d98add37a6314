"""A day is played again into a new blog: whole, in parts, after a kill, at another pace."""

import asyncio
import contextlib
import json
import random
import re
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import asdict

from events.blog import Post
from events.commands import (
    ChangeBlog,
    ChangeBlogStatus,
    ChangePostStatus,
    Command,
    CreateBlog,
    DeleteBlog,
    MarkKey,
    PinPost,
    PublishDue,
    RevisePost,
    WritePost,
)
from events.document import Image, ImageAttrs
from events.entry import Entry, load
from events.position import START, Position
from server.replay.printed import WHOLE, BadStretch, Stretch, stretch
from server.settings import Settings
from server.site import Site, running
from server.storage.log import Request, entries
from server.tail import Loaded, NoSuchBlog
from server.transfer.playing_into import ACTOR, BadSlug, NotThisReplay, Played, play
from server.web.inputs import post_id
from tests.process import LIVEBLOG, Server, liveblog
from tests.story import minute, says

PRIVATE = ("id", "position", "created_by", "changed_by")
PICTURE = Image(ImageAttrs("ab" * 32, alt="The square", ext="jpg", width=640, height=480))
SECRET = "The name of the injured rider"

# One command a minute.
DAY: tuple[Command, ...] = (
    CreateBlog("fair", "The summer fair", "All day.", "en", "Europe/Amsterdam"),
    ChangeBlogStatus("live"),
    WritePost("gate", "The gate opens", says("Early."), "Ann", ("gate",), published_at=minute(1)),
    WritePost("show", "The show", says("At two."), status="scheduled", publish_at=minute(8)),
    WritePost("later", "Not yet", says("A thought."), "Bea", status="draft"),
    WritePost("rider", SECRET, says(SECRET), "Ann", ("riders",), published_at=minute(5)),
    RevisePost("gate", title="The gates open", correction="There are two."),
    RevisePost("rider", title=f"{SECRET}, again", correction=f"{SECRET}, spelt right"),
    PublishDue("show", minute(8)),
    PinPost("gate", True),
    MarkKey("show", True),
    WritePost("square", "", (*says("The square."), PICTURE), published_at=None, pinned=True),
    ChangePostStatus("rider", "retracted", note="The family was not told."),
    WritePost("kept", "Rain at four", published_at=minute(13)),
    ChangePostStatus("kept", "retracted", note="It did not.", keep_text=True),
    ChangePostStatus("later", "submitted"),
    ChangePostStatus("later", "published"),
    ChangePostStatus("square", "retracted"),
    ChangePostStatus("square", "published"),
    ChangeBlog(title="The fair is over", visibility="unlisted", show_viewers=True),
    WritePost("next", "Next year", status="draft"),
    ChangeBlogStatus("ended"),
)


class Killed(Exception):
    pass


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running(Settings(data=tmp_path / "data")) as site:
        yield site


@pytest.fixture
async def fair(site: Site) -> Loaded:
    return await happened(site, "source", DAY)


async def happened(site: Site, blog_id: str, day: tuple[Command, ...]) -> Loaded:
    for number, command in enumerate(day):
        await does(site, blog_id, command, at=minute(number))
    loaded = await site.tail.load(blog_id)
    await site.index.claim(loaded.blog.slug, blog_id)
    await site.index.add(blog_id, loaded.blog.slug)
    return loaded


async def does(site: Site, blog_id: str, command: Command, at: datetime | None = None) -> None:
    key = str(uuid.uuid4())
    await site.commands.handle(blog_id, command, Request("ann", key, key, datetime.now(UTC), at))


def unseen(_done: int, _of: int) -> None:
    pass


async def played(
    site: Site, slug: str = "copy", of: Stretch = WHOLE, speed: float | None = None
) -> Played:
    return await play(site, "source", slug, of, speed, unseen)


async def copied(site: Site, slug: str = "copy") -> Loaded:
    blog_id = await site.index.find(slug)
    assert blog_id
    return await site.tail.load(blog_id)


def view(post: Post) -> dict[str, Any]:
    shown = {name: value for name, value in asdict(post).items() if name not in PRIVATE}
    return shown | {"order": post.order.replace("-", " at ")}


def page(loaded: Loaded) -> list[dict[str, Any]]:
    return [view(post) for post in loaded.timeline.walk()]


def desk(loaded: Loaded) -> list[dict[str, Any]]:
    return [view(post) for post in loaded.blog.posts.values()]


def details(loaded: Loaded) -> dict[str, Any]:
    own = ("id", "slug", "position", "posts", "epochs", "prepared")
    return {name: value for name, value in asdict(loaded.blog).items() if name not in own}


async def log_of(site: Site, blog_id: str) -> list[Entry]:
    return [load(stored) async for stored in entries(site.log, blog_id)]


async def test_a_whole_day_played_into_a_new_blog_is_the_same_page(
    site: Site, fair: Loaded
) -> None:
    told = await played(site)
    copy = await copied(site)
    assert page(copy) == page(fair)
    assert details(copy) == details(fair)
    assert [post.title for post in copy.timeline.pins()] == ["The gates open"]
    assert [post.title for post in copy.timeline.key_events()] == ["The show"]
    days = await log_of(site, copy.id), await log_of(site, fair.id)
    assert [each.at for each in days[0]] == [each.at for each in days[1]]
    assert all(each.actor == ACTOR for each in days[0])
    assert (told.commands, told.refused, told.erased) == (len(DAY), [], [])
    assert [post["title"] for post in desk(copy)] == [
        "Withdrawn later" if post["title"].startswith(SECRET) else post["title"]
        for post in desk(fair)
    ]


async def test_a_text_withdrawn_since_is_not_played_and_one_that_was_kept_is(
    site: Site, fair: Loaded
) -> None:
    told = await played(site)
    copy = await copied(site)
    posts = {name: copy.blog.posts[post_id(copy.id, ACTOR, name)] for name in ("rider", "kept")}
    assert (posts["rider"].title, posts["rider"].status) == ("Withdrawn later", "retracted")
    assert (posts["kept"].title, posts["kept"].keep_text) == ("Rain at four", True)
    assert told.withheld == {"rider"}
    for stored in await site.log.read(copy.id, site.tail.loaded[copy.id].blog.epochs[0]):
        assert SECRET.encode() not in stored.content
    assert fair.blog.posts["rider"].title == f"{SECRET}, again"


async def test_played_until_before_a_withdrawal_a_marked_gap_stands_in_its_place(
    site: Site, fair: Loaded
) -> None:
    of = await stretch(site.log, fair.blog, None, "2025-06-24T12:05:00Z")
    await played(site, of=of)
    copy = await copied(site)
    assert [post.title for post in copy.timeline.walk()] == ["Withdrawn later", "The gate opens"]


async def test_interrupted_anywhere_and_run_again_nothing_is_missing_or_doubled(
    site: Site, fair: Loaded
) -> None:
    await played(site, "whole")
    whole = await copied(site, "whole")
    for cut in range(1, len(DAY) + 1):

        def until(done: int, _of: int, cut: int = cut) -> None:
            if done == cut:
                raise Killed

        slug = f"cut-{cut}"
        with pytest.raises(Killed):
            await play(site, "source", slug, WHOLE, None, until)
        await played(site, slug)
        again = await played(site, slug)
        copy = await copied(site, slug)
        assert (page(copy), desk(copy)) == (page(whole), desk(whole))
        assert copy.position.seq == fair.position.seq
        assert again.commands == 0


@pytest.mark.usefixtures("fair")
async def test_killed_before_the_new_blog_was_listed_it_is_listed_the_next_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(_blog: str, _slug: str) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(site.index, "add", killed)
        with pytest.raises(Killed):
            await played(site)
    await played(site)
    assert (await copied(site)).id in await site.index.blogs()


async def test_two_processes_that_play_at_once_play_once(site: Site, fair: Loaded) -> None:
    async with running(site.settings) as other, asyncio.TaskGroup() as tasks:
        tasks.create_task(played(site))
        tasks.create_task(played(other))
    copy = await copied(site)
    assert page(copy) == page(fair)
    assert copy.position.seq == fair.position.seq


async def test_a_longer_stretch_goes_on_where_a_shorter_one_ended(site: Site, fair: Loaded) -> None:
    for end in ("2025-06-24T12:04:00Z", str(fair.position._replace(seq=9)), None):
        await played(site, of=await stretch(site.log, fair.blog, None, end))
    assert page(await copied(site)) == page(fair)


async def test_what_is_scheduled_waits_for_its_own_time_alone(site: Site) -> None:
    ahead = datetime.now(UTC) + timedelta(days=1)
    day = (*DAY[:4], WritePost("soon", "Soon", status="scheduled", publish_at=ahead))
    fair = await happened(site, "source", day)
    await played(site)
    copy = await copied(site)
    await site.schedule.publish_due(site.commands, datetime.now(UTC))
    assert [post.status for post in copy.blog.posts.values()] == [
        "published",
        "scheduled",  # its time is past, but that nobody published it is part of the day
        "scheduled",
    ]
    await site.schedule.publish_due(site.commands, ahead)
    assert [post.title for post in copy.timeline.walk()] == ["Soon", "The gate opens"]
    assert fair.blog.posts["soon"].public


async def test_what_somebody_changed_meanwhile_is_refused_and_told_by_position(
    site: Site, fair: Loaded
) -> None:
    half = fair.position._replace(seq=5)
    await played(site, of=Stretch(end=half))
    copy = await copied(site)
    gate = post_id(copy.id, ACTOR, "gate")
    await does(site, copy.id, ChangePostStatus(gate, "retracted"))
    told = await played(site)
    why = "the post is retracted; a revision cannot follow"
    assert [(each.position.seq, each.why) for each in told.refused] == [(7, why), (10, why)]
    assert [line for line in told.told() if line.endswith(f"-7: refused, {why}")]
    assert len(page(copy)) == len(page(fair)) - 1
    await does(site, copy.id, ChangePostStatus(gate, "published"))
    before = copy.position
    assert (await played(site)).refused == []
    assert copy.position == before, "what was refused in its time is not done out of it"


async def test_what_was_erased_is_played_without_it_and_said(site: Site, fair: Loaded) -> None:
    gate = fair.position._replace(seq=3)
    await erase(site, fair.id, gate)
    told = await played(site)
    assert told.erased == [gate]
    assert f"{gate}: its text was erased; played without it" in list(told.told())


async def erase(site: Site, blog_id: str, position: Position) -> None:
    """Write a stream anew with one content gone, which is what a lawful erasure does."""
    whole, key = await site.log.read(blog_id, START), f"{{blog:{blog_id}}}:log"
    await site.redis.delete(key)
    for stored in whole:
        content = msgspec.json.decode(stored.content)
        if stored.position == position:
            content["contents"][0] = None
        kept = {"h": stored.head, "c": msgspec.json.encode(content)}
        await site.redis.xadd(key, kept, id=str(stored.position))  # type: ignore[arg-type]


async def test_paced_the_day_happens_now_and_in_its_order(site: Site, fair: Loaded) -> None:
    began = datetime.now(UTC)
    whole = stretch(site.log, fair.blog, "2025-06-24T12:06:00Z", None)
    await played(site, of=await whole, speed=1_000)
    copy = await copied(site)
    titles = [post.title for post in copy.timeline.walk()]
    assert titles == [post.title for post in fair.timeline.walk()]
    times = [entry.at for entry in await log_of(site, copy.id)]
    assert times[6] >= began > times[0]
    spans = [(after - before) * 1_000 for before, after in pairwise(times)]
    assert all(abs(span - timedelta(minutes=1)) < timedelta(seconds=1) for span in spans)


@pytest.mark.usefixtures("fair")
async def test_a_slug_of_something_else_is_not_taken(site: Site) -> None:
    await played(site)
    position = (await copied(site)).position
    with pytest.raises(NotThisReplay, match="fair is there already"):
        await played(site, "fair")
    with pytest.raises(NotThisReplay, match="by replaying fair with --speed"):
        await played(site, "copy", speed=60)
    with pytest.raises(BadSlug, match="not 'No Slug'"):
        await played(site, "No Slug")
    assert (await copied(site)).position == position


async def test_a_copy_that_was_deleted_makes_room_for_another(site: Site, fair: Loaded) -> None:
    await played(site)
    first = await copied(site)
    await does(site, first.id, DeleteBlog())
    await site.index.remove(first.id)
    await played(site)
    second = await copied(site)
    assert second.id != first.id
    assert page(second) == page(fair)


async def test_a_deleted_day_is_not_played(site: Site, fair: Loaded) -> None:
    await does(site, fair.id, DeleteBlog())
    with pytest.raises(NoSuchBlog):
        await played(site)


# --- the command -------------------------------------------------------------------------------

RIDES = 600
"""Far more than a player gets through before whoever is to kill it has noticed."""
ENTRIES = RIDES + 3


def a_file(path: Path, posts: int) -> Path:
    lines: list[dict[str, Any]] = [{"blog": {"slug": "fair", "title": "The fair"}}]
    for number in range(posts):
        at = (minute(number)).isoformat()
        lines.append({"title": f"Ride {number}", "at": at, "markdown": f"It is ride *{number}*."})
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


async def test_killed_at_random_points_and_run_again_the_day_is_whole(tmp_path: Path) -> None:
    data = tmp_path / "data"
    liveblog("import", str(a_file(tmp_path / "d.jsonl", RIDES)), "--as-happened", data=data)
    command = [*LIVEBLOG, "replay", "fair", "--into", "copy", "--data", str(data)]
    chance = random.Random(7)
    async with running(Settings(data=data)) as site:
        come = 0
        for _ in range(3):
            come += chance.randint(5, 40)
            playing = await asyncio.create_subprocess_exec(*command)
            await has_come(site, "copy", come)
            playing.kill()
            await playing.wait()
            [last] = await site.log.heads([(await copied(site)).id])
            come = last.seq
            assert come < ENTRIES, "it was over before it was killed"
        assert await (await asyncio.create_subprocess_exec(*command)).wait() == 0
        fair, copy = await copied(site, "fair"), await copied(site)
        await site.tail.behind(copy)
        assert (page(copy), details(copy)) == (page(fair), details(fair))
        assert copy.position.seq == fair.position.seq == ENTRIES


async def has_come(site: Site, slug: str, seq: int) -> None:
    """Wait until a log has so many entries."""
    wakeups = site.log.wakeups()
    assert isinstance(wakeups, AsyncGenerator)
    async with asyncio.timeout(30), contextlib.aclosing(wakeups):
        async for _ in wakeups:
            blog_id = await site.index.find(slug)
            if blog_id and (await site.log.heads([blog_id]))[0].seq >= seq:
                return


def test_a_stretch_is_printed_and_played_while_a_server_runs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    liveblog("import", str(a_file(tmp_path / "d.jsonl", 4)), "--as-happened", data=data)
    with Server(data) as server:
        part = ("--from", minute(1).isoformat(), "--to", "2025-06-24T12:02Z")
        said = liveblog("replay", "fair", *part, data=data)
        assert [line for line in said.splitlines() if "+" in line] == [
            "12:01  + Ride 1",
            "12:02  + Ride 2",
        ]
        assert liveblog("replay", "fair", "--into", "copy", data=data) == "/blogs/copy"
        with server.client() as client:
            posts = [
                client.get(f"/api/blogs/{slug}/posts").json()["posts"] for slug in ("fair", "copy")
            ]
        own = ("id", "url", "position", "order", "created_by")
        shown = [
            [{k: v for k, v in post.items() if k not in own} for post in each] for each in posts
        ]
        assert shown[0] == shown[1]
        assert len(shown[1]) == 4
        assert server.stop() == 0


def test_what_is_no_stretch_of_the_day_is_told_and_nothing_is_played(tmp_path: Path) -> None:
    data = tmp_path / "data"
    liveblog("import", str(a_file(tmp_path / "d.jsonl", 2)), "--as-happened", data=data)
    reversed_ = ("--from", "2025-06-24T12:00:20Z", "--to", "2025-06-24T12:00:10Z")
    said = liveblog("replay", "fair", *reversed_, "--into", "copy", data=data, code=2)
    assert [line for line in said.splitlines() if line.startswith("Error: ")]
    assert "lies after --to" in said
    assert "takes a slug" in liveblog("replay", "fair", "--into", "No Slug", data=data, code=2)
    assert "is there already" in liveblog("replay", "fair", "--into", "fair", data=data, code=1)
    assert "no blog copy" in liveblog("verify", "copy", data=data, code=1)


@pytest.mark.parametrize(
    ("begin", "end", "says"),
    [
        ("noon", None, "--from takes a position or a time such as"),
        (None, "x" * 999, "--to takes a position or a time such as"),
        (None, "1-1", "--to 1-1: the log has no such position; its last is"),
        ("0-0", None, "--from 0-0: the log has no such position"),
        (None, "2025-06-24T11:00Z", "the first that happened was at 2025-06-24T14:00:00.000+02:00"),
        ("2999-01-01", None, "the last that happened was at 2025-06-24T14:21:00.000+02:00"),
        ("2025-06-24T12:05Z", "2025-06-24T12:04Z", "lies after --to"),
    ],
)
async def test_a_stretch_that_is_none_is_refused_in_a_sentence(
    site: Site, fair: Loaded, begin: str | None, end: str | None, says: str
) -> None:
    with pytest.raises(BadStretch, match=re.escape(says)):
        await stretch(site.log, fair.blog, begin, end)


async def test_a_stretch_ends_are_times_on_the_blogs_wall_or_positions(
    site: Site, fair: Loaded
) -> None:
    position = fair.position._replace(seq=4)
    of = await stretch(site.log, fair.blog, "2025-06-24T14:02", str(position))
    assert of == Stretch(minute(2), position)
    later = fair.position._replace(seq=5)
    with pytest.raises(BadStretch, match="lies after"):
        await stretch(site.log, fair.blog, str(later), str(position))
    with pytest.raises(BadStretch, match="lies after"):
        await stretch(site.log, fair.blog, str(later), minute(3).isoformat())
    assert await stretch(site.log, fair.blog, None, "2999-01-01") != WHOLE  # to come: until now
