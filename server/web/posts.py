"""The API's posts: write, read, revise, move through their statuses."""

from collections.abc import AsyncIterator
from datetime import datetime
from itertools import islice
from typing import get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs
from starlette.responses import Response, StreamingResponse

from events import desk
from events.blog import Blog, Post, PostStatus
from events.commands import (
    ChangePostStatus,
    Command,
    MarkKey,
    PinPost,
    RevisePost,
    WritePost,
)
from events.entry import Stored
from events.frames import PostView
from events.position import Position
from events.timeline import PAGE, Timeline
from server.access import Actor
from server.media import MAX_BYTES, Picture
from server.permits import permit
from server.site import Site
from server.storage.log import entries
from server.tail import Loaded
from server.web.blogs import found
from server.web.endpoint import Call, Endpoint, json
from server.web.inputs import (
    NewPost,
    PostPatch,
    StatusOfPost,
    body_of,
    given,
    line,
    post_id,
    tags_of,
    utc,
)
from server.web.moments import past_or_present, view_of
from server.web.problems import Problem
from server.web.stretch import order_of

LIST_LIMIT = 100


class Posts(Struct, frozen=True):
    """A page of a list; `next` is the `before` of the page after it.

    Of the past: `at` is the moment that is shown, `future` that it is yet to come and this is now.
    """

    posts: tuple[PostView, ...]
    next: str | None
    position: str
    at: datetime | UnsetType = UNSET
    future: bool | UnsetType = UNSET


async def list_posts(call: Call) -> Response:
    """The timeline, or with `status` the desk's list."""
    loaded = await found(call)
    await _catch_up(call, loaded)
    if call.asked("status"):
        return json(_desk_list(call, loaded))
    view = await view_of(call.request, call.site, loaded)
    limit = number_of(call, "limit", PAGE, LIST_LIMIT)
    sort = call.asked("sort") or "newest"
    if sort not in {"newest", "oldest"}:
        raise Problem(400, f"sort takes newest or oldest, not {sort[:40]}")
    cursor = order_of(call.asked("before"))
    tag, keys_only = call.asked("tag"), call.asked("key") == "true"

    def write() -> bytes:
        blog, timeline = view.messages.blog, view.messages.timeline
        chosen = _chosen(timeline, sort == "newest", cursor, limit + 1, tag, keys_only)
        more = chosen[limit - 1].order if len(chosen) > limit else None
        views = tuple(call.site.articles.view(blog, post) for post in chosen[:limit])
        then = view.then
        at, future = (then.time, then.future) if then else (UNSET, UNSET)
        return msgspec.json.encode(Posts(views, more, str(timeline.position), at, future))

    return await past_or_present(call, loaded, view, write)


def _chosen(
    timeline: Timeline, newest: bool, cursor: str | None, most: int, tag: str | None, keys: bool
) -> list[Post]:
    """The posts of a list beyond its cursor; no others are looked at, but for key events."""
    if keys:
        keyed = (timeline.posts[id] for id in timeline.keys)
        beyond = (
            post
            for post in sorted(keyed, key=lambda post: post.order, reverse=newest)
            if not cursor or (post.order < cursor if newest else post.order > cursor)
        )
        return list(islice((post for post in beyond if not tag or tag in post.tags), most))
    if tag:
        return list(islice(timeline.tagged(tag, cursor, newest_first=newest), most))
    return timeline.newest(most, cursor) if newest else timeline.oldest(most, cursor)


def _desk_list(call: Call, loaded: Loaded) -> Posts:
    actor = call.someone
    status = call.asked("status")
    if status not in {"all", *get_args(PostStatus)}:
        raise Problem(400, f"status takes all or a status of posts, not {str(status)[:40]}")
    own = None if actor.reaches("editor", loaded.id) else actor.id
    if not actor.reaches("contributor", loaded.id):
        raise Problem(403, "unpublished posts are for the desk")
    chosen = [post for post in desk.posts(loaded.blog, own=own) if status in {"all", post.status}][
        :LIST_LIMIT
    ]
    views = tuple(private(call.site, loaded.blog, post) for post in chosen)
    return Posts(views, None, str(loaded.position))


