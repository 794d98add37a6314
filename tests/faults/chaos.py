"""Everything that may go wrong at once, by chance that can be had again from its seed.

Three hands, each doing one thing at a time: one kills and stops processes, one does it to the
storage and to what comes from it, one to the network that some of the readers are behind. Between
two things a hand waits for editors to get on, so that there is always something to lose.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from tests.faults.house import House, paused, until
from tests.faults.storage import PATIENCE
from tests.faults.tcp_proxy import Link, TcpProxy

Fault = Callable[[], Awaitable[None]]


async def all_of(*parts: Awaitable[None]) -> None:
    """Wait for all, also where one fails, so that none is left half done; raise the first fault."""
    for fault in await asyncio.gather(*parts, return_exceptions=True):
        if fault:
            raise fault


class Chaos:
    """`told` is what it did and when: in seconds since it began, and after how many writes.

    `written` says how many writes were acknowledged so far.
    """

    def __init__(
        self, house: House, network: TcpProxy, written: Callable[[], int], seed: int
    ) -> None:
        self.told: list[str] = []
        self._house = house
        self._network = network
        self._written = written
        self._chance = random.Random(seed)
        self._began = time.monotonic()

    async def reigns(self) -> None:
        """Do everything once, the lesser things more often, and mend all of it in the end."""
        processes: list[Fault] = [
            self._kills_the_server,
            self._kills_a_worker,
            self._ends_a_worker,
            self._stops_a_process,
        ]
        storage: list[Fault] = [self._kills_the_storage, self._stops_the_storage, self._deafens]
        network: list[Fault] = [self._stalls_links, self._resets_links, self._cuts_links]
        await all_of(
            self._works_off(processes, every=15),
            self._works_off([*storage, *[self._cuts_subscriptions] * 2], every=8),
            self._works_off(network * 2, every=8),
        )

    async def _works_off(self, faults: list[Fault], every: int) -> None:
        self._chance.shuffle(faults)
        for fault in faults:
            await self._watches(every)
            self._tells(fault.__name__)
            await fault()

    async def _kills_the_server(self) -> None:
        await self._house.restarts()

    async def _kills_a_worker(self) -> None:
        await until(lambda: bool(self._house.workers))
        os.kill(self._chance.choice(self._house.workers), signal.SIGKILL)

    async def _ends_a_worker(self) -> None:
        """In order: its readers are told to come back."""
        async with asyncio.timeout(PATIENCE):
            while not (crowded := self._house.crowded()):
                await self._rests(0.1)
        os.kill(crowded[0], signal.SIGTERM)

    async def _stops_a_process(self) -> None:
        with paused(self._chance.choice([self._house.main, *self._house.workers])):
            await self._rests(1.5)

    async def _kills_the_storage(self) -> None:
        """Which comes back with another replication id, so the log's epoch changes."""
        await asyncio.to_thread(self._house.valkey.kill)
        await self._rests(0.5)
        await asyncio.to_thread(self._house.valkey.start)

    async def _stops_the_storage(self) -> None:
        self._house.valkey.pause()
        await self._rests(2)
        self._house.valkey.resume()

    async def _cuts_subscriptions(self) -> None:
        async with Redis(port=self._house.valkey.port, socket_timeout=5) as redis:
            for _ in range(4):
                await redis.client_kill_filter(_type="pubsub")
                await self._watches(2)

    async def _deafens(self) -> None:
        self._house.redis.treats_subscribers("deaf")
        await self._watches(15)
        self._house.redis.treats_subscribers("well")

    async def _stalls_links(self) -> None:
        links = self._some_links()
        for link in links:
            link.stall()
        await self._rests(2, least=1)
        for link in links:
            link.stall(stalled=False)

    async def _resets_links(self) -> None:
        for link in self._some_links():
            link.reset()

    async def _cuts_links(self) -> None:
        for link in self._some_links():
            link.cut()

    def _some_links(self) -> list[Link]:
        links = list(self._network.links)
        return self._chance.sample(links, len(links) // 3)

    async def _watches(self, most: int) -> None:
        """Wait until up to so many more writes are acknowledged."""
        enough = self._written() + self._chance.randint(1, most)
        await until(lambda: self._written() >= enough)

    async def _rests(self, longest: float, least: float = 0) -> None:
        await asyncio.sleep(self._chance.uniform(least, longest))

    def _tells(self, what: str) -> None:
        seconds = time.monotonic() - self._began
        self.told.append(f"{seconds:6.2f} s {self._written():4}{what.replace('_', ' ')}")
