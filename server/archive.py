"""A blog's log as one file, and back: export, restore, verify, rebuild.

The file is JSON Lines: an opening line, every entry verbatim, every picture's original, and an
ending line that says how many of each there were. Nothing is written from a file that was not
verified as a whole.
"""

import asyncio
import contextlib
import hashlib
import os
import secrets
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import structlog
from msgspec import Meta, Struct, field

from events.blog import Blog, evolve
from events.document import images
from events.entry import Corrupt, Entry, Stored, check, load
from events.facts import BlogCreated, BlogSlugChanged, Event, PostContent, PostScheduled
from events.position import Position
from events.timeline import Timeline
from server.index import SlugTaken
from server.log import Exists, Log, Lost, entries
from server.media import NAME
from server.site import Site
from server.tail import NoSuchBlog

VERSION: Final = 1
MAX_LINE: Final = 128 * 1024 * 1024
"""Bytes; the longest line is a picture's."""
BATCH: Final = 500

Progress = Callable[[int, int], None]
logger = structlog.get_logger("archive")


class BadArchive(Exception):
    """The file is not a whole export: what is wrong with it, and where."""


class _Line(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    pass


class _Opening(_Line, frozen=True, tag="liveblog"):
    version: int
    blog: Annotated[str, Meta(max_length=36)]
    entries: int


class _Entry(_Line, frozen=True, tag="entry"):
    """Head and content are the stored bytes, which are UTF-8."""

    position: Annotated[str, Meta(max_length=41)]
    head: str
    content: str


class _Media(_Line, frozen=True, tag="media"):
    name: str
    data: bytes


class _End(_Line, frozen=True, tag="end"):
    entries: int
    media: int


_decode: Callable[[bytes], _Line] = msgspec.json.Decoder(_Opening | _Entry | _Media | _End).decode
_encode = msgspec.json.Encoder().encode
_project = msgspec.json.Encoder(order="deterministic").encode


class _Seen(Struct):
    """What a log says, gathered entry by entry while its chain is checked."""

    blog: Blog
    last: Stored | None = None
    slugs: dict[str, None] = field(default_factory=dict)
    """Every slug it ever had, in order."""
    pictures: dict[str, None] = field(default_factory=dict)
    """The names of the originals that its posts ever showed."""

    @property
    def count(self) -> int:
        return self.last.position.seq if self.last else 0

    def take(self, stored: Stored) -> None:
        """The next entry; raises Corrupt."""
        check(stored, self.last)
        if self.last and stored.position.epoch < self.last.position.epoch:
            raise Corrupt(stored.position, "its epoch is older than that of the entry before it")
        entry = load(stored)
        self.blog = evolve(self.blog, entry)
        self.slugs |= dict.fromkeys(_slugs(entry))
        self.pictures |= dict.fromkeys(_pictures(entry))
        self.last = stored

    @property
    def scheduled(self) -> list[Event]:
        """The schedules that still stand."""
        return [
            PostScheduled(post.id, post.publish_at)
            for post in self.blog.posts.values()
            if post.status == "scheduled" and post.publish_at
        ]


def _slugs(entry: Entry) -> Iterator[str]:
    for event in entry.events:
        if isinstance(event, BlogCreated | BlogSlugChanged):
            yield event.slug


def _pictures(entry: Entry) -> Iterator[str]:
    for event in entry.events:
        if isinstance(event.content, PostContent):
            for image in images(event.content.body):
                yield f"{image.attrs.media}.{image.attrs.ext}"


def silent(_done: int, _of: int) -> None:
    """The progress of what nobody watches."""


# --- export ------------------------------------------------------------------------------------


async def export(site: Site, blog_id: str, path: Path, *, progress: Progress = silent) -> int:
    """Write a blog's log and pictures to a file; returns the number of entries.

    The file appears when it is whole and on disk. Raises NoSuchBlog, Corrupt, OSError.
    """
    head = await site.log.head(blog_id)
    if head is None:
        raise NoSuchBlog(blog_id)
    of = head.position.seq
    seen = _Seen(Blog(blog_id))
    with _written(path) as write:
        write(_Opening(VERSION, blog_id, of))
        async for stored in _until(site.log, blog_id, head.position):
            seen.take(stored)
            write(_Entry(str(stored.position), stored.head.decode(), stored.content.decode()))
            progress(seen.count, of)
        media = 0
        for name in seen.pictures:
            if original := site.media.path(name):
                write(_Media(name, original.read_bytes()))
                media += 1
            else:
                logger.warning("a picture is gone and not exported", picture=name)
        write(_End(seen.count, media))
    return seen.count


async def _until(log: Log, blog_id: str, last: Position) -> AsyncIterator[Stored]:
    async for stored in entries(log, blog_id):
        yield stored
        if stored.position >= last:
            return


@contextlib.contextmanager
def _written(path: Path) -> Iterator[Callable[[_Line], None]]:
    """Writes lines to a file that gets its name when all of them are on disk."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:

            def write(line: _Line) -> None:
                file.write(_encode(line) + b"\n")

            yield write
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


# --- verify ------------------------------------------------------------------------------------


def verify_file(path: Path, *, progress: Progress = silent) -> int:
    """Check a whole export, its chain, digests and pictures; returns the number of entries.

    Raises Corrupt with the first bad position, BadArchive for anything else, OSError.
    """
    return _verified(path, progress).count


async def verify_log(log: Log, blog_id: str, *, progress: Progress = silent) -> int:
    """Walk a log's chain; returns the number of entries. Raises Corrupt with the first bad one."""
    return (await _walked(log, blog_id, progress)).count


async def _walked(log: Log, blog_id: str, progress: Progress = silent) -> _Seen:
    of = (await log.heads([blog_id]))[0].seq
    seen = _Seen(Blog(blog_id))
    async for stored in entries(log, blog_id):
        seen.take(stored)
        progress(seen.count, max(of, seen.count))
    return seen


def _verified(path: Path, progress: Progress = silent) -> _Seen:
    lines = _lines(path)
    opening = _opening(path, lines)
    seen = _Seen(Blog(opening.blog))
    media: set[str] = set()
    for number, raw in lines:
        match _line(number, raw, seen):
            case _Entry() as line if not media:
                seen.take(_stored(line, seen))
                progress(seen.count, opening.entries)
            case _Media() as line:
                _check_media(number, line, seen)
                media.add(line.name)
            case _End(entries=told, media=pictures):
                _check_end(path, (told, pictures), (seen.count, len(media)), opening)
                if next(lines, None):
                    raise BadArchive(f"line {number + 1}: something follows the end")
                return seen
            case _:
                raise BadArchive(f"line {number}: a line of this kind does not belong here")
    raise BadArchive(f"{path.name} stops after {seen.count} entries: it is not whole")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(MAX_LINE):
            number += 1
            if not raw.endswith(b"\n"):
                raise BadArchive(f"line {number}: is cut off, or longer than {MAX_LINE:,} bytes")
            yield number, raw


def _opening(path: Path, lines: Iterator[tuple[int, bytes]]) -> _Opening:
    number, raw = next(lines, (1, b""))
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        opening = msgspec.json.decode(raw, type=_Opening)
        if opening.version != VERSION:
            raise BadArchive(f"line {number}: version {opening.version} is newer than this program")
        if str(uuid.UUID(opening.blog)) == opening.blog:
            return opening
    raise BadArchive(f"{path.name} is not an export of a blog")


def _line(number: int, raw: bytes, seen: _Seen) -> _Line:
    try:
        return _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        why = f"line {number} cannot be read: {error}"
        if b'"entry"' in raw[:40]:
            raise Corrupt(_expected(seen), why) from error
        raise BadArchive(why) from error


def _expected(seen: _Seen) -> Position:
    """Where the next entry should be."""
    return Position(seen.last.position.epoch if seen.last else 0, seen.count + 1)


def _stored(line: _Entry, seen: _Seen) -> Stored:
    try:
        position = Position.parse(line.position)
    except ValueError as error:
        raise Corrupt(_expected(seen), str(error)) from error
    return Stored(position, line.head.encode(), line.content.encode())


def _check_media(number: int, line: _Media, seen: _Seen) -> None:
    if line.name not in seen.pictures or not NAME.fullmatch(line.name):
        raise BadArchive(f"line {number}: no post of this log shows {line.name[:80]!r}")
    if hashlib.sha256(line.data).hexdigest() != line.name.partition(".")[0]:
        raise BadArchive(f"line {number}: {line.name} is not the picture it was exported as")


def _check_end(
    path: Path, told: tuple[int, int], found: tuple[int, int], opening: _Opening
) -> None:
    if told != found or opening.entries != found[0]:
        raise BadArchive(
            f"{path.name} says it has {told[0]} entries and {told[1]} pictures, "
            f"but has {found[0]} and {found[1]}"
        )
    if not found[0]:
        raise BadArchive(f"{path.name} has no entries")


# --- restore -----------------------------------------------------------------------------------


async def restore(site: Site, path: Path, *, progress: Progress = silent) -> str:
    """Bring an exported blog back under its own ids, in a new epoch; returns its slug.

    The log opens with the last step; interrupted before it, the same restore goes on. Raises
    Exists for an open log, SlugTaken, Corrupt and BadArchive (nothing was written), OSError.
    """
    seen = await asyncio.to_thread(_verified, path)
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


async def _unopened(site: Site, seen: _Seen) -> bool:
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


async def _check_slugs(site: Site, seen: _Seen) -> None:
    if not seen.blog.deleted:
        for slug in seen.slugs:
            if await site.index.find(slug) not in (None, seen.blog.id):
                raise SlugTaken(slug)


async def _adopt(site: Site, path: Path) -> None:
    """Take the pictures back, before any entry can show them."""
    for _, raw in _lines(path):
        line = _decode(raw)
        if isinstance(line, _Media) and site.media.path(line.name) is None:
            await site.media.adopt(line.name, line.data)


async def _write(site: Site, path: Path, seen: _Seen, progress: Progress) -> None:
    batch: list[Stored] = []
    for _, raw in _lines(path):
        line = _decode(raw)
        if isinstance(line, _Entry):
            batch.append(_stored(line, seen))
        if batch and (len(batch) == BATCH or isinstance(line, _Media | _End)):
            await site.log.restore(seen.blog.id, batch, None)
            progress(batch[-1].position.seq, seen.count)
            batch = []


async def _check_written(site: Site, seen: _Seen) -> None:
    """What an interrupted restore left may have been another file's."""
    there = await _walked(site.log, seen.blog.id)
    if there.last != seen.last:
        raise BadArchive(
            f"the log of blog {seen.blog.id} has {there.count} entries that are not this file's "
            f"{seen.count}: it was not opened"
        )


def _new_epoch(seen: _Seen) -> int:
    now = int(datetime.now(UTC).timestamp() * 1000)
    return max(now, seen.last.position.epoch + 1 if seen.last else 0)


async def _index(site: Site, seen: _Seen) -> None:
    """What other keys must say before the log may be used."""
    if not seen.blog.deleted:
        for slug in seen.slugs:
            await site.index.claim(slug, seen.blog.id)
        await site.schedule.mark(seen.blog.id, seen.scheduled)


async def _list(site: Site, seen: _Seen) -> None:
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
    blog, timeline, seen = Blog(blog_id), Timeline(), _Seen(Blog(blog_id))
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
    return _project([blog, timeline, list(blog.posts), list(timeline.changes)])
