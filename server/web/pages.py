"""What the audience opens: front page, a blog, a post, pictures and static files."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from events.blog import Post
from events.desk import withdrawn_pictures
from server.log import Unreachable
from server.media import content_type
from server.redis_log import reach
from server.site import Site
from server.tail import Loaded
from server.web import found, stretch
from server.web.address import base_of, vary
from server.web.blogs import find, listed
from server.web.endpoint import identify
from server.web.fresh import FRESH, PRIVATE, answer, cache_of, held, of_blog, validator
from server.web.problems import Problem

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
}


def page(site: Site, name: str, status: int = 200, **values: Any) -> Response:
    """A rendered template that no cache may keep, with the headers every page has."""
    text = site.templates.get_template(name).render(**values)
    return Response(text, status, {**HEADERS, "cache-control": PRIVATE}, "text/html")


def kept(
    request: Request, etag: str, cache: str, name: str, values: Callable[[], dict[str, Any]]
) -> Response:
    """A page that caches may keep, or 304: nothing is gathered or rendered for that."""
    site: Site = request.app.state.site
    headers = {**HEADERS, "cache-control": cache, **vary(site.settings)}
    template = site.templates.get_template(name)
    return answer(request, etag, lambda: template.render(**values()), "text/html", headers)


async def front(request: Request) -> Response:
    """The public blogs, the newest first."""
    site: Site = request.app.state.site
    shown = [each.blog for each in await listed(site) if each.blog.visibility == "public"]
    shown.sort(key=lambda blog: blog.position, reverse=True)
    told = [(each.slug, each.title, each.standfirst, each.status, each.language) for each in shown]
    etag = validator(told)
    return kept(request, etag, FRESH, "front.html", lambda: {"blogs": shown})


async def blog(request: Request, template: str = "page.html") -> Response:
    """The page of a blog, complete without a script; its query names another stretch of it.

    `template` is the dress it comes in: page.html, or one that extends it.
    """
    site: Site = request.app.state.site
    loaded = await _readable(request, site)
    asked = stretch.asked_of(request.query_params)
    base = base_of(request)

    def values() -> dict[str, Any]:
        shown = stretch.of_page(loaded.timeline, asked)
        pinned = loaded.timeline.pins() if asked.first else []
        posts = _once([*pinned, *shown.posts])
        return {
            **_listed(loaded, shown, asked),
            "pinned": [_shown(loaded, post) for post in pinned],
            "found": found.of_page(base, loaded, posts, asked.before),
        }

    etag = of_blog(loaded, base, asked, template)
    return kept(request, etag, cache_of(loaded), template, values)


async def permalink(request: Request) -> Response:
    """One post, at any depth, and those below it."""
    site: Site = request.app.state.site
    loaded = await _readable(request, site)
    post = loaded.timeline.posts.get(request.path_params["post"])
    if post is None:
        raise Problem(404, "this post is not there, or was withdrawn")
    base = base_of(request)

    def values() -> dict[str, Any]:
        # Its own place is the highest of the page: `~` comes after all that an order is made of.
        asked = stretch.Asked(before=f"{post.order}~")
        return {
            **_listed(loaded, stretch.of_post(loaded.timeline, post), asked),
            "pinned": [],
            "post": post,
            "found": found.of_post(base, loaded, post),
        }

    etag = of_blog(loaded, base, post.id)
    return kept(request, etag, cache_of(loaded), "permalink.html", values)


async def picture(request: Request) -> Response:
    """A stored picture, by the digest in its name."""
    site: Site = request.app.state.site
    name = request.path_params["name"]
    path = site.media.path(name)
    if path is None or await _withheld(site, name[:64]):
        raise Problem(404, "there is no such picture")
    # Short: a picture goes when its post is withdrawn, from caches too.
    headers = {**HEADERS, "cache-control": "public, max-age=10, s-maxage=1", "etag": f'"{name}"'}
    if held(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type=content_type(name), headers=headers)


async def demo(request: Request) -> Response:
    """Leads to the sample day that is happening now."""
    site: Site = request.app.state.site
    slug = await reach(lambda: site.redis.get("liveblog:demo"))
    if not isinstance(slug, bytes):
        raise Problem(404, "no sample day is happening; start one with: liveblog demo")
    return RedirectResponse(f"/blogs/{slug.decode()}", 307, {"cache-control": "no-store"})


async def _withheld(site: Site, picture: str) -> bool:
    """Whether a picture was withdrawn; without Redis, as far as the loaded blogs know."""
    try:
        return await site.index.withheld(picture)
    except Unreachable:
        blogs = [loaded.blog for loaded in site.tail.loaded.values()]
        return any(picture in withdrawn_pictures(blog)[0] for blog in blogs)


def _once(posts: Iterable[Post]) -> list[Post]:
    """The posts, without those that come again."""
    return list({post.id: post for post in posts}.values())


def _listed(loaded: Loaded, shown: stretch.Stretch, asked: stretch.Asked) -> dict[str, Any]:
    return {
        "blog": loaded.blog,
        "articles": [_shown(loaded, post) for post in shown.posts],
        "keys": loaded.feed.messages.key_events(),
        "position": str(loaded.timeline.position),
        "tags": stretch.tags_of(loaded.timeline, asked.tag),
        "shown": shown,
        "asked": asked,
    }


def _shown(loaded: Loaded, post: Post) -> dict[str, object]:
    return {"post": post, "html": loaded.feed.messages.article(post)}


async def _readable(request: Request, site: Site) -> Loaded:
    return await find(site, request.path_params["blog"], await identify(request, site))


ROUTES = [
    Route("/", front),
    Route("/demo", demo),
    Route("/blogs/{blog}", blog),
    Route("/blogs/{blog}/posts/{post}", permalink),
    Route("/media/{name}", picture),
]