async def write_post(call: Call) -> Response:
    said = await call.decode(NewPost)
    loaded = await found(call)
    actor, request = call.someone, await call.log_request()
    editor = actor.reaches("editor", loaded.id)
    body = await body_of(said, call.site.media)
    command = WritePost(
        post=post_id(loaded.id, actor.id, request.key),
        title=given(said.title),
        body=() if isinstance(body, UnsetType) else body,
        author=given(said.author),
        tags=tags_of(said.tags),
        lang=given(said.lang),
        status=("published" if editor else "draft") if said.status is UNSET else said.status,
        published_at=utc(said.published_at, "$.published_at"),
        publish_at=utc(said.publish_at, "$.publish_at") or None,
        pinned=said.pinned is True,
        key=said.key is True,
    )
    return await _written(call, loaded, command, 201)


async def read_post(call: Call) -> Response:
    loaded = await found(call)
    await _catch_up(call, loaded)
    view = await view_of(call.request, call.site, loaded)
    if view.then is None:
        return _post_answer(call, loaded, visible(call.actor, loaded, call["post"]))
    post = view.messages.timeline.posts.get(call["post"])
    if post is None:
        raise Problem(404, f"there was no post {call['post'][:80]} in this blog at that moment")
    answer = msgspec.json.encode(view.messages.view(post))
    return await past_or_present(call, loaded, view, lambda: answer)


async def revise_post(call: Call) -> Response:
    version = call.version()
    said = await call.decode(PostPatch)
    loaded = await found(call)
    command = RevisePost(
        post=call["post"],
        version=version,
        body=await body_of(said, call.site.media),
        published_at=utc(said.published_at, "$.published_at"),
        correction=line(said.correction),
        title=line(said.title),
        author=line(said.author),
        tags=said.tags if isinstance(said.tags, UnsetType) else tags_of(said.tags),
        lang=said.lang,
        pinned=said.pinned,
        key=said.key,
    )
    return await _written(call, loaded, command)


async def change_post_status(call: Call) -> Response:
    version = call.version()
    wanted = await call.decode(StatusOfPost)
    loaded = await found(call)
    command = ChangePostStatus(
        post=call["post"],
        status=wanted.status,
        version=version,
        note=line(wanted.note),
        keep_text=wanted.keep_text,
        publish_at=utc(wanted.publish_at, "$.publish_at") or None,
    )
    return await _written(call, loaded, command)


async def pin_post(call: Call) -> Response:
    return await _written(call, await found(call), PinPost(call["post"], pinned=True))


async def unpin_post(call: Call) -> Response:
    return await _written(call, await found(call), PinPost(call["post"], pinned=False))


async def mark_key(call: Call) -> Response:
    return await _written(call, await found(call), MarkKey(call["post"], key=True))


async def clear_key(call: Call) -> Response:
    return await _written(call, await found(call), MarkKey(call["post"], key=False))


async def read_log(call: Call) -> Response:
    """The log's entries as they are stored, one JSON object a line."""
    loaded = await found(call)
    if not call.someone.reaches("editor", loaded.id):
        raise Problem(403, "the log is for editors")
    first = position_of(call.asked("from") or "0-0")
    end = call.asked("to")
    last = position_of(end) if end else None

    async def lines() -> AsyncIterator[bytes]:
        before = Position(first.epoch, max(0, first.seq - 1))
        async for stored in entries(call.site.log, loaded.id, before):
            if last and stored.position > last:
                return
            yield _line(stored)

    headers = {"cache-control": "private, no-store"}
    return StreamingResponse(lines(), headers=headers, media_type="application/x-ndjson")


def _line(stored: Stored) -> bytes:
    line = {
        "position": str(stored.position),
        "head": stored.head.decode(),
        "content": stored.content.decode(),
    }
    return msgspec.json.encode(line) + b"\n"


async def upload(call: Call) -> Response:
    """A picture, as the raw body; its kind is seen from its content."""
    loaded = await found(call)
    if not call.someone.reaches("contributor", loaded.id):
        raise Problem(403, "pictures are uploaded by the desk")
    return json(_picture(await call.site.media.store(await call.raw(MAX_BYTES))), 201)


def _picture(picture: Picture) -> dict[str, object]:
    return {
        "id": picture.id,
        "url": picture.url,
        "width": picture.width,
        "height": picture.height,
    }


