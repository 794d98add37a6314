"""The tail: the one place in a process that reads new entries, and keeps loaded blogs up.

Woken by one subscription, it fetches each woken blog's entries from where that blog stands,
folds them, and hands the public changes to the blog's feed. Once a second the heads of all
loaded blogs are compared, so a lost wake-up or a deaf connection heals.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from events.blog import Blog, evolve
from events.entry import GENESIS, Corrupt, Entry, Stored, load, previous
from events.facts import (
    BlogAppearanceChanged,
    BlogDeleted,
    BlogVisibilityChanged,
    PostPublished,
    PostRestored,
    PostRetracted,
    PostRevised,
    Visibility,
)
from events.position import START, Position
from events.timeline import Timeline
from server.push.feed import NOT_FOUND, RESTART, Feed
from server.push.messages import Render
from server.push.slices import Soon, on_the_loop
from server.storage.log import Head, Log, LogError, Lost, Tip, Unreachable

HEADS_EVERY: Final = 1.0
"""Seconds between two comparisons of heads."""
IDLE: Final = 600.0
"""Seconds after which a blog without readers leaves memory."""
BATCH: Final = 500

logger = structlog.get_logger("tail")


class NoSuchBlog(Exception):
    def __init__(self, blog: str) -> None:
        super().__init__(f"there is no blog {blog}")
        self.blog = blog


class Behind(LogError):
    """The log did not give an entry in time that it is known to hold."""


class _Diverged(Exception):
    """The log holds other entries than those this process has folded."""


Watcher = Callable[[Entry], None]
Follower = Callable[[Blog, Entry], None]

Withhold = Callable[[Blog], Awaitable[None]]
"""Told of a blog in which posts were withdrawn or restored; done again until it succeeds."""


async def nothing(_: Blog) -> None:
    """For a tail whose blogs show no pictures to anyone."""


class Loaded:
    """A blog in memory: its state, its timeline and its feed, all at one position."""

    def __init__(self, blog_id: str, render: Render, epoch: int, soon: Soon = on_the_loop) -> None:
        self.id = blog_id
        self.blog = Blog(blog_id)
        self.timeline = Timeline()
        self.tip = Tip(Head(START, epoch), GENESIS)
        self.feed = Feed(self.blog, self.timeline, render, soon)
        self.watchers: set[Watcher] = set()
        """Told of every entry, public or not: the desk's sockets."""
        self.followers: set[Follower] = set()
        """Told of every entry and the blog after it: projections. They keep no blog in memory."""
        self.used = time.monotonic()
        self.writing = asyncio.Lock()
        """Held by this process's writer: it would only conflict with itself."""
        self.owes = False
        """Whether a withdrawal has not yet been told to what serves the pictures."""
        self._waiting: list[tuple[Position, asyncio.Future[None]]] = []

    @property
    def position(self) -> Position:
        return self.tip.head.position

    def apply(self, stored: Stored) -> None:
        """Take in the next entry; raises _Diverged where it does not follow what is here."""
        if stored.position.seq != self.position.seq + 1 or previous(stored) != self.tip.digest:
            raise _Diverged
        entry, seen_by = load(stored), self.blog.visibility
        self.blog = evolve(self.blog, entry)
        changes = self.timeline.apply(self.blog, entry)
        epoch = max(self.tip.head.epoch, stored.position.epoch)
        self.tip = Tip(Head(stored.position, epoch), stored.digest)
        for change in changes:
            self.feed.publish(change)
        if any(isinstance(event, BlogDeleted | BlogVisibilityChanged) for event in entry.events):
            self._send_away(seen_by)
        self.owes = self.owes or _pictures_changed(self.blog, entry)
        for watcher in tuple(self.watchers):
            watcher(entry)
        for follower in tuple(self.followers):
            follower(self.blog, entry)

    def told(self, head: Head) -> None:
        """A writer was told the present epoch."""
        self.tip = self.tip._replace(head=Head(self.position, max(self.tip.head.epoch, head.epoch)))

    def replace(self, other: "Loaded") -> None:
        """Become another fold of the log, keeping readers and watchers; followers begin anew."""
        seen_by = self.blog.visibility
        self.blog, self.timeline, self.tip = other.blog, other.timeline, other.tip
        self._send_away(seen_by)
        self.feed.renew(self.blog, self.timeline)
        self.followers.clear()
        self.owes = other.owes
        self.release()

    async def reach(self, position: Position, seconds: float) -> None:
        """Wait until the fold has come to a position; raises Behind."""
        if self.position >= position and not self.owes:
            return
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((position, arrived))
        try:
            async with asyncio.timeout(seconds):
                await arrived
        except TimeoutError:
            raise Behind(f"still at {self.position}, {position} was asked for") from None
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove((position, arrived))

    def release(self) -> None:
        """Tell those who wait for a position that is reached."""
        for position, arrived in self._waiting:
            if position <= self.position and not arrived.done():
                arrived.set_result(None)

    def _send_away(self, seen_by: Visibility) -> None:
        """Close the readers of a blog that fewer may see than did.

        They are told to come back: those who still may are let in, the others are told why not.
        """
        if self.blog.deleted:
            self.feed.close(NOT_FOUND)
        elif _CLOSED[self.blog.visibility] > _CLOSED[seen_by]:
            self.feed.close(RESTART)


