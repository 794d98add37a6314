"""The log on a Redis-protocol server: one stream, one epoch and the answers of each blog."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import (
    ClusterDownError,
    NoScriptError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as TimedOut

from events.entry import Stored, load, request_of
from events.position import START, Position
from server.storage.log import (
    Conflict,
    Exists,
    Head,
    Lost,
    Mismatch,
    Receipt,
    Request,
    Tip,
    Unreachable,
)

WAKE = "liveblog:wake"
"""The channel on which every append names its blog."""

LISTEN = 5.0
"""Seconds between two looks at a silent subscription; not bound by the socket's timeout."""

_SCRIPT = Path(__file__).with_name("append.lua").read_text()
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


class RedisLog:
    """Entries in `{blog:<id>}:log`, in fields `h` (head) and `c` (content).

    `replicas`: how many of them must have an append before it counts; `watch_replid`: whether
    the server can be swapped for another under us (never so for the embedded one).
    """

    def __init__(
        self, redis: Redis, *, replicas: int = 0, wait_ms: int = 1000, watch_replid: bool = True
    ) -> None:
        self._redis = redis
        self._replicas = replicas
        self._wait_ms = wait_ms
        self._watch = b"1" if watch_replid else b"0"

    async def append(self, blog: str, tip: Tip, entry: Stored, request: Request) -> Receipt:
        arguments = [
            str(tip.head.epoch),
            str(tip.head.position),
            str(entry.position),
            _field(request),
            request.fingerprint,
            entry.head,
            entry.content,
            WAKE,
            blog,
            self._watch,
            str(int(request.now.timestamp() * 1000)),
        ]
        answer = await self._durably(_keys(blog), arguments)
        match answer[0]:
            case b"appended" | b"known":
                return Receipt(_position(answer[1]), again=answer[0] == b"known")
            case b"conflict":
                raise Conflict(Head(_position(answer[1]), int(answer[2])))
            case b"mismatch":
                raise Mismatch(request.key)
            case b"exists":
                raise Exists(blog)
            case _:
                raise Lost(blog)

    async def _durably(self, keys: list[str], arguments: list[Any]) -> list[bytes]:
        """Run the script and, on the same connection, wait for the replicas."""

        async def run() -> Any:
            return await self._confirmed(
                lambda pipe: pipe.evalsha(_SHA, len(keys), *keys, *arguments)
            )

        async def run_or_load() -> Any:
            try:
                return await run()
            except NoScriptError:
                await self._redis.script_load(_SCRIPT)
                return await run()

        answer: list[bytes] = await reach(run_or_load)
        return answer

    async def _confirmed(self, write: Callable[[Any], object]) -> Any:
        """What one write answers, once enough replicas have it; raises Unreachable if they don't.

        Any: what a pipeline takes and gives is as wide as redis-py.
        """
        async with self._redis.pipeline(transaction=False) as pipe:
            write(pipe)
            if self._replicas:
                pipe.execute_command("WAIT", self._replicas, self._wait_ms)
            answer, *waited = await pipe.execute()
        if waited and waited[0] < self._replicas:
            raise Unreachable(f"{waited[0]} of {self._replicas} replicas have confirmed the append")
        return answer

    async def answered(self, blog: str, request: Request) -> Receipt | None:
        answers, field = _keys(blog)[2], _field(request)
        stored = await reach(lambda: self._redis.hget(answers, field))
        if stored is None:
            return None
        fingerprint, _, position = stored.partition(b" ")
        if fingerprint and fingerprint.decode() != request.fingerprint:
            raise Mismatch(request.key)
        if self._replicas:
            # Its first try may have been answered with "unknown": it counts once they have it.
            # Written again, as by the script, so that WAIT has something to count.
            await reach(lambda: self._confirmed(lambda pipe: pipe.hset(answers, field, stored)))
        return Receipt(_position(position), again=True)

    async def remember(self, blog: str, request: Request, position: Position) -> None:
        answer = f"{request.fingerprint} {position}"
        await reach(lambda: self._redis.hsetnx(_keys(blog)[2], _field(request), answer))

    async def read(self, blog: str, after: Position, limit: int = 500) -> list[Stored]:
        raw = await reach(
            lambda: self._redis.xrange(_keys(blog)[0], min=f"({after}", max="+", count=limit)
        )
        return [_stored(id, fields) for id, fields in raw]

    async def head(self, blog: str) -> Head | None:
        log, epoch, _ = _keys(blog)

        async def ask() -> list[Any]:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.hget(epoch, "epoch")
                pipe.xrevrange(log, count=1)
                return await pipe.execute()

        opened, last = await reach(ask)
        if opened is None:
            if last:
                raise Lost(blog)
            return None
        return Head(_position(last[0][0]) if last else START, int(opened))

    async def heads(self, blogs: list[str]) -> list[Position]:
        async def ask() -> list[Any]:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.ping()  # also of no log: that the storage answers is part of the question
                for blog in blogs:
                    pipe.xrevrange(_keys(blog)[0], count=1)
                return await pipe.execute()

        _, *heads = await reach(ask)
        return [_position(last[0][0]) if last else START for last in heads]

    async def restore(self, blog: str, entries: list[Stored], epoch: int | None) -> None:
        log, epochs, answers = _keys(blog)

        async def write() -> None:
            if await self._redis.hexists(epochs, "epoch"):
                raise Exists(blog)
            [there] = await self.heads([blog])
            async with self._redis.pipeline(transaction=True) as pipe:
                for stored in entries:
                    if stored.position > there:
                        pipe.xadd(
                            log, {"h": stored.head, "c": stored.content}, id=str(stored.position)
                        )
                        entry = load(stored)
                        field = f"{entry.actor} {entry.command}"
                        pipe.hset(answers, field, f"{request_of(stored)} {stored.position}")
                if epoch is not None:
                    pipe.hset(epochs, mapping={"epoch": str(epoch), "replid": ""})
                    pipe.publish(WAKE, blog)
                await pipe.execute()

        await reach(write)

    async def wakeups(self) -> AsyncIterator[str]:
        async with self._redis.pubsub() as pubsub:
            await reach(lambda: pubsub.subscribe(WAKE))
            while True:
                message = await reach(lambda: pubsub.get_message(timeout=LISTEN))
                if message is None:
                    continue
                yield message["data"].decode() if message["type"] == "message" else ""


def _keys(blog: str) -> list[str]:
    """The log, the epoch and the answers of a blog: one hash tag, so one slot."""
    return [f"{{blog:{blog}}}:{name}" for name in ("log", "epoch", "answers")]


def _field(request: Request) -> str:
    return f"{request.actor} {request.key}"


def _position(raw: bytes) -> Position:
    return Position.parse(raw.decode())


def _stored(id: bytes, fields: dict[bytes, bytes]) -> Stored:
    return Stored(_position(id), fields[b"h"], fields[b"c"])


async def reach(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Turn every way of not getting an answer into Unreachable.

    Any: redis-py types a reply as the union of what its options could make of it; here bytes.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        return await ask()
    except (Disconnected, TimedOut, ReadOnlyError, ClusterDownError, OSError) as error:
        raise Unreachable(f"the log is out of reach: {error}") from error
    except ResponseError as error:
        # LOADING, OOM, MISCONF (a full disk), NOREPLICAS: a Redis that answers but cannot serve.
        raise Unreachable(f"the log does not serve: {error}") from error
    except RedisError as error:
        raise Unreachable(f"the log is out of reach: {error}") from error
    finally:
        # While it connects, redis-py may lose a cancellation: its asker would then never end.
        if task and task.cancelling() > before:
            raise asyncio.CancelledError
