"""The replay of a blog: its page as it was at a moment, under a deck that plays on from there.

Without a script it is complete too: the page as it was, and links to what happened before, after
and at the key events.
"""

import asyncio
import math
import re
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from msgspec import Struct
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from events.blog import Blog, Post
from events.position import START, Position
from events.timeline import Timeline
from server.past.course import Course, microseconds, time_of
from server.push.messages import Messages
from server.render import local, rfc3339
from server.site import Site
from server.tail import Loaded
from server.web import found, pages, stretch
from server.web.address import base_of
from server.web.blogs import find
from server.web.endpoint import identify
from server.web.fresh import PRIVATE, cache_of, held, of_blog
from server.web.moments import asked_moment, past_allowed
from server.web.problems import Problem

SPEEDS: Final = (1, 2, 5, 10, 30, 60, 120, 300, 600)
"""How many times as fast as it happened. Any between SLOWEST and the last may be asked for."""
SLOWEST: Final = 0.1
USUAL: Final = 60.0
ADDRESS: Final = 2000
"""Characters of a recording's address."""
FARTHEST: Final = 10 * 365 * 86400.0
"""Seconds that a recording may begin before or after the day does."""

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class Recording(Struct, frozen=True):
    """A recording to be played along: `offset` is the seconds after the day's beginning at which
    it begins. No host is asked for it before the viewer says so."""

    address: str = ""
    offset: float = 0.0

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}" if self.address else ""

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc


class Asked(Struct, frozen=True):
    """What the query of a replay says."""

    at: Position | datetime | None
    speed: float
    recording: Recording

    def to(self, at: datetime) -> str:
        """The query of another moment, with everything else as it is."""
        named = {
            "at": rfc3339(at),
            "speed": f"{self.speed:g}" if self.speed != USUAL else "",
            "media": self.recording.address,
            "offset": f"{self.recording.offset:g}" if self.recording.address else "",
        }
        return "?" + urlencode({name: value for name, value in named.items() if value}, safe=":")


class Moment(Struct, frozen=True):
    """A moment of a day and its neighbours; the day begins with its first post."""

    at: datetime
    begin: datetime
    end: datetime
    before: datetime | None
    after: datetime | None
    to_come: datetime | None
    """What was asked for, where that is yet to come."""


async def replay(request: Request) -> Response:
    """`/blogs/{blog}/replay?at=&speed=&media=&offset=`."""
    site: Site = request.app.state.site
    loaded = await find(site, request.path_params["blog"], await identify(request, site))
    await past_allowed(request, site, loaded)
    asked = asked_of(request.query_params, loaded)
    base = base_of(request)
    cache = cache_of(loaded) if loaded.blog.past_public else PRIVATE
    etag = of_blog(loaded, "replay", base, asked, _to_come(asked.at), loaded.blog.past_public)
    headers = {**pages.PLAYING, "x-robots-tag": "noindex"}
    if asked.recording.address.startswith("http:"):
        policy = headers["content-security-policy"]
        headers["content-security-policy"] = policy.replace(
            "media-src https:", f"media-src https: {asked.recording.origin}"
        )

    def made(values: Callable[[], dict[str, Any]] = dict) -> Response:
        return pages.kept(request, etag, cache, "replay.html", values, headers)

    if held(request, etag):
        return made()
    moment = moment_of(await site.courses.of(loaded), asked.at, loaded.blog.opened)
    # A position says more than its time, which others may share.
    then = await site.past.shown(loaded.blog, asked.at or moment.at)
    today = {
        "running": loaded.blog.status != "ended",
        "chapters": _chapters(loaded, moment),
        "found": found.of_page(base, loaded, [], None),
    }
    # Beside the event loop: what is shown of the past is decoded first.
    async with site.past.turn():
        return await asyncio.to_thread(made, lambda: today | _values(site, then, moment, asked))


