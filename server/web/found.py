"""How a blog is found: what its pages' heads say to search engines and to those who share a link.

Here are the data of templates/found.html, the sitemap and robots.txt.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from events.blog import Blog, Post
from events.document import ImageAttrs, images, plain_text
from server.push.messages import Messages
from server.render import rfc3339
from server.site import Site
from server.tail import Loaded
from server.web import linked
from server.web.address import base_of, host_of, picture, vary
from server.web.blogs import listed
from server.web.fresh import FRESH, answer, validator
from server.web.problems import Problem

DESCRIPTION: Final = 160
"""Characters of a page's description."""
PER_SITEMAP: Final = 10_000
"""Addresses in one sitemap; the protocol allows 50,000 (sitemaps.org)."""
ROBOTS: Final = """\
User-agent: *
Disallow: /api/
Disallow: /desk
Disallow: /login
Disallow: /blogs/*/live

Sitemap: {base}/sitemap.xml
"""


Told = Loaded | Messages
"""A blog and its timeline, of now or of a moment of the past."""


class Shown(Struct, frozen=True):
    """The picture of a card."""

    url: str
    width: int
    height: int
    alt: str


class Found(Struct, frozen=True):
    """What a page's head says of it; `listed` is False where search engines should not list it."""

    canonical: str
    title: str
    description: str
    site: str
    published: str
    modified: str
    listed: bool
    feeds: str
    """The path that the endings of the feeds follow."""
    picture: Shown | None
    data: Markup
    """JSON-LD, safe in a script element."""


def of_page(base: str, loaded: Told, posts: Sequence[Post], before: str | None) -> Found:
    """The page of a blog that shows `posts`, the most prominent first."""
    blog = loaded.blog
    home = f"{base}/blogs/{blog.slug}"
    updates = [linked.of_post(base, blog, post, f"{home}/posts/{post.id}") for post in posts]
    changed = changed_at(loaded)
    return Found(
        canonical=f"{home}?before={before}" if before else home,
        title=blog.title,
        description=_described(blog, posts),
        site=host_of(base),
        published=rfc3339(blog.started_at or blog.created_at or changed),
        modified=rfc3339(changed),
        listed=blog.visibility == "public",
        feeds=f"/blogs/{blog.slug}/feed",
        picture=_first_picture(base, posts),
        data=linked.script(linked.of_blog(base, blog, home, changed, updates)),
    )


def of_post(base: str, loaded: Told, post: Post) -> Found:
    """The page of one post."""
    blog = loaded.blog
    url = f"{base}/blogs/{blog.slug}/posts/{post.id}"
    node = linked.of_post(base, blog, post, url, whole=True)
    whole = {"@type": "LiveBlogPosting", "@id": f"{base}/blogs/{blog.slug}", "name": blog.title}
    return Found(
        canonical=url,
        title=linked.headline(blog, post),
        description=linked.shortened(plain_text(post.body), DESCRIPTION) or blog.title,
        site=host_of(base),
        published=linked.published(post),
        modified=linked.modified(post),
        listed=blog.visibility == "public",
        feeds=f"/blogs/{blog.slug}/feed",
        picture=_first_picture(base, [post]),
        data=linked.script({**node, "isPartOf": whole}),
    )


def changed_at(loaded: Told) -> datetime:
    """When the audience last saw a post come, change or go, or the coverage begin or end."""
    blog, changes = loaded.blog, reversed(loaded.timeline.changes.values())
    # Whatever is done to a public post is public, and to a withdrawn one nothing is done.
    last = next((blog.posts[each.id].changed_at for each in changes if each.id), None)
    known = [time for time in (last, blog.started_at, blog.ended_at, blog.created_at) if time]
    return max(known, default=datetime.fromtimestamp(0, UTC))


def _described(blog: Blog, posts: Iterable[Post]) -> str:
    told = (post.title or plain_text(post.body) for post in posts)
    return linked.shortened(blog.standfirst or next(filter(None, told), blog.title), DESCRIPTION)


def _first_picture(base: str, posts: Iterable[Post]) -> Shown | None:
    shown = (image.attrs for post in posts for image in images(post.body))
    return next((_shown(base, image) for image in shown), None)


def _shown(base: str, image: ImageAttrs) -> Shown:
    return Shown(picture(base, image), image.width, image.height, image.alt)


class Address(Struct, frozen=True):
    """A line of a sitemap; `modified` is an RFC 3339 time or empty."""

    url: str
    modified: str = ""


def sitemap_of(
    addresses: Sequence[Address], number: int | None, size: int = PER_SITEMAP
) -> tuple[str, list[Address]] | None:
    """The kind of a sitemap (`urlset` or `sitemapindex`) and its lines; None where there is none.

    Without a number: all of them, or where they are more than `size` the addresses of the numbered
    parts, counted from 1.
    """
    if number is not None:
        lines = list(addresses[(number - 1) * size : number * size])
        return ("urlset", lines) if number > 0 and lines else None
    if len(addresses) <= size:
        return "urlset", list(addresses)
    count = -(-len(addresses) // size)
    return "sitemapindex", [Address(f"/sitemap.xml?part={n}") for n in range(1, count + 1)]


async def sitemap(request: Request) -> Response:
    """The front page and the public blogs, in the order in which they were opened."""
    site: Site = request.app.state.site
    if site.tail.degraded:
        raise Problem(503, "which blogs there are cannot be told just now")  # not: there are fewer
    base = base_of(request)
    public = [each for each in await listed(site) if each.blog.visibility == "public"]
    public.sort(key=lambda each: (each.blog.created_at is not None, each.blog.created_at, each.id))
    addresses = [Address("/"), *map(_address, public)]
    made = sitemap_of(addresses, _part(request))
    if made is None:
        raise Problem(404, "the sitemap has no part of that number")

    def write() -> str:
        template = site.templates.get_template("sitemap.xml")
        return template.render(base=base, kind=made[0], addresses=made[1])

    headers = {"cache-control": FRESH, **vary(site.settings)}
    return answer(request, validator(base, made), write, "application/xml", headers)


def _part(request: Request) -> int | None:
    text = request.query_params.get("part")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise Problem(400, f"part takes a number, not {text[:40]}")
    return int(text)


def _address(loaded: Loaded) -> Address:
    return Address(f"/blogs/{loaded.blog.slug}", rfc3339(changed_at(loaded)))


async def robots(request: Request) -> Response:
    """What search engines are asked to leave alone, and where the sitemap is."""
    site: Site = request.app.state.site
    text = ROBOTS.format(base=base_of(request))
    headers = {"cache-control": "public, max-age=3600", **vary(site.settings)}
    return answer(request, validator(text), lambda: text, "text/plain", headers)


ROUTES = [
    Route("/robots.txt", robots),
    Route("/sitemap.xml", sitemap),
]
