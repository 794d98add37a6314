"""The feed: one blog's readers, and the frames they are sent. Knows bytes and positions, no HTTP.

A reader is a transport and a position. What it has missed is never queued for it: it is the
timeline's changes after its position, newest state, each encoded once whatever the readers.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

from msgspec import Raw

from events.blog import Blog, Post
from events.frames import (
    BlogMessage,
    Form,
    Hello,
    Item,
    KeyEvent,
    PostMessage,
    PostView,
    Retract,
    Snapshot,
    encode,
)
from events.position import Position
from events.timeline import BLOG, Change, Timeline

CATCH_UP = 200
"""Changes a reader is caught up by at most; beyond, the first page is shorter."""

# Close codes, as PROTOCOL.md explains them.
UNAUTHORIZED = 4401
NOT_FOUND = 4404
TOO_SLOW = 4408
TOO_MANY = 4429
RESTART = 1012


class Render(Protocol):
    """Makes a post readable: `render` implements it."""

    def article(self, blog: Blog, post: Post) -> str: ...
    def view(self, blog: Blog, post: Post) -> PostView: ...
    def url(self, blog: Blog, post: Post) -> str: ...


class Frame:
    """One change encoded for the wire: each form at its first use, then kept."""

    __slots__ = ("_made", "_make", "after", "id", "position")

    def __init__(self, change: Change, make: Callable[[Change, Form], bytes]) -> None:
        self.id = change.id
        self.position = change.position
        self.after = change.after
        self._make: Callable[[Form], bytes] = lambda form: make(change, form)
        self._made: dict[Form, bytes] = {}

    def bytes(self, form: Form) -> bytes:
        made = self._made.get(form)
        if made is None:
            made = self._made[form] = self._make(form)
        return made


class Reader(Protocol):
    """What the feed needs of a connected audience member. No call may block or re-enter."""

    form: Form

    def begin(self, messages: list[bytes], position: Position) -> None:
        """Send these; the reader then stands at `position`."""
        ...

    def take(self, frame: Frame) -> None:
        """A live change. A reader that is behind ignores it and asks for `following` later."""
        ...

    def close(self, code: int) -> None: ...


class Feed:
    """The readers of one blog. All calls are synchronous: between two of them nothing slips."""

    def __init__(self, blog: Blog, timeline: Timeline, render: Render) -> None:
        self.readers: set[Reader] = set()
        self._render = render
        self.renew(blog, timeline)

    @property
    def position(self) -> Position:
        """The latest public position: where an up-to-date reader stands."""
        return self.timeline.position

    def renew(self, blog: Blog, timeline: Timeline) -> None:
        """Start over from another fold of the log; every reader gets a snapshot."""
        self.blog = blog
        self.timeline = timeline
        self._frames: dict[str, Frame] = {}
        self._articles: dict[str, tuple[int, str]] = {}
        self._snapshots: dict[Form, tuple[Position, bytes]] = {}
        for reader in tuple(self.readers):
            reader.begin(self.answer(None, reader.form), self.position)

    def publish(self, change: Change) -> None:
        """Give a change, just applied to the timeline, to every reader; in the log's order."""
        if change.id == BLOG:
            # Articles show the blog's language, zone and address.
            self._frames.clear()
            self._articles.clear()
        frame = self._frame(change)
        for reader in tuple(self.readers):
            reader.take(frame)

    def attach(self, reader: Reader, since: Position | None) -> None:
        """Write what changed after `since`, then let the reader take part: one step."""
        reader.begin(self.answer(since, reader.form), self.position)
        self.readers.add(reader)

    def detach(self, reader: Reader) -> None:
        self.readers.discard(reader)

    def close(self, code: int) -> None:
        """Send every reader away."""
        for reader in tuple(self.readers):
            reader.close(code)

    def answer(self, since: Position | None, form: Form) -> list[bytes]:
        """Hello and what changed since, or a snapshot where that cannot be told or is too much."""
        missed = self._missed(since)
        hello = Hello(str(self.position), missed is not None, self.blog.status)
        if missed is None:
            return [encode(hello), self._snapshot(form)]
        return [encode(hello), *(self._frame(change).bytes(form) for change in missed)]

    def following(self, position: Position, form: Form) -> list[bytes]:
        """What a connected reader at a position gets next; without hello if nothing was joined."""
        missed = self._missed(position)
        if (
            missed
            and all(change.after == before.position for before, change in pairwise(missed))
            and missed[0].after <= position
        ):
            return [self._frame(change).bytes(form) for change in missed]
        return self.answer(position, form) if missed != [] else []

    def article(self, post: Post) -> str:
        """The post's article in HTML, rendered once a version."""
        kept = self._articles.get(post.id)
        if kept is None or kept[0] != post.version:
            kept = self._articles[post.id] = post.version, self._render.article(self.blog, post)
        return kept[1]

    def view(self, post: Post) -> PostView:
        return self._render.view(self.blog, post)

    def key_events(self) -> tuple[KeyEvent, ...]:
        return tuple(
            KeyEvent(
                post.id,
                post.order,
                post.title,
                post.published_at,
                self._render.url(self.blog, post),
            )
            for post in self.timeline.key_events()
        )

    def _missed(self, since: Position | None) -> list[Change] | None:
        # Beyond the public position lies only what readers must not learn of.
        if since is None or since > self.position or not self.blog.holds(since):
            return None
        missed = self.timeline.since(since)
        return missed if len(missed) <= CATCH_UP else None

    def _frame(self, change: Change) -> Frame:
        frame = self._frames.get(change.id)
        if frame is None or frame.position != change.position:
            frame = self._frames[change.id] = Frame(change, self._encode)
        return frame

    def _encode(self, change: Change, form: Form) -> bytes:
        position, after = str(change.position), str(change.after)
        if change.id == BLOG:
            blog = self.blog
            return encode(BlogMessage(position, after, blog.title, blog.standfirst, blog.status))
        post = change.post
        if post is None:
            return encode(Retract(position, after, change.id))
        return encode(
            PostMessage(
                position,
                after,
                post.id,
                post.version,
                post.order,
                post.pinned,
                post.key,
                post=self.view(post) if form == "json" else None,
                html=self.article(post) if form == "html" else None,
            )
        )

    def _snapshot(self, form: Form) -> bytes:
        kept = self._snapshots.get(form)
        if kept is None or kept[0] != self.position:
            timeline = self.timeline
            snapshot = Snapshot(
                position=str(self.position),
                title=self.blog.title,
                standfirst=self.blog.standfirst,
                status=self.blog.status,
                posts=tuple(self._item(post, form) for post in timeline.newest()),
                pinned=tuple(self._item(post, form) for post in timeline.pins()),
                keys=self.key_events(),
            )
            kept = self._snapshots[form] = self.position, encode(snapshot)
        return kept[1]

    def _item(self, post: Post, form: Form) -> Raw:
        item = Item(
            post.id,
            post.version,
            post.order,
            post.pinned,
            post.key,
            post=self.view(post) if form == "json" else None,
            html=self.article(post) if form == "html" else None,
        )
        return Raw(encode(item))
