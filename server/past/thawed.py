"""A fold that goes on from a snapshot, and is frozen again: it decodes the posts it looks at."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import cast

from msgspec.structs import replace

from events.blog import Blog, Post
from events.position import START, Position
from events.timeline import BLOG, Change, Timeline
from server.past.frozen import NOBODY, Pack, Part, Snapshot, decode_blog, encode
from server.past.overlay import Orders, Overlay


class Below:
    """A snapshot as it lies below a fold: its numbers, and what they stand for."""

    def __init__(self, pack: Pack, snapshot: Snapshot) -> None:
        self._pack = pack
        self._details = snapshot.details
        self.blog: Blog = decode_blog(snapshot.blog)
        self.states = memoryview(snapshot.states).cast("I")
        self.orders = memoryview(snapshot.orders).cast("I")
        self.changes = memoryview(snapshot.changes).cast("I")
        self.changed = memoryview(snapshot.changed).cast("I")
        self.after = memoryview(snapshot.after).cast("I")
        self._epochs = tuple(self.blog.epochs)

    def row(self, id: str) -> int | None:
        """The number of a post, NOBODY of the blog's own details."""
        row = NOBODY if id == BLOG else self._pack.rows.get(id, NOBODY)
        return row if row < len(self.states) or id == BLOG else None

    def post(self, id: str) -> Post | None:
        row = self.row(id)
        return None if row is None or row == NOBODY else self._post(row)

    def public(self, id: str) -> Post | None:
        post = self.post(id)
        return post if post and post.public else None

    def change(self, id: str) -> Change | None:
        row = self.row(id)
        if row == NOBODY:
            return Change(BLOG, *self._details) if self._details else None
        if row is None or not self.changed[row]:
            return None
        at, after = self._position(self.changed[row]), self._position(self.after[row])
        return Change(id, at, after, self.public(id))

    def order(self, row: int) -> str:
        return self._post(row).order

    def id_at(self, order: str) -> str | None:
        """The public post at a place in the page."""
        index = bisect_left(self.orders, order, key=self.order)
        if index == len(self.orders) or self.order(self.orders[index]) != order:
            return None
        return self._pack.ids[self.orders[index]]

    def drafted(self, backwards: bool) -> Iterator[str]:
        ids = self._pack.ids[: len(self.states)]
        return reversed(ids) if backwards else iter(ids)

    def told(self, backwards: bool) -> Iterator[str]:
        """What has changed in public, the last change last."""
        rows = reversed(self.changes) if backwards else iter(self.changes)
        return (BLOG if row == NOBODY else self._pack.ids[row] for row in rows)

    def shown(self, backwards: bool) -> Iterator[str]:
        """The public posts, in that order."""
        public = {self._pack.ids[row] for row in self.orders}
        return (id for id in self.told(backwards) if id in public)

    def placed(self, backwards: bool) -> Iterator[str]:
        """The places of the page."""
        rows = reversed(self.orders) if backwards else iter(self.orders)
        return map(self.order, rows)

    def _post(self, row: int) -> Post:
        return self._pack.post(self.states[row])

    def _position(self, seq: int) -> Position:
        """Where an entry stands: seqs are dense across epochs."""
        if seq == 0:
            return START
        epoch = bisect_right(self._epochs, seq, key=lambda first: first.seq) - 1
        return Position(self._epochs[epoch].epoch, seq)


class ThawedTimeline(Timeline):
    """Looks for a tag in what a post is frozen as, since few have it and to decode takes longer."""

    frozen: Callable[[int], bytes | None] = lambda _: None
    """What the post at a place is frozen as; None where it is not any more."""

    def _may_have(self, index: int, tag: str) -> bool:
        frozen = self.frozen(index)
        return frozen is None or encode(tag) in frozen


class Thawed:
    """The fold: `blog` and `timeline` are the caller's own."""

    def __init__(self, pack: Pack, snapshot: Snapshot) -> None:
        self._pack = pack
        self._below = below = Below(pack, snapshot)
        self._posts = Overlay(below.post, below.drafted, len(below.states))
        self._told = Overlay(below.change, below.told, len(below.changes))
        self._places = Orders(list(below.orders), below.order)
        shown = Overlay(below.public, below.shown, len(below.orders))
        by_order = Overlay(below.id_at, below.placed, len(below.orders))
        self.blog = below.blog
        # They do all that is asked of a dict and of a list in these places.
        self.blog.posts = cast("dict[str, Post]", self._posts)
        self._shown = shown
        self.timeline = ThawedTimeline(
            snapshot.position,
            cast("dict[str, Post]", shown),
            cast("dict[str, Change]", self._told),
            cast("list[str]", self._places),
            cast("dict[str, str]", by_order),
            set(snapshot.pinned),
            set(snapshot.keys),
            self._frozen,
        )

    def _frozen(self, index: int) -> bytes | None:
        place, shown = self._places.places[index], self._shown
        if isinstance(place, str):
            return None
        id = self._pack.ids[place]
        changed = id in shown.gone or id in shown.changed or id in shown.added
        return None if changed else self._pack.states[self._below.states[place]]

    def freeze(self, digest: str, until: datetime) -> tuple[Part, Snapshot]:
        """What the pack grows by, and the snapshot of now. The pack has not grown since.

        `digest` is that of the last entry's head, `until` the latest time of all entries.
        """
        blog, timeline, posts = self.blog, self.timeline, self._posts
        rows, size = len(self._below.states), len(self._pack.states)
        states = tuple(map(encode, (*posts.changed.values(), *posts.added.values())))
        part = Part(blog.position, digest, until, rows, size, tuple(posts.added), states)
        new = {id: rows + number for number, id in enumerate(posts.added)}
        details = timeline.changes.get(BLOG)
        return part, Snapshot(
            blog=encode(replace(blog, posts={})),
            position=timeline.position,
            pinned=tuple(sorted(timeline.pinned)),
            keys=tuple(sorted(timeline.keys)),
            states=self._states(size, new),
            orders=_numbers(self._orders(new)),
            changes=_numbers(self._changes(new)),
            changed=self._seqs(self._below.changed, new, lambda change: change.position),
            after=self._seqs(self._below.after, new, lambda change: change.after),
            details=(details.position, details.after) if details else None,
        )

    def _states(self, size: int, new: dict[str, int]) -> bytes:
        states = [*self._below.states, *([0] * len(new))]
        for number, id in enumerate((*self._posts.changed, *new)):
            states[self._row(id, new)] = size + number
        return _numbers(states)

    def _orders(self, new: dict[str, int]) -> Iterator[int]:
        by_order = self.timeline.by_order
        for place in self._places.places:
            yield place if isinstance(place, int) else self._row(by_order[place], new)

    def _changes(self, new: dict[str, int]) -> Iterator[int]:
        gone = {self._row(id, new) for id in self._told.gone}
        yield from (row for row in self._below.changes if row not in gone)
        yield from (self._row(id, new) for id in self._told.added)

    def _seqs(
        self, below: "memoryview[int]", new: dict[str, int], of: Callable[[Change], Position]
    ) -> bytes:
        seqs = [*below, *([0] * len(new))]
        for id, change in self._told.added.items():
            if id != BLOG:
                seqs[self._row(id, new)] = of(change).seq
        return _numbers(seqs)

    def _row(self, id: str, new: dict[str, int]) -> int:
        row = new.get(id)
        row = self._below.row(id) if row is None else row
        assert row is not None, f"{id} is in no snapshot and not new"
        return row


def _numbers(numbers: Iterable[int]) -> bytes:
    return array("I", numbers).tobytes()
