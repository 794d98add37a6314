"""The import format: a day in JSON Lines, read and checked as a whole.

The first line may be `{"blog": {...}}`, every other line is one post, oldest first.
Nothing is fetched: a picture is a file beside the import file.
"""

import asyncio
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from events import summary
from events.accept import check, fit, is_lang
from events.commands import CreateBlog, WritePost
from events.document import (
    Block,
    Body,
    Image,
    ImageAttrs,
    LinkCard,
    LinkCardAttrs,
    Video,
    VideoAttrs,
    images,
)
from events.markup import Unreadable, from_html, from_markdown
from server import media
from server.web.inputs import Lang, Line, Markup, Slug, Summary, Tags, Text, Time, is_zone, utc

MAX_LINE = 2 * 1024 * 1024  # bytes
MAX_LINES = 50_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNKNOWN = "0" * 64
"""The id of a picture that is not stored yet."""

T = TypeVar("T")
Url = Annotated[str, Meta(min_length=1, max_length=2_048)]


class BadLine(Exception):
    """The file is not imported: which line, which field of it ("" for all of it), and why."""

    def __init__(self, line: int, field: str, why: str) -> None:
        super().__init__(f"line {line}{f', {field}' if field else ''}: {why}; nothing was imported")
        self.line = line
        self.field = field
        self.why = why


