"""The API's blogs: open, read, change, delete."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import datetime

import msgspec
import structlog
from msgspec import Struct, UnsetType, structs
from starlette.responses import RedirectResponse, Response

from events import html
from events.appearance import Appearance, Translation
from events.blog import Blog
from events.commands import (
    ChangeBlog,
    ChangeBlogStatus,
    Command,
    CreateBlog,
    DeleteBlog,
    Refused,
)
from events.entry import Corrupt
from events.facts import BlogStatus, Visibility
from events.summary import to_text
from events.timeline import Timeline
from server.access import Actor
from server.permits import may_read, permit
from server.site import Site
from server.storage.log import Exists, Lost, Mismatch
from server.tail import Loaded, NoSuchBlog
from server.web.endpoint import NAMESPACE, Call, Endpoint, json
from server.web.fresh import BY_ASKER, answer, validator
from server.web.inputs import (
    BlogPatch,
    NewBlog,
    StatusOfBlog,
    check_blog,
    line,
    restyle_of,
    summary_of,
)
from server.web.moments import past_or_present, view_of
from server.web.problems import Problem

logger = structlog.get_logger("web")


class LogoView(Struct, frozen=True):
    media: str
    alt: str
    url: str
    width: int
    height: int


class AppearanceView(Struct, frozen=True):
    """What a blog looks like and leads to; "" and null where it has nothing of the kind."""

    accent: str
    logo: LogoView | None
    imprint: str
    privacy: str
    accessibility: str
    translations: tuple[Translation, ...]
    embed_hosts: tuple[str, ...]


class BlogView(Struct, frozen=True):
    """A blog as the API reads it; `position` is its latest public one."""

    id: str
    slug: str
    title: str
    standfirst: str
    language: str
    time_zone: str
    status: BlogStatus
    visibility: Visibility
    show_viewers: bool
    past_public: bool
    summary: str
    """As Markdown."""
    summary_html: str
    appearance: AppearanceView
    position: str
    posts: int
    created_at: datetime | None
    url: str


class Blogs(Struct, frozen=True):
    blogs: tuple[BlogView, ...]


class MovedTo(Exception):
    """An old slug was asked for; `slug` is the present one."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


def view(loaded: Loaded) -> BlogView:
    return _viewed(loaded.blog, loaded.timeline)


def _viewed(blog: Blog, timeline: Timeline) -> BlogView:
    return BlogView(
        blog.id,
        blog.slug,
        blog.title,
        blog.standfirst,
        blog.language,
        blog.time_zone,
        blog.status,
        blog.visibility,
        blog.show_viewers,
        blog.past_public,
        to_text(blog.summary),
        html.render(blog.summary),
        appearance_view(blog.appearance),
        str(timeline.position),
        len(timeline.posts),
        blog.created_at,
        f"/blogs/{blog.slug}",
    )


def appearance_view(appearance: Appearance) -> AppearanceView:
    logo = appearance.logo
    return AppearanceView(
        appearance.accent,
        LogoView(logo.media, logo.alt, f"/media/{logo.media}.{logo.ext}", logo.width, logo.height)
        if logo
        else None,
        appearance.imprint,
        appearance.privacy,
        appearance.accessibility,
        appearance.translations,
        appearance.embed_hosts,
    )


async def find(site: Site, name: str, actor: Actor | None) -> Loaded:
    """The blog a slug (or id) leads to, if it may be read; raises 401, 404, MovedTo.

    A blog that may not be read is not there: its existence is nobody's business.
    """
    try:
        loaded = await _led_to(site, name)
    except NoSuchBlog:
        raise Problem(404, f"there is no blog {name[:80]}") from None
    if not may_read(actor, loaded.blog):
        if loaded.blog.visibility == "restricted" and actor is None and not loaded.blog.deleted:
            raise Problem(401, "this blog is for its own readers: send a token or log in")
        raise Problem(404, f"there is no blog {name[:80]}")
    if loaded.blog.slug != name:
        raise MovedTo(loaded.blog.slug)
    return loaded


def at_hand(site: Site, name: str) -> Loaded | None:
    """What `find` finds for a stranger, if it is in memory: nobody is asked or waited for."""
    loaded = site.tail.at_hand(site.index.known(name) or "")
    if loaded is None or loaded.blog.slug != name or not may_read(None, loaded.blog):
        return None
    return loaded


async def _led_to(site: Site, slug: str) -> Loaded:
    """The blog behind a slug: from memory where it is, so that reading goes on without Redis."""
    known = site.tail.loaded.get(site.index.known(slug) or "")
    blog_id = known.id if known and not known.blog.deleted else await site.index.find(slug)
    if blog_id is None:
        raise NoSuchBlog(slug)
    return await site.tail.load(blog_id)


async def listed(site: Site) -> list[Loaded]:
    """The listed blogs; while the log is out of reach, those in memory.

    One that cannot be read is left out: it must not take the list of the others with it.
    """
    if site.tail.degraded:
        return [loaded for loaded in site.tail.loaded.values() if loaded.blog.exists]
    there = []
    for blog_id in await site.index.blogs():
        try:
            loaded = await site.tail.load(blog_id)
        except (NoSuchBlog, Lost, Corrupt) as error:
            logger.warning("a listed blog cannot be read", blog=blog_id, error=str(error))
            continue
        if loaded.blog.exists:
            there.append(loaded)
    return there


