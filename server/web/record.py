"""The record of a blog: every published change, as a page and as JSON, in pages of its own.

What is told of whom is decided in events/record.py; here it is asked for, laid out and linked.
"""

import asyncio
from typing import Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from events.diff import Op, Piece
from events.position import Position
from events.record import Kind, Part, Words
from server.past.record import Page, Proven
from server.render import rfc3339
from server.site import Site
from server.tail import Loaded
from server.web.address import base_of, vary
from server.web.blogs import find, found
from server.web.endpoint import Call, Endpoint, identify
from server.web.fresh import PRIVATE, answer, cache_of, held, of_blog
from server.web.history import Change, changes_of
from server.web.moments import past_allowed
from server.web.pages import HEADERS
from server.web.posts import number_of, position_of
from server.web.problems import Problem

PAGE: Final = 30
"""Changes on a page, and in an answer unless more are asked for."""
MOST: Final = 100
AROUND: Final = 120
"""Characters of what stayed that are shown beside what changed."""
SHORT: Final = 700
"""Characters of a new post that are shown unfolded."""

Sort = Literal["newest", "oldest"]


class Asked(Struct, frozen=True):
    """What is asked for: the page that begins at a position, of one post or of all."""

    sort: Sort = "newest"
    begin: Position | None = None
    post: str = ""

    def query(self, **other: str) -> str:
        """The query of another page of the same list; "" is the record's first page."""
        named = {"sort": "oldest" if self.sort == "oldest" else "", "post": self.post, **other}
        given = {name: value for name, value in named.items() if value}
        return f"?{urlencode(given)}" if given else ""


class Entry(Struct, frozen=True):
    """One published change.

    `hash` is the SHA-256 of the head of its entry in the log, which names the one before it. `post`
    and `title` are null for a change of the blog itself. `words` says whether the words are here:
    `unopened` while the blog was a draft, `withheld` with a post that was withdrawn since, `erased`
    from the log. `formatted` says that more changed than words. `times` are the times the post
    showed before and after, where those changed. `url` leads to the change in the record.
    """

    position: str
    hash: str
    at: str
    recorded_at: str
    kinds: tuple[Kind, ...]
    post: str | None
    title: str | None
    words: Words
    changes: tuple[Change, ...]
    correction: str
    formatted: bool
    times: tuple[str | None, str | None] | None
    url: str


class Record(Struct, frozen=True):
    """A page of the record; `next` is the `from` of the page after it."""

    entries: tuple[Entry, ...]
    next: str | None
    position: str


class Stretch(Struct, frozen=True):
    """Pieces of a text as a page shows them; "left out" are words that stayed."""

    op: Op | Literal["left out"]
    text: str


class Shown(Struct, frozen=True):
    """A change for people: `short` is the beginning of a text that is new and long."""

    part: str
    short: str
    stretches: tuple[Stretch, ...]


class Line(Struct, frozen=True):
    """An entry of the page. `id` is its anchor; `link` leads to the post, "" where it is gone.

    `plain`: all that it says is new, so that nothing needs to be told from anything.
    """

    id: str
    told: Proven
    link: str
    plain: bool
    changes: tuple[Shown, ...]


async def page(request: Request) -> Response:
    """`/blogs/{blog}/record`."""
    site: Site = request.app.state.site
    loaded = await find(site, request.path_params["blog"], await identify(request, site))
    await past_allowed(request, site, loaded)
    asked = asked_of(request.query_params, loaded)
    base = base_of(request)
    etag, headers = _kept(site, loaded, "record", base, repr(asked))
    if held(request, etag):
        return answer(request, etag, str, "text/html", headers)
    found = await _found(site, loaded, asked, PAGE)
    lines = await asyncio.to_thread(_lines, loaded, found)
    values = {
        "blog": loaded.blog,
        "asked": asked,
        "lines": lines,
        "titled": _title(loaded, asked.post) if asked.post else "",
        "on": asked.query(**{"from": str(found.on)}) if found.on else None,
        "back": None if found.first else asked.query(**_from(found.back)),
        "canonical": f"{base}/blogs/{loaded.blog.slug}/record{asked.query(**_from(asked.begin))}",
    }
    template = site.templates.get_template("record.html")
    return answer(request, etag, lambda: template.render(values), "text/html", headers)


async def read_record(call: Call) -> Response:
    """`/api/blogs/{blog}/record`."""
    loaded = await found(call)
    await past_allowed(call.request, call.site, loaded)
    asked = asked_of(call.request.query_params, loaded)
    limit = number_of(call, "limit", PAGE, MOST)
    etag, headers = _kept(call.site, loaded, "api record", repr(asked), limit)
    if held(call.request, etag):
        return answer(call.request, etag, str, "application/json", headers)
    read = await _found(call.site, loaded, asked, limit)
    position = str(loaded.timeline.position)
    entries = await asyncio.to_thread(lambda: tuple(_entry(loaded, each) for each in read.entries))
    record = Record(entries, str(read.on) if read.on else None, position)
    return answer(
        call.request, etag, lambda: msgspec.json.encode(record), "application/json", headers
    )


