"""The timeline: what the audience sees, and in which order it last changed.

A projection of the log: fold entries with `evolve`, then `Timeline.apply` the same entries. It
keeps published posts sorted by their place, and every public change once, newest last, withdrawn
posts as tombstones. What a reader at a position has missed is the end of that list.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from msgspec import Struct, field

from events.blog import Blog, Post
from events.entry import Entry
from events.facts import BlogEvent, BlogVisibilityChanged, Event
from events.position import START, Position

PAGE = 30
"""Posts on a first page."""
KEYS = 100
"""Key events listed at most: the newest."""
BLOG = ""
"""The id under which a change of the blog's own details stands among the changes."""


class Change(Struct, frozen=True):
    """The newest public change of one post, or of the blog's details (id BLOG).

    `after` is the public position before it. `post` is None where the post was withdrawn, and
    for the blog.
    """

    id: str
    position: Position
    after: Position
    post: Post | None = None


class Timeline(Struct):
    """The audience's view at `position`, the latest public one."""

    position: Position = START
    posts: dict[str, Post] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    """The orders of the published posts, ascending."""
    by_order: dict[str, str] = field(default_factory=dict)
    pinned: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)

    def apply(self, blog: Blog, entry: Entry) -> list[Change]:
        """Take in one entry that `blog` has just evolved by; returns its public changes."""
        after, made = self.position, []
        for changed in dict.fromkeys(_subject(event) for event in entry.events):
            if changed is None:
                continue
            post = blog.posts[changed] if changed else None
            if post and not (post.public or changed in self.posts):
                continue
            if post:
                self._put(post)
            shown = post if post and post.public else None
            change = Change(changed, entry.position, after, shown)
            # Deleted first, so that the newest change is always the last.
            self.changes.pop(changed, None)
            self.changes[changed] = change
            self.position = after = entry.position
            made.append(change)
        return made

    def _put(self, post: Post) -> None:
        before = self.posts.pop(post.id, None)
        if before and not (post.public and before.order == post.order):
            del self.orders[bisect_left(self.orders, before.order)]
            del self.by_order[before.order]
            before = None
        _member(self.pinned, post.id, post.public and post.pinned)
        _member(self.keys, post.id, post.public and post.key)
        if post.public:
            self.posts[post.id] = post
            if before is None:
                insort(self.orders, post.order)
                self.by_order[post.order] = post.id

    def since(self, position: Position) -> list[Change]:
        """Every public change after a position, oldest first; each post once."""
        missed = []
        for change in reversed(self.changes.values()):
            if change.position <= position:
                break
            missed.append(change)
        missed.reverse()
        return missed

    def newest(self, limit: int = PAGE, before: str | None = None) -> list[Post]:
        """Up to `limit` posts from the top, or from below the order `before`."""
        return [self._at(index) for index in self._beyond(before)[:limit]]

    def oldest(self, limit: int = PAGE, after: str | None = None) -> list[Post]:
        """Up to `limit` posts from the bottom, or from above the order `after`."""
        return [self._at(index) for index in self._beyond(after, newest_first=False)[:limit]]

    def pins(self) -> list[Post]:
        """The pinned posts, highest place first."""
        return self._sorted(self.pinned)

    def key_events(self) -> list[Post]:
        """The newest key events, highest place first, at most KEYS."""
        return self._sorted(self.keys)[:KEYS]

    def walk(self, newest_first: bool = True) -> Iterator[Post]:
        """Every post in its place."""
        return map(self._at, self._beyond(None, newest_first=newest_first))

    def tagged(
        self, tag: str, beyond: str | None = None, *, newest_first: bool = True
    ) -> Iterator[Post]:
        """The posts with a tag, of all or of those beyond an order."""
        found = self._beyond(beyond, newest_first=newest_first)
        posts = (self._at(index) for index in found if self._may_have(index, tag))
        return (post for post in posts if tag in post.tags)

    def _beyond(self, order: str | None, *, newest_first: bool = True) -> range:
        """Where the posts are that come after an order; None: all of them."""
        if newest_first:
            end = len(self.orders) if order is None else bisect_left(self.orders, order)
            return range(end - 1, -1, -1)
        start = 0 if order is None else bisect_right(self.orders, order)
        return range(start, len(self.orders))

    def _may_have(self, index: int, tag: str) -> bool:  # noqa: ARG002 - here all are at hand
        """Whether a post may have a tag: for those who can tell before they have the post."""
        return True

    def _at(self, index: int) -> Post:
        return self.posts[self.by_order[self.orders[index]]]

    def _sorted(self, ids: set[str]) -> list[Post]:
        return sorted((self.posts[id] for id in ids), key=lambda post: post.order, reverse=True)


def _subject(event: Event) -> str | None:
    """What an event changes in public: a post's id, BLOG, or None."""
    if isinstance(event, BlogVisibilityChanged):
        return None  # who may see the blog is not part of what is seen
    return BLOG if isinstance(event, BlogEvent) else event.post


def _member(ids: set[str], post_id: str, belongs: bool) -> None:
    (ids.add if belongs else ids.discard)(post_id)
