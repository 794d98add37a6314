"""The first page of a blog as bytes: made once for each position, sent again as it is.

What is kept is an endpoint's own answer, headers and all, plain and compressed. It is given to
those whom nothing distinguishes: who may read the blog whoever they are, and ask for no other
stretch of it. Everybody else is answered by the endpoint. Withdrawn means gone: a page is given
only while the blog stands where it stood when the page was made.

To compress is safe here, although attackers may see the length: a kept page says nothing that is
its reader's own, and nothing of the request but the host (breachattack.com, "Am I affected?").
"""

import gzip
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from events.facts import Visibility
from events.position import Position
from events.timeline import Timeline
from server.site import Site
from server.tail import Loaded
from server.web.address import base_at
from server.web.blogs import at_hand
from server.web.fresh import named

ROOM: Final = 64 * 1024 * 1024
"""Bytes of all kept pages of a process."""
LARGEST: Final = 512 * 1024
"""Bytes of a page: to compress a larger one would hold up all readers for too long."""
VARIANTS: Final = 8
"""Pages of a blog at most: each of its dresses, for each name that the site is asked for by."""
LEVEL: Final = 6
"""Of compression: beyond it a page takes longer, and stays as large."""

_OF_THE_BODY: Final = {b"content-length", b"content-type"}

Endpoint = Callable[[Request], Awaitable[Response]]
Variant = tuple["FirstPage", str]
"""Which page of a blog: whose answer, and the address of the site as its reader sees it."""


class Page:
    """An answer as it was made, and the same compressed."""

    def __init__(self, made: Response) -> None:
        self.etag = made.headers["etag"]
        self.body = bytes(made.body)
        self.headers = made.raw_headers
        self.bare_headers = [each for each in self.headers if each[0] not in _OF_THE_BODY]
        self.short = gzip.compress(self.body, LEVEL, mtime=0)
        self.short_headers = [
            *(each for each in self.headers if each[0] != b"content-length"),
            (b"content-length", str(len(self.short)).encode()),
            (b"content-encoding", b"gzip"),
        ]

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.body) + len(self.short)

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        """Give it in the form that is asked for, or 304 where the asker has it."""
        asked = _headers(scope)
        held = asked.get(b"if-none-match")
        # The ETag is weak: both forms say the same (RFC 9110, section 8.8.1).
        if held is not None and named(held.decode("latin-1"), self.etag):
            status, headers, body = 304, self.bare_headers, b""
        elif takes_gzip(asked.get(b"accept-encoding", b"")):
            status, headers, body = 200, self.short_headers, self.short
        else:
            status, headers, body = 200, self.headers, self.body
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Shelf:
    """The pages of a blog as it stands at one moment."""

    def __init__(self, loaded: Loaded) -> None:
        self.pages: dict[Variant, Page] = {}
        self._timeline: Timeline = loaded.timeline
        self._position: Position = loaded.timeline.position
        self._visibility: Visibility = loaded.blog.visibility

    @property
    def size(self) -> int:
        return sum(page.size for page in self.pages.values())

    def shows(self, loaded: Loaded) -> bool:
        """Whether the blog still stands there. A log that was read anew is another timeline."""
        timeline = loaded.timeline
        return (
            timeline is self._timeline
            and timeline.position == self._position
            and loaded.blog.visibility == self._visibility
        )

    def put(self, variant: Variant, page: Page) -> None:
        self.pages[variant] = page
        if len(self.pages) > VARIANTS:
            del self.pages[next(iter(self.pages))]


class Kept:
    """The pages that a process keeps; those of a blog go when it leaves memory."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._shelves: WeakKeyDictionary[Loaded, Shelf] = WeakKeyDictionary()

    @property
    def size(self) -> int:
        """Bytes of all."""
        return sum(shelf.size for shelf in self._shelves.values())

    def shelf(self, loaded: Loaded) -> Shelf:
        """The pages of a blog as it stands now; what was kept of it before is dropped."""
        shelf = self._shelves.get(loaded)
        if shelf is None or not shelf.shows(loaded):
            shelf = self._shelves[loaded] = Shelf(loaded)
        return shelf

    def make_room(self) -> None:
        """Drop the pages of blogs, those first that were asked for longest ago, until all fit."""
        while self._shelves and self.size > self._room:
            del self._shelves[min(self._shelves, key=lambda loaded: loaded.used)]


class Place(NamedTuple):
    """Where a page is kept, and of which blog it is."""

    kept: Kept
    loaded: Loaded
    shelf: Shelf
    variant: Variant


class FirstPage:
    """An endpoint with the same answer for all at `/blogs/{blog}...`, as an ASGI application."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = self._place(scope)
        page = place.shelf.pages.get(place.variant) if place else None
        made = page or await self._make(Request(scope, receive), place)
        await made(scope, receive, send)

    def _place(self, scope: Scope) -> Place | None:
        """Where a page for this request is kept; None where not everybody gets the same."""
        headers, state = _headers(scope), scope["app"].state
        if scope["query_string"] or b"authorization" in headers:
            return None
        site: Site = state.site
        kept: Kept = state.kept
        loaded = at_hand(site, scope["path_params"]["blog"])
        if loaded is None:
            return None
        host = headers.get(b"host", b"").decode("latin-1")
        variant = self, base_at(site.settings, scope["scheme"], host)
        return Place(kept, loaded, kept.shelf(loaded), variant)

    async def _make(self, request: Request, place: Place | None) -> ASGIApp:
        answer = await self._endpoint(request)
        answer.headers.add_vary_header("Accept-Encoding")
        if place is None or answer.status_code != 200 or len(answer.body) > LARGEST:
            return answer
        page = Page(answer)
        if place.shelf.shows(place.loaded):  # still, after whatever the endpoint has waited for
            place.shelf.put(place.variant, page)
            place.kept.make_room()
        return page


@lru_cache(64)
def takes_gzip(accepted: bytes) -> bool:
    """Whether an Accept-Encoding allows gzip by its name (RFC 9110, section 12.5.3)."""
    for coding in accepted.decode("latin-1").split(","):
        name, _, weight = coding.partition(";")
        if name.strip().lower() == "gzip":
            return weight.strip().rstrip("0") not in {"q=", "q=0."}
    return False


def _headers(scope: Scope) -> dict[bytes, bytes]:
    """By their names; of several the first."""
    return dict(reversed(scope["headers"]))