def asked_of(params: QueryParams, loaded: Loaded) -> Asked:
    """What a query asks for; raises a 400 or 404 problem that names what cannot be."""
    sort = params.get("sort") or "newest"
    if sort not in {"newest", "oldest"}:
        raise Problem(400, f"sort takes newest or oldest, not {sort[:40]}")
    begin = position_of(params["from"]) if params.get("from") else None
    if begin and not (begin <= loaded.timeline.position and loaded.blog.holds(begin)):
        raise Problem(404, f"the record of this blog has no entry {begin}")
    return Asked("oldest" if sort == "oldest" else "newest", begin, params.get("post") or "")


def _kept(site: Site, loaded: Loaded, *parts: object) -> tuple[str, dict[str, str]]:
    """The validator of a view of the record, and the headers it is given with."""
    public = loaded.blog.past_public
    cache = cache_of(loaded) if public else PRIVATE
    headers = {**HEADERS, "cache-control": cache, **vary(site.settings)}
    return of_blog(loaded, public, *parts), headers


async def _found(site: Site, loaded: Loaded, asked: Asked, limit: int) -> Page:
    newest = asked.sort == "newest"
    found = await site.records.page(
        loaded, limit, begin=asked.begin, post=asked.post, newest=newest
    )
    if asked.post and not found.entries:
        raise Problem(404, f"the record of this blog has no post {asked.post[:80]}")
    return found


def _from(position: Position | None) -> dict[str, str]:
    return {"from": str(position)} if position else {}


def _title(loaded: Loaded, post: str) -> str:
    """What a post is called now, as far as anybody may know."""
    now = loaded.timeline.posts.get(post)
    return now.title if now else ""


def _address(loaded: Loaded, position: Position) -> str:
    """Where the record shows one change, whatever is added to it."""
    return f"/blogs/{loaded.blog.slug}/record?from={position}#{position}"


def _entry(loaded: Loaded, proven: Proven) -> Entry:
    deed = proven.deed
    return Entry(
        str(deed.position),
        proven.digest,
        rfc3339(deed.at),
        rfc3339(deed.recorded_at),
        deed.kinds,
        deed.post or None,
        deed.title if deed.post else None,
        deed.words,
        changes_of(deed.parts),
        deed.note,
        deed.formatted,
        deed.times and (_time(deed.times[0]), _time(deed.times[1])),
        _address(loaded, deed.position),
    )


def _time(time: Any) -> str | None:
    return rfc3339(time) if time else None


def _lines(loaded: Loaded, found: Page) -> list[Line]:
    ids: dict[str, int] = {}
    lines = []
    for each in found.entries:
        position, post = str(each.deed.position), each.deed.post
        ids[position] = ids.get(position, 0) + 1
        id = position if ids[position] == 1 else f"{position}.{ids[position]}"
        there = post in loaded.timeline.posts
        link = f"/blogs/{loaded.blog.slug}/posts/{post}" if there else ""
        plain = not {"published", "opened"}.isdisjoint(each.deed.kinds)
        lines.append(Line(id, each, link, plain, shown(each.deed.parts)))
    return lines


def shown(parts: tuple[Part, ...]) -> tuple[Shown, ...]:
    """What changed, as pages show it."""
    return tuple(_of_change(change) for change in changes_of(parts))


def _of_change(change: Change) -> Shown:
    text = change.diff[0].text
    new = [piece.op for piece in change.diff] == ["inserted"]
    short = _beginning(text) if new and len(text) > SHORT else ""
    return Shown(change.part, short, tuple(_stretches(change)))


def _stretches(change: Change) -> list[Stretch]:
    """The pieces of a diff; of a long stretch that stayed, what is near to what changed."""
    stretches: list[Stretch] = []
    last = len(change.diff) - 1
    for number, piece in enumerate(change.diff):
        head = piece.text[:AROUND].rpartition(" ")[0] if number else ""
        tail = piece.text[-AROUND:].partition(" ")[2] if number < last else ""
        if piece.op != "same":
            stretches += _of_words(piece)
            continue
        if len(head) + len(tail) + AROUND > len(piece.text):
            stretches.append(Stretch("same", piece.text))
            continue
        stretches += [Stretch("same", head)] if head else []
        stretches.append(Stretch("left out", ""))
        stretches += [Stretch("same", tail)] if tail else []
    return stretches


def _of_words(piece: Piece) -> list[Stretch]:
    """What went or came, without the blanks around it; where those are all of it, as a sign."""
    words = piece.text.strip()
    if not words:
        return [Stretch(piece.op, "¶" if "\n" in piece.text else "␣"), Stretch("same", piece.text)]
    head, _, tail = piece.text.partition(words)
    told = [Stretch("same", head), Stretch(piece.op, words), Stretch("same", tail)]
    return [each for each in told if each.text]


def _beginning(text: str) -> str:
    """The first words of a text, up to SHORT characters."""
    return text[:SHORT].rpartition(" ")[0] or text[:SHORT]


ROUTES = [Route("/blogs/{blog}/record", page)]
ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/blogs/{blog}/record",
        read_record,
        None,
        "The record: every published change, word by word, with its place in the log",
        gives=Record,
        query=("from", "limit", "sort", "post"),
    )
]
