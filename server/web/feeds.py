"""A blog for feed readers: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1, each in pages.

A feed gives a post whole, as the page's own article says it, with absolute addresses. It gives the
newest first page; older ones follow by `?before=<order>` (RFC 5005 section 3), without a gap or a
double however much is published meanwhile. What was withdrawn is gone from all three; Atom says so
(RFC 6721), which the others cannot. Ids are the posts' own: they outlive slug, host and edits.
With `?at=` it is the feed of that moment, which says so in its description, and is not for
subscribers: it tells of nothing that is gone.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime
from itertools import islice
from typing import Final

import msgspec
from jinja2 import Environment
from msgspec import UNSET, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from events import html
from events.accept import fit
from events.blog import Blog, Post
from events.document import images
from events.timeline import PAGE, Timeline
from server.render import local, plain
from server.site import Site
from server.web import linked
from server.web.address import base_of, host_of, picture, urn, vary
from server.web.blogs import find
from server.web.endpoint import identify
from server.web.found import Told, changed_at
from server.web.fresh import answer, of_blog
from server.web.moments import NOINDEX, Then, view_of
from server.web.pages import HEADERS
from server.web.stretch import Asked, order_of
from server.words import language

TITLE: Final = 80
"""Characters of the title of a post that has none."""
GONE: Final = 100
"""Withdrawn posts an Atom feed tells of: the latest."""


class Author(Struct, frozen=True):
    name: str


class Item(Struct, frozen=True, omit_defaults=True):
    """A post, in the words of JSON Feed 1.1."""

    id: str
    url: str
    title: str
    content_html: str
    date_published: str
    date_modified: str
    language: str
    image: str | UnsetType = UNSET
    authors: tuple[Author, ...] = ()
    tags: tuple[str, ...] = ()


class Channel(Struct, frozen=True, omit_defaults=True):
    """One page of a feed, in the words of JSON Feed 1.1; `next_url` leads to older posts."""

    version: str
    title: str
    home_page_url: str
    feed_url: str
    language: str
    authors: tuple[Author, ...]
    items: tuple[Item, ...]
    description: str | UnsetType = UNSET
    next_url: str | UnsetType = UNSET
    expired: bool = False


class Gone(Struct, frozen=True):
    """A post that was withdrawn, and when."""

    id: str
    when: datetime


class Around(Struct, frozen=True):
    """What Atom and RSS say beyond JSON Feed's words. Addresses are empty where there is none."""

    id: str
    changed_at: datetime
    first_url: str
    previous_url: str
    next_url: str
    gone: tuple[Gone, ...]


def of_page(
    site: Site, base: str, told: Told, form: str, before: str | None, then: Then | None = None
) -> tuple[Channel, Around]:
    """The page of a feed below the order `before`, or the first; of now, or of a past moment."""
    blog, timeline = told.blog, told.timeline
    home = f"{base}/blogs/{blog.slug}"
    feed, asked = f"{home}/feed.{form}", Asked(at=then.text if then else "")
    first = feed + asked.query()
    found = timeline.newest(PAGE + 1, before)
    posts = found[:PAGE]
    older = feed + asked.query(before=posts[-1].order) if len(found) > PAGE else ""
    channel = Channel(
        "https://jsonfeed.org/version/1.1",
        blog.title,
        home + asked.query(),
        feed + asked.query(before=before) if before else first,
        blog.language,
        (Author(host_of(base)),),
        tuple(_item(site, base, told, post, asked.query()) for post in posts),
        description=_described(blog, then) or UNSET,
        next_url=older or UNSET,
        expired=blog.status == "ended" or then is not None,
    )
    newer = _newer(timeline, posts, feed, asked) if before else ""
    gone = () if before or then else _gone(told)
    return channel, Around(urn(blog.id), changed_at(told), first, newer, older, gone)


