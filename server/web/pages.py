"""What the audience opens: front page, a blog, a post, pictures and static files."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from events.blog import Post
from events.desk import withdrawn_pictures
from events.facts import BlogStatus
from server.media import content_type
from server.site import Site
from server.storage.log import Unreachable
from server.storage.redis_log import reach
from server.tail import Loaded
from server.web import found, stretch
from server.web.address import base_of, vary
from server.web.blogs import find, listed
from server.web.endpoint import identify
from server.web.fresh import FRESH, PRIVATE, answer, held, of_blog, validator
from server.web.kept import FirstPage
from server.web.moments import View, view_of
from server.web.problems import Problem
from server.words import preferred

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
}

PLAYING: Final = {
    **HEADERS,
    # Which hosts an editor will name is not known when a page is sent, and what comes live is not
    # sent with it: so any, but over https alone. The page itself asks none of them for anything;
    # client/src/player makes a frame or a video at a reader's click, and never before.
    "content-security-policy": (
        f"{HEADERS['content-security-policy']}; frame-src https:; media-src https:"
    ),
}
"""The headers of a page of posts, whose videos and embeds can be loaded in their place."""

_WHY: Final = {401: "closed", 403: "closed", 404: "missing", 429: "trouble"}
"""The words of the catalogues for an answer of that status."""


class Line(Struct, frozen=True):
    """What the front page says of a blog; `updated` is None where there is nothing to read yet."""

    slug: str
    title: str
    standfirst: str
    status: BlogStatus
    language: str
    time_zone: str
    updated: datetime | None


def page(site: Site, name: str, status: int = 200, **values: Any) -> Response:
    """A rendered template that no cache may keep, with the headers every page has."""
    text = site.templates.get_template(name).render(**values)
    return Response(text, status, {**HEADERS, "cache-control": PRIVATE}, "text/html")


def missing(request: Request, problem: Problem) -> Response:
    """The page of an answer other than success, in the language that the asker prefers.

    What exactly was wrong is told in English, where the asker can mend it.
    """
    tag = preferred(request.headers.get("accept-language", ""))
    why = _WHY.get(problem.status, "trouble" if problem.status >= 500 else "unclear")
    detail = problem.detail if why in {"closed", "unclear"} else ""
    # Then the blog is there, and may be read: what was asked for beyond it is not.
    blog = request.path_params.get("blog", "") if detail else ""
    site: Site = request.app.state.site
    return page(site, "missing.html", problem.status, tag=tag, why=why, detail=detail, blog=blog)


def kept(
    request: Request,
    etag: str,
    cache: str,
    name: str,
    values: Callable[[], dict[str, Any]],
    headers: dict[str, str] = HEADERS,
) -> Response:
    """A page that caches may keep, or 304: nothing is gathered or rendered for that."""
    site: Site = request.app.state.site
    headers = {**headers, "cache-control": cache, **vary(site.settings)}
    template = site.templates.get_template(name)
    return answer(request, etag, lambda: template.render(**values()), "text/html", headers)


async def front(request: Request) -> Response:
    """The public blogs, the newest first."""
    site: Site = request.app.state.site
    shown = [each for each in await listed(site) if each.blog.visibility == "public"]
    shown.sort(key=lambda each: each.blog.position, reverse=True)
    lines = [_line(each) for each in shown]
    base = base_of(request)
    values = {"blogs": lines, "canonical": f"{base}/"}
    return kept(request, validator(base, lines), FRESH, "front.html", lambda: values)


def _line(loaded: Loaded) -> Line:
    blog = loaded.blog
    updated = found.changed_at(loaded) if loaded.timeline.posts else None
    return Line(
        blog.slug,
        blog.title,
        blog.standfirst,
        blog.status,
        blog.language,
        blog.time_zone,
        updated,
    )


async def blog(request: Request, template: str = "page.html") -> Response:
    """The page of a blog, complete without a script; its query names another stretch of it.

    `template` is the dress it comes in: page.html, or one that extends it.
    """
    site: Site = request.app.state.site
    loaded = await _readable(request, site)
    asked = stretch.asked_of(request.query_params)
    view = await view_of(request, site, loaded)
    base = base_of(request)

    def values() -> dict[str, Any]:
        timeline = view.messages.timeline
        shown = stretch.of_page(timeline, asked)
        pinned = timeline.pins() if asked.first and not asked.tag else []
        posts = [post for post in _once([*pinned, *shown.posts]) if post.public]
        return {
            **_listed(loaded, view, shown, asked),
            "pinned": [_shown(view, post) for post in pinned],
            "found": _unlisted(found.of_page(base, view.messages, posts, asked.before), view),
        }

    etag = of_blog(loaded, base, asked, template, *view.parts)
    return await view.made(
        lambda: kept(request, etag, view.cache, template, values, PLAYING | view.headers)
    )


async def permalink(request: Request) -> Response:
    """One post, at any depth, and those below it."""
    site: Site = request.app.state.site
    loaded = await _readable(request, site)
    view = await view_of(request, site, loaded)
    post = view.messages.timeline.posts.get(request.path_params["post"])
    if post is None:
        raise Problem(404, "this post is not there, or was withdrawn")
    base = base_of(request)

    def values() -> dict[str, Any]:
        # Its own place is the highest of the page: `~` comes after all that an order is made of.
        at = view.then.text if view.then else ""
        asked = stretch.Asked(before=f"{post.order}~", at=at)
        shown = stretch.of_post(view.messages.timeline, post, at)
        return {
            **_listed(loaded, view, shown, asked),
            "pinned": [],
            "post": post,
            "found": _unlisted(found.of_post(base, view.messages, post), view),
        }

    etag = of_blog(loaded, base, post.id, *view.parts)
    return await view.made(
        lambda: kept(request, etag, view.cache, "permalink.html", values, PLAYING | view.headers)
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


def _listed(
    loaded: Loaded, view: View, shown: stretch.Stretch, asked: stretch.Asked
) -> dict[str, Any]:
    return {
        "blog": view.messages.blog,
        "articles": [_shown(view, post) for post in shown.posts],
        "keys": view.messages.key_events(),
        "position": str(view.messages.timeline.position),
        # Those of now also in the past: for those of then, each of its posts would be decoded.
        "tags": stretch.offered(loaded, asked.tag),
        "shown": shown,
        "asked": asked,
        "then": view.then,
    }


def _shown(view: View, post: Post) -> dict[str, object]:
    return {"post": post, "html": view.messages.article(post)}


def _unlisted(said: found.Found, view: View) -> found.Found:
    """Search engines are to find what is so now."""
    return replace(said, listed=False) if view.then else said


async def _readable(request: Request, site: Site) -> Loaded:
    return await find(site, request.path_params["blog"], await identify(request, site))


ROUTES = [
    Route("/blogs/{blog}", FirstPage(blog), methods=["GET"]),
    Route("/", front),
    Route("/demo", demo),
    Route("/blogs/{blog}/posts/{post}", permalink),
    Route("/media/{name}", picture),
]