async def _written(call: Call, loaded: Loaded, command: Command, status: int = 200) -> Response:
    """Carry out a command on a post and answer with the post as it made it."""
    actor = call.someone

    def allowed(blog: Blog) -> None:
        permit(actor, command, blog)

    request = await call.log_request()
    done = await call.site.commands.handle(loaded.id, command, request, allowed)
    post = await _as_of(call.site, loaded, command.post, done.position)  # type: ignore[union-attr] # commands on posts
    return _post_answer(call, loaded, post, status)


async def _as_of(site: Site, loaded: Loaded, post_id: str, position: Position) -> Post:
    """A post at a position: the answer of a write stays the same when it is asked for again."""
    post = loaded.blog.posts.get(post_id)
    if post and post.position <= position:
        return post
    history = await site.records.history(loaded, post_id)
    then = [each.version.post for each in history if each.version.post.position <= position]
    if not then:
        raise Problem(404, f"there is no post {post_id[:80]} in this blog")
    return then[-1]


def visible(actor: Actor | None, loaded: Loaded, post_id: str) -> Post:
    """A post, if the asker may see it: 404 otherwise, withdrawn texts included."""
    post = loaded.blog.posts.get(post_id)
    insider = actor is not None and (
        actor.reaches("editor", loaded.id)
        or (actor.reaches("contributor", loaded.id) and post and post.created_by == actor.id)
    )
    if post is None or not (post.public or insider):
        raise Problem(404, f"there is no post {post_id[:80]} in this blog")
    return post


def private(site: Site, blog: Blog, post: Post) -> PostView:
    """A post with what only the desk is shown."""
    return structs.replace(
        site.articles.view(blog, post),
        reason=post.reason,
        publish_at=post.publish_at,
        created_by=post.created_by,
    )


def _post_answer(call: Call, loaded: Loaded, post: Post, status: int = 200) -> Response:
    insider = call.actor is not None and call.actor.reaches("contributor", loaded.id)
    view = private(call.site, loaded.blog, post) if insider else loaded.feed.messages.view(post)
    return json(view, status, etag=f'"{post.version}"')


async def _catch_up(call: Call, loaded: Loaded) -> None:
    """`?min=<position>`: another worker has written that far; wait for it up to a second."""
    asked = call.asked("min")
    if asked and call.actor is not None and call.actor.reaches("contributor", loaded.id):
        call.site.tail.wake(loaded.id)
        await loaded.reach(position_of(asked), seconds=1)


def position_of(text: str) -> Position:
    try:
        return Position.parse(text)
    except ValueError as error:
        raise Problem(400, str(error)) from None


def number_of(call: Call, name: str, default: int, limit: int) -> int:
    text = call.asked(name)
    if text is None:
        return default
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0
    if not 0 < number <= limit:
        raise Problem(400, f"{name} takes a number from 1 to {limit}, not {text[:40]}")
    return number


_POSTS = "/api/blogs/{blog}/posts"
_POST = _POSTS + "/{post}"

ENDPOINTS = [
    Endpoint(
        "GET",
        _POSTS,
        list_posts,
        None,
        "The timeline",
        gives=Posts,
        query=("before", "limit", "sort", "tag", "key", "at", "min", "status"),
    ),
    Endpoint(
        "POST", _POSTS, write_post, "contributor", "Write a post", NewPost, PostView, status=201
    ),
    Endpoint("GET", _POST, read_post, None, "One post", gives=PostView, query=("min", "at")),
    Endpoint("PATCH", _POST, revise_post, "contributor", "Revise a post", PostPatch, PostView),
    Endpoint(
        "PUT",
        _POST + "/status",
        change_post_status,
        "contributor",
        "Submit, schedule, publish, retract, restore",
        StatusOfPost,
        PostView,
    ),
    Endpoint("PUT", _POST + "/pin", pin_post, "editor", "Pin", gives=PostView),
    Endpoint("DELETE", _POST + "/pin", unpin_post, "editor", "Unpin", gives=PostView),
    Endpoint("PUT", _POST + "/key", mark_key, "editor", "Mark as a key event", gives=PostView),
    Endpoint("DELETE", _POST + "/key", clear_key, "editor", "Clear the mark", gives=PostView),
    Endpoint(
        "GET",
        "/api/blogs/{blog}/log",
        read_log,
        "editor",
        "The log as it is stored, NDJSON",
        query=("from", "to"),
    ),
    Endpoint(
        "POST", "/api/blogs/{blog}/media", upload, "contributor", "Upload a picture", status=201
    ),
]
