"""Pages made into files: how the files are called, and a page with its links made theirs.

Here nothing is read or written. A link within the archive becomes relative, one to elsewhere in
the web stays, and one to what a file cannot be (a replay, a feed) goes.
"""

import hashlib
import posixpath
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import parse_qs, quote, urljoin, urlsplit

from msgspec import Struct
from selectolax.lexbor import LexborHTMLParser, LexborNode
from starlette.datastructures import QueryParams

from events.timeline import Timeline
from server.web import stretch

ELSEWHERE: Final = ("http:", "https:", "mailto:")
"""What a link of a post may lead to."""
DROPPED: Final = (
    "script, base, link[rel=canonical], link[rel=alternate]:not([type='application/json']), "
    "meta[property], meta[name^=twitter]"
)
"""What needs a server or names one: search engines and feed readers do not come into a folder."""
LOADED: Final = ("img", "link", "source", "video", "audio", "iframe")

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")

Target = Callable[[str], str | None]
"""The file that a path of the site (with its query and fragment) leads to, with its fragment."""


def plain(text: str) -> str:
    """A piece of a file name that says the same everywhere, whatever the text."""
    return text if _PLAIN.fullmatch(text) else hashlib.sha256(text.encode()).hexdigest()[:16]


class List(Struct):
    """One list of the page, in an order and with a tag: its files, and where each post is."""

    queries: list[str]
    orders: list[str]
    """Of its posts, ascending."""
    places: dict[str, tuple[str, str]]
    """Of an order: the file that it is in, and its post."""

    def leads(self, asked: stretch.Asked) -> str | None:
        """Where a link goes that asks for the posts before an order, or after one."""
        if asked.first or not self.orders:
            return file_of_list(self.queries[0])
        if asked.after:
            index = bisect_right(self.orders, asked.after)
        else:
            index = bisect_left(self.orders, asked.before or "") - 1
        if not 0 <= index < len(self.orders):
            return None
        file, post = self.places[self.orders[index]]
        return f"{file}#post-{quote(post)}"


def file_of_list(query: str) -> str:
    """What a page of a list is called: `index.html`, `page-sort-oldest.html`."""
    parts = [f"{name}-{plain(value[0])}" for name, value in parse_qs(query.lstrip("?")).items()]
    return f"page-{'-'.join(parts)}.html" if parts else "index.html"


def file_of_post(post: str) -> str:
    return f"posts/{plain(post)}.html"


def file_of_record(query: str) -> str:
    parts = [f"{name}-{plain(value[0])}" for name, value in parse_qs(query.lstrip("?")).items()]
    return f"record/{'-'.join(parts)}.html" if parts else "record/index.html"


def lists_of(timeline: Timeline) -> dict[tuple[str, str], List]:
    """Every list that the page offers, by sort and tag."""
    sorts: tuple[stretch.Sort, stretch.Sort] = ("newest", "oldest")
    tags = ["", *stretch.tags_of(timeline)]
    return {
        (sort, tag): _list(timeline, stretch.Asked(sort=sort, tag=tag))
        for tag in tags
        for sort in sorts
    }


def _list(timeline: Timeline, first: stretch.Asked) -> List:
    made = List([first.query()], [], {})
    while True:
        query = made.queries[-1]
        shown = stretch.of_page(timeline, stretch.asked_of(QueryParams(query.lstrip("?"))))
        made.places |= {post.order: (file_of_list(query), post.id) for post in shown.posts}
        if shown.on is None:
            made.orders = sorted(made.places)
            return made
        made.queries.append(shown.on)


class RecordPage(Struct):
    """A page of a record among the others: its file, the positions it tells of, the query of the
    page after it ("" where there is none), and the file of the page before it."""

    file: str
    told: set[str]
    on: str
    before: str

    def leads(self, query: str) -> str | None:
        """Where a link goes that asks for another stretch; None where it asks for none."""
        begin = parse_qs(query).get("from", [""])[0]
        if begin in self.told:
            return self.file
        if query == self.on:
            return file_of_record(query)
        return self.before if begin else None


def record_page(html: str, file: str, before: str) -> RecordPage:
    """What a page of a record says of itself."""
    page = LexborHTMLParser(html)
    on = page.css_first("a[rel=next]")
    following = urlsplit(str(on.attributes["href"])).query if on else ""
    return RecordPage(file, {str(node.id) for node in page.css(".deed")}, following, before)


def saved(html: str, address: str, file: str, target: Target) -> str:
    """A page of the site as a file: `address` is where it was, `file` where it will be."""
    page = LexborHTMLParser(html)
    for node in page.css(DROPPED):
        node.decompose()
    for node in page.css("*"):
        _relink(node, address, lambda found: relative(found, file), target)
    for node in page.css("[data-dead]"):  # all were looked at: now some may go
        node.decompose()
    return page.html or ""


def relative(path: str, file: str) -> str:
    """A path of the archive, as a file of it has to call it."""
    name, mark, fragment = path.partition("#")
    if name == file and mark:
        return f"#{fragment}"
    return posixpath.relpath(name, posixpath.dirname(file) or ".") + mark + fragment


def _relink(node: LexborNode, address: str, near: Callable[[str], str], target: Target) -> None:
    for name, value in list(node.attributes.items()):
        if value is None:
            continue
        if name in {"href", "src"}:
            led = _led(node.tag or "", value, address, near, target)
        elif name == "srcset":
            led = ", ".join(_widths(value, address, near, target)) or None
        elif name.startswith("data-") and value.startswith("/"):
            led = None  # what only a script would use
        else:
            continue
        if led is None:
            del node.attrs[name]
            if name == "href":
                node.attrs["data-dead"] = ""
        else:
            node.attrs[name] = led


def _led(
    tag: str, value: str, address: str, near: Callable[[str], str], target: Target
) -> str | None:
    if value.startswith("#"):
        return value
    if urlsplit(value).scheme:
        return value if tag not in LOADED and value.startswith(ELSEWHERE) else None
    found = target(urljoin(address, value))
    return near(found) if found else None


def _widths(value: str, address: str, near: Callable[[str], str], target: Target) -> Iterator[str]:
    for each in value.split(", "):
        path, _, width = each.partition(" ")
        if found := target(urljoin(address, path)):
            yield f"{near(found)} {width}"
