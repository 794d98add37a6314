"""A log in memory, under the same contract: for folding a file, and for the contract itself."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator

from msgspec import Struct, field

from events.entry import Stored, load, request_of
from events.position import START, Position
from server.storage.log import Conflict, Exists, Head, Lost, Mismatch, Receipt, Request, Tip


class _Blog(Struct):
    entries: list[Stored] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[str, Position]] = field(default_factory=dict)
    epoch: int | None = None

    @property
    def position(self) -> Position:
        return self.entries[-1].position if self.entries else START


class MemoryLog:
    def __init__(self) -> None:
        self._blogs: dict[str, _Blog] = {}
        self._listeners: set[asyncio.Queue[str]] = set()

    async def append(self, blog: str, tip: Tip, entry: Stored, request: Request) -> Receipt:
        log = self._blogs.setdefault(blog, _Blog())
        creating = tip.head.position == START
        if log.epoch is None and (not creating or log.entries):
            raise Lost(blog)
        if answer := await self.answered(blog, request):
            return answer
        if log.epoch is not None:
            if creating:
                raise Exists(blog)
            if tip.head != (log.position, log.epoch):
                raise Conflict(Head(log.position, log.epoch))
        log.entries.append(entry)
        log.epoch = tip.head.epoch
        log.answers[request.actor, request.key] = (request.fingerprint, entry.position)
        self._wake(blog)
        return Receipt(entry.position)

    async def answered(self, blog: str, request: Request) -> Receipt | None:
        log = self._blogs.get(blog)
        stored = log and log.answers.get((request.actor, request.key))
        if not stored:
            return None
        fingerprint, position = stored
        if fingerprint and fingerprint != request.fingerprint:
            raise Mismatch(request.key)
        return Receipt(position, again=True)

    async def remember(self, blog: str, request: Request, position: Position) -> None:
        answers = self._blogs[blog].answers
        answers.setdefault((request.actor, request.key), (request.fingerprint, position))

    async def read(self, blog: str, after: Position, limit: int = 500) -> list[Stored]:
        log = self._blogs.get(blog)
        if log is None:
            return []
        start = bisect_right(log.entries, after, key=lambda stored: stored.position)
        return log.entries[start : start + limit]

    async def head(self, blog: str) -> Head | None:
        log = self._blogs.get(blog)
        if log is None or (log.epoch is None and not log.entries):
            return None
        if log.epoch is None:
            raise Lost(blog)
        return Head(log.position, log.epoch)

    async def heads(self, blogs: list[str]) -> list[Position]:
        return [self._blogs[blog].position if blog in self._blogs else START for blog in blogs]

    async def restore(self, blog: str, entries: list[Stored], epoch: int | None) -> None:
        log = self._blogs.setdefault(blog, _Blog())
        if log.epoch is not None:
            raise Exists(blog)
        for stored in entries:
            if stored.position > log.position:
                log.entries.append(stored)
                entry = load(stored)
                log.answers[entry.actor, entry.command] = (request_of(stored), stored.position)
        log.epoch = epoch
        if epoch is not None:
            self._wake(blog)

    async def wakeups(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield ""
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    def _wake(self, blog: str) -> None:
        for queue in self._listeners:
            queue.put_nowait(blog)