class _Known(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _Blog(_Known, frozen=True):
    slug: Slug | UnsetType = UNSET
    title: Annotated[str, Meta(min_length=1, max_length=300)] | UnsetType = UNSET
    standfirst: Text = ""
    language: Lang = "en"
    time_zone: Line = "UTC"
    summary: Summary = ""


class _First(_Known, frozen=True):
    blog: _Blog


class _Image(_Known, frozen=True):
    file: Annotated[str, Meta(min_length=1, max_length=255)] | UnsetType = UNSET
    url: Url | UnsetType = UNSET
    alt: str = ""
    caption: str = ""
    credit: str = ""


class _Card(_Known, frozen=True):
    url: Url
    title: str = ""


class _Video(_Card, frozen=True):
    captions: str = ""
    transcript: str = ""


class _Post(_Known, frozen=True):
    title: Line = ""
    at: Time | None = None
    markdown: Markup | UnsetType = UNSET
    html: Markup | UnsetType = UNSET
    body: tuple[Block, ...] | UnsetType = UNSET
    author: Line = ""
    tags: Tags = ()
    lang: Lang = ""
    key: bool = False
    pinned: bool = False
    source: Annotated[str, Meta(max_length=2_048)] = ""
    image: _Image | None = None
    video: _Video | None = None
    link: _Card | None = None


class Wish(Struct, frozen=True):
    """A post to write: `key` and `fingerprint` are its request's, `file` its picture's.

    The command's post id is still empty, and its picture's block still lacks the picture.
    """

    line: int
    key: str
    fingerprint: str
    at: datetime | None
    command: WritePost
    file: Path | None = None


class Import(Struct, frozen=True):
    """A file that was read and found good; `digest` is its SHA-256 in hex."""

    digest: str
    blog: CreateBlog
    wishes: tuple[Wish, ...]

    @property
    def began(self) -> datetime | None:
        """The time of the first post that has one."""
        return next((wish.at for wish in self.wishes if wish.at), None)


async def read(path: Path) -> Import:
    """Read and check a whole file, its pictures too; raises BadLine, OSError."""
    return await asyncio.to_thread(_read, path)


def _read(path: Path) -> Import:
    digest = _digest_of(path)
    lines = _lines(path)
    number, first = next(lines, (1, b""))
    blog = _opening(first, number, path)
    if blog is None:
        lines, blog = _lines(path), _Blog()
    reader = _Reader(path.parent, digest)
    wishes = tuple(reader.wish(number, line) for number, line in lines)
    if not wishes:
        raise BadLine(number, "", "the file has no posts")
    return Import(digest, _blog(blog, path), wishes)


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that say something, with their numbers."""
    with path.open("rb") as file:
        for number in count(1):
            line = file.readline(MAX_LINE + 1)
            if not line:
                return
            if len(line) > MAX_LINE:
                raise BadLine(number, "", f"is longer than {MAX_LINE:,} bytes")
            if number > MAX_LINES:
                raise BadLine(number, "", f"is one too many: at most {MAX_LINES:,} lines")
            if line := line.removeprefix(b"\xef\xbb\xbf").strip():
                yield number, line


def _opening(line: bytes, number: int, path: Path) -> _Blog | None:
    """What the first line says of the blog; None if it is a post already."""
    if not line:
        raise BadLine(number, "", f"{path.name} is empty")
    if "blog" not in _decode(line, number, dict[str, Raw]):
        return None
    blog = _decode(line, number, _First).blog
    if not is_lang(blog.language):
        raise BadLine(number, "blog.language", "expected a language tag such as en or nl-BE")
    if not is_zone(blog.time_zone):
        raise BadLine(number, "blog.time_zone", "expected a time zone such as Europe/Amsterdam")
    return blog


def _blog(blog: _Blog, path: Path) -> CreateBlog:
    """What is not said of the blog comes from the file's name."""
    slug = blog.slug or re.sub("[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:80].strip("-")
    if not slug:
        raise BadLine(1, "blog.slug", "expected one, since the file's name gives none")
    return CreateBlog(
        slug=slug,
        title=fit(blog.title or path.stem[:300]),
        standfirst=fit(blog.standfirst),
        language=blog.language,
        time_zone=blog.time_zone,
        visibility="public",
        summary=_summary(blog.summary),
    )


def _summary(text: str) -> Body:
    try:
        return summary.from_text(text)
    except Unreadable as unreadable:
        raise BadLine(1, "blog.summary", unreadable.faults[0].message) from unreadable


def _decode(line: bytes, number: int, type: type[T]) -> T:
    try:
        return msgspec.json.decode(line, type=type)
    except msgspec.ValidationError as error:
        why, _, where = str(error).partition(" - at `")
        if unknown := re.search("unknown field `(.*)`", why):
            where, why = f"{where.rstrip('`')}.{unknown[1][:80]}", "is not a field of this format"
        elif missing := re.search("missing required field `(.*)`", why):
            where, why = f"{where.rstrip('`')}.{missing[1]}", "is missing"
        raise BadLine(number, where.strip("`$."), why) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadLine(number, "", f"expected one JSON object ({error})") from error


class _Reader:
    """One pass over the posts of a file."""

    def __init__(self, folder: Path, digest: str) -> None:
        self._folder = folder.resolve()
        self._digest = digest
        self._now = datetime.now(UTC)
        self._sources: dict[str, int] = {}
        self._good: set[Path] = set()
        self._untimed = 0
        self._timed = False

    def wish(self, number: int, line: bytes) -> Wish:
        post = _decode(line, number, _Post)
        self._time(number, post)
        if post.lang and not is_lang(post.lang):
            raise BadLine(number, "lang", "expected a language tag such as en or nl-BE")
        body = (*_picture(number, post), *_text(number, post), *_cards(number, post))
        if not (post.title.strip() or body):
            raise BadLine(number, "title", "a post needs a title or a text")
        key, fingerprint = self._key(number, line, post.source)
        shown = utc(post.at, "$.at")
        assert not isinstance(shown, UnsetType)
        command = WritePost(
            post="",
            title=fit(post.title),
            body=body,
            author=fit(post.author),
            tags=tuple(fit(tag) for tag in post.tags),
            lang=post.lang,
            published_at=shown,
            pinned=post.pinned,
            key=post.key,
        )
        return Wish(number, key, fingerprint, shown, command, self._file(number, post.image))

    def _time(self, number: int, post: _Post) -> None:
        if post.at is None:
            self._untimed = self._untimed or number
            return
        if not EPOCH <= post.at <= self._now:
            raise BadLine(number, "at", "expected a time from 1970 until now")
        if self._untimed and not self._timed:
            # It would take the place after the post before it, and there is none.
            raise BadLine(self._untimed, "at", "the first post needs a time, since others have one")
        self._timed = True

    def _key(self, number: int, line: bytes, source: str) -> tuple[str, str]:
        """The idempotency key of a line, and its fingerprint."""
        if not source:
            return f"{self._digest}:{number}", hashlib.sha256(line).hexdigest()
        if earlier := self._sources.get(source):
            raise BadLine(number, "source", f"is that of line {earlier} too")
        self._sources[source] = number
        # The same source again is the same request, whatever it says by now.
        address = hashlib.sha256(source.encode()).hexdigest()
        return f"source:{address}", address

    def _file(self, number: int, image: _Image | None) -> Path | None:
        """The picture's file, if it lies beside this one and would be stored."""
        if image is None or not image.file:
            return None
        try:
            file = (self._folder / image.file).resolve()
            if not file.is_relative_to(self._folder):
                raise BadLine(number, "image.file", "expected a file beside the import file")
            if file not in self._good:
                media.decode(picture_bytes(file))
                self._good.add(file)
        except media.Refused as refused:
            raise BadLine(number, "image.file", str(refused)) from refused
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise BadLine(number, "image.file", f"cannot read {image.file!r}: {why}") from error
        return file


def picture_bytes(file: Path) -> bytes:
    """A picture's file, or as much of it as shows that it is too large."""
    with file.open("rb") as open_file:
        return open_file.read(media.MAX_BYTES + 1)


def _text(number: int, post: _Post) -> Body:
    said = [name for name in ("body", "markdown", "html") if getattr(post, name) is not UNSET]
    if len(said) > 1:
        raise BadLine(number, said[1], f"is one too many: {said[0]} is there already")
    try:
        if not isinstance(post.markdown, UnsetType):
            body = from_markdown(post.markdown)
        elif not isinstance(post.html, UnsetType):
            body = from_html(post.html)
        else:
            body = _checked(number, "body", post.body or ())
    except Unreadable as unreadable:
        raise BadLine(number, said[0], unreadable.faults[0].message) from unreadable
    if any(images(body)):
        raise BadLine(number, said[0], "expected a picture to be in `image`, with its `file`")
    return body


def _picture(number: int, post: _Post) -> Body:
    image = post.image
    if image is None:
        return ()
    if image.url:
        why = "nothing is fetched: put the picture beside the import file and name it in `file`"
        raise BadLine(number, "image.url", why)
    if not image.file:
        raise BadLine(number, "image.file", "is missing")
    if not image.alt.strip():
        raise BadLine(number, "image.alt", "expected a text for those who cannot see the picture")
    attrs = ImageAttrs(UNKNOWN, alt=image.alt, caption=image.caption, credit=image.credit)
    return _checked(number, "image", (Image(attrs),))


def _cards(number: int, post: _Post) -> Iterator[Block]:
    if post.video:
        told = post.video
        video = VideoAttrs(told.url, told.title, told.captions, told.transcript)
        yield from _checked(number, "video", (Video(video),))
    if post.link:
        link = LinkCardAttrs(post.link.url, title=post.link.title)
        yield from _checked(number, "link", (LinkCard(link),))


def _checked(number: int, field: str, body: Body) -> Body:
    """The blocks made of a field, if nothing is wrong with them."""
    for fault in check(body, field):
        where = fault.path if field == "body" else fault.path.replace("[0].attrs", "")
        raise BadLine(number, where, fault.message)
    return body
