"""The append-only file ends in the middle of the last append: all of it is there, or nothing."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from events.commands import CreateBlog, WritePost
from events.position import START
from server.commands import Commands
from server.settings import Settings
from server.site import Site, running
from server.storage.log import Receipt, Request, entries
from tests.faults.storage import Valkey

CUTS = 12
BLOG = "day"
NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)


def site_on(valkey: Valkey, data: Path) -> Settings:
    return Settings(data=data, redis_url=valkey.url)


def request(key: str) -> Request:
    return Request("writer", key, f"digest-of-{key}", NOW)


async def write(commands: Commands, key: str) -> Receipt:
    command = CreateBlog("day", "Day") if key == "blog" else WritePost(key, title=key)
    done = await commands.handle(BLOG, command, request(key))
    return Receipt(done.position, done.again)


def file_of(folder: Path) -> Path:
    """The file that is appended to."""
    [file] = folder.glob("appendonlydir/*.incr.aof")
    return file


async def recorded(valkey: Valkey, data: Path, keys: list[str]) -> list[int]:
    """Write under these keys; the size of the file in bytes after each."""
    sizes = []
    async with running(site_on(valkey, data)) as site:
        for key in keys:
            await write(site.commands, key)
            sizes.append(file_of(valkey.folder).stat().st_size)
    return sizes


async def kept(site: Site, key: str) -> tuple[bool, bool]:
    """Whether the log has the entry of a key, and whether the key's answer is there."""
    log = [stored async for stored in entries(site.log, BLOG, START)]
    written = any(f'"command":"{key}"'.encode() in stored.head for stored in log)
    return written, await site.log.answered(BLOG, request(key)) is not None


async def test_wherever_the_file_is_cut_an_append_is_there_whole_or_not_at_all(
    tmp_path: Path, data: Path
) -> None:
    valkey = Valkey(tmp_path / "whole")
    keys = ["blog", "first", "second", "last"]
    *_, begin, end = await recorded(valkey, data, keys)
    valkey.kill()
    found = {}
    for number in range(CUTS + 1):
        cut = begin + (end - begin) * number // CUTS
        copy = tmp_path / f"cut-{number}"
        shutil.copytree(valkey.folder, copy)
        with file_of(copy).open("r+b") as file:
            file.truncate(cut)
        found[cut] = await after_restart(Valkey(copy), data, keys)
    assert set(found.values()) == {True, False}
    assert [cut for cut, whole in found.items() if whole] == [end]


async def after_restart(valkey: Valkey, data: Path, keys: list[str]) -> bool:
    """Whether the last append survived; everything before it has, and the retry completes it."""
    try:
        async with running(site_on(valkey, data)) as site:
            assert [await kept(site, key) for key in keys[:-1]] == [(True, True)] * (len(keys) - 1)
            entry, answer = await kept(site, keys[-1])
            assert entry == answer
            assert (await write(site.commands, keys[-1])).again == entry
            log = [stored async for stored in entries(site.log, BLOG)]
            assert [stored.position.seq for stored in log] == list(range(1, len(keys) + 1))
            return entry
    finally:
        valkey.kill()
