"""Coming in by a one-time link, and going out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from server.access import SESSION
from server.site import Site
from server.web.endpoint import SESSION_COOKIE
from server.web.limits import LOGINS
from server.web.pages import page
from server.web.problems import Problem


async def ask(request: Request) -> Response:
    """A button, not a login: programs that preview links must not use them up."""
    secret = request.path_params["secret"][:100]
    return page(request.app.state.site, "login.html", secret=secret)


async def login(request: Request) -> Response:
    """Turn the link into a session; it works once."""
    site: Site = request.app.state.site
    LOGINS.take(request.client.host if request.client else "")
    session = await site.access.login(request.path_params["secret"][:100])
    if session is None:
        raise Problem(403, "this link was used or is older than 15 minutes: make a new one")
    response = RedirectResponse("/desk", 303, {"cache-control": "no-store"})
    response.set_cookie(
        SESSION_COOKIE,
        session,
        max_age=int(SESSION.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


async def logout(request: Request) -> Response:
    site: Site = request.app.state.site
    session = request.cookies.get(SESSION_COOKIE)
    if session:
        await site.access.logout(session)
    response = RedirectResponse("/", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


ROUTES = [
    Route("/login/{secret}", ask),
    Route("/login/{secret}", login, methods=["POST"]),
    Route("/logout", logout, methods=["POST"]),
]
