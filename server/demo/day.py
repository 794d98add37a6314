"""The demo's sample day as data: `day.jsonl` holds the blog, then what is done and how long to
wait after it.
"""

from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events.commands import CreateBlog
from events.document import EmbedAttrs, LinkCardAttrs, VideoAttrs
from events.facts import BlogStatus

OPENING = 11
"""Posts that a round begins with, so that its page is alive at once."""


class Drawing(Struct, frozen=True):
    draw: str
    alt: str
    caption: str
    credit: str


class _Step(Struct, frozen=True, tag_field="do", tag=str.lower, kw_only=True):
    """`wait`: seconds until the next step."""

    wait: float


class Status(_Step, frozen=True):
    status: BlogStatus


class Publish(_Step, frozen=True):
    name: str
    markdown: str
    title: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    lang: str = ""
    key: bool = False
    pinned: bool = False
    image: Drawing | None = None
    video: VideoAttrs | None = None
    link: LinkCardAttrs | None = None
    embed: EmbedAttrs | None = None


class Revise(_Step, frozen=True):
    name: str
    markdown: str
    correction: str = ""


class Retract(_Step, frozen=True):
    name: str
    reason: str
    keep_text: bool = False


class Pin(_Step, frozen=True):
    name: str


class Unpin(_Step, frozen=True):
    name: str


class Key(_Step, frozen=True):
    name: str


class Summarise(_Step, frozen=True):
    """The blog's summary is this from now on."""

    markdown: str


Step = Status | Summarise | Publish | Revise | Retract | Pin | Unpin | Key


class Day(Struct, frozen=True):
    """`live` is the number of the first step that a reader sees happen."""

    blog: CreateBlog
    steps: tuple[Step, ...]
    live: int


def day() -> Day:
    """The sample day."""
    first, *others = Path(__file__).with_name("day.jsonl").read_bytes().splitlines()
    blog = msgspec.convert({**msgspec.json.decode(first)["blog"], "type": "CreateBlog"}, CreateBlog)
    blog = replace(blog, visibility="public")
    steps = tuple(msgspec.json.decode(line, type=Step) for line in others)
    posts = [number for number, step in enumerate(steps) if isinstance(step, Publish)]
    return Day(blog, steps, posts[OPENING])
