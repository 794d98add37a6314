"""Wire messages: what readers are sent, one encoder, one decoder. PROTOCOL.md is the prose."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from events.blog import PostStatus
from events.document import Block
from events.facts import BlogStatus

Form = Literal["html", "json"]


class PostView(Struct, frozen=True):
    """A post as the API reads it. `html` is the rendered body; `url` the permalink.

    `reason`, `publish_at` and `created_by` are for the desk; readers never get them.
    """

    id: str
    version: int
    position: str
    order: str
    status: PostStatus
    title: str
    body: tuple[Block, ...]
    html: str
    author: str
    tags: tuple[str, ...]
    lang: str
    pinned: bool
    key: bool
    published_at: datetime | None
    first_published_at: datetime | None
    edited_at: datetime | None
    correction: str
    url: str
    reason: str | msgspec.UnsetType = msgspec.UNSET
    publish_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    created_by: str | msgspec.UnsetType = msgspec.UNSET


class Item(Struct, frozen=True, omit_defaults=True):
    """A post inside a snapshot: as `post` in form json, as its article in form html."""

    id: str
    version: int
    order: str
    pinned: bool
    key: bool
    post: PostView | None = None
    html: str | None = None


class KeyEvent(Struct, frozen=True):
    """One line of the list of key events."""

    id: str
    order: str
    title: str
    published_at: datetime | None
    url: str


class _Message(Struct, frozen=True, tag=str.lower):
    pass


class Hello(_Message, frozen=True):
    """Always first; again when a reader that fell behind is caught up."""

    position: str
    resumed: bool
    status: BlogStatus
    viewers: int | None = None


class Snapshot(_Message, frozen=True):
    """Drop all you have: this is the first page. Each post is an encoded `Item`."""

    position: str
    title: str
    standfirst: str
    status: BlogStatus
    posts: tuple[Raw, ...]
    pinned: tuple[Raw, ...]
    keys: tuple[KeyEvent, ...]


class PostMessage(_Message, frozen=True, tag="post", omit_defaults=True):
    """Insert or replace by id, at its order."""

    position: str
    after: str
    id: str
    version: int
    order: str
    pinned: bool
    key: bool
    post: PostView | None = None
    html: str | None = None


class Retract(_Message, frozen=True):
    position: str
    after: str
    id: str


class BlogMessage(_Message, frozen=True, tag="blog"):
    position: str
    after: str
    title: str
    standfirst: str
    status: BlogStatus


class Viewers(_Message, frozen=True):
    """Not history: it has no position."""

    count: int


Message = Hello | Snapshot | PostMessage | Retract | BlogMessage | Viewers

encode = msgspec.json.Encoder().encode
"""A message as the UTF-8 JSON text that goes over every transport."""
