"""The write path: load, decide, append; on conflict catch up and decide again."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import NamedTuple

from events.blog import Blog
from events.commands import Command, CreateBlog, Refused
from events.decide import decide
from events.entry import Entry, store
from events.facts import Event
from events.position import Position
from server.storage.log import Conflict, Exists, Log, Receipt, Request, Tip, Unreachable, beginning
from server.tail import Behind, Loaded, Tail

TRIES = 5
"""Conflicts a command survives before it is answered with "try again"."""

QUEUE = 5.0
"""Seconds a command waits for this process's writers before it; each may wait for the log."""

Permit = Callable[[Blog], None]
"""Raises NotAllowed unless the actor may do this to the blog as it stands."""

Prepare = Callable[[str, list[Event]], Awaitable[None]]
"""Done before an append: what must not be missing should the process die right after it."""


class Done(NamedTuple):
    """`position` is the command's entry, or where the blog stood if it was so already."""

    loaded: Loaded
    position: Position
    again: bool


new_salt = partial(secrets.token_hex, 16)


def anyone(_: Blog) -> None:
    """The permit of the server itself."""


async def nothing(_: str, __: list[Event]) -> None:
    """The preparation of a process without a schedule."""


@contextlib.asynccontextmanager
async def _turn(loaded: Loaded) -> AsyncIterator[None]:
    """One writer of a blog at a time; a silent log must not add up the waits of all of them."""
    try:
        async with asyncio.timeout(QUEUE):
            await loaded.writing.acquire()
    except TimeoutError:
        raise Unreachable("the writers before this one have not come through") from None
    try:
        yield
    finally:
        loaded.writing.release()


class Commands:
    def __init__(self, log: Log, tail: Tail, prepare: Prepare = nothing) -> None:
        self._log = log
        self._tail = tail
        self._prepare = prepare

    async def handle(
        self, blog_id: str, command: Command, request: Request, permit: Permit = anyone
    ) -> Done:
        """Carry out a command once. Returns when this process's own fold has reached it.

        Raises Refused, NoSuchBlog, Mismatch, and Unreachable where it may or may not have been
        written: the same request with the same key settles it.
        """
        if isinstance(command, CreateBlog):
            receipt = await self._create(blog_id, command, request)
            return await self._done(await self._tail.load(blog_id), receipt)
        loaded = await self._tail.load(blog_id)
        async with _turn(loaded):
            receipt = await self._settle(loaded, command, request, permit)
        return await self._done(loaded, receipt)

    async def _settle(
        self, loaded: Loaded, command: Command, request: Request, permit: Permit
    ) -> Receipt:
        for _ in range(TRIES):
            blog, tip = loaded.blog, loaded.tip
            try:
                permit(blog)
                if events := decide(blog, command, request.at or request.now):
                    return await self._append(blog, tip, events, request)
                # It is so already, as far as this process knows.
                if receipt := await self._said_before_or_newest(loaded, request):
                    await self._remember(loaded, request, receipt)
                    return receipt
            except Refused:
                receipt = await self._said_before_or_newest(loaded, request)
                if receipt and receipt.again:
                    return receipt
                if receipt:
                    raise  # refused by the newest state: it stands
            except Conflict as conflict:
                await self._tail.reach(loaded, conflict.head)
        raise Unreachable("too many writers at once; try again")

    async def _said_before_or_newest(self, loaded: Loaded, request: Request) -> Receipt | None:
        """The key's stored answer, else where the blog stands, or None if it was behind."""
        if receipt := await self._log.answered(loaded.id, request):
            return receipt
        return None if await self._tail.behind(loaded) else Receipt(loaded.position)

    async def _remember(self, loaded: Loaded, request: Request, receipt: Receipt) -> None:
        """Sent again, it must not do later what it had no need to do now.

        Not so for the server's own wishes, which have no fingerprint: the schedule asks until
        there is something to publish.
        """
        if request.fingerprint and not receipt.again:
            await self._log.remember(loaded.id, request, receipt.position)

    async def _append(self, blog: Blog, tip: Tip, events: list[Event], request: Request) -> Receipt:
        at = request.at or request.now
        entry = Entry(
            position=tip.following,
            at=max(at, blog.at) if blog.at else at,
            recorded_at=request.now,
            actor=request.actor,
            command=request.key,
            events=tuple(events),
        )
        await self._prepare(blog.id, events)
        stored = store(entry, tip.digest, new_salt, request.fingerprint)
        return await self._log.append(blog.id, tip, stored, request)

    async def _create(self, blog_id: str, command: CreateBlog, request: Request) -> Receipt:
        blog = Blog(blog_id)
        tip = beginning(int(request.now.timestamp() * 1000))
        try:
            return await self._append(blog, tip, decide(blog, command, request.now), request)
        except Conflict:
            # The storage was restarted since; the key's answer is there all the same.
            if receipt := await self._log.answered(blog_id, request):
                return receipt
            raise
        except Exists:
            loaded = await self._tail.load(blog_id)
            decide(loaded.blog, command, request.now)
            raise

    async def _done(self, loaded: Loaded, receipt: Receipt) -> Done:
        self._tail.wake(loaded.id)
        try:
            await loaded.reach(receipt.position, seconds=5)
        except Behind as error:
            raise Unreachable(f"written at {receipt.position}, not yet readable here") from error
        return Done(loaded, receipt.position, receipt.again)
