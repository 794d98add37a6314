"""What happened when in a blog, for a scrubber to draw: every public change, without its text."""

import msgspec
from msgspec import Struct
from starlette.responses import Response

from server.past.course import Course, time_of
from server.render import rfc3339
from server.tail import Loaded
from server.web.blogs import found
from server.web.endpoint import Call, Endpoint
from server.web.fresh import PRIVATE, answer, cache_of, held, of_blog
from server.web.moments import past_allowed

_MILLISECOND = 1000  # microseconds


class Marks(Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """What happened when, without a word of it.

    Each mark is `[milliseconds since from, kind, seq, post]`; `epochs` tells the epoch of a seq:
    `[epoch, first seq]` each, so that a mark's position is `<epoch>-<seq>`.
    """

    begin: str
    end: str
    time_zone: str
    epochs: tuple[tuple[int, int], ...]
    marks: tuple[tuple[int, str, int, str], ...]


async def marks(call: Call) -> Response:
    """Every public change of a blog as a mark: when, of which kind, of which post."""
    loaded = await found(call)
    await past_allowed(call.request, call.site, loaded)
    course = Course()
    if not held(call.request, _etag(loaded)):
        course = await call.site.courses.of(loaded)
    cache = cache_of(loaded) if loaded.blog.past_public else PRIVATE
    headers = {"cache-control": cache}
    # What is made and its validator are of one moment: nothing is waited for between.
    return answer(
        call.request, _etag(loaded), lambda: _encoded(loaded, course), "application/json", headers
    )


def _etag(loaded: Loaded) -> str:
    return of_blog(loaded, "marks", loaded.blog.past_public)


def _encoded(loaded: Loaded, course: Course) -> bytes:
    begin, end = _milliseconds(course.times[0]), _milliseconds(course.times[-1])
    return msgspec.json.encode(
        Marks(
            _told(begin),
            _told(end),
            loaded.blog.time_zone,
            tuple(course.epochs),
            tuple(
                (_milliseconds(mark.at) - begin, mark.kind, mark.seq, mark.post)
                for mark in course.marks()
            ),
        )
    )


def _milliseconds(at: int) -> int:
    """Of microseconds; rounded up, so that who asks for that moment is shown what happened."""
    return -(-at // _MILLISECOND)


def _told(milliseconds: int) -> str:
    return rfc3339(time_of(milliseconds * _MILLISECOND))


ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/blogs/{blog}/marks",
        marks,
        None,
        "What happened when: every public change as a mark, without its text",
        gives=Marks,
    ),
]
