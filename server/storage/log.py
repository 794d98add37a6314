"""What a log is: append, read, conflict. The promises are kept by `redis_log` and `memory_log`.

LogError
├── Conflict      someone else was first, or the epoch has changed: catch up, decide again
├── Mismatch      the key was used before, for another request
├── Exists        the blog's log is there already
├── Lost          a known log has no epoch: never taken for a beginning
└── Unreachable   nobody knows whether it was written; the same key settles it
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple, Protocol

from msgspec import Struct

from events.entry import GENESIS, Stored
from events.position import START, Position


class LogError(Exception):
    pass


class Head(NamedTuple):
    """Where a log stands: its last entry's position and the epoch the next one is written in."""

    position: Position
    epoch: int


class Conflict(LogError):
    """Nothing was written; `head` is where the log stands now."""

    def __init__(self, head: Head) -> None:
        super().__init__(f"the log stands at {head.position}, epoch {head.epoch}")
        self.head = head


class Mismatch(LogError):
    def __init__(self, key: str) -> None:
        super().__init__(f"the idempotency key {key!r} was used for another request")
        self.key = key


class Exists(LogError):
    def __init__(self, blog: str) -> None:
        super().__init__(f"the log of blog {blog} is there already")


class Lost(LogError):
    def __init__(self, blog: str) -> None:
        super().__init__(f"the log of blog {blog} has lost its epoch; restore it from an export")


class Unreachable(LogError):
    pass


class Request(Struct, frozen=True):
    """What an append is done for.

    `key` is the idempotency key, scoped by `actor`; `fingerprint` digests the request as it was
    received. `now` is the clock at the edge; `at` backdates the event (an import, as happened).
    """

    actor: str
    key: str
    fingerprint: str
    now: datetime
    at: datetime | None = None


class Receipt(NamedTuple):
    """The stored answer to a request: the position of its entry. `again`: it was there before."""

    position: Position
    again: bool = False


class Tip(NamedTuple):
    """What the next entry is chained to: the head and the digest of the last entry's head."""

    head: Head
    digest: str

    @property
    def following(self) -> Position:
        """The position of the next entry."""
        return Position(self.head.epoch, self.head.position.seq + 1)


def beginning(epoch: int) -> Tip:
    """The tip of a log that does not exist yet."""
    return Tip(Head(START, epoch), GENESIS)


class Log(Protocol):
    """The ordered entries of every blog, each blog's in a log of its own.

    Every method raises Unreachable when the storage does not answer.
    """

    async def append(self, blog: str, tip: Tip, entry: Stored, request: Request) -> Receipt:
        """Write one entry after `tip`, durably; the entry's position is `tip.following`.

        A tip at START creates the log. Raises Conflict, Mismatch, Exists, Lost.
        """
        ...

    async def answered(self, blog: str, request: Request) -> Receipt | None:
        """The stored answer to a request that was made before; raises Mismatch."""
        ...

    async def remember(self, blog: str, request: Request, position: Position) -> None:
        """Keep the answer of a request that changed nothing, unless it has one."""
        ...

    async def read(self, blog: str, after: Position, limit: int = 500) -> list[Stored]:
        """Up to `limit` entries after a position, in order."""
        ...

    async def head(self, blog: str) -> Head | None:
        """Where a log stands; None where there is none. Raises Lost."""
        ...

    async def heads(self, blogs: list[str]) -> list[Position]:
        """The last positions of several logs, START where there is none."""
        ...

    async def restore(self, blog: str, entries: list[Stored], epoch: int | None) -> None:
        """Write entries under their own ids; the batch that gives an epoch opens the log.

        Entries that are there already are passed over. Until it is opened, the log takes no
        append. Raises Exists for an open log.
        """
        ...

    def wakeups(self) -> AsyncIterator[str]:
        """The ids of blogs that have new entries, as they are written, and "" once listening."""
        ...


async def entries(log: Log, blog: str, after: Position = START) -> AsyncIterator[Stored]:
    """Every entry after a position, read in batches."""
    while batch := await log.read(blog, after):
        for stored in batch:
            yield stored
        after = batch[-1].position
