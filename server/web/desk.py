"""The desk's pages, and what its script asks that the API has no word for. Writes go to the API."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from events import html
from events.blog import Blog, Post, PostStatus
from events.commands import CannotFollow, ChangeBlogStatus
from events.decide import decide
from events.entry import Entry
from events.facts import BlogStatus, PostEvent
from events.markup import MAX_SOURCE, from_markdown, to_markdown
from events.position import Position
from events.summary import to_text
from server.access import Actor
from server.media import MAX_BYTES
from server.push.feed import NOT_FOUND, RESTART, UNAUTHORIZED
from server.push.wire import reason
from server.site import Site
from server.tail import Loaded
from server.web import statistics
from server.web.blogs import BlogView, MovedTo, find, listed, view
from server.web.endpoint import Call, Endpoint, identify, json
from server.web.inputs import measured
from server.web.pages import page
from server.web.problems import Problem, problem_of

STATUSES: tuple[BlogStatus, ...] = ("upcoming", "live", "paused", "ended")


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    markdown: Annotated[str, Meta(max_length=MAX_SOURCE)]


class Source(Struct, frozen=True):
    """A post as its editor writes it."""

    id: str
    version: int
    status: PostStatus
    title: str
    markdown: str
    author: str
    tags: tuple[str, ...]
    lang: str
    pinned: bool
    key: bool


class Details(Struct, frozen=True):
    """A blog, and the statuses that can follow its present one."""

    blog: BlogView
    following: tuple[BlogStatus, ...]


class Hello(Struct, frozen=True, tag="hello"):
    position: str


class Changed(Struct, frozen=True, tag="changed"):
    """`posts` are the ids of those touched, `blog` says whether the blog itself was."""

    position: str
    posts: list[str]
    blog: bool


class Reading(Struct, frozen=True, tag="viewers"):
    """How many are reading, over all processes. No position: it is not history."""

    count: int


class Changes:
    """What a socket has not been told yet: one set and one number, however slow the socket is."""

    def __init__(self) -> None:
        self.position: Position | None = None
        self.posts: set[str] = set()
        self.blog = False
        self.viewers: int | None = None
        self._woken = asyncio.Event()

    def take(self, entry: Entry) -> None:
        """The watcher of a loaded blog."""
        self.position = entry.position
        for event in entry.events:
            if isinstance(event, PostEvent):
                self.posts.add(event.post)
            else:
                self.blog = True
        self._woken.set()

    def count(self, viewers: int) -> None:
        """Told by what counts the readers."""
        self.viewers = viewers
        self._woken.set()

    async def next(self) -> list[Changed | Reading]:
        """What happened since the last call, once something has."""
        await self._woken.wait()
        self._woken.clear()
        news: list[Changed | Reading] = []
        if self.posts or self.blog:
            news.append(Changed(str(self.position), sorted(self.posts), self.blog))
            self.posts, self.blog = set(), False
        if self.viewers is not None:
            news.append(Reading(self.viewers))
            self.viewers = None
        return news


async def front(request: Request) -> Response:
    """The blogs one works on; to strangers, how to log in."""
    site: Site = request.app.state.site
    actor = await identify(request, site)
    if actor is None or not actor.reaches("contributor", actor.blog):
        return _login(site, actor)
    blogs = [each.blog for each in await listed(site) if actor.reaches("contributor", each.id)]
    blogs.sort(key=lambda blog: blog.position, reverse=True)
    may_open = actor.reaches("admin") and not actor.blog
    return page(site, "desk.html", actor=actor, blogs=blogs, may_open=may_open)


async def desk(request: Request) -> Response:
    """The desk of one blog."""
    site: Site = request.app.state.site
    actor = await identify(request, site)
    if actor is None or not actor.reaches("contributor", actor.blog):
        return _login(site, actor)
    try:
        loaded = await _desk_of(site, request.path_params["blog"], actor)
    except MovedTo as moved:
        return RedirectResponse(f"/desk/{moved.slug}", 307)
    return page(
        site,
        "desk_blog.html",
        actor=actor,
        blog=loaded.blog,
        editor=actor.reaches("editor", loaded.id),
        position=str(loaded.position),
        following=following(loaded.blog),
        summary=to_text(loaded.blog.summary),
        max_bytes=MAX_BYTES,
    )


async def details(call: Call) -> Response:
    loaded = await _of(call)
    return json(Details(view(loaded), following(loaded.blog)))


async def numbers(call: Call) -> Response:
    return json(await statistics.shown(call.site, await _of(call)))


async def preview(call: Call) -> Response:
    """Markdown as it would look; nothing is kept."""
    await _of(call)
    text = await call.decode(Text)
    body = measured(from_markdown(text.markdown), call.site.media, "$.markdown")
    return json({"html": html.render(body)})


async def source(call: Call) -> Response:
    """A post as Markdown, at the version that an edit of it starts from."""
    loaded = await _of(call)
    post = loaded.blog.posts.get(call["post"])
    if post is None or not _may_see(call.someone, loaded, post):
        raise Problem(404, f"there is no post {call['post'][:80]} in this blog")
    markdown = await asyncio.to_thread(to_markdown, post.body)
    return json(
        Source(
            post.id,
            post.version,
            post.status,
            post.title,
            markdown,
            post.author,
            post.tags,
            post.lang,
            post.pinned,
            post.key,
        )
    )


async def socket(websocket: WebSocket) -> None:
    """`/desk/{blog}/live`: which posts have changed, drafts too, and how many are reading.

    What the posts say is asked of the API. Refusals are accepted and closed with a code, as they
    are for readers.
    """
    await websocket.accept()
    try:
        loaded = await _admitted(websocket)
        await _follow(websocket, loaded)
    except Problem as problem:
        codes = {401: UNAUTHORIZED, 403: UNAUTHORIZED, 404: NOT_FOUND, 503: RESTART}
        with contextlib.suppress(RuntimeError):  # it may have gone while it was judged
            await websocket.close(codes.get(problem.status, 1008), reason(problem.detail))


async def _follow(websocket: WebSocket, loaded: Loaded) -> None:
    site: Site = websocket.app.state.site
    changes = Changes()
    loaded.watchers.add(changes.take)
    telling = asyncio.create_task(_tell(websocket, loaded, changes))
    gone = asyncio.create_task(_gone(websocket))
    try:
        with site.viewers.watched(loaded.id, changes.count):
            done, _ = await asyncio.wait({telling, gone}, return_when=asyncio.FIRST_COMPLETED)
        if telling in done:
            await telling
    except (WebSocketDisconnect, RuntimeError):
        pass  # gone: nothing to tell anybody
    finally:
        loaded.watchers.discard(changes.take)
        telling.cancel()
        gone.cancel()


async def _tell(websocket: WebSocket, loaded: Loaded, changes: Changes) -> None:
    await _send(websocket, Hello(str(loaded.position)))
    while True:
        news = await changes.next()
        await _admitted(websocket)  # the session may have ended, the blog been deleted
        for message in news:
            await _send(websocket, message)


async def _send(websocket: WebSocket, message: Hello | Changed | Reading) -> None:
    await websocket.send_text(msgspec.json.encode(message).decode())


async def _gone(websocket: WebSocket) -> None:
    """Returns when the other side has left; what it says is ignored."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


