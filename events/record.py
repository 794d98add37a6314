"""The record: every published change, one deed each, told as may be told today.

A projection of the log: `recorded` folds one entry and says what it changed in public. Of a post
that was withdrawn the record says that it was there and that it went; its words are in no deed,
neither of before nor of after, unless the editor who withdrew it said that they may stay. Nor are
reasons, authors of changes and whatever happened before a first publication: these are the desk's.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from events.blog import Blog, Post, evolve
from events.document import Body, images, plain_text
from events.entry import Entry
from events.facts import (
    BlogAppearanceChanged,
    BlogCreated,
    BlogDeleted,
    BlogDetailsChanged,
    BlogEvent,
    BlogPastClosed,
    BlogPastOpened,
    BlogSlugChanged,
    BlogStatusChanged,
    BlogSummarised,
    Event,
    PostCorrected,
    PostKeyCleared,
    PostKeyMarked,
    PostPinned,
    PostPublished,
    PostRestored,
    PostRetracted,
    PostRevised,
    PostTimeSet,
    PostUnpinned,
)
from events.position import START, Position
from events.timeline import BLOG, Timeline

Kind = Literal[
    "opened",
    "described",
    "summarised",
    "moved",
    "styled",
    "upcoming",
    "live",
    "paused",
    "ended",
    "past_closed",
    "past_opened",
    "deleted",
    "published",
    "edited",
    "corrected",
    "timed",
    "pinned",
    "unpinned",
    "key",
    "unkeyed",
    "withdrawn",
    "restored",
]
"""What was done: to the blog, up to `deleted`, or to a post."""

PartName = Literal[
    "title",
    "standfirst",
    "summary",
    "body",
    "pictures",
    "author",
    "tags",
    "language",
    "time_zone",
    "address",
]

Words = Literal["shown", "unopened", "withheld", "erased"]
"""Whether a deed has its words: `unopened` while the blog was a draft, which its editors alone saw;
`withheld` with the post, which was withdrawn since; `erased` from the log, which keeps no more than
their digest."""

_KINDS: Final[dict[type[Event], Kind]] = {
    BlogCreated: "opened",
    BlogDetailsChanged: "described",
    BlogSummarised: "summarised",
    BlogSlugChanged: "moved",
    BlogAppearanceChanged: "styled",
    BlogPastClosed: "past_closed",
    BlogPastOpened: "past_opened",
    BlogDeleted: "deleted",
    PostPublished: "published",
    PostRevised: "edited",
    PostCorrected: "corrected",
    PostTimeSet: "timed",
    PostPinned: "pinned",
    PostUnpinned: "unpinned",
    PostKeyMarked: "key",
    PostKeyCleared: "unkeyed",
    PostRetracted: "withdrawn",
    PostRestored: "restored",
}
_SAID = BlogCreated | BlogDetailsChanged | BlogSummarised | PostRevised | PostCorrected
"""Stored with a content: without one, it was erased."""


class Part(Struct, frozen=True):
    """One thing that is said, before and after; "" where nothing was. Pictures are a line each."""

    name: PartName
    before: str
    after: str


class Deed(Struct, frozen=True):
    """One published change. `post` is BLOG where it was of the blog itself.

    `at` is when it occurred, `recorded_at` when it was written down. `title` is what the post is
    called after it, `note` what a correction says. `formatted`: more changed than words, such as
    emphasis or the address of a link. `times` are the times that a post showed before and after.
    """

    position: Position
    at: datetime
    recorded_at: datetime
    post: str
    kinds: tuple[Kind, ...]
    words: Words = "shown"
    title: str = ""
    lang: str = ""
    parts: tuple[Part, ...] = ()
    note: str = ""
    formatted: bool = False
    times: tuple[datetime | None, datetime | None] | None = None

    @property
    def size(self) -> int:
        """Characters that it compares."""
        return sum(len(part.before) + len(part.after) for part in self.parts)


def recorded(blog: Blog, timeline: Timeline, entry: Entry, now: Blog) -> tuple[Blog, list[Deed]]:
    """Evolve by one entry, and what that changed in public, as may be told `now`.

    Takes blog and timeline over, as `evolve` does; `now` is the same blog at its latest.
    """
    before, posts = copy(blog), {id: blog.posts.get(id) for id in _posts(entry)}
    blog = evolve(blog, entry)
    deeds = [
        _of_post(entry, posts[change.id], blog.posts[change.id], now.posts[change.id])
        if change.id
        else _of_blog(entry, before, blog)
        for change in timeline.apply(blog, entry)
    ]
    # The last change of a draft, too, tells what it was before.
    if entry.position <= now.opened:
        deeds = [_unopened(deed) for deed in deeds]
    return blog, deeds


def parts(before: Post | None, after: Post) -> Iterator[Part]:
    """What a post says otherwise than before; all of it, where there was nothing before."""
    old, new = (dict(_said(each)) if each else {} for each in (before, after))
    for name, said in new.items():
        if said != old.get(name, ""):
            yield Part(name, old.get(name, ""), said)


def formatted(before: Post | None, after: Post) -> bool:
    """Whether the body changed where its words and pictures did not."""
    if before is None or before.body == after.body:
        return False
    return all(part.name not in {"body", "pictures"} for part in parts(before, after))


def _said(post: Post) -> Iterator[tuple[PartName, str]]:
    yield "title", post.title
    yield "body", plain_text(post.body)
    yield "pictures", _pictures(post.body)
    yield "author", post.author
    yield "tags", ", ".join(post.tags)
    yield "language", post.lang


def _pictures(body: Body) -> str:
    """Each by what it shows; one that is decoration by the beginning of its name."""
    return "\n".join(image.attrs.alt or image.attrs.media[:8] for image in images(body))


def _unopened(deed: Deed) -> Deed:
    """Only that it was done."""
    bare = Deed(deed.position, deed.at, deed.recorded_at, deed.post, deed.kinds)
    return replace(bare, words="withheld" if deed.words == "withheld" else "unopened")


def _posts(entry: Entry) -> Iterator[str]:
    return (event.post for event in entry.events if not isinstance(event, BlogEvent))


def _of_post(entry: Entry, before: Post | None, after: Post, now: Post) -> Deed:
    events = [e for e in entry.events if not isinstance(e, BlogEvent) and e.post == after.id]
    kinds = tuple(_kinds(events))
    first = "published" in kinds
    shown = before if before and not first else None
    moved = (shown.published_at, after.published_at) if shown and "timed" in kinds else None
    deed = Deed(entry.position, entry.at, entry.recorded_at, after.id, kinds, times=moved)
    if now.status == "retracted" and not now.keep_text:
        return replace(deed, words="withheld")
    if _erased(events, *(each for each in (shown, after) if each)):
        return replace(deed, words="erased")
    return replace(
        deed,
        title=after.title,
        lang=after.lang,
        parts=tuple(parts(shown, after)),
        note=after.correction if "corrected" in kinds else "",
        formatted=formatted(shown, after),
    )


def _erased(events: Sequence[Event], *posts: Post) -> bool:
    # Nobody could write a post that says nothing at all.
    missing = any(isinstance(event, _SAID) and event.content is None for event in events)
    return missing or any(not (post.title.strip() or post.body) for post in posts)


def _of_blog(entry: Entry, before: Blog, after: Blog) -> Deed:
    events = [event for event in entry.events if isinstance(event, BlogEvent)]
    erased = any(isinstance(event, _SAID) and event.content is None for event in events)
    return Deed(
        entry.position,
        entry.at,
        entry.recorded_at,
        BLOG,
        tuple(_kinds(events)),
        words="erased" if erased else "shown",
        parts=() if erased else tuple(_details(before, after)),
    )


def _details(before: Blog, after: Blog) -> Iterator[Part]:
    told: dict[PartName, tuple[str, str]] = {
        "title": (before.title, after.title),
        "standfirst": (before.standfirst, after.standfirst),
        "summary": (plain_text(before.summary), plain_text(after.summary)),
        "language": (before.language, after.language),
        "time_zone": (before.time_zone, after.time_zone),
        "address": (before.slug, after.slug),
    }
    opened = before.position == START  # before it there was nothing, also no language
    for name, (old, new) in told.items():
        if opened and new:
            yield Part(name, "", new)
        elif old != new:
            yield Part(name, old, new)


def _kinds(events: Sequence[Event]) -> Iterator[Kind]:
    """What was done, most telling first: a correction is no edit besides."""
    corrected = any(isinstance(event, PostCorrected) for event in events)
    for event in events:
        if isinstance(event, BlogStatusChanged):
            yield event.status
        elif (kind := _KINDS.get(type(event))) and not (corrected and kind == "edited"):
            yield kind
