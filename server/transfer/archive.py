"""A blog's log as one file, and back: export, restore, verify, rebuild.

Nothing is restored from a file that was not verified as a whole.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

from events.blog import Blog, evolve
from events.entry import Corrupt, Stored, load
from events.position import Position
from events.timeline import Timeline
from server.index import SlugTaken
from server.site import Site
from server.storage.log import Exists, Log, Lost, entries
from server.tail import NoSuchBlog
from server.transfer.archive_file import (
    VERSION,
    BadArchive,
    End,
    EntryLine,
    MediaLine,
    Opening,
    Progress,
    Seen,
    decode,
    lines_of,
    silent,
    stored_of,
    verified,
    written,
)

__all__ = [
    "BadArchive",
    "export",
    "projected",
    "rebuild",
    "restore",
    "silent",
    "verify_file",
    "verify_log",
]

BATCH: Final = 500
"""Entries that are written at once."""

logger = structlog.get_logger("archive")
_encode = msgspec.json.Encoder(order="deterministic").encode


# --- export ------------------------------------------------------------------------------------


async def export(site: Site, blog_id: str, path: Path, *, progress: Progress = silent) -> int:
    """Write a blog's log and pictures to a file; returns the number of entries.

    The file appears when it is whole and on disk. Raises NoSuchBlog, Corrupt, OSError.
    """
    head = await site.log.head(blog_id)
    if head is None:
        raise NoSuchBlog(blog_id)
    of = head.position.seq
    seen = Seen(Blog(blog_id))
    with written(path) as write:
        write(Opening(VERSION, blog_id, of))
        async for stored in _until(site.log, blog_id, head.position):
            seen.take(stored)
            write(EntryLine(str(stored.position), stored.head.decode(), stored.content.decode()))
            progress(seen.count, of)
        media = 0
        for name in seen.pictures:
            if original := site.media.path(name):
                write(MediaLine(name, original.read_bytes()))
                media += 1
            else:
                logger.warning("a picture is gone and not exported", picture=name)
        write(End(seen.count, media))
    return seen.count


async def _until(log: Log, blog_id: str, last: Position) -> AsyncIterator[Stored]:
    async for stored in entries(log, blog_id):
        yield stored
        if stored.position >= last:
            return


# --- verify ------------------------------------------------------------------------------------


def verify_file(path: Path, *, progress: Progress = silent) -> int:
    """Check a whole export, its chain, digests and pictures; returns the number of entries.

    Raises Corrupt with the first bad position, BadArchive for anything else, OSError.
    """
    return verified(path, progress).count


async def verify_log(log: Log, blog_id: str, *, progress: Progress = silent) -> int:
    """Walk a log's chain; returns the number of entries. Raises Corrupt with the first bad one."""
    return (await _walked(log, blog_id, progress)).count


async def _walked(log: Log, blog_id: str, progress: Progress = silent) -> Seen:
    of = (await log.heads([blog_id]))[0].seq
    seen = Seen(Blog(blog_id))
    async for stored in entries(log, blog_id):
        seen.take(stored)
        progress(seen.count, max(of, seen.count))
    return seen


# --- restore -----------------------------------------------------------------------------------


async def restore(site: Site, path: Path, *, progress: Progress = silent) -> str:
    """Bring an exported blog back under its own ids, in a new epoch; returns its slug.

    The log opens with the last step; interrupted before it, the same restore goes on. Raises
    Exists for an open log, SlugTaken, Corrupt and BadArchive (nothing was written), OSError.
    """
    seen = await asyncio.to_thread(verified, path)
    blog = seen.blog
    if await _unopened(site, seen):
        await _check_slugs(site, seen)
        await _adopt(site, path)
        await _write(site, path, seen, progress)
        await _check_written(site, seen)
        await _index(site, seen)
        await site.log.restore(blog.id, [], _new_epoch(seen))
    await _list(site, seen)
    return blog.slug


