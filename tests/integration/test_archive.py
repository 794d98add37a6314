"""Export, restore, verify, rebuild: what comes back is what was, or it is refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from events.commands import (
    ChangeBlog,
    ChangePostStatus,
    Command,
    RevisePost,
    WritePost,
)
from events.entry import Corrupt
from events.position import Position
from server.index import SlugTaken
from server.settings import Settings
from server.site import Site, running
from server.storage.log import Exists, Request
from server.transfer import archive, importing

REAL_DAY = Path(__file__).parents[3] / "shared" / "days" / "nsdif-2025.jsonl"
LATER = datetime(2999, 1, 1, tzinfo=UTC)


class Interrupted(Exception):
    pass


async def do(site: Site, blog_id: str, *commands: Command) -> None:
    for command in commands:
        now = datetime.now(UTC)
        await site.commands.handle(blog_id, command, Request("ed", str(now.timestamp()), "", now))


async def imported(site: Site, path: Path) -> str:
    day = await importing.read(path)
    slug = await importing.carry_out(site, day, as_happened=True, progress=archive.silent)
    blog_id = await site.index.find(slug)
    assert blog_id
    return blog_id


async def a_blog(site: Site, folder: Path, posts: int = 5) -> str:
    """A blog with a picture, an old slug, an edit, a retraction and a scheduled post."""
    file = BytesIO()
    Pillow.new("RGB", (700, 300), "teal").save(file, "PNG")
    (folder / "boat.png").write_bytes(file.getvalue())
    lines: list[dict[str, Any]] = [
        {"title": f"Boat {number}", "markdown": "Zeewolde — *in*.", "at": "2025-05-04T10:00:00Z"}
        for number in range(posts)
    ]
    lines[0]["image"] = {"file": "boat.png", "alt": "A boat"}
    path = folder / "harbour.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    blog_id = await imported(site, path)
    first, second, *_ = (await site.tail.load(blog_id)).blog.posts
    await site.index.claim("harbour-day", blog_id)
    due = "0b6f2b1c-2f6e-5d0e-9f2c-0c8a2b6e4d11"
    await do(
        site,
        blog_id,
        ChangeBlog(slug="harbour-day", show_viewers=True),
        RevisePost(first, title="Boat naught", correction="Its number was wrong."),
        ChangePostStatus(second, "retracted", note="It was a buoy."),
        WritePost(due, title="Later", status="scheduled", publish_at=LATER),
    )
    await site.index.add(blog_id, "harbour-day")
    return blog_id


async def projected(site: Site, blog_id: str) -> bytes:
    loaded = await site.tail.load(blog_id)
    return archive.projected(loaded.blog, loaded.timeline)


async def test_restored_elsewhere_everything_is_there_and_writing_goes_on_in_a_new_epoch(
    tmp_path: Path,
) -> None:
    file = tmp_path / "harbour.export"
    async with running(Settings(data=tmp_path / "one")) as site:
        blog_id = await a_blog(site, tmp_path)
        before = await projected(site, blog_id)
        count = await archive.export(site, blog_id, file)
        media = [path.name for path in sorted(site.media.directory.iterdir())]
        last = (await site.tail.load(blog_id)).position
    assert count == last.seq == archive.verify_file(file)

    async with running(Settings(data=tmp_path / "two")) as site:
        assert await archive.restore(site, file) == "harbour-day"
        assert await projected(site, blog_id) == before
        assert (await site.tail.load(blog_id)).blog.show_viewers
        assert await archive.verify_log(site.log, blog_id) == count
        assert (
            await archive.rebuild(site, blog_id) == f"{count} entries, 4 posts: as they are served"
        )
        assert [path.name for path in sorted(site.media.directory.iterdir())] == media
        assert await site.index.blogs() == [blog_id]
        assert await site.index.find("harbour") == await site.index.find("harbour-day") == blog_id
        waiting: list[Any] = await site.redis.zrange("liveblog:due", 0, -1)
        assert [mark.split(b" ")[0].decode() for mark in waiting] == [blog_id]

        await do(site, blog_id, ChangeBlog(title="Goes on"))
        head = (await site.tail.load(blog_id)).position
        assert head.seq == last.seq + 1
        assert head.epoch > last.epoch
        assert await archive.verify_log(site.log, blog_id) == count + 1


@pytest.mark.skipif(not REAL_DAY.is_file(), reason="the real day is not here")
async def test_the_real_day_comes_back_byte_for_byte(tmp_path: Path) -> None:
    file = tmp_path / "day.export"
    async with running(Settings(data=tmp_path / "one")) as site:
        blog_id = await imported(site, REAL_DAY)
        before = await projected(site, blog_id)
        await archive.export(site, blog_id, file)
        await archive.rebuild(site, blog_id)
    async with running(Settings(data=tmp_path / "two")) as site:
        await archive.restore(site, file)
        await archive.rebuild(site, blog_id)
        assert await projected(site, blog_id) == before


async def test_an_open_log_is_not_restored_over(tmp_path: Path) -> None:
    async with running(Settings(data=tmp_path / "one")) as site:
        blog_id = await a_blog(site, tmp_path)
        await archive.export(site, blog_id, tmp_path / "file")
        with pytest.raises(Exists):
            await archive.restore(site, tmp_path / "file")


async def test_a_slug_that_is_anothers_by_now_is_told_before_anything_is_written(
    tmp_path: Path,
) -> None:
    async with running(Settings(data=tmp_path / "one")) as site:
        blog_id = await a_blog(site, tmp_path)
        await archive.export(site, blog_id, tmp_path / "file")
    async with running(Settings(data=tmp_path / "two")) as site:
        await site.index.claim("harbour", "another")
        with pytest.raises(SlugTaken):
            await archive.restore(site, tmp_path / "file")
        assert await site.log.read(blog_id, Position(0, 0)) == []


async def test_an_interrupted_restore_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "BATCH", 3)
    async with running(Settings(data=tmp_path / "one")) as site:
        blog_id = await a_blog(site, tmp_path, posts=9)
        before = await projected(site, blog_id)
        await archive.export(site, blog_id, tmp_path / "file")

    def interrupt(done: int, _of: int) -> None:
        if done >= 6:
            raise Interrupted

    async with running(Settings(data=tmp_path / "two")) as site:
        with pytest.raises(Interrupted):
            await archive.restore(site, tmp_path / "file", progress=interrupt)
        assert len(await site.log.read(blog_id, Position(0, 0))) == 6
        assert await archive.restore(site, tmp_path / "file") == "harbour-day"
        assert await projected(site, blog_id) == before


async def test_a_restore_that_died_before_the_blog_was_listed_lists_it(tmp_path: Path) -> None:
    async with running(Settings(data=tmp_path / "one")) as site:
        blog_id = await a_blog(site, tmp_path)
        await archive.export(site, blog_id, tmp_path / "file")
        await site.redis.delete("liveblog:blogs")
        assert await archive.restore(site, tmp_path / "file") == "harbour-day"
        assert await site.index.blogs() == [blog_id]


Tamper = Callable[[list[dict[str, Any]]], None]


def swapped(lines: list[dict[str, Any]]) -> None:
    lines[4], lines[5] = lines[5], lines[4]


def dropped(lines: list[dict[str, Any]]) -> None:
    del lines[4]


def reworded(lines: list[dict[str, Any]]) -> None:
    lines[4]["content"] = lines[4]["content"].replace("Zeewolde", "Lelystad")


def backdated(lines: list[dict[str, Any]]) -> None:
    lines[4]["head"] = lines[4]["head"].replace("2025-05-04", "2024-05-04")


def garbled(lines: list[dict[str, Any]]) -> None:
    lines[4]["head"] = "{"


@pytest.mark.parametrize(
    ("tamper", "seq"),
    # A head is vouched for by the entry after it.
    [(swapped, 5), (dropped, 5), (reworded, 4), (backdated, 5), (garbled, 4)],
)
async def test_a_tampered_file_names_its_first_bad_position_and_restores_nothing(
    tmp_path: Path, tamper: Tamper, seq: int
) -> None:
    file = tmp_path / "file"
    async with running(Settings(data=tmp_path / "one")) as site:
        blog_id = await a_blog(site, tmp_path)
        await archive.export(site, blog_id, file)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    tamper(lines)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(Corrupt) as told:
        archive.verify_file(file)
    assert told.value.position.seq == seq
    async with running(Settings(data=tmp_path / "two")) as site:
        with pytest.raises(Corrupt):
            await archive.restore(site, file)
        assert await site.log.head(blog_id) is None
        assert await site.index.blogs() == []


def cut(text: bytes) -> bytes:
    return text[: len(text) // 2]


def endless(text: bytes) -> bytes:
    return b"".join(text.splitlines(keepends=True)[:-1])


def repainted(text: bytes) -> bytes:
    lines = [json.loads(line) for line in text.splitlines()]
    (media,) = (line for line in lines if line["type"] == "media")
    media["data"] = "AAAA"
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def foreign(_: bytes) -> bytes:
    return b'{"blog": {"slug": "a"}}\n'


@pytest.mark.parametrize("harm", [cut, endless, repainted, foreign])
async def test_a_file_that_is_not_a_whole_export_is_refused(
    tmp_path: Path, harm: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / "file"
    async with running(Settings(data=tmp_path / "one")) as site:
        await archive.export(site, await a_blog(site, tmp_path), file)
    file.write_bytes(harm(file.read_bytes()))
    with pytest.raises(archive.BadArchive):
        archive.verify_file(file)


async def test_an_entry_changed_in_storage_is_found(tmp_path: Path) -> None:
    async with running(Settings(data=tmp_path / "one")) as site:
        blog_id = await a_blog(site, tmp_path)
        third = (await site.log.read(blog_id, Position(0, 0)))[2]
        stored: list[Any] = await site.redis.xrange(f"{{blog:{blog_id}}}:log") or []
        await site.redis.delete(f"{{blog:{blog_id}}}:log")
        for id, fields in stored:
            if id.decode() == str(third.position):
                fields[b"c"] = fields[b"c"].replace(b"Boat", b"Raft")
            await site.redis.xadd(f"{{blog:{blog_id}}}:log", fields, id=id)
        with pytest.raises(Corrupt) as told:
            await archive.verify_log(site.log, blog_id)
        assert told.value.position == third.position


async def test_rebuild_repairs_the_index(tmp_path: Path) -> None:
    async with running(Settings(data=tmp_path / "one")) as site:
        blog_id = await a_blog(site, tmp_path)
        await site.redis.delete("liveblog:blogs", "liveblog:slugs", "liveblog:due")
        await archive.rebuild(site, blog_id)
        assert await site.index.blogs() == [blog_id]
        assert await site.index.find("harbour") == await site.index.find("harbour-day") == blog_id
        assert await site.redis.zcard("liveblog:due") == 1


async def test_rebuild_tells_when_what_is_served_is_not_what_the_log_says(tmp_path: Path) -> None:
    async with running(Settings(data=tmp_path / "one")) as site:
        blog_id = await a_blog(site, tmp_path)
        (await site.tail.load(blog_id)).blog.title = "Something else"
        with pytest.raises(Corrupt, match="not what the log gives"):
            await archive.rebuild(site, blog_id)
