"""The API's history of a post: its versions with who, when and what changed, for the desk."""

import asyncio
from collections.abc import Iterable

from msgspec import Struct
from starlette.responses import Response

from events.blog import Blog
from events.diff import Diff, diff
from events.frames import PostView
from events.record import Part, PartName
from server.access import Actor
from server.past.record import ProvenVersion
from server.site import Site
from server.tail import Loaded
from server.web.blogs import found
from server.web.endpoint import Call, Endpoint, json
from server.web.posts import number_of, private, visible
from server.web.problems import Problem

MOST = 100
"""Versions in one answer."""
LATEST = 999_999
"""A version that no post comes to: `before` it are all."""


class Change(Struct, frozen=True):
    """What became of one part of a post or of a blog's details, word by word.

    The same and the removed are its text before, the same and the inserted its text after.
    """

    part: PartName
    diff: Diff


class VersionView(Struct, frozen=True):
    """A post as it stood after one entry of the log.

    `actor` is the opaque id of whoever did it and `name` what the desk calls them, "" where it does
    not know. `hash` is the SHA-256 of the entry's head; `formatted` says that more changed than
    words: emphasis, say, or the address of a link.
    """

    version: int
    at: str
    actor: str
    events: tuple[str, ...]
    post: PostView
    name: str
    position: str
    hash: str
    changes: tuple[Change, ...]
    formatted: bool


class HistoryView(Struct, frozen=True):
    """Versions, oldest first; `next` is the `before` of those that came before them."""

    versions: tuple[VersionView, ...]
    next: int | None


async def post_history(call: Call) -> Response:
    """Every version of a post, for its author and the editors: the latest, or those before one."""
    loaded = await found(call)
    chosen, names = await history_of(call, loaded)
    views = await asyncio.to_thread(_views, call.site, loaded.blog, chosen, names)
    earlier = views[0].version if views and views[0].version > 1 else None
    return json(HistoryView(views, earlier))


async def history_of(call: Call, loaded: Loaded) -> tuple[list[ProvenVersion], dict[str, str]]:
    """The versions that are asked for, and what the asker may know those by who made them.

    Raises 403, 404, and 400 for `before` and `limit` that are no numbers.
    """
    actor = call.someone
    post = visible(actor, loaded, call["post"])
    editor = actor.reaches("editor", loaded.id)
    if not (editor or post.created_by == actor.id):
        raise Problem(403, "the history of a post is for its author and the editors")
    before = min(number_of(call, "before", post.version + 1, LATEST), post.version + 1)
    limit = number_of(call, "limit", MOST, MOST)
    told = await call.site.records.history(loaded, post.id)
    chosen = [each for each in told if each.version.post.version < before][-limit:]
    return chosen, await names_of(call.site) if editor else {actor.id: actor.name}


async def names_of(site: Site) -> dict[str, str]:
    """What the desk calls those who act: users by name, tokens by what they are for."""
    known: list[Actor] = [
        Actor(user.id, user.role, user.name) for user in await site.access.users()
    ]
    known += [Actor(token.id, token.role, token.name) for token in await site.access.tokens()]
    return {actor.id: actor.name for actor in known if actor.name}


def changes_of(parts: Iterable[Part]) -> tuple[Change, ...]:
    return tuple(Change(part.name, diff(part.before, part.after)) for part in parts)


def _views(
    site: Site, blog: Blog, chosen: list[ProvenVersion], names: dict[str, str]
) -> tuple[VersionView, ...]:
    return tuple(
        VersionView(
            version.post.version,
            version.post.changed_at.isoformat() if version.post.changed_at else "",
            version.post.changed_by,
            version.events,
            private(site, blog, version.post),
            names.get(version.post.changed_by, ""),
            str(version.post.position),
            digest,
            changes_of(version.parts),
            version.formatted,
        )
        for version, digest in chosen
    )


ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/blogs/{blog}/posts/{post}/history",
        post_history,
        "contributor",
        "Its versions: who, when and which words changed",
        gives=HistoryView,
        query=("before", "limit"),
    )
]
