"""Which moment of a blog is asked for, whether it may be seen, and what is shown of it.

`?at=` takes a position or a time. An answer about the past follows the log as those about now do,
since what is withdrawn today goes from all days before: it is no more immutable than they are.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import urlencode

from msgspec import Struct
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from events.blog import Blog, Post
from events.frames import PostView
from events.position import START, Position
from server.past.as_it_was import moment
from server.push.messages import Messages
from server.render import Articles
from server.site import Site
from server.tail import Loaded
from server.web.endpoint import Call, identify
from server.web.fresh import BY_ASKER, PRIVATE, answer, cache_of, of_blog
from server.web.problems import Problem

NOINDEX: Final = {"x-robots-tag": "noindex"}

T = TypeVar("T")


async def past_allowed(request: HTTPConnection, site: Site, loaded: Loaded) -> None:
    """Raises a 403 problem where the past is for editors alone and the asker is none of them."""
    if loaded.blog.past_public:
        return
    actor = await identify(request, site)
    if actor is None or not actor.reaches("editor", loaded.id):
        raise Problem(403, "the past of this blog is for its editors")


def asked_moment(text: str, loaded: Loaded) -> Position | datetime:
    """A position of this log or a time; one without an offset is of the clock in the blog's zone.

    Raises NoSuchMoment (400) for what is neither. A position that this log does not have, perhaps
    another one's, is a 400 too, which names the nearest before it: the page is there, and what was
    shown at a position that never was cannot be told.
    """
    at = moment(text, loaded.blog.time_zone)
    # What lies behind the public position is nobody's business.
    if isinstance(at, Position) and not (at <= loaded.timeline.position and loaded.blog.holds(at)):
        nearest = str(_held_before(at, loaded))
        detail = f"the log of this blog has no entry {at}; the nearest before it is {nearest}"
        raise Problem(400, detail, nearest=nearest)
    return at


def _held_before(at: Position, loaded: Loaded) -> Position:
    """The last public position before one that the log does not hold; START is before all."""
    epochs, public = loaded.blog.epochs, loaded.timeline.position
    begun = bisect_right(epochs, at)
    if at > public:
        return public
    if not begun:
        return START
    # It lies in no epoch: else the log would hold it.
    return Position(epochs[begun - 1].epoch, epochs[begun].seq - 1)


class Then(Struct, frozen=True):
    """A moment of the past, for the banner over it.

    `text` is as it was asked for. Of a position, `time` is that of its entry; `future` is a time
    that is yet to come, whose page is that of now.
    """

    text: str
    time: datetime
    future: bool
    empty: bool

    def query(self, **others: str) -> str:
        """What is added to an address to stay at this moment."""
        return "?" + urlencode({**others, "at": self.text})


class View(Struct, frozen=True):
    """What an answer about a blog is made of: `messages` of now, or of `then`.

    `parts` is what its validator depends on besides.
    """

    messages: Messages
    cache: str
    headers: dict[str, str]
    parts: tuple[object, ...] = ()
    then: Then | None = None
    turn: Callable[[], AbstractAsyncContextManager[None]] = nullcontext

    async def made(self, make: Callable[[], T]) -> T:
        """What `make` makes; of the past beside the event loop, since it decodes what it shows."""
        if self.then is None:
            return make()
        async with self.turn():
            return await asyncio.to_thread(make)


async def view_of(request: Request, site: Site, loaded: Loaded) -> View:
    """The blog as it is, or where the query has `at` as it was. Raises Problem, NoSuchMoment."""
    text = request.query_params.get("at")
    if not text:
        return View(loaded.feed.messages, cache_of(loaded), {})
    await past_allowed(request, site, loaded)
    at, now = asked_moment(text, loaded), loaded.blog
    blog, timeline = await site.past.shown(now, at)
    time = at if isinstance(at, datetime) else blog.at or now.created_at or datetime.now(UTC)
    then = Then(text, time, future=time > datetime.now(UTC), empty=not timeline.posts)
    messages = Messages(blog, timeline, _ArticlesThen(site.articles, then))
    cache = cache_of(loaded) if now.past_public else PRIVATE
    parts = text, then.future, now.past_public
    return View(messages, cache, NOINDEX, parts, then, site.past.turn)


async def past_or_present(
    call: Call, loaded: Loaded, view: View, write: Callable[[], bytes]
) -> Response:
    """An answer of the API about a blog as it is, or about its past, which caches may keep."""
    if view.then is None and call.actor is not None:
        headers = {"cache-control": PRIVATE}
        return Response(write(), 200, headers, "application/json")
    request = call.request
    etag = of_blog(loaded, request.url.path, str(request.query_params), *view.parts)
    headers = {"cache-control": view.cache, **view.headers}
    if view.then is None:
        headers |= BY_ASKER
    return await view.made(lambda: answer(request, etag, write, "application/json", headers))


class _ArticlesThen:
    """Renders posts of a past moment, whose links stay there."""

    def __init__(self, articles: Articles, then: Then) -> None:
        self._articles = articles
        self._then = then

    def article(self, blog: Blog, post: Post) -> str:
        return self._articles.article(blog, post, self.url(blog, post))

    def view(self, blog: Blog, post: Post) -> PostView:
        return self._articles.view(blog, post)

    def url(self, blog: Blog, post: Post) -> str:
        return self._articles.url(blog, post) + self._then.query()
