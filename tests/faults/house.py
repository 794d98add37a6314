"""A server with two processes behind a Redis of its own, as the proof of exactness treats it."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx

from events.blog import Blog, evolve
from events.entry import Entry, check, load
from events.timeline import Timeline
from server.settings import Settings
from server.site import opened
from server.storage.log import entries
from tests.faults.storage import PATIENCE, Valkey
from tests.faults.tcp_proxy import RedisProxy
from tests.faults.test_kill import workers_of
from tests.process import Server

CROWDED = 20
"""Connections to a process: more than there are editors' and probes'."""
TELLS = Path("/proc/net/tcp")
LISTENING = "0A"
"""A TCP state as /proc/net/tcp writes it."""
SETTINGS = {"LIVEBLOG_STALL": "0.7", "LIVEBLOG_PING": "4", "LIVEBLOG_DRAIN": "0.5"}
"""What takes half a minute in earnest happens within the test."""


class Truth(NamedTuple):
    """The log of the blog, its chain walked, and its fold."""

    entries: list[Entry]
    blog: Blog
    timeline: Timeline


class House:
    """Made by `standing`. Blocking calls run beside the event loop, which the readers are on."""

    def __init__(self, data: Path, valkey: Valkey, redis: RedisProxy, processes: int) -> None:
        self.valkey = valkey
        self.redis = redis
        self._data = data
        self._arguments = ("--workers", str(processes))
        self.server = self._start(0)
        self.port = int(self.server.url.rpartition(":")[2])
        self.token = ""
        """An admin's."""

    @property
    def main(self) -> int:
        return self.server.process.pid

    @property
    def workers(self) -> list[int]:
        return workers_of(self.server)

    def crowded(self) -> list[int]:
        """The workers with readers; where the system does not tell, all."""
        return [pid for pid in self.workers if self._crowds(pid)]

    def _crowds(self, pid: int) -> bool:
        if not TELLS.exists():
            return True
        try:
            held = descriptors(pid, self.port, self.redis.port)
        except FileNotFoundError:
            return False  # it has ended
        return held.from_readers > CROWDED

    async def opens(self) -> None:
        """Begin a live blog."""
        self.token = await asyncio.to_thread(self.server.token)
        headers = {"authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.server.url, headers=headers) as editor:
            blog = {"slug": "day", "title": "A day"}
            (await editor.post("/api/blogs", json=blog)).raise_for_status()
            (await editor.put("/api/blogs/day/status", json={"status": "live"})).raise_for_status()

    async def restarts(self) -> None:
        """SIGKILL, and another server at the same address."""
        await asyncio.to_thread(self._restart)

    async def metrics(self, pid: int) -> dict[str, float]:
        """What one process says of itself: the others are stopped while it is asked."""
        others = {self.main, *self.workers} - {pid}
        with contextlib.ExitStack() as stopped:
            for other in others:
                stopped.enter_context(paused(other))
            async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
                answer = await client.get(f"{self.server.url}/metrics")
        lines = (line.split() for line in answer.text.splitlines() if line[:1] != "#")
        return {name: float(value) for name, value in lines}

    async def truth(self) -> Truth:
        """The blog's log, read and folded here."""
        blog, timeline, log, before = Blog("day"), Timeline(), [], None
        async with opened(Settings(data=self._data, redis_url=self.valkey.url)) as site:
            id = await site.index.find("day")
            assert id
            blog = Blog(id)
            async for stored in entries(site.log, id):
                check(stored, before)
                before, entry = stored, load(stored)
                log.append(entry)
                blog = evolve(blog, entry)
                timeline.apply(blog, entry)
        assert [entry.position.seq for entry in log] == list(range(1, len(log) + 1))
        return Truth(log, blog, timeline)

    def _start(self, port: int) -> Server:
        environment = {**SETTINGS, "LIVEBLOG_REDIS_URL": self.redis.url}
        return Server(self._data, *self._arguments, port=port, **environment)

    def _restart(self) -> None:
        self.server.kill()
        deadline = time.monotonic() + PATIENCE
        while True:
            # The workers of the killed one hold its port until they have noticed.
            try:
                self.server = self._start(self.port)
            except AssertionError:
                assert time.monotonic() < deadline, "the server does not start again"
            else:
                return


@contextlib.asynccontextmanager
async def standing(data: Path, valkey: Valkey, processes: int = 2) -> AsyncIterator[House]:
    """A house with a live blog, and its end."""
    async with RedisProxy(valkey.port) as redis:
        house = await asyncio.to_thread(House, data, valkey, redis, processes)
        try:
            await until(lambda: len(house.workers) == processes - 1)
            await house.opens()
            yield house
        finally:
            await asyncio.to_thread(house.server.stop)


@contextlib.contextmanager
def paused(pid: int) -> Iterator[None]:
    """SIGSTOP and in the end SIGCONT."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


class Descriptors(NamedTuple):
    """A process's open files but for the pool of connections to Redis; those from readers."""

    open: int
    from_readers: int


def descriptors(pid: int, port: int, redis: int) -> Descriptors:
    """Of a server at that port, whose Redis is at another; all 0 where the system tells less."""
    if not TELLS.exists():
        return Descriptors(0, 0)
    held = []
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed by now
            held.append(str(file.readlink()))
    to_redis = from_readers = 0
    for row in TELLS.read_text().splitlines()[1:]:
        _, local, remote, state, *rest = row.split()
        if f"socket:[{rest[5]}]" in held:
            to_redis += _port(remote) == redis
            from_readers += _port(local) == port and state != LISTENING
    return Descriptors(len(held) - to_redis, from_readers)


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
