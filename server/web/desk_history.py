"""The desk's page of a post's history: who did what to it when, and which words that changed."""

import asyncio
from typing import Final

from msgspec import Struct
from starlette.responses import Response

from events.blog import Post
from events.facts import (
    Event,
    PostCorrected,
    PostDrafted,
    PostKeyCleared,
    PostKeyMarked,
    PostPinned,
    PostPublished,
    PostRestored,
    PostRetracted,
    PostReturned,
    PostRevised,
    PostScheduled,
    PostSubmitted,
    PostTimeSet,
    PostUnpinned,
)
from events.record import Deed, Kind
from server.past.record import Proven, ProvenVersion
from server.tail import Loaded
from server.web.blogs import MovedTo, find
from server.web.endpoint import Call, Endpoint
from server.web.history import history_of
from server.web.pages import page
from server.web.record import Line, shown

_DONE: Final[dict[type[Event], tuple[str, Kind]]] = {
    PostDrafted: ("Written", "published"),
    PostSubmitted: ("Submitted", "timed"),
    PostReturned: ("Back to draft", "timed"),
    PostScheduled: ("Scheduled", "timed"),
    PostPublished: ("Published", "published"),
    PostCorrected: ("Corrected", "corrected"),
    PostRevised: ("Edited", "edited"),
    PostRetracted: ("Withdrawn", "withdrawn"),
    PostRestored: ("Restored", "restored"),
    PostTimeSet: ("Time changed", "timed"),
    PostPinned: ("Pinned", "pinned"),
    PostUnpinned: ("No longer pinned", "unpinned"),
    PostKeyMarked: ("Marked as a key event", "key"),
    PostKeyCleared: ("No longer a key event", "unkeyed"),
}
"""The desk's word for each event, and the sign of the record that goes with it."""
_BY_NAME: Final = {event.__name__: done for event, done in _DONE.items()}


class Done(Struct, frozen=True):
    """A version as the page shows it; `who` is the opaque id where nobody knows a name."""

    number: int
    who: str
    done: tuple[str, ...]
    sign: Kind
    reason: str
    line: Line


async def history_page(call: Call) -> Response:
    """`/desk/{blog}/posts/{post}/history`, the latest version first."""
    loaded = await _of(call)
    chosen, names = await history_of(call, loaded)
    lines = await asyncio.to_thread(lambda: [_done(each, names) for each in reversed(chosen)])
    post = loaded.blog.posts[call["post"]]
    return page(
        call.site,
        "desk_history.html",
        blog=loaded.blog,
        post=post,
        lines=lines,
        earlier=lines[-1].number if lines and lines[-1].number > 1 else None,
    )


async def _of(call: Call) -> Loaded:
    """The blog that its present or an old slug leads to."""
    try:
        return await find(call.site, call["blog"], call.actor)
    except MovedTo as moved:
        return await find(call.site, moved.slug, call.actor)


def _done(told: ProvenVersion, names: dict[str, str]) -> Done:
    version, post = told.version, told.version.post
    known = [_BY_NAME[name] for name in version.events if name in _BY_NAME]
    return Done(
        post.version,
        names.get(post.changed_by) or post.changed_by,
        tuple(word for word, _ in known),
        known[-1][1] if known else "timed",
        post.reason,
        Line(str(post.version), _proven(told), "", version.before is None, shown(version.parts)),
    )


def _proven(told: ProvenVersion) -> Proven:
    version, post = told.version, told.version.post
    at = post.changed_at or post.created_at
    return Proven(
        Deed(
            post.position,
            at,
            at,
            post.id,
            (),
            words="shown" if _says(post) else "erased",
            title=post.title,
            lang=post.lang,
            parts=version.parts,
            note=post.correction if PostCorrected.__name__ in version.events else "",
            formatted=version.formatted,
        ),
        told.digest,
    )


def _says(post: Post) -> bool:
    return bool(post.title.strip() or post.body)


ROUTES = [
    Endpoint(
        "GET",
        "/desk/{blog}/posts/{post}/history",
        history_page,
        "contributor",
        "A post's versions, as a page",
    ).route()
]