async def _unopened(site: Site, seen: Seen) -> bool:
    """Whether the log still waits; False if all that is left is to list it. Raises Exists."""
    try:
        head = await site.log.head(seen.blog.id)
    except Lost:
        return True  # entries without an epoch: a restore was interrupted, or is the cure
    if head is None:
        return True
    listed = seen.blog.deleted or seen.blog.id in await site.index.blogs()
    if listed or not (seen.last and head.position == seen.last.position):
        raise Exists(seen.blog.id)
    return False


async def _check_slugs(site: Site, seen: Seen) -> None:
    if not seen.blog.deleted:
        for slug in seen.slugs:
            if await site.index.find(slug) not in (None, seen.blog.id):
                raise SlugTaken(slug)


async def _adopt(site: Site, path: Path) -> None:
    """Take the pictures back, before any entry can show them."""
    for _, raw in lines_of(path):
        line = decode(raw)
        if isinstance(line, MediaLine) and site.media.path(line.name) is None:
            await site.media.adopt(line.name, line.data)


async def _write(site: Site, path: Path, seen: Seen, progress: Progress) -> None:
    batch: list[Stored] = []
    for _, raw in lines_of(path):
        line = decode(raw)
        if isinstance(line, EntryLine):
            batch.append(stored_of(line, seen))
        if batch and (len(batch) == BATCH or isinstance(line, MediaLine | End)):
            await site.log.restore(seen.blog.id, batch, None)
            progress(batch[-1].position.seq, seen.count)
            batch = []


async def _check_written(site: Site, seen: Seen) -> None:
    """What an interrupted restore left may have been another file's."""
    there = await _walked(site.log, seen.blog.id)
    if there.last != seen.last:
        raise BadArchive(
            f"the log of blog {seen.blog.id} has {there.count} entries that are not this file's "
            f"{seen.count}: it was not opened"
        )


def _new_epoch(seen: Seen) -> int:
    now = int(datetime.now(UTC).timestamp() * 1000)
    return max(now, seen.last.position.epoch + 1 if seen.last else 0)


async def _index(site: Site, seen: Seen) -> None:
    """What other keys must say before the log may be used."""
    if not seen.blog.deleted:
        for slug in seen.slugs:
            await site.index.claim(slug, seen.blog.id)
        await site.schedule.mark(seen.blog.id, seen.scheduled)


async def _list(site: Site, seen: Seen) -> None:
    if seen.blog.deleted:
        await site.index.remove(seen.blog.id)
    else:
        await site.index.add(seen.blog.id, seen.blog.slug)


# --- rebuild -----------------------------------------------------------------------------------


async def rebuild(site: Site, blog_id: str, *, progress: Progress = silent) -> str:
    """Fold the log anew, compare with what is served, repair the index; says so in a line.

    Raises NoSuchBlog, SlugTaken, and Corrupt where the chain is broken or the two differ.
    """
    loaded = await site.tail.load(blog_id)
    # Both in one step: the tail may go on while the log is read.
    position, served = loaded.position, projected(loaded.blog, loaded.timeline)
    blog, timeline, seen = Blog(blog_id), Timeline(), Seen(Blog(blog_id))
    async for stored in _until(site.log, blog_id, position):
        seen.take(stored)
        entry = load(stored)
        blog = evolve(blog, entry)
        timeline.apply(blog, entry)
        progress(seen.count, position.seq)
    if projected(blog, timeline) != served:
        raise Corrupt(position, "the projections that are served are not what the log gives")
    seen = await _walked(site.log, blog_id)
    await _index(site, seen)
    await _list(site, seen)
    return f"{seen.count} entries, {len(timeline.posts)} posts: as they are served"


def projected(blog: Blog, timeline: Timeline) -> bytes:
    """A blog's state and its timeline, byte for byte the same for the same log."""
    # Sorted, the encoder's dicts lose their order, and of these two it matters.
    return _encode([blog, timeline, list(blog.posts), list(timeline.changes)])
