"""Days from elsewhere: a file is imported as a whole or not at all, and never twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from events.commands import DeleteBlog
from events.document import (
    Block,
    Bold,
    BulletList,
    HardBreak,
    Heading,
    Image,
    LinkCard,
    NumberedList,
    Paragraph,
    Text,
    Video,
    images,
)
from events.entry import Entry, load
from server.index import SlugTaken
from server.settings import Settings
from server.site import Site, running
from server.storage.log import Request, entries
from server.tail import Loaded
from server.transfer import importing

REAL_DAY = Path(__file__).parents[3] / "shared" / "days" / "nsdif-2025.jsonl"
BLOG = {"slug": "harbour-day", "title": "Harbour day", "time_zone": "Europe/Amsterdam"}


class Interrupted(Exception):
    pass


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with running(Settings(data=tmp_path / "data")) as site:
        yield site


def post(number: int, **more: Any) -> dict[str, Any]:
    hour, minute = divmod(number // 60, 60)
    at = f"2025-05-04T{hour:02}:{minute:02}:{number % 60:02}Z"
    return {"title": f"Boat {number}", "markdown": "It has come in.", "at": at, **more}


def day(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return path


def picture(path: Path) -> Path:
    file = BytesIO()
    Pillow.new("RGB", (400, 300), "teal").save(file, "JPEG")
    path.write_bytes(file.getvalue())
    return path


async def carried_out(site: Site, path: Path, *, as_happened: bool = False) -> Loaded:
    def unseen(_done: int, _of: int) -> None:
        pass

    read = await importing.read(path)
    slug = await importing.carry_out(site, read, as_happened=as_happened, progress=unseen)
    blog_id = await site.index.find(slug)
    assert blog_id
    return await site.tail.load(blog_id)


async def log_of(site: Site, loaded: Loaded) -> list[Entry]:
    return [load(stored) async for stored in entries(site.log, loaded.id)]


def titles(loaded: Loaded) -> list[str]:
    return [post.title for post in loaded.timeline.walk(newest_first=False)]


async def test_a_fault_on_line_900_of_1000_imports_nothing_and_is_named(tmp_path: Path) -> None:
    posts = [post(number) for number in range(1, 1000)]
    posts[898]["title"] = 7
    path = day(tmp_path / "day.jsonl", {"blog": BLOG}, *posts)
    with pytest.raises(importing.BadLine, match=r"^line 900, title: Expected `str`, got `int`"):
        await importing.read(path)


@pytest.mark.parametrize(
    ("fault", "field", "says"),
    [
        ({"at": "yesterday"}, "at", "Invalid RFC3339"),
        ({"at": "2025-05-04T10:00:00"}, "at", "timezone"),
        ({"at": "2999-01-01T00:00:00Z"}, "at", "until now"),
        ({"headline": "x"}, "headline", "not a field"),
        ({"html": "<p>twice</p>"}, "html", "one too many"),
        ({"tags": ["x"] * 21}, "tags", "length <= 20"),
        ({"lang": "not a language"}, "lang", "language tag"),
        ({"video": {"url": "javascript:alert(1)"}}, "video.url", "http"),
        ({"link": {}}, "link.url", "missing"),
        ({"image": {"file": "absent.jpg", "alt": "x"}}, "image.file", "No such file"),
        ({"image": {"file": "../outside.jpg", "alt": "x"}}, "image.file", "beside"),
        ({"image": {"file": "day.jsonl", "alt": "x"}}, "image.file", "accepted is"),
        ({"image": {"file": "boat.jpg"}}, "image.alt", "cannot see"),
        ({"image": {"file": "boat.jpg", "alt": "x" * 1001}}, "image.alt", "at most 1,000"),
        ({"image": {"url": "https://a.example/b.jpg", "alt": "x"}}, "image.url", "fetched"),
        ({"title": "", "markdown": ""}, "title", "a title or a text"),
        ({"markdown": "[" * 6000}, "markdown", "at most 5,000"),
    ],
)
async def test_what_is_wrong_is_told_with_its_field(
    tmp_path: Path, fault: dict[str, Any], field: str, says: str
) -> None:
    picture(tmp_path / "boat.jpg")
    path = day(tmp_path / "day.jsonl", {"blog": BLOG}, post(1), post(2, **fault))
    with pytest.raises(importing.BadLine) as told:
        await importing.read(path)
    assert (told.value.line, told.value.field) == (3, field)
    assert says in told.value.why


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: day.jsonl is empty"),
        ('{"title": "half', "line 1: expected one JSON object"),
        ('{"blog": {"slug": "No Slug"}}', "line 1, blog.slug"),
        ('{"blog": {"time_zone": "Mars/Base"}}', "line 1, blog.time_zone"),
        ('{"blog": {"slug": "a"}}', "line 1: the file has no posts"),
        ('{"title": "a"}\n{"title": "b", "at": "2025-05-04T10:00:00Z"}', "line 1, at"),
        ('{"title": "a", "source": "x"}\n{"title": "b", "source": "x"}', "line 2, source"),
    ],
)
async def test_a_file_that_is_no_day_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "day.jsonl"
    path.write_text(text)
    with pytest.raises(importing.BadLine) as told:
        await importing.read(path)
    assert str(told.value).startswith(says)


async def test_interrupted_and_run_again_it_goes_on_and_doubles_nothing(
    site: Site, tmp_path: Path
) -> None:
    path = day(tmp_path / "day.jsonl", {"blog": BLOG}, *(post(n) for n in range(1, 101)))
    read = await importing.read(path)

    def until_the_40th(done: int, _of: int) -> None:
        if done == 40:
            raise Interrupted

    with pytest.raises(Interrupted):
        await importing.carry_out(site, read, as_happened=True, progress=until_the_40th)
    loaded = await carried_out(site, path, as_happened=True)
    assert titles(loaded) == [f"Boat {number}" for number in range(1, 101)]
    position = loaded.position
    loaded = await carried_out(site, path, as_happened=True)
    assert loaded.position == position
    assert position.seq == 103  # created, live, a hundred posts, ended


async def test_a_second_process_that_imports_the_same_file_at_once_adds_nothing(
    site: Site, tmp_path: Path
) -> None:
    path = day(tmp_path / "day.jsonl", {"blog": BLOG}, *(post(n) for n in range(1, 21)))
    async with running(site.settings) as other, asyncio.TaskGroup() as tasks:
        tasks.create_task(carried_out(site, path))
        tasks.create_task(carried_out(other, path))
    loaded = await carried_out(site, path)
    assert titles(loaded) == [f"Boat {number}" for number in range(1, 21)]
    assert loaded.position.seq == 22


async def test_the_same_source_is_imported_once_whatever_file_it_comes_in(
    site: Site, tmp_path: Path
) -> None:
    old = post(1, source="https://old.example/1")
    await carried_out(site, day(tmp_path / "day.jsonl", {"blog": BLOG}, old))
    more = [{**old, "title": "Boat 1, as told later"}, post(2, source="https://old.example/2")]
    loaded = await carried_out(site, day(tmp_path / "later.jsonl", {"blog": BLOG}, *more))
    assert titles(loaded) == ["Boat 1", "Boat 2"]


async def test_a_day_that_was_deleted_can_be_imported_again(site: Site, tmp_path: Path) -> None:
    path = day(tmp_path / "day.jsonl", {"blog": BLOG}, post(1))
    first = await carried_out(site, path)
    request = Request("ed", "away", "", datetime.now(UTC))
    await site.commands.handle(first.id, DeleteBlog(), request)
    await site.index.remove(first.id)
    second = await carried_out(site, path)
    assert second.id != first.id
    assert titles(second) == ["Boat 1"]


async def test_a_slug_of_another_blog_is_not_taken(site: Site, tmp_path: Path) -> None:
    await site.index.claim("harbour-day", "cb3b8b5c-51f5-4f4c-8ec2-8d2a1b1b0b0a")
    path = day(tmp_path / "day.jsonl", {"blog": BLOG}, post(1))
    with pytest.raises(SlugTaken, match="belongs to another blog"):
        await carried_out(site, path)
    assert await site.index.blogs() == []


async def test_a_day_without_a_first_line_is_named_after_its_file(
    site: Site, tmp_path: Path
) -> None:
    loaded = await carried_out(site, day(tmp_path / "Harbour Day 2.jsonl", post(1)))
    assert (loaded.blog.slug, loaded.blog.title) == ("harbour-day-2", "Harbour Day 2")
    assert (loaded.blog.status, loaded.blog.visibility) == ("live", "public")


async def test_as_happened_the_times_are_the_days_and_the_record_keeps_ours(
    site: Site, tmp_path: Path
) -> None:
    began = datetime.now(UTC).replace(microsecond=0)
    path = day(tmp_path / "day.jsonl", post(60), post(120, at=None), post(180))
    loaded = await carried_out(site, path, as_happened=True)
    first, last = datetime(2025, 5, 4, 0, 1, tzinfo=UTC), datetime(2025, 5, 4, 0, 3, tzinfo=UTC)
    log = await log_of(site, loaded)
    assert [entry.at for entry in log] == [first, first, first, first, last, last]
    assert all(entry.recorded_at >= began for entry in log)
    assert loaded.blog.status == "ended"
    assert titles(loaded) == ["Boat 60", "Boat 120", "Boat 180"]
    shown = [post.published_at for post in loaded.timeline.walk(newest_first=False)]
    assert shown == [first, None, last]


async def test_a_picture_comes_first_and_cards_last(site: Site, tmp_path: Path) -> None:
    picture(tmp_path / "boat.jpg")
    more = {
        "image": {"file": "boat.jpg", "alt": "A boat", "caption": "In the lock", "credit": "Us"},
        "video": {"url": "https://video.example/1", "title": "The lock"},
        "link": {"url": "https://news.example/1"},
    }
    loaded = await carried_out(site, day(tmp_path / "day.jsonl", post(1, **more)))
    (only,) = loaded.timeline.walk()
    assert [type(block) for block in only.body] == [Image, Paragraph, Video, LinkCard]
    (image,) = images(only.body)
    assert (image.attrs.width, image.attrs.height, image.attrs.ext) == (400, 300, "jpg")
    assert (image.attrs.alt, image.attrs.caption, image.attrs.credit) == (
        "A boat",
        "In the lock",
        "Us",
    )
    assert site.media.path(f"{image.attrs.media}.jpg")


@pytest.mark.skipif(not REAL_DAY.is_file(), reason="the real day is not here")
async def test_the_real_day_keeps_its_order_its_structure_and_no_exif(site: Site) -> None:
    told = [json.loads(line) for line in REAL_DAY.read_text().splitlines()][1:]
    loaded = await carried_out(site, REAL_DAY, as_happened=True)
    posts = list(loaded.timeline.walk(newest_first=False))
    assert len(posts) == 13
    assert [post.title for post in posts] == [line["title"] for line in told]
    times = [line["at"] and datetime.fromisoformat(line["at"]) for line in told]
    assert [post.published_at for post in posts] == times
    assert len({time.date() for time in times if time}) == 2
    assert [post.key for post in posts] == [line.get("key", False) for line in told]

    blocks = [block for post in posts for block in post.body]
    assert {Heading, BulletList, NumberedList, Image, Video, LinkCard} <= {
        type(block) for block in blocks
    }
    items = [
        item.content
        for block in blocks
        if isinstance(block, NumberedList | BulletList)
        for item in block.content
    ]
    assert any(isinstance(block, BulletList) for item in items for block in item)
    assert sum(leads_in_bold(item) for item in items) == 15

    (image,) = (image for post in posts for image in images(post.body))
    assert image.attrs.alt
    assert image.attrs.caption
    stored = site.media.path(f"{image.attrs.media}.{image.attrs.ext}")
    assert stored
    with Pillow.open(REAL_DAY.with_name(told[0]["image"]["file"])) as source:
        assert source.getexif()
    for file in site.media.files([image.attrs.media]):
        with Pillow.open(file) as kept:
            assert not kept.getexif()
            assert not kept.info.get("exif")


def leads_in_bold(item: tuple[Block, ...]) -> bool:
    """Whether an entry begins with bold words on a line of their own."""
    match item:
        case (Paragraph(content=(Text(marks=(Bold(),)), HardBreak(), Text(), *_)), *_):
            return True
    return False
