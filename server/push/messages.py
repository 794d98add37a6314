"""What one blog's readers are told: hello, what changed, the first page. Each is made once.

At most html and json, each plain, deflated, as an event or a line: whatever the readers.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Final, Protocol

from msgspec import Raw

from events import html
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
from server.push.wire import CARRY, Carriage

CATCH_UP: Final = 200
"""Changes a reader is caught up by at most; beyond, the first page is shorter."""


class Render(Protocol):
    """Makes a post readable: `render` implements it."""

    def article(self, blog: Blog, post: Post) -> str: ...
    def view(self, blog: Blog, post: Post) -> PostView: ...
    def url(self, blog: Blog, post: Post) -> str: ...


class Frame:
    """One message: each form is encoded at its first use, each carriage of it too, then kept."""

    __slots__ = ("_carried", "_encode", "_encoded", "position")

    def __init__(self, position: Position, encode: Callable[[Form], bytes]) -> None:
        self.position = position
        self._encode = encode
        self._encoded: dict[Form, bytes] = {}
        self._carried: dict[tuple[Form, Carriage], bytes] = {}

    def message(self, form: Form) -> bytes:
        """The JSON text."""
        encoded = self._encoded.get(form)
        if encoded is None:
            encoded = self._encoded[form] = self._encode(form)
        return encoded

    def carried(self, form: Form, carriage: Carriage) -> bytes:
        """The bytes for the wire."""
        carried = self._carried.get((form, carriage))
        if carried is None:
            carried = self._carried[form, carriage] = CARRY[carriage](self.message(form))
        return carried


class Messages:
    """The messages of a blog at its present position. `publish` is called when it has moved."""

    def __init__(self, blog: Blog, timeline: Timeline, render: Render) -> None:
        self.blog = blog
        self.timeline = timeline
        self.viewers: int | None = None
        """What hello says of how many read; None where the audience is not to know."""
        self._render = render
        self._frames: dict[str, Frame] = {}
        self._articles: dict[str, tuple[int, str]] = {}
        self._page: Frame | None = None

    @property
    def position(self) -> Position:
        """The latest public position: where an up-to-date reader stands."""
        return self.timeline.position

    def publish(self, change: Change) -> None:
        """Take in a change that was just applied to the timeline."""
        if change.id == BLOG:
            # Articles show the blog's language, zone and address.
            self._frames.clear()
            self._articles.clear()
        self._page = None

    def since(self, since: Position | None, *, greet: bool = True) -> list[Frame]:
        """What a reader at `since` is told: hello and the changes, or hello and the first page.

        Without `greet`, for a reader that is connected: no hello where every change is told.
        """
        missed = self._missed(since)
        if missed is None:
            return [self._hello(resumed=False), self._first_page()]
        changes = [self.changed(change) for change in missed]
        if greet or not _gapless(since, missed):
            return [self._hello(resumed=True), *changes]
        return changes

    def changed(self, change: Change) -> Frame:
        """What tells a change that was published."""
        frame = self._frames.get(change.id)
        if frame is None or frame.position != change.position:
            frame = Frame(change.position, lambda form: self._encode(change, form))
            self._frames[change.id] = frame
        return frame

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

    def _hello(self, *, resumed: bool) -> Frame:
        hello = encode(Hello(str(self.position), resumed, self.blog.status, self.viewers))
        return Frame(self.position, lambda _: hello)

    def _encode(self, change: Change, form: Form) -> bytes:
        position, after = str(change.position), str(change.after)
        if change.id == BLOG:
            blog, summary = self.blog, html.render(self.blog.summary)
            told = BlogMessage(position, after, blog.title, blog.standfirst, blog.status, summary)
            return encode(told)
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

    def _first_page(self) -> Frame:
        if self._page is None:
            self._page = Frame(self.position, self._snapshot)
        return self._page

    def _snapshot(self, form: Form) -> bytes:
        timeline = self.timeline
        return encode(
            Snapshot(
                position=str(self.position),
                title=self.blog.title,
                standfirst=self.blog.standfirst,
                status=self.blog.status,
                posts=tuple(self._item(post, form) for post in timeline.newest()),
                pinned=tuple(self._item(post, form) for post in timeline.pins()),
                keys=self.key_events(),
                summary=html.render(self.blog.summary),
            )
        )

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


def _gapless(since: Position | None, missed: list[Change]) -> bool:
    """Whether nothing was joined: each change follows the one before it, the first on `since`."""
    if not missed or since is None:
        return True
    chained = all(change.after == before.position for before, change in pairwise(missed))
    return chained and missed[0].after <= since
