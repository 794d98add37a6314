"""A blog as a folder of files that open without a server: for an archive, or a crawler of one.

The pages are asked of our own application, in this process, as a reader would ask for them; so what
is withheld from readers is in none of them. Everything is of one position of the log: the same
position gives the same bytes. The folder gets its name when all of it is on disk.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit

import msgspec
import structlog
from markupsafe import Markup
from msgspec import Struct
from starlette.datastructures import QueryParams

from events.entry import load
from events.facts import PostRetracted
from server.render import clock, day, rfc3339
from server.site import Site
from server.storage.log import Log, entries
from server.tail import Loaded
from server.transfer.archive_file import Progress, silent
from server.transfer.own_reader import NotGiven, OwnReader, own_reader
from server.transfer.static_pages import (
    RecordPage,
    file_of_list,
    file_of_post,
    file_of_record,
    lists_of,
    record_page,
    saved,
)
from server.web import stretch
from server.web.found import changed_at
from server.words import language

BATCH: Final = 100
"""Entries of the record that are asked for at once."""

_MASTHEAD: Final = '<header class="masthead">'

logger = structlog.get_logger("archive")


class NotExported(Exception):
    """Nothing was written, and why."""


class _Record(Struct):
    entries: list[dict[str, object]]
    next: str | None
    position: str


_decode = msgspec.json.Decoder(_Record).decode


class Done(Struct, frozen=True):
    """What was written, and the position that it is of."""

    files: int
    position: str


async def export_static(
    site: Site, blog_id: str, folder: Path, *, force: bool = False, progress: Progress = silent
) -> Done:
    """Write a blog's pages, record and pictures into a new folder.

    Raises NotExported where the folder is there already and has something in it (unless `force`,
    which replaces it) or is a file, or the blog has no readers; NoSuchBlog, LogError, Corrupt,
    OSError.
    """
    loaded = await site.tail.load(blog_id)
    if loaded.blog.deleted or loaded.blog.visibility == "draft":
        raise NotExported(f"{loaded.blog.slug} has no readers: there is no page to export")
    with _made(folder, force) as making:
        async with own_reader(site, loaded) as reader:
            saving = _Saving(site, reader, loaded, making, progress)
            try:
                await saving.everything()
            except NotGiven as error:
                raise NotExported(str(error)) from error
        await _refuse_withdrawn(site.log, loaded)
    return Done(len(saving.written), str(loaded.timeline.position))


async def _refuse_withdrawn(log: Log, loaded: Loaded) -> None:
    """What was withdrawn while it was saved is in no folder either."""
    async for stored in entries(log, loaded.id, loaded.position):
        if any(isinstance(event, PostRetracted) for event in load(stored).events):
            raise NotExported("a post was withdrawn meanwhile: say it once more")


def _is_saved(folder: Path) -> bool:
    """Whether a folder is what an export made: nothing else may be replaced."""
    index = folder / "index.html"
    return index.is_file() and b'<main id="blog"' in index.read_bytes()


@contextlib.contextmanager
def _made(folder: Path, force: bool) -> Iterator[Path]:
    """A new folder that takes the place of `folder` when it is whole and on disk."""
    if folder.exists() and not folder.is_dir():
        raise NotExported(f"{folder} is a file, which is left alone: name a folder")
    if folder.exists() and any(folder.iterdir()) and not force:
        raise NotExported(f"{folder} is there already: name another, or say --force to replace it")
    if folder.exists() and any(folder.iterdir()) and not _is_saved(folder):
        raise NotExported(f"{folder} holds no saved blog, and is left alone: name another folder")
    folder = folder.absolute()
    making = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    try:
        making.mkdir(parents=True)
    except OSError as error:
        raise NotExported(f"{folder} cannot be made: {error.strerror}") from error
    try:
        yield making
        os.sync()  # of thousands of files, each by itself would take minutes
        with contextlib.suppress(FileNotFoundError):
            before = folder.rename(f"{making}.before")
            making.rename(folder)
            _remove(before)
            return
        making.rename(folder)
    finally:
        _remove(making)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _notice(loaded: Loaded) -> str:
    """What a saved page says of itself, in its own language: when it was like this."""
    blog, at, say = loaded.blog, changed_at(loaded), language(loaded.blog.language)
    moment = say(
        "moment",
        day=day(at, blog.time_zone, blog.language),
        clock=clock(at, blog.time_zone, blog.language),
    )
    time = Markup('<time datetime="{}">{}</time>').format(rfc3339(at), moment)
    told = say("past_at", time=time)
    return Markup('<aside id="past"{}><p>{}</p></aside>').format(say.lang(blog.language), told)


class _Saving:
    """What is saved already, and what is still to come."""

    def __init__(
        self, site: Site, reader: OwnReader, loaded: Loaded, folder: Path, progress: Progress
    ) -> None:
        self.written: set[str] = set()
        self._site = site
        self._reader = reader
        self._blog = loaded.blog
        self._posts = loaded.timeline.posts
        self._folder = folder
        self._progress = progress
        self._home = f"/blogs/{loaded.blog.slug}"
        self._notice = _notice(loaded)
        self._lists = lists_of(loaded.timeline)
        self._assets: dict[str, str] = {}
        """Addresses of styles and pictures that pages show, and their files."""
        self._records = [""]
        """The queries of records that pages lead to: the whole one, those of single posts."""
        self._told: dict[str, str] = {}
        """For each position in the whole record, the file that tells of it."""

    async def everything(self) -> None:
        for each in self._lists.values():
            for query in each.queries:
                await self._page(f"{self._home}{query}", file_of_list(query))
        for post in self._posts:
            await self._page(f"{self._home}/posts/{post}", file_of_post(post))
        if self._blog.past_public:
            for query in self._records:  # pages of one may lead to another
                await self._record(query)
            await self._data()
        for address, file in self._assets.items():
            body = await self._reader.asks(address)
            if body is not None:  # withdrawn in this moment
                self._write(file, body)

    async def _page(self, address: str, file: str) -> None:
        html = await self._html(address)
        self._write(file, saved(html, address, file, self._target).encode())

    async def _html(self, address: str) -> str:
        body = await self._reader.asks(address)
        if body is None:
            raise NotExported(f"{address} is not there any more: begin again")
        return body.decode().replace(_MASTHEAD, f"{_MASTHEAD}{self._notice}", 1)

    async def _record(self, query: str) -> None:
        """One record with all its pages."""
        before = ""
        while True:
            address, file = f"{self._home}/record{query}", file_of_record(query)
            html = await self._html(address)
            page = record_page(html, file, before)
            if "post=" not in query and "sort=" not in query:
                self._told |= dict.fromkeys(page.told, file)
            target = partial(self._target_in_record, page)
            self._write(file, saved(html, address, file, target).encode())
            if not page.on:
                return
            before, query = file, f"?{page.on}"

    async def _data(self) -> None:
        """The whole record as one JSON document, oldest first."""
        address, begin, comma = f"/api{self._home}/record?sort=oldest&limit={BATCH}", "", ""
        with self._opened("record.json") as file:
            file.write(b'{"entries":[')
            while True:
                read = _decode(await self._reader.asks(f"{address}{begin}") or b"")
                for entry in read.entries:
                    position = entry["position"]
                    entry["url"] = f"{self._told[str(position)]}#{position}"
                    file.write(comma.encode() + msgspec.json.encode(entry))
                    comma = ",\n"
                if read.next is None:
                    break
                begin = f"&from={read.next}"
            file.write(b'],"next":null,"position":%s}\n' % msgspec.json.encode(read.position))

    def _target_in_record(self, page: RecordPage, path: str) -> str | None:
        """The same for a link of a page of the record."""
        asked = urlsplit(path)
        led = page.leads(asked.query) if asked.path == f"{self._home}/record" else None
        if led is None:
            return self._target(path)
        return f"{led}#{asked.fragment}" if asked.fragment else led

    def _target(self, path: str) -> str | None:
        """The file that an address of the site is kept as; None where it is none."""
        parts = urlsplit(path)
        match parts.path.split("/")[1:]:
            case ["blogs", slug] if slug == self._blog.slug:
                asked = stretch.asked_of(QueryParams(parts.query))
                found = self._lists.get((asked.sort, asked.tag))
                return found.leads(asked) if found else None
            case ["blogs", slug, "posts", post] if slug == self._blog.slug:
                return file_of_post(unquote(post)) if unquote(post) in self._posts else None
            case ["blogs", slug, "record"] if slug == self._blog.slug:
                return self._record_of(parts.query)
            case ["api", "blogs", slug, "record"] if slug == self._blog.slug:
                return "record.json" if self._blog.past_public else None
            case ["static" | "themes" | "media" as kind, name]:
                return self._asset(parts.path, f"{kind}/{name}")
            case _:
                return None

    def _record_of(self, query: str) -> str | None:
        if not self._blog.past_public:
            return None
        query = f"?{query}" if query else ""
        if query not in self._records:
            self._records.append(query)
        return file_of_record(query)

    def _asset(self, address: str, file: str) -> str | None:
        kind, _, name = file.partition("/")
        if kind == "media" and self._site.media.path(name) is None:
            logger.warning("a picture is gone and not exported", picture=name)
            return None
        self._assets[address] = file
        return file

    def _write(self, file: str, body: bytes) -> None:
        with self._opened(file) as opened:
            opened.write(body)

    def _opened(self, file: str) -> BinaryIO:
        path = self._folder / file
        path.parent.mkdir(exist_ok=True)
        self.written.add(file)
        expected = sum(len(each.queries) for each in self._lists.values()) + len(self._posts)
        self._progress(len(self.written), max(expected, len(self.written)))
        return path.open("xb")
