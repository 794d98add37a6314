"""What a route of the API declares, and what its handler is given.

Routing, OpenAPI and the table of routes and roles all read the same declarations.
"""

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from events.accept import Fault
from server.access import Actor, Role
from server.site import Site
from server.storage.log import Request as LogRequest
from server.web.limits import WRITES
from server.web.problems import Problem, invalid

BODY_LIMIT = 2 * 1024 * 1024
"""Bytes of a JSON request."""
KEY_LIMIT = 200
"""Characters of an idempotency key."""
SESSION_COOKIE = "liveblog_session"
NAMESPACE = uuid.UUID("6f1b4c1e-6d0e-4a57-9d7e-2f0d8d3c5a11")
"""Under which ids of blogs are made."""

T = TypeVar("T")


class Call:
    """One request to the API: who asks, and what was sent."""

    def __init__(self, request: Request, site: Site, actor: Actor | None) -> None:
        self.request = request
        self.site = site
        self._actor = actor
        self._body: bytes | None = None

    @property
    def actor(self) -> Actor | None:
        return self._actor

    @property
    def someone(self) -> Actor:
        """The actor of a route that needs one."""
        if self._actor is None:
            raise Problem(401, "send a token (Authorization: Bearer ...) or log in")
        return self._actor

    def __getitem__(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def asked(self, name: str) -> str | None:
        """A query parameter; one that is sent empty counts as absent."""
        return self.request.query_params.get(name) or None

    async def raw(self, limit: int = BODY_LIMIT) -> bytes:
        """The body as it was received; 413 beyond the limit."""
        if self._body is None:
            chunks, size = [], 0
            async for chunk in self.request.stream():
                size += len(chunk)
                if size > limit:
                    raise Problem(413, f"the body has more than {limit} bytes")
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def decode(self, form: type[T]) -> T:
        """The JSON body; 400 where it is no JSON, 415 and 422 with the path of what is wrong."""
        kind = self.request.headers.get("content-type", "application/json").partition(";")[0]
        if kind.strip().lower() != "application/json":
            raise Problem(415, f"this takes application/json, not {kind[:60]}")
        try:
            return msgspec.json.decode(await self.raw() or b"{}", type=form)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `")
            raise invalid([Fault(path.rstrip("`") or "$", message)]) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Problem(400, f"the body is not JSON: {error}") from error
        except RecursionError:
            raise Problem(400, "the body is nested too deep") from None

    def version(self) -> int | None:
        """The version in If-Match; None for `*`; 428 without, 400 for nonsense."""
        text = self.request.headers.get("if-match")
        if text is None:
            raise Problem(428, "send If-Match with the version you edited, or *")
        if text.strip() == "*":
            return None
        number = text.strip().removeprefix("W/").strip('"')
        if not (number.isascii() and number.isdecimal() and len(number) < 12):
            raise Problem(400, f'If-Match takes a version such as "3", not {text[:40]}')
        return int(number)

    async def log_request(self) -> LogRequest:
        """What this write is to the log: its key, and the digest of all that was received."""
        key = self.request.headers.get("idempotency-key") or str(uuid.uuid4())
        if len(key) > KEY_LIMIT or not key.isprintable():
            raise Problem(400, f"Idempotency-Key takes up to {KEY_LIMIT} printable characters")
        received = hashlib.sha256()
        for part in (
            self.request.method.encode(),
            self.request.url.path.encode(),
            self.request.headers.get("if-match", "").encode(),
            await self.raw(),
        ):
            received.update(b"%d:" % len(part) + part)
        return LogRequest(self.someone.id, key, received.hexdigest(), datetime.now(UTC))


Handler = Callable[[Call], Awaitable[Response]]


class Endpoint(Struct, frozen=True):
    """One route. `role` is the least that may use it at all; None lets anyone ask."""

    method: str
    path: str
    handler: Handler
    role: Role | None
    summary: str
    takes: Any = None
    gives: Any = None
    status: int = 200
    query: tuple[str, ...] = ()

    def route(self) -> Route:
        async def serve(request: Request) -> Response:
            site: Site = request.app.state.site
            actor = await identify(request, site)
            if self.role and actor is None:
                raise Problem(401, "send a token (Authorization: Bearer ...) or log in")
            if self.role and actor and not actor.reaches(self.role, actor.blog):
                raise Problem(403, f"this needs the role {self.role}; you are {actor.role}")
            if self.method != "GET" and actor:
                WRITES.take(actor.id)
            return await self.handler(Call(request, site, actor))

        return Route(self.path, serve, methods=[self.method], name=self.handler.__name__)


async def identify(request: HTTPConnection, site: Site) -> Actor | None:
    """Who asks, by token or session (any connection); 401 for a token that is not good."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        actor = await site.access.by_token(secret.strip())
        if actor is None:
            raise Problem(401, "this token is unknown, revoked or expired")
        return actor
    session = request.cookies.get(SESSION_COOKIE)
    if not session:
        return None
    if request.scope["type"] == "websocket":
        if not _from_here(request):
            return None  # another site's page: whoever is logged in here did not ask for this
    elif request.scope["method"] not in {"GET", "HEAD"} and not _from_here(request):
        origin = request.headers["origin"]
        raise Problem(403, f"a write by session comes from the desk, not from {origin[:80]}")
    return await site.access.by_session(session)


def _from_here(request: HTTPConnection) -> bool:
    """Whether our own page asks: browsers say from where, and send the cookie either way."""
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def json(value: object, status: int = 200, **headers: str) -> Response:
    """A JSON answer; private unless `cache_control` says otherwise."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(
        msgspec.json.encode(value),
        status,
        {"cache-control": "private, no-store", **named},
        "application/json",
    )