async def found(call: Call) -> Loaded:
    """The blog in the path. Writes may use an old slug too; reads are redirected."""
    try:
        return await find(call.site, call["blog"], call.actor)
    except MovedTo as moved:
        if call.request.method in {"GET", "HEAD"}:
            raise
        return await find(call.site, moved.slug, call.actor)


def redirect(path: str, query: str, old: str, moved: MovedTo) -> Response:
    """From an old slug to the present one, keeping the rest of the address."""
    target = path.replace(f"/blogs/{old}", f"/blogs/{moved.slug}", 1)
    return RedirectResponse(f"{target}?{query}" if query else target, 307)


async def list_blogs(call: Call) -> Response:
    """Blogs the asker may find: the public ones, and with a role the others."""
    actor = call.actor
    views = [
        view(loaded)
        for loaded in await listed(call.site)
        if loaded.blog.visibility == "public"
        or (actor is not None and actor.reaches("contributor", loaded.id))
    ]
    views.sort(key=lambda blog: (blog.created_at is not None, blog.created_at), reverse=True)
    return json(Blogs(tuple(views)))


async def create_blog(call: Call) -> Response:
    wanted = await call.decode(NewBlog)
    check_blog(wanted)
    request = await call.log_request()
    blog_id = str(uuid.uuid5(NAMESPACE, f"{request.actor}\n{request.key}"))
    command = CreateBlog(
        **structs.asdict(wanted)
        | {
            "title": line(wanted.title),
            "standfirst": line(wanted.standfirst),
            "summary": summary_of(wanted.summary),
            "appearance": await restyle_of(wanted.appearance, call.site.media),
        }
    )
    permit(call.someone, command, Blog(blog_id))
    async with _claimed(call.site, wanted.slug, blog_id):
        done = await call.site.commands.handle(blog_id, command, request)
        if done.loaded.blog.deleted:
            raise Problem(409, "this blog was opened with that key, and deleted since")
    await call.site.index.add(blog_id, done.loaded.blog.slug)
    return json(view(done.loaded), 201, location=f"/api/blogs/{done.loaded.blog.slug}")


@contextlib.asynccontextmanager
async def _claimed(site: Site, slug: str, blog_id: str) -> AsyncIterator[None]:
    """A slug claimed for what is done inside; given back if that is refused."""
    new = await site.index.claim(slug, blog_id)
    try:
        yield
    except (Refused, Mismatch, Exists, Problem):
        if new:
            await site.index.release(slug)
        raise


async def read_blog(call: Call) -> Response:
    """The blog's details, or with `at` as they were."""
    loaded = await found(call)
    seen = await view_of(call.request, call.site, loaded)

    def write() -> bytes:
        return msgspec.json.encode(_viewed(seen.messages.blog, seen.messages.timeline))

    if seen.then is not None or call.actor is not None:
        return await past_or_present(call, loaded, seen, write)
    body = write()
    headers = {"cache-control": seen.cache, **BY_ASKER}
    return answer(call.request, validator(body), lambda: body, "application/json", headers)


async def change_blog(call: Call) -> Response:
    patch = await call.decode(BlogPatch)
    check_blog(patch)
    loaded = await found(call)
    command = ChangeBlog(
        **structs.asdict(patch)
        | {
            "title": line(patch.title),
            "standfirst": line(patch.standfirst),
            "summary": summary_of(patch.summary),
            "appearance": await restyle_of(patch.appearance, call.site.media),
        }
    )
    permit(call.someone, command, loaded.blog)
    if isinstance(patch.slug, UnsetType):
        await write(call, loaded, command)
    else:
        async with _claimed(call.site, patch.slug, loaded.id):
            await write(call, loaded, command)
        await call.site.index.add(loaded.id, loaded.blog.slug)
    return json(view(loaded))


async def change_status(call: Call) -> Response:
    wanted = await call.decode(StatusOfBlog)
    loaded = await found(call)
    await write(call, loaded, ChangeBlogStatus(wanted.status))
    return json(view(loaded))


async def delete_blog(call: Call) -> Response:
    """Also of one that is deleted already: a process may have died before the index knew."""
    loaded = await _led_to(call.site, call["blog"])
    await write(call, loaded, DeleteBlog())
    await call.site.index.remove(loaded.id)
    return Response(status_code=204)


async def write(call: Call, loaded: Loaded, command: Command) -> None:
    """Carry out a command of the caller's on a blog."""
    actor = call.someone

    def allowed(blog: Blog) -> None:
        permit(actor, command, blog)

    await call.site.commands.handle(loaded.id, command, await call.log_request(), allowed)


ENDPOINTS = [
    Endpoint("GET", "/api/blogs", list_blogs, None, "The blogs you may find", gives=Blogs),
    Endpoint(
        "POST", "/api/blogs", create_blog, "admin", "Open a blog", NewBlog, BlogView, status=201
    ),
    Endpoint(
        "GET", "/api/blogs/{blog}", read_blog, None, "One blog", gives=BlogView, query=("at",)
    ),
    Endpoint(
        "PATCH", "/api/blogs/{blog}", change_blog, "editor", "Change details", BlogPatch, BlogView
    ),
    Endpoint("DELETE", "/api/blogs/{blog}", delete_blog, "admin", "Delete a blog", status=204),
    Endpoint(
        "PUT",
        "/api/blogs/{blog}/status",
        change_status,
        "editor",
        "Start, pause, end",
        StatusOfBlog,
        BlogView,
    ),
]