def asked_of(params: QueryParams, loaded: Loaded) -> Asked:
    """What a query asks for; raises a 400 problem that names what cannot be."""
    at = params.get("at")
    media = params.get("media") or ""
    offset = _number(params, "offset", 0.0, -FARTHEST, FARTHEST)
    return Asked(
        at=asked_moment(at, loaded) if at else None,
        speed=_number(params, "speed", USUAL, SLOWEST, SPEEDS[-1]),
        recording=Recording(_checked(media), offset) if media else Recording(),
    )


def moment_of(course: Course, at: Position | datetime | None, opened: Position = START) -> Moment:
    """Where a moment lies in a day, None for its beginning; one to come is now.

    It begins with the first post, once the blog was `opened` to readers.

    All times are rounded up to the millisecond by which it has happened: addresses tell no more.
    """
    times, begin = course.times, max(course.began, course.time(opened))
    if at is None:
        moment = begin
    elif isinstance(at, Position):
        index = course.after(at)
        moment = times[index - 1] if index else times[0]
    else:
        moment = microseconds(min(at, datetime.now(UTC)))
    moment = _up(moment)
    earlier, later = bisect_right(times, moment - 1000) - 1, bisect_right(times, moment)
    return Moment(
        at=time_of(moment),
        begin=time_of(_up(begin)),
        end=time_of(_up(times[-1])),
        before=time_of(_up(times[earlier])) if earlier >= 0 and times[earlier] >= begin else None,
        after=time_of(_up(times[later])) if later < len(times) else None,
        to_come=at if isinstance(at, datetime) and _to_come(at) else None,
    )


def _to_come(at: Position | datetime | None) -> bool:
    return isinstance(at, datetime) and at > datetime.now(UTC)


def _up(microseconds: int) -> int:
    return -(-microseconds // 1000) * 1000


def _values(
    site: Site, then: tuple[Blog, Timeline], moment: Moment, asked: Asked
) -> dict[str, Any]:
    blog, timeline = then
    messages = Messages(blog, timeline, site.articles)

    def shown(post: Post) -> dict[str, object]:
        return {"post": post, "html": messages.article(post)}

    listed = stretch.of_page(timeline, stretch.Asked())
    older = f"?at={rfc3339(moment.at)}&{listed.on[1:]}" if listed.on else None
    return {
        "blog": blog,
        "articles": [shown(post) for post in listed.posts],
        "pinned": [shown(post) for post in timeline.pins()],
        "keys": messages.key_events(),
        "position": str(timeline.position),
        "tags": [],
        "shown": stretch.Stretch(listed.posts, None, older),
        "asked": stretch.Asked(),
        "moment": moment,
        "wall": local(moment.at, blog.time_zone).strftime("%Y-%m-%dT%H:%M:%S"),
        "wanted": asked,
        "speeds": sorted({*SPEEDS, asked.speed}),
    }


def _chapters(loaded: Loaded, moment: Moment) -> list[tuple[datetime, str, str]]:
    """When each key event of today's page came, its id and its title; the earliest first."""
    return [
        (time_of(_up(microseconds(post.first_published_at or moment.begin))), post.id, post.title)
        for post in reversed(loaded.timeline.key_events())
    ]


def _checked(address: str) -> str:
    """The address of a recording: what a browser can play, and a policy can name."""
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if (
        len(address) > ADDRESS
        or parts.scheme not in {"http", "https"}
        or not _HOST.fullmatch(parts.netloc)
        or any(sign.isspace() for sign in address)
    ):
        raise Problem(
            400, f"media takes the address of a recording, http(s)://..., not {address[:80]}"
        )
    return address


def _number(params: QueryParams, name: str, otherwise: float, least: float, most: float) -> float:
    text = params.get(name) or str(otherwise)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        raise Problem(
            400, f"{name} takes a number from {least:.12g} to {most:.12g}, not {text[:40]}"
        )
    return number


ROUTES = [Route("/blogs/{blog}/replay", replay, methods=["GET"])]
