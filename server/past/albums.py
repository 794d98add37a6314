"""The snapshots of every blog: opened where the past is looked at, made while nobody waits.

Some 25 microseconds an entry, in a thread and with as long a rest after each: a process that has
readers goes on serving them.
"""

import asyncio
import time
from collections import OrderedDict
from pathlib import Path
from typing import Final

import structlog

from events.blog import evolve
from events.entry import Corrupt, Stored, load, previous
from events.position import START
from server.past.frozen import Part
from server.past.snapshots import Damaged, Snapshots
from server.past.thawed import Thawed
from server.storage.log import Log, LogError

EVERY: Final = 250
"""Entries from one snapshot to the next."""
HELD: Final = 256 * 1024 * 1024
"""Bytes of packs in memory, over all blogs but the one asked for last."""
PAUSE: Final = 1.0
"""Seconds between two looks at what is wanted."""

logger = structlog.get_logger("albums")


class Albums:
    """Without a folder there are none. `run` makes what is wanted; without it nothing is made."""

    def __init__(self, log: Log, folder: Path | None, every: int = EVERY) -> None:
        self.every = every
        """Entries from one snapshot to the next."""
        self._log = log
        self._folder = folder
        self._open: OrderedDict[str, Snapshots] = OrderedDict()
        self._opening = asyncio.Lock()
        self._wanted: set[str] = set()
        self._woken = asyncio.Event()

    async def of(self, blog_id: str) -> Snapshots | None:
        """The snapshots of a blog, as far as this process knows of them."""
        if self._folder is None:
            return None
        async with self._opening:
            if blog_id not in self._open:
                album = Snapshots(self._folder, blog_id)
                await asyncio.to_thread(album.open)
                self._open[blog_id] = album
        self._open.move_to_end(blog_id)
        self._close_some()
        return self._open[blog_id]

    def want(self, blog_id: str) -> None:
        """Have snapshots made of what has none yet. Returns at once."""
        if self._folder is not None:
            self._wanted.add(blog_id)
            self._woken.set()

    async def run(self) -> None:
        """Make what is wanted, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._wanted:
                await self.make(self._wanted.pop())
            await asyncio.sleep(PAUSE)

    async def make(self, blog_id: str) -> None:
        """Make what has no snapshot yet, unless another process is about it."""
        album = await self.of(blog_id)
        if album is None:
            return
        try:
            with album.alone() as alone:
                if alone:
                    await self._go_on(blog_id, album)
                else:
                    await asyncio.to_thread(album.open)  # what another process has made
        except (OSError, LogError, Corrupt, Damaged) as error:
            logger.warning("no snapshots are made", blog=blog_id, error=str(error))

    async def _go_on(self, blog_id: str, album: Snapshots) -> None:
        await asyncio.to_thread(album.sweep)
        await asyncio.to_thread(album.open)
        last = await asyncio.to_thread(album.last)
        fold = await asyncio.to_thread(album.thaw, last)
        while not album.full:
            after = last.position if last else START
            batch = await self._log.read(blog_id, after, self.every)
            if batch and last and previous(batch[0]) != last.digest:
                await asyncio.to_thread(album.clear)  # the log is another
                return
            if len(batch) < self.every:
                return
            began = time.perf_counter()
            last, fold = await asyncio.to_thread(_take, album, last, fold, batch)
            await asyncio.sleep(time.perf_counter() - began)

    def _close_some(self) -> None:
        held = sum(album.pack.bytes for album in self._open.values())
        while held > HELD and len(self._open) > 1:
            _, closed = self._open.popitem(last=False)
            held -= closed.pack.bytes


def _take(
    album: Snapshots, last: Part | None, fold: Thawed, batch: list[Stored]
) -> tuple[Part, Thawed]:
    """Fold on, save the snapshot, and thaw it: so no more is in memory than one step changes."""
    until = last.until if last else load(batch[0]).at
    blog = fold.blog
    for stored in batch:
        entry = load(stored)
        blog = evolve(blog, entry)
        fold.timeline.apply(blog, entry)
        until = max(until, entry.at)
    part, snapshot = fold.freeze(batch[-1].digest, until)
    album.save(part, snapshot)
    return album.pack.marks[-1], album.thaw(album.pack.marks[-1])
