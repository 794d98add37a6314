"""The composition root of the web: the only file that knows every audience."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from server.push.feed import RESTART
from server.settings import Settings
from server.site import Site, running
from server.web import (
    blogs,
    desk,
    desk_history,
    embed,
    feeds,
    found,
    history,
    live,
    marks,
    openapi,
    pages,
    posts,
    problems,
    record,
    replay,
    replay_page,
    session,
    status,
    theme,
)
from server.web.assets import Assets
from server.web.blogs import MovedTo
from server.web.kept import Kept
from server.web.problems import Problem, problem_of

STATIC = Path(__file__).with_name("static")

ENDPOINTS = [
    *blogs.ENDPOINTS,
    *posts.ENDPOINTS,
    *live.ENDPOINTS,
    *marks.ENDPOINTS,
    *history.ENDPOINTS,
    *record.ENDPOINTS,
]
"""The API, as OpenAPI tells it and the table of routes and roles tests it."""


def app(settings: Settings) -> Starlette:
    """The ASGI application; its lifespan opens the storage and follows the log."""

    @contextlib.asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        async with running(settings) as site:
            application.state.site, application.state.kept = site, Kept()
            yield
            close_readers(application)

    routes: list[BaseRoute] = [
        *pages.ROUTES,  # what is asked for most is found first
        *embed.ROUTES,
        *replay_page.ROUTES,
        *(endpoint.route() for endpoint in ENDPOINTS),
        *openapi.routes(ENDPOINTS),
        *status.ROUTES,
        *session.ROUTES,
        *desk.ROUTES,
        *desk_history.ROUTES,
        WebSocketRoute("/blogs/{blog}/live", live.socket),
        Route("/blogs/{blog}/live", live.events),
        WebSocketRoute("/blogs/{blog}/replay/live", replay.socket),
        *feeds.ROUTES,
        *found.ROUTES,
        *theme.ROUTES,
        *record.ROUTES,
        Mount("/static", Assets(directory=STATIC, check_dir=False)),
    ]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={
            **dict.fromkeys((*problems.KNOWN, HTTPException), refused),
            MovedTo: moved,
            Exception: unexpected,
        },
    )


def close_readers(application: Starlette) -> None:
    """Tell every reader to come back: this process is about to end."""
    site: Site | None = getattr(application.state, "site", None)
    if site is None:
        return
    for loaded in site.tail.loaded.values():
        loaded.feed.close(RESTART)
    for viewer in tuple(site.replays.viewers):
        viewer.close(RESTART)


async def refused(request: Request, error: Exception) -> Response:
    """An answer other than success: a page for people, a problem for programs."""
    if isinstance(error, HTTPException):
        detail = "the address may be mistyped" if error.status_code == 404 else error.detail
        problem = Problem(error.status_code, detail)
    else:
        problem = problem_of(error) or Problem(500, "something went wrong here")
    wants_page = "text/html" in request.headers.get("accept", "")
    if not wants_page or request.url.path.startswith("/api/"):
        return problem.response()
    return pages.missing(request, problem)


async def unexpected(_: Request, __: Exception) -> Response:
    """A fault of ours: logged with its traceback by the server, told without it."""
    return Problem(500, "something went wrong here").response()


async def moved(request: Request, error: Exception) -> Response:
    assert isinstance(error, MovedTo)
    url = request.url
    return blogs.redirect(url.path, url.query, request.path_params["blog"], error)
