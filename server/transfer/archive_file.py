"""The file of an exported log: its lines, and reading one with every digest checked.

JSON Lines: an opening line, every entry verbatim, every picture's original, and an ending line
that says how many of each there were.
"""

import contextlib
import hashlib
import os
import secrets
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct, field

from events.blog import Blog, evolve
from events.document import images
from events.entry import Corrupt, Entry, Stored, check, load
from events.facts import (
    BlogAppearanceChanged,
    BlogCreated,
    BlogSlugChanged,
    Event,
    PostContent,
    PostScheduled,
)
from events.position import Position
from server.media import NAME

VERSION: Final = 1
MAX_LINE: Final = 128 * 1024 * 1024
"""Bytes; the longest line is a picture's."""

Progress = Callable[[int, int], None]


class BadArchive(Exception):
    """The file is not a whole export: what is wrong with it, and where."""


class Line(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    pass


class Opening(Line, frozen=True, tag="liveblog"):
    version: int
    blog: Annotated[str, Meta(max_length=36)]
    entries: int


class EntryLine(Line, frozen=True, tag="entry"):
    """Head and content are the stored bytes, which are UTF-8."""

    position: Annotated[str, Meta(max_length=41)]
    head: str
    content: str


class MediaLine(Line, frozen=True, tag="media"):
    name: str
    data: bytes


class End(Line, frozen=True, tag="end"):
    entries: int
    media: int


decode: Callable[[bytes], Line] = msgspec.json.Decoder(Opening | EntryLine | MediaLine | End).decode
_encode = msgspec.json.Encoder().encode


class Seen(Struct):
    """What a log says, gathered entry by entry while its chain is checked."""

    blog: Blog
    last: Stored | None = None
    slugs: dict[str, None] = field(default_factory=dict)
    """Every slug it ever had, in order."""
    pictures: dict[str, None] = field(default_factory=dict)
    """The names of the originals that it ever showed: its posts' and its logos."""

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
        elif isinstance(event, BlogAppearanceChanged) and (logo := event.appearance.logo):
            yield f"{logo.media}.{logo.ext}"


def silent(_done: int, _of: int) -> None:
    """The progress of what nobody watches."""


@contextlib.contextmanager
def written(path: Path) -> Iterator[Callable[[Line], None]]:
    """Writes lines to a file that gets its name when all of them are on disk."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        opened = temporary.open("xb")
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with opened as file:

            def write(line: Line) -> None:
                file.write(_encode(line) + b"\n")

            yield write
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def verified(path: Path, progress: Progress = silent) -> Seen:
    """Read a whole file and check all of it; raises Corrupt, BadArchive, OSError."""
    lines = lines_of(path)
    opening = _opening(path, lines)
    seen = Seen(Blog(opening.blog))
    media: set[str] = set()
    for number, raw in lines:
        match _line(number, raw, seen):
            case EntryLine() as line if not media:
                seen.take(stored_of(line, seen))
                progress(seen.count, opening.entries)
            case MediaLine() as line:
                _check_media(number, line, seen)
                media.add(line.name)
            case End(entries=told, media=pictures):
                _check_end(path, (told, pictures), (seen.count, len(media)), opening)
                if next(lines, None):
                    raise BadArchive(f"line {number + 1}: something follows the end")
                return seen
            case _:
                raise BadArchive(f"line {number}: a line of this kind does not belong here")
    raise BadArchive(f"{path.name} stops after {seen.count} entries: it is not whole")


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """The file's lines with their numbers; raises BadArchive for one that is cut off."""
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(MAX_LINE):
            number += 1
            if not raw.endswith(b"\n"):
                raise BadArchive(f"line {number}: is cut off, or longer than {MAX_LINE:,} bytes")
            yield number, raw


def _opening(path: Path, lines: Iterator[tuple[int, bytes]]) -> Opening:
    number, raw = next(lines, (1, b""))
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        opening = msgspec.json.decode(raw, type=Opening)
        if opening.version != VERSION:
            raise BadArchive(f"line {number}: version {opening.version} is newer than this program")
        if str(uuid.UUID(opening.blog)) == opening.blog:
            return opening
    raise BadArchive(f"{path.name} is not an export of a blog")


def _line(number: int, raw: bytes, seen: Seen) -> Line:
    try:
        return decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        why = f"line {number} cannot be read: {error}"
        if b'"entry"' in raw[:40]:
            raise Corrupt(_expected(seen), why) from error
        raise BadArchive(why) from error


def _expected(seen: Seen) -> Position:
    """Where the next entry should be."""
    return Position(seen.last.position.epoch if seen.last else 0, seen.count + 1)


def stored_of(line: EntryLine, seen: Seen) -> Stored:
    """The entry a line holds, which should follow what was seen; raises Corrupt."""
    try:
        position = Position.parse(line.position)
    except ValueError as error:
        raise Corrupt(_expected(seen), str(error)) from error
    return Stored(position, line.head.encode(), line.content.encode())


def _check_media(number: int, line: MediaLine, seen: Seen) -> None:
    if line.name not in seen.pictures or not NAME.fullmatch(line.name):
        raise BadArchive(f"line {number}: no post of this log shows {line.name[:80]!r}")
    if hashlib.sha256(line.data).hexdigest() != line.name.partition(".")[0]:
        raise BadArchive(f"line {number}: {line.name} is not the picture it was exported as")


def _check_end(path: Path, told: tuple[int, int], found: tuple[int, int], opening: Opening) -> None:
    if told != found or opening.entries != found[0]:
        raise BadArchive(
            f"{path.name} says it has {told[0]} entries and {told[1]} pictures, "
            f"but has {found[0]} and {found[1]}"
        )
    if not found[0]:
        raise BadArchive(f"{path.name} has no entries")
