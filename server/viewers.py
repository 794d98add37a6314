"""How many are reading a blog: counted in each process, summed over all of them in Redis.

A process says how many readers it has of each blog, and is told the sum, once a second and in one
round trip. What is kept are numbers: who reads, and from where, is never part of it. A process
that dies stops saying; what it said last expires. While Redis is out of reach nobody counts, and
what was told last stays told.
"""

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from server.storage.log import Unreachable
from server.storage.redis_log import reach
from server.tail import Loaded, Tail

EVERY: Final = 1.0
"""Seconds between two counts."""
LIFE: Final = 10.0
"""Seconds for which the number of a process that has gone silent still counts."""
WINDOW: Final = 5.0
"""Seconds in which the audience of a blog is told one number at most."""
GOODBYE: Final = 1.0
"""Seconds that a process which ends spends on taking its numbers back."""

_SCRIPT = Path(__file__).with_suffix(".lua").read_text()
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()

Told = Callable[[int], None]
"""Takes a blog's number of readers each time it has changed; must not block."""


class Viewers:
    """Tells each blog's number of readers to its desk and, where the blog shows it, its audience.

    Blogs that nobody reads or watches here are none of this process's business.
    """

    def __init__(
        self,
        redis: Redis,
        tail: Tail,
        *,
        life: float = LIFE,
        window: float = WINDOW,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._tail = tail
        self._life = round(life * 1000)
        self._window = window
        self._clock = clock
        self._process = str(secrets.randbits(63))
        self._said: set[str] = set()
        """The blogs of which Redis may have a number of ours."""
        self._known: dict[str, int] = {}
        """The last sum of each blog counted here."""
        self._desks: dict[str, set[Told]] = {}
        self._quiet: dict[str, float] = {}
        """Until when the audience of a blog is not told another number."""

    async def run(self) -> None:
        """Count until cancelled; then take back what this process has said."""
        try:
            while True:
                with contextlib.suppress(Unreachable):  # the tail tells of it
                    await self.count()
                await asyncio.sleep(EVERY)
        finally:
            with contextlib.suppress(Unreachable, TimeoutError):
                async with asyncio.timeout(GOODBYE):
                    await self._sum(dict.fromkeys(self._said, 0))

    @contextlib.contextmanager
    def watched(self, blog: str, told: Told) -> Iterator[None]:
        """A desk that is told the number, from the last one known on, while the block runs."""
        self._desks.setdefault(blog, set()).add(told)
        if blog in self._known:
            told(self._known[blog])
        try:
            yield
        finally:
            self._desks[blog].discard(told)
            if not self._desks[blog]:
                del self._desks[blog]

    async def count(self) -> None:
        """Say how many are here, hear how many there are, tell who is to know.

        Raises Unreachable.
        """
        loaded = dict(self._tail.loaded)
        here = {blog: len(each.feed.readers) for blog, each in loaded.items()}
        read = {blog for blog, readers in here.items() if readers}
        asked = read | self._said | self._desks.keys()
        self._said |= read  # before the answer: it may be lost on its way
        sums = await self._sum({blog: here.get(blog, 0) for blog in asked})
        self._said = read
        self._tell_desks(sums)
        self._tell_audiences(loaded, sums)

    async def _sum(self, here: dict[str, int]) -> dict[str, int]:
        """Say each blog's readers here; its readers everywhere. One round trip for all blogs."""

        async def ask() -> Any:  # as wide as redis-py
            async with self._redis.pipeline(transaction=False) as pipe:
                for blog, readers in here.items():
                    pipe.evalsha(_SHA, 1, key(blog), self._process, readers, self._life)
                return await pipe.execute()

        async def ask_or_load() -> Any:
            try:
                return await ask()
            except NoScriptError:
                await self._redis.script_load(_SCRIPT)
                return await ask()

        return dict(zip(here, await reach(ask_or_load), strict=True)) if here else {}

    def _tell_desks(self, sums: dict[str, int]) -> None:
        before, self._known = self._known, sums
        for blog, readers in sums.items():
            if readers != before.get(blog):
                for told in tuple(self._desks.get(blog, ())):
                    told(readers)

    def _tell_audiences(self, loaded: dict[str, Loaded], sums: dict[str, int]) -> None:
        now = self._clock()
        self._quiet = {blog: until for blog, until in self._quiet.items() if until > now}
        for blog, each in loaded.items():
            feed = each.feed
            readers = sums.get(blog) if feed.readers and each.blog.show_viewers else None
            if readers == feed.viewers:
                continue
            if readers is None:
                feed.tell_viewers(None)
            elif blog not in self._quiet:
                self._quiet[blog] = now + self._window
                feed.tell_viewers(readers)


def key(blog: str) -> str:
    """Where a blog's numbers are: beside its log, in one slot."""
    return f"{{blog:{blog}}}:viewers"