def _described(blog: Blog, then: Then | None) -> str:
    if then is None:
        return blog.standfirst
    say = language(blog.language)
    shown = local(then.time, blog.time_zone)
    time = say("moment", day=say.day(shown), clock=say.clock(shown))
    past = say("past_future" if then.future else "past_at", time=time)
    return " ".join(filter(None, (past.unescape(), blog.standfirst)))


def _item(site: Site, base: str, loaded: Told, post: Post, moment: str) -> Item:
    """A post; `moment` is what its address says to stay in the past, "" now."""
    shown = next((picture(base, image.attrs) for image in images(post.body)), UNSET)
    return Item(
        urn(post.id),
        f"{base}/blogs/{loaded.blog.slug}/posts/{post.id}{moment}",
        _titled(loaded.blog, post),
        words(site, base, loaded, post),
        linked.published(post),
        linked.modified(post),
        post.lang or loaded.blog.language,
        image=shown,
        authors=(Author(post.author),) if post.author else (),
        tags=post.tags,
    )


def _titled(blog: Blog, post: Post) -> str:
    if post.status == "retracted":
        return language(blog.language)("withheld").unescape()
    return post.title or linked.headline(blog, post, TITLE)


def words(site: Site, base: str, loaded: Told, post: Post) -> str:
    """What the article of a post says, without what a page puts around it."""
    article = site.templates.get_template("article.html")
    body = html.render(
        post.body, media=f"{base}/media/", words=plain(loaded.blog.language, post.lang)
    )
    context = article.new_context({"blog": loaded.blog, "post": post, "body": body})
    return "".join(article.blocks["words"](context)).strip()


def _newer(timeline: Timeline, posts: list[Post], feed: str, asked: Asked) -> str:
    """The page before this one: it ends where this one begins."""
    above = timeline.oldest(PAGE + 1, posts[0].order) if posts else []
    return feed + (asked.query(before=above[PAGE].order) if len(above) > PAGE else asked.query())


def _gone(loaded: Told) -> tuple[Gone, ...]:
    """The posts withdrawn last, the latest first. Nothing can be done to one but restoring it."""
    changes = reversed(loaded.timeline.changes.values())
    withdrawn = (loaded.blog.posts[each.id] for each in changes if each.id and not each.post)
    latest = islice(withdrawn, GONE)
    return tuple(Gone(urn(post.id), post.changed_at or post.created_at) for post in latest)


def rfc822(time: str) -> str:
    """An RFC 3339 time as RSS writes it."""
    return format_datetime(local(datetime.fromisoformat(time), "UTC"))


def written(environment: Environment, form: str, channel: Channel, around: Around) -> bytes:
    """The document: `form` is atom, rss or json."""
    if form == "json":
        return msgspec.json.encode(channel)
    template = environment.get_template(f"feed.{form}")
    # A log made elsewhere may hold what XML cannot.
    return fit(template.render(feed=channel, around=around, rfc822=rfc822)).encode()


def _feed(form: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    async def feed(request: Request) -> Response:
        site: Site = request.app.state.site
        loaded = await find(site, request.path_params["blog"], await identify(request, site))
        before = order_of(request.query_params.get("before"))
        view = await view_of(request, site, loaded)
        base = base_of(request)

        def write() -> bytes:
            page = of_page(site, base, view.messages, form, before, view.then)
            return written(site.templates, form, *page)

        headers = {**HEADERS, "cache-control": view.cache, **vary(site.settings), **view.headers}
        if loaded.blog.visibility != "public":
            headers |= NOINDEX
        etag = of_blog(loaded, form, base, before, *view.parts)
        return await view.made(lambda: answer(request, etag, write, media_type, headers))

    return feed


ROUTES = [
    Route("/blogs/{blog}/feed.atom", _feed("atom", "application/atom+xml")),
    Route("/blogs/{blog}/feed.rss", _feed("rss", "application/rss+xml")),
    Route("/blogs/{blog}/feed.json", _feed("json", "application/feed+json")),
]
