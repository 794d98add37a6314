"""What the audience opens: front page, a blog, a post, pictures and static files."""

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
from server.web.blogs import find, listed
from server.web.endpoint import identify
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
FRESH = "public, max-age=0, s-maxage=1"


def page(site: Site, name: str, status: int = 200, **values: Any) -> Response:
    """A rendered template, with the headers every page has."""
    text = site.templates.get_template(name).render(**values)
    cache = values.get("cache", "private, no-store")
    return Response(text, status, {**HEADERS, "cache-control": cache}, "text/html")


async def front(request: Request) -> Response:
    """The public blogs, the newest first."""
    site: Site = request.app.state.site
    shown = [each.blog for each in await listed(site) if each.blog.visibility == "public"]
    shown.sort(key=lambda blog: blog.position, reverse=True)
    return page(site, "front.html", blogs=shown, cache=FRESH)


async def blog(request: Request) -> Response:
    """The page of a blog, complete without a script; `?before=` an older stretch of it."""
    site: Site = request.app.state.site
    loaded = await _readable(request, site)
    before = order_of(request.query_params.get("before"))
    posts = loaded.timeline.newest(PAGE + 1, before)
    response = page(
        site,
        "page.html",
        blog=loaded.blog,
        articles=[_shown(loaded, post) for post in posts[:PAGE]],
        pinned=[] if before else [_shown(loaded, post) for post in loaded.timeline.pins()],
        keys=loaded.feed.messages.key_events(),
        position=str(loaded.timeline.position),
        more=posts[PAGE - 1].order if len(posts) > PAGE else None,
        before=before,
        cache=_cache(loaded),
    )
    etag = f'W/"{loaded.timeline.position}-{before or ""}"'
    response.headers["etag"] = etag
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"etag": etag, "cache-control": _cache(loaded)})
    return response


async def permalink(request: Request) -> Response:
    """One post, at any depth."""
    site: Site = request.app.state.site
    loaded = await _readable(request, site)
    post = loaded.timeline.posts.get(request.path_params["post"])
    if post is None:
        raise Problem(404, "this post is not there, or was withdrawn")
    return page(
        site,
        "permalink.html",
        blog=loaded.blog,
        post=post,
        article=_shown(loaded, post),
        cache=_cache(loaded),
    )


async def picture(request: Request) -> Response:
    """A stored picture, by the digest in its name."""
    site: Site = request.app.state.site
    name = request.path_params["name"]
    path = site.media.path(name)
    if path is None or await _withheld(site, name[:64]):
        raise Problem(404, "there is no such picture")
    # Short: a picture goes when its post is withdrawn, from caches too.
    headers = {**HEADERS, "cache-control": "public, max-age=10, s-maxage=1", "etag": f'"{name}"'}
    if request.headers.get("if-none-match") == headers["etag"]:
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


def _shown(loaded: Loaded, post: Post) -> dict[str, object]:
    shown_day = day(post.published_at, loaded.blog.time_zone) if post.published_at else ""
    return {"post": post, "html": loaded.feed.messages.article(post), "day": shown_day}


def _cache(loaded: Loaded) -> str:
    return FRESH if loaded.blog.visibility in {"public", "unlisted"} else "private, no-store"


async def _readable(request: Request, site: Site) -> Loaded:
    return await find(site, request.path_params["blog"], await identify(request, site))


ROUTES = [
    Route("/", front),
    Route("/demo", demo),
    Route("/blogs/{blog}", blog),
    Route("/blogs/{blog}/posts/{post}", permalink),
    Route("/media/{name}", picture),
]
