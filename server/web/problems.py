"""Errors as RFC 9457 problems: the one place where the core's words become HTTP's numbers."""

from typing import Any

import msgspec
from starlette.responses import Response

from events.accept import Fault
from events.commands import CannotFollow, Nonsense, NoSuchPost, NotAllowed, Refused, Stale
from events.markup import Unreadable
from server import media
from server.index import SlugTaken
from server.past.as_it_was import NoSuchMoment
from server.storage.log import Exists, LogError, Lost, Mismatch
from server.tail import Behind, NoSuchBlog

TITLES = {
    400: "Malformed request",
    401: "Who are you?",
    403: "Not allowed",
    404: "No such thing",
    405: "Method not allowed",
    409: "Conflict with the present state",
    412: "Changed since",
    413: "Too large",
    415: "Wrong type",
    422: "Invalid",
    428: "If-Match is missing",
    429: "Too fast",
    500: "Something went wrong here",
    503: "The log is out of reach",
}


class Problem(Exception):
    """An answer other than success. `extra` goes into the problem as further members."""

    def __init__(self, status: int, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.extra = extra

    def response(self) -> Response:
        body = {
            "type": "about:blank",
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
            **self.extra,
        }
        headers = {"cache-control": "no-store"}
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        if self.status in {429, 503}:
            headers["retry-after"] = "1"
        return Response(msgspec.json.encode(body), self.status, headers, "application/problem+json")


def invalid(faults: list[Fault]) -> Problem:
    """422 with the JSON path of each fault."""
    first = faults[0]
    return Problem(422, f"{first.path} {first.message}", faults=faults)


def problem_of(error: Exception) -> Problem | None:
    """What an error of the inner layers means to a client; None for one that is ours."""
    match error:
        case Problem():
            return error
        case Stale():
            return Problem(412, str(error), current_version=error.current_version)
        case NoSuchPost() | NoSuchBlog():
            return Problem(404, str(error))
        case NotAllowed():
            return Problem(403, str(error))
        case NoSuchMoment():
            return Problem(400, str(error))
        case Nonsense():
            return invalid([Fault(f"$.{error.field}", str(error))])
        case Unreadable():
            return invalid(list(error.faults))
        case CannotFollow() | SlugTaken() | Exists():
            return Problem(409, str(error))
        case Mismatch():
            return Problem(422, str(error))
        case Lost() | LogError() | Behind():
            return Problem(503, str(error))
        case media.Refused():
            return Problem(_MEDIA[error.kind], str(error))
    return None


_MEDIA = {"too large": 413, "wrong type": 415, "unreadable": 422}


KNOWN: tuple[type[Exception], ...] = (
    Problem,
    Refused,
    NoSuchBlog,
    Unreadable,
    SlugTaken,
    NoSuchMoment,
    LogError,
    Behind,
    media.Refused,
)
"""What `problem_of` has an answer to."""