_CLOSED: Final[dict[Visibility, int]] = {"public": 0, "unlisted": 0, "restricted": 1, "draft": 2}


def _pictures_changed(blog: Blog, entry: Entry) -> bool:
    """Whether an entry may have changed which pictures are shown or withdrawn."""
    return any(
        bool(blog.posts[event.post].pictures)
        if isinstance(event, PostPublished | PostRevised | PostRetracted | PostRestored)
        else isinstance(event, BlogAppearanceChanged)
        for event in entry.events
    )


class Tail:
    """The loaded blogs of a process. `run` keeps them up; without it nothing new arrives."""

    def __init__(self, log: Log, render: Render, withhold: Withhold = nothing) -> None:
        self.loaded: dict[str, Loaded] = {}
        self.caught_up = False
        """Whether heads were compared at least once."""
        self.degraded = ""
        """Why the log is out of reach; "" while it answers."""
        self._log = log
        self._render = render
        self._withhold = withhold
        self._loading: dict[str, asyncio.Task[Loaded]] = {}
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self._woken: set[str] = set()

    async def run(self) -> None:
        """Follow the log until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._compare())

    async def load(self, blog_id: str) -> Loaded:
        """A blog, from memory or by folding its log; loads of one blog share one task.

        Raises NoSuchBlog, Lost, Unreachable, Corrupt.
        """
        if here := self.at_hand(blog_id):
            return here
        task = self._loading.get(blog_id)
        if task is None:
            task = self._loading[blog_id] = asyncio.create_task(self._load(blog_id))
            task.add_done_callback(lambda _: self._loading.pop(blog_id, None))
        # Shielded: one who gives up must not take the load from the others.
        return await asyncio.shield(task)

    def at_hand(self, blog_id: str) -> Loaded | None:
        """A blog that is in memory, where it stays for as long as it is asked for."""
        here = self.loaded.get(blog_id)
        if here:
            here.used = time.monotonic()
        return here

    def wake(self, blog_id: str) -> None:
        """Fetch what is new in a blog, if it is loaded. Returns at once."""
        if blog_id not in self.loaded:
            return
        self._woken.add(blog_id)
        if blog_id not in self._fetching:
            self._fetching[blog_id] = asyncio.create_task(self._fetch(blog_id))

    def busy(self) -> bool:
        """Whether the readers of any blog are being told something just now."""
        return any(loaded.feed.sweeping for loaded in self.loaded.values())

    async def behind(self, loaded: Loaded) -> bool:
        """Whether the log has gone on; if so, the blog is brought up before this returns."""
        head = await self._log.head(loaded.id)
        if head is None or head.position == loaded.position:
            return False
        await self.reach(loaded, head)
        return True

    async def reach(self, loaded: Loaded, head: Head) -> None:
        """Bring a blog to a head that the log was seen at, reloading it where they differ."""
        if head.position < loaded.position or head.position.epoch < loaded.position.epoch:
            await self._reload(loaded)
        loaded.told(head)
        self.wake(loaded.id)
        await loaded.reach(head.position, seconds=5)

    async def _load(self, blog_id: str) -> Loaded:
        loaded = await self._fold(blog_id)
        self.loaded[blog_id] = loaded
        # An entry may have come while the blog was not yet listed as loaded.
        self.wake(blog_id)
        return loaded

    async def _fold(self, blog_id: str) -> Loaded:
        head = await self._log.head(blog_id)
        if head is None:
            raise NoSuchBlog(blog_id)
        loaded = Loaded(blog_id, self._render, head.epoch)
        try:
            await self._read(loaded)
        except _Diverged:
            raise Corrupt(loaded.tip.following, "does not follow the entry before it") from None
        return loaded

    async def _read(self, loaded: Loaded) -> None:
        try:
            while batch := await self._log.read(loaded.id, loaded.position, BATCH):
                for stored in batch:
                    loaded.apply(stored)
                if len(batch) < BATCH:
                    break
            if loaded.owes:
                await self._withhold(loaded.blog)
                loaded.owes = False
        finally:
            # Last, so that a writer who is answered finds his withdrawal complete.
            loaded.release()

    async def _fetch(self, blog_id: str) -> None:
        try:
            while blog_id in self._woken:
                self._woken.discard(blog_id)
                if loaded := self.loaded.get(blog_id):
                    await self._fetch_once(loaded)
        finally:
            # In the same step as the last look at what was woken: no wake-up falls between.
            self._fetching.pop(blog_id, None)

    async def _fetch_once(self, loaded: Loaded) -> None:
        try:
            await self._read(loaded)
        except _Diverged:
            await self._reload(loaded)
        except Corrupt as error:
            logger.error("entry cannot be read", blog=loaded.id, error=str(error))
        except LogError as error:
            # The comparison of heads comes back to it.
            self.degraded = str(error)

    async def _reload(self, loaded: Loaded) -> None:
        logger.warning("log has changed under us, reloading", blog=loaded.id)
        try:
            loaded.replace(await self._fold(loaded.id))
        except (NoSuchBlog, LogError, Corrupt) as error:
            logger.error("reload failed, serving what was", blog=loaded.id, error=str(error))

    async def _listen(self) -> None:
        while True:
            try:
                async for blog_id in self._log.wakeups():
                    for each in [blog_id] if blog_id else list(self.loaded):
                        self.wake(each)
            except Unreachable as error:
                self.degraded = str(error)
                await asyncio.sleep(HEADS_EVERY)

    async def _compare(self) -> None:
        while True:
            try:
                await self._compare_once()
                self.degraded, self.caught_up = "", True
            except Unreachable as error:
                self.degraded = str(error)
            except Lost as error:
                logger.error("log lost", error=str(error))
            self._let_go()
            await asyncio.sleep(HEADS_EVERY)

    async def _compare_once(self) -> None:
        here = {blog_id: loaded.position for blog_id, loaded in self.loaded.items()}
        heads = await self._log.heads(list(here))
        for (blog_id, position), head in zip(here.items(), heads, strict=True):
            if head < position and blog_id in self.loaded:
                await self._reload(self.loaded[blog_id])
            elif head > position or (blog_id in self.loaded and self.loaded[blog_id].owes):
                self.wake(blog_id)

    def _let_go(self) -> None:
        horizon = time.monotonic() - IDLE
        for loaded in list(self.loaded.values()):
            busy = loaded.feed.readers or loaded.watchers or loaded.writing.locked()
            if not busy and loaded.used < horizon and not self.degraded:
                del self.loaded[loaded.id]
