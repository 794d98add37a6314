"""A blog for feed readers: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1, each in pages.

A feed gives a post whole, as the page's own article says it, with absolute addresses. It gives the
newest first page; older ones follow by `?before=<order>` (RFC 5005 section 3), without a gap or a
double however much is published meanwhile. What was withdrawn is gone from all three; Atom says so
(RFC 6721), which the others cannot. Ids are the posts' own: they outlive slug, host and edits.
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
from events.blog import Post
from events.document import images
from events.timeline import PAGE
from server.render import local
from server.site import Site
from server.tail import Loaded
from server.web import linked
from server.web.address import base_of, host_of, picture, urn, vary
from server.web.blogs import find
from server.web.endpoint import identify
from server.web.found import changed_at
from server.web.fresh import answer, cache_of, of_blog
from server.web.pages import HEADERS
from server.web.stretch import order_of

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
    site: Site, base: str, loaded: Loaded, form: str, before: str | None
) -> tuple[Channel, Around]:
    """The page of a feed below the order `before`, or the first."""
    blog, timeline = loaded.blog, loaded.timeline
    home = f"{base}/blogs/{blog.slug}"
    first = f"{home}/feed.{form}"
    found = timeline.newest(PAGE + 1, before)
    posts = found[:PAGE]
    older = f"{first}?before={posts[-1].order}" if len(found) > PAGE else ""
    channel = Channel(
        "https://jsonfeed.org/version/1.1",
        blog.title,
        home,
        f"{first}?before={before}" if before else first,
        blog.language,
        (Author(host_of(base)),),
        tuple(_item(site, base, loaded, post) for post in posts),
        description=blog.standfirst or UNSET,
        next_url=older or UNSET,
        expired=blog.status == "ended",
    )
    newer = _newer(loaded, posts, first) if before else ""
    gone = () if before else _gone(loaded)
    return channel, Around(urn(blog.id), changed_at(loaded), first, newer, older, gone)


def _item(site: Site, base: str, loaded: Loaded, post: Post) -> Item:
    shown = next((picture(base, image.attrs) for image in images(post.body)), UNSET)
    return Item(
        urn(post.id),
        f"{base}/blogs/{loaded.blog.slug}/posts/{post.id}",
        post.title or linked.headline(post, TITLE),
        words(site, base, loaded, post),
        linked.published(post),
        linked.modified(post),
        post.lang or loaded.blog.language,
        image=shown,
        authors=(Author(post.author),) if post.author else (),
        tags=post.tags,
    )


def words(site: Site, base: str, loaded: Loaded, post: Post) -> str:
    """What the article of a post says, without what a page puts around it."""
    article = site.templates.get_template("article.html")
    body = html.render(post.body, media=f"{base}/media/")
    context = article.new_context({"blog": loaded.blog, "post": post, "body": body})
    return "".join(article.blocks["words"](context)).strip()


def _newer(loaded: Loaded, posts: list[Post], first: str) -> str:
    """The page before this one: it ends where this one begins."""
    above = loaded.timeline.oldest(PAGE + 1, posts[0].order) if posts else []
    return f"{first}?before={above[PAGE].order}" if len(above) > PAGE else first


def _gone(loaded: Loaded) -> tuple[Gone, ...]:
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
        base = base_of(request)

        def write() -> bytes:
            return written(site.templates, form, *of_page(site, base, loaded, form, before))

        headers = {**HEADERS, "cache-control": cache_of(loaded), **vary(site.settings)}
        if loaded.blog.visibility != "public":
            headers["x-robots-tag"] = "noindex"
        return answer(request, of_blog(loaded, form, base, before), write, media_type, headers)

    return feed


ROUTES = [
    Route("/blogs/{blog}/feed.atom", _feed("atom", "application/atom+xml")),
    Route("/blogs/{blog}/feed.rss", _feed("rss", "application/rss+xml")),
    Route("/blogs/{blog}/feed.json", _feed("json", "application/feed+json")),
]
