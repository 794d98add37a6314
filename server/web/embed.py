"""A blog inside other sites' pages: its page in embed dress, the script that frames it, oEmbed.

Who may frame a blog is its own setting (`embed_hosts`): by default this site alone. Only the page
made for it may be framed; every other page says `frame-ancestors 'self'`. An embed sets no cookie
and is not listed by search engines: what they are to find is the page, which it calls canonical.
"""

from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec
from markupsafe import Markup
from msgspec import UNSET, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from events.blog import Blog
from server.site import Site
from server.tail import Loaded
from server.web import pages
from server.web.address import base_of, host_of, vary
from server.web.blogs import MovedTo, find
from server.web.endpoint import identify
from server.web.fresh import answer, cache_of, of_blog, validator
from server.web.kept import FirstPage
from server.web.problems import Problem

WIDTH: Final = 640
HEIGHT: Final = 600
"""Pixels of an oEmbed frame, unless the consumer has less room; nobody tells it to grow."""
SMALLEST: Final = 120
"""Pixels; a consumer that has less room than this gets no frame."""
SANDBOX: Final = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox"
"""What our own frames may do. Of the same origin they are with us, not with the page around."""
ALLOWED: Final = "clipboard-write; web-share; fullscreen"
"""What its buttons do: copy a link, share it, show a video large."""
SCRIPT: Final = Path(__file__).parents[1] / "static" / "embed.js"

_FRAME = Markup(
    '<iframe src="{src}" title="{title}" width="{width}" height="{height}" sandbox="{sandbox}"'
    ' allow="{allow}" loading="lazy" style="border:0;max-width:100%"></iframe>'
)


class OEmbed(Struct, frozen=True):
    """An answer of oEmbed 1.0 (oembed.com, section 2.3.4); sizes in pixels.

    A blog that no other site may embed is a `link`: it has a title, and no frame that would stay
    empty there.
    """

    type: str
    version: str
    title: str
    provider_name: str
    provider_url: str
    html: str | UnsetType = UNSET
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET


async def embed(request: Request) -> Response:
    """`/blogs/{blog}/embed`: the page without its masthead, for the frames of permitted hosts."""
    site: Site = request.app.state.site
    loaded = await find(site, request.path_params["blog"], await identify(request, site))
    response = await pages.blog(request, "embed.html")
    policy = pages.PLAYING["content-security-policy"]
    response.headers["content-security-policy"] = policy.replace(
        "frame-ancestors 'self'", f"frame-ancestors {ancestors(loaded.blog)}"
    )
    response.headers["x-robots-tag"] = "noindex"
    return response


def ancestors(blog: Blog) -> str:
    """The sources of `frame-ancestors`: this site, and the hosts that the blog names."""
    return " ".join(["'self'", *blog.appearance.embed_hosts])


async def script(request: Request) -> Response:
    """`/embed.js`: client/src/embed, from an address that other sites can rely on."""
    if not SCRIPT.is_file():
        raise Problem(404, "the script is not built: say make setup")
    text = SCRIPT.read_bytes()
    headers = {"cache-control": "public, max-age=300"}
    return answer(request, validator(text), lambda: text, "text/javascript", headers)


async def oembed(request: Request) -> Response:
    """`/oembed?url=&maxwidth=&maxheight=&format=json`, for addresses of a blog or of its posts."""
    site: Site = request.app.state.site
    asked = request.query_params.get
    if asked("format", "json") != "json":
        raise Problem(501, "only the format json is made here")
    room = _pixels(request, "maxwidth", WIDTH), _pixels(request, "maxheight", HEIGHT)
    base = base_of(request)
    loaded, post = await _embedded(site, base, asked("url") or "")
    etag = of_blog(loaded, base, "oembed", room, post)

    def write() -> bytes:
        return msgspec.json.encode(_described(base, loaded.blog, post, room))

    headers = {
        "cache-control": cache_of(loaded),
        "access-control-allow-origin": "*",
        **vary(site.settings),
    }
    return answer(request, etag, write, "application/json", headers)


async def _embedded(site: Site, base: str, url: str) -> tuple[Loaded, str]:
    """The blog an address of this site leads to, and the post or ""; raises 401, 404."""
    parts = _split(url)
    if f"{parts.scheme}://{parts.netloc}" != base:
        raise Problem(404, f"url takes the address of a blog, {base}/blogs/...")
    match parts.path.strip("/").split("/"):
        case ["blogs", slug] | ["blogs", slug, "embed"]:
            return await _public(site, slug), ""
        case ["blogs", slug, "posts", post]:
            loaded = await _public(site, slug)
            if post in loaded.timeline.posts:
                return loaded, post
    raise Problem(404, "there is nothing to embed at this address")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


async def _public(site: Site, slug: str) -> Loaded:
    """As a stranger would find it, whoever asks: the answer is for a page that others open."""
    try:
        return await find(site, slug, None)
    except MovedTo as moved:
        return await find(site, moved.slug, None)


def _described(base: str, blog: Blog, post: str, room: tuple[int, int]) -> OEmbed:
    said = OEmbed("link", "1.0", blog.title, host_of(base), base)
    if not blog.appearance.embed_hosts:
        return said
    width, height = min(WIDTH, room[0]), min(HEIGHT, room[1])
    frame = _FRAME.format(
        src=f"{base}/blogs/{blog.slug}/embed{f'#post-{post}' if post else ''}",
        title=blog.title,
        width=width,
        height=height,
        sandbox=SANDBOX,
        allow=ALLOWED,
    )
    return msgspec.structs.replace(said, type="rich", html=str(frame), width=width, height=height)


def _pixels(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name) or str(otherwise)
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise Problem(400, f"{name} takes a number of pixels, not {text[:40]}")
    if int(text) < SMALLEST:
        raise Problem(400, f"{name} is {text}; a blog needs {SMALLEST} pixels")
    return int(text)


ROUTES = [
    Route("/embed.js", script),
    Route("/oembed", oembed),
    Route("/blogs/{blog}/embed", FirstPage(embed), methods=["GET"]),
]