async def _admitted(websocket: WebSocket) -> Loaded:
    """The blog in the path, if its desk is open to this connection; every refusal as a Problem."""
    site: Site = websocket.app.state.site
    try:
        actor = await identify(websocket, site)
        return await _entered(site, websocket.path_params["blog"], actor)
    except Exception as error:
        raise problem_of(error) or error from error


async def _of(call: Call) -> Loaded:
    return await _entered(call.site, call["blog"], call.actor)


async def _entered(site: Site, name: str, actor: Actor | None) -> Loaded:
    """The blog that its present or an old slug leads to, for someone of its desk."""
    if actor is None:
        raise Problem(401, "log in, or send a token")
    try:
        return await _desk_of(site, name, actor)
    except MovedTo as moved:
        return await _desk_of(site, moved.slug, actor)


async def _desk_of(site: Site, name: str, actor: Actor) -> Loaded:
    """Raises 403, 404, MovedTo."""
    loaded = await find(site, name, actor)
    if not actor.reaches("contributor", loaded.id):
        raise Problem(403, f"the desk needs the role contributor; you are {actor.role}")
    return loaded


def following(blog: Blog) -> tuple[BlogStatus, ...]:
    """The statuses that can follow the present one: the core itself is asked."""
    now = datetime.now(UTC)
    return tuple(status for status in STATUSES if _can_follow(blog, status, now))


def _can_follow(blog: Blog, status: BlogStatus, now: datetime) -> bool:
    try:
        return bool(decide(blog, ChangeBlogStatus(status), now))
    except CannotFollow:
        return False


def _may_see(actor: Actor, loaded: Loaded, post: Post) -> bool:
    return post.public or post.created_by == actor.id or actor.reaches("editor", loaded.id)


def _login(site: Site, actor: Actor | None) -> Response:
    return page(site, "desk_login.html", 403 if actor else 401, actor=actor)


ENDPOINTS = [
    Endpoint("GET", "/desk/{blog}/details", details, "contributor", "Details, and what can follow"),
    Endpoint(
        "GET", "/desk/{blog}/statistics", numbers, "editor", "Plots and tables of its numbers"
    ),
    Endpoint("POST", "/desk/{blog}/preview", preview, "contributor", "Markdown as it would look"),
    Endpoint(
        "GET", "/desk/{blog}/posts/{post}/source", source, "contributor", "A post as Markdown"
    ),
]
"""What the desk's script asks; no part of the API that others may build on."""

ROUTES: list[BaseRoute] = [
    Route("/desk", front),
    Route("/desk/{blog}", desk),
    *(endpoint.route() for endpoint in ENDPOINTS),
    WebSocketRoute("/desk/{blog}/live", socket),
]
