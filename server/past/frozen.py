"""What is saved of a fold, so that another can go on from there: see `thawed`.

The posts of a blog are numbered in the order in which they were drafted: their *row*. A *pack* has
every id by its row and every state of a post that a snapshot has seen, encoded. It only grows, by a
*part* for each snapshot. The *snapshot* itself has numbers: the state of each row, the rows in the
order of the page.
"""

from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from events.blog import Blog, Post
from events.position import START, Position

NOBODY: Final = 2**32 - 1
"""Stands among the rows for the blog's own details."""
DECODED: Final = 4_096
"""Posts of a blog kept as they were decoded last."""

encode = msgspec.json.Encoder().encode
"""Of a blog or a post. JSON keeps the offsets of times, as the log does."""
decode_blog = msgspec.json.Decoder(Blog).decode
_decode_post = msgspec.json.Decoder(Post).decode


class Part(Struct, frozen=True):
    """What a pack grows by: new ids, and the posts that are others since the part before.

    `digest` is that of the head of the log's entry at `position`, `until` the latest time of any
    entry so far. `rows` and `size` count the ids and the states before.
    """

    position: Position
    digest: str
    until: datetime
    rows: int
    size: int
    ids: tuple[str, ...]
    states: tuple[bytes, ...]


class Snapshot(Struct, frozen=True):
    """A fold in numbers of a pack, each of 32 bits.

    `states`: of each row. `orders` and `changes`: rows by place in the page, and by last public
    change. `changed` and `after`: of each row, the seq of that change and of the one before it in
    public, 0 for none.
    """

    blog: bytes
    position: Position
    pinned: tuple[str, ...]
    keys: tuple[str, ...]
    states: bytes
    orders: bytes
    changes: bytes
    changed: bytes
    after: bytes
    details: tuple[Position, Position] | None
    """Where the blog's own details last changed, and the public position before."""


def beginning(blog_id: str) -> Snapshot:
    """Nothing has happened."""
    return Snapshot(encode(Blog(blog_id)), START, (), (), b"", b"", b"", b"", b"", None)


class Pack:
    """The ids and the encoded states of a blog's posts, as far as its parts go."""

    def __init__(self) -> None:
        self.marks: list[Part] = []
        """The parts without what they held."""
        self.ids: list[str] = []
        self.rows: dict[str, int] = {}
        self.states: list[bytes] = []
        self.bytes = 0
        self.post = lru_cache(DECODED)(self._post)
        """The post that a state is."""

    def add(self, part: Part) -> None:
        """Take in the next part; raises ValueError for any other."""
        if (part.rows, part.size) != (len(self.ids), len(self.states)):
            raise ValueError(f"the part at {part.position} does not follow the one before it")
        # Rows last: whoever finds an id there finds all else of it.
        self.states += part.states
        self.ids += part.ids
        self.rows.update((id, part.rows + n) for n, id in enumerate(part.ids))
        self.bytes += sum(map(len, part.states))
        self.marks.append(replace(part, ids=(), states=()))

    def _post(self, state: int) -> Post:
        return _decode_post(self.states[state])
