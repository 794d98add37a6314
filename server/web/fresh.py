"""Answers that caches may keep: for how long, and how they are asked whether they still hold.

Here are the headers and validators of whatever follows the log (RFC 9110, 9111).

Withdrawn means gone from every cache. So a shared one may keep an answer for a second and must then
ask (`s-maxage` also forbids it to serve what is stale while it cannot, RFC 9111 section 5.2.2.10),
a browser asks each time, and nothing is `immutable` or `stale-while-revalidate`. There is no
Last-Modified either: its seconds cannot tell a retraction from the post that came just before it.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from server.tail import Loaded

FRESH: Final = "public, max-age=0, must-revalidate, s-maxage=1"
PRIVATE: Final = "private, no-store"
BY_ASKER: Final = {"vary": "Authorization, Cookie"}
"""Where strangers are all given the same, and who is known something of his own."""
_OPAQUE = re.compile(r'"[^"]*"')


def _edition() -> str:
    """A digest of what answers are made with: an upgrade makes others of the same log."""
    house = Path(__file__).parents[2]
    parts = [*house.glob("events/*.py"), *house.glob("server/**/*.py")]
    parts += [*house.glob("server/templates/*")]
    digest = hashlib.sha256()
    for part in sorted(parts):
        digest.update(part.read_bytes())
    return digest.hexdigest()


EDITION: Final = _edition()


def validator(*parts: object) -> str:
    """A weak ETag that changes with any of the parts, and with the version of the program."""
    told = "\n".join([EDITION, *(repr(part) for part in parts)])
    return f'W/"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def of_blog(loaded: Loaded, *parts: object) -> str:
    """The validator of a view of a blog: `parts` is what else it depends on."""
    blog = loaded.blog
    return validator(blog.id, str(loaded.timeline.position), blog.visibility, *parts)


def cache_of(loaded: Loaded) -> str:
    """The Cache-Control of what a blog shows."""
    return FRESH if loaded.blog.visibility in {"public", "unlisted"} else PRIVATE


def answer(
    request: Request,
    etag: str,
    make: Callable[[], str | bytes],
    media_type: str,
    headers: dict[str, str],
) -> Response:
    """What `make` makes, or 304 and nothing made where the asker has it; `headers` with both."""
    headers = {"x-content-type-options": "nosniff", **headers, "etag": etag}
    if held(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(make(), 200, headers, media_type)


def held(request: Request, etag: str) -> bool:
    """Whether If-None-Match names this ETag, compared weakly as RFC 9110 section 13.1.2 says."""
    return named(request.headers.get("if-none-match", ""), etag)


def named(if_none_match: str, etag: str) -> bool:
    """The same of the header's text, "" where there is none."""
    text = if_none_match.strip()
    return text == "*" or (bool(text) and etag.removeprefix("W/") in _OPAQUE.findall(text))
