"""Wire messages: what readers are sent, one encoder, one decoder. PROTOCOL.md is the prose."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

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
    summary: str = ""


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
    """`summary` is HTML, in either form; "" for none."""

    position: str
    after: str
    title: str
    standfirst: str
    status: BlogStatus
    summary: str = ""


class Viewers(_Message, frozen=True):
    """Not history: it has no position."""

    count: int


class Clock(_Message, frozen=True):
    """Of a replay alone: what time it is in the day that is played, and how that goes on."""

    at: str
    position: str
    speed: float
    playing: bool
    ended: bool


class Trouble(_Message, frozen=True, tag="problem"):
    """Of a replay alone: what was asked for cannot be; nothing has changed."""

    detail: str


Message = Hello | Snapshot | PostMessage | Retract | BlogMessage | Viewers | Clock | Trouble

encode = msgspec.json.Encoder().encode
"""A message as the UTF-8 JSON text that goes over every transport."""


SLOWEST, FASTEST = 0.1, 600.0
"""How many seconds of the day may go by in one second of a replay."""


class _Control(Struct, frozen=True, tag=str.lower, forbid_unknown_fields=True):
    """What the viewer of a replay may say."""


class Play(_Control, frozen=True):
    pass


class Pause(_Control, frozen=True):
    pass


class Speed(_Control, frozen=True):
    speed: Annotated[float, Meta(ge=SLOWEST, le=FASTEST)]


class Seek(_Control, frozen=True):
    """`to` is a time or a position."""

    to: Annotated[str, Meta(min_length=1, max_length=64)]


class SkipSilences(_Control, frozen=True, tag="skip_silences"):
    """`longest`: seconds that the viewer waits at most for the next change; null for all of it."""

    longest: Annotated[float, Meta(ge=0.1, le=3600)] | None


Control = Play | Pause | Speed | Seek | SkipSilences

_control = msgspec.json.Decoder(Control).decode


def control(said: str | bytes) -> Control:
    """What a viewer says, decoded; raises ValueError that tells what is wrong and where."""
    try:
        wish: Control = _control(said)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise ValueError(f"{path.rstrip('`') or '$'}: {message}") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"a message is JSON, and this is not: {error}") from None
    return wish
