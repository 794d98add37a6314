"""What the audience opens: front page, a blog, a post, pictures and static files."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from events.blog import Post
from events.desk import withdrawn_pictures
from events.timeline import PAGE
from server.log import Unreachable
from server.media import content_type
from server.redis_log import reach
from server.render import day
from server.site import Site
from server.tail import Loaded
from server.web import found
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
    etag = validator([(blog.slug, blog.title, blog.standfirst, blog.status) for blog in shown])
    return kept(request, etag, FRESH, "front.html", lambda: {"blogs": shown})


async def blog(request: Request) -> Response:
    """The page of a blog, complete without a script; `?before=` an older stretch of it."""
    site: Site = request.app.state.site
    loaded = await _readable(request, site)
    before = order_of(request.query_params.get("before"))
    base = base_of(request)

    def values() -> dict[str, Any]:
        posts = loaded.timeline.newest(PAGE + 1, before)
        pinned = [] if before else loaded.timeline.pins()
        return {
            "blog": loaded.blog,
            "articles": [_shown(loaded, post) for post in posts[:PAGE]],
            "pinned": [_shown(loaded, post) for post in pinned],
            "keys": loaded.feed.messages.key_events(),
            "position": str(loaded.timeline.position),
            "more": posts[PAGE - 1].order if len(posts) > PAGE else None,
            "before": before,
            "found": found.of_page(base, loaded, _once([*pinned, *posts[:PAGE]]), before),
        }

    etag = of_blog(loaded, base, before)
    return kept(request, etag, cache_of(loaded), "page.html", values)


async def permalink(request: Request) -> Response:
    """One post, at any depth."""
    site: Site = request.app.state.site
    loaded = await _readable(request, site)
    post = loaded.timeline.posts.get(request.path_params["post"])
    if post is None:
        raise Problem(404, "this post is not there, or was withdrawn")
    base = base_of(request)

    def values() -> dict[str, Any]:
        return {
            "blog": loaded.blog,
            "post": post,
            "article": _shown(loaded, post),
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


def order_of(text: str | None) -> str | None:
    """An order as a reader sends it back; raises a 400 problem for what cannot be one."""
    if text and (len(text) > 40 or set(text) - set("0123456789abcdef-")):
        raise Problem(400, "before takes the order of a post")
    return text or None


def _once(posts: Iterable[Post]) -> list[Post]:
    """The posts, without those that come again."""
    return list({post.id: post for post in posts}.values())


def _shown(loaded: Loaded, post: Post) -> dict[str, object]:
    shown_day = day(post.published_at, loaded.blog.time_zone) if post.published_at else ""
    return {"post": post, "html": loaded.feed.messages.article(post), "day": shown_day}


async def _readable(request: Request, site: Site) -> Loaded:
    return await find(site, request.path_params["blog"], await identify(request, site))


ROUTES = [
    Route("/", front),
    Route("/demo", demo),
    Route("/blogs/{blog}", blog),
    Route("/blogs/{blog}/posts/{post}", permalink),
    Route("/media/{name}", picture),
]
