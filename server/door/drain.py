"""How a server that ends sends its readers away: spread, or they would all come back at once."""

import asyncio
from collections.abc import Callable, Collection
from typing import Final, Protocol

from server.push.feed import RESTART

STEP: Final = 0.05


class Guest(Protocol):
    """Somebody who is sent away: a reader of a feed, or a viewer of a replay."""

    def close(self, code: int) -> None: ...


class Drain:
    """Stands among uvicorn's connections for all those that have left it.

    uvicorn tells every connection to `shutdown`, and waits until none is left or its patience ends.
    """

    def __init__(
        self,
        seconds: float,
        readers: Callable[[], Collection[Guest]],
        open_: Callable[[], bool],
        ends: Callable[[], None],
        done: Callable[["Drain"], None],
    ) -> None:
        self._seconds = seconds
        self._readers = readers
        self._open = open_
        self._ends = ends
        self._done = done
        self._draining: asyncio.Task[None] | None = None

    def shutdown(self) -> None:
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        """Tell the readers to come back, over the window; then wait for the sockets to end."""
        self._ends()
        left = list(self._readers())
        steps = max(1, round(self._seconds / STEP))
        share = -(-len(left) // steps)
        while left:
            for reader in left[:share]:
                reader.close(RESTART)
            del left[:share]
            await asyncio.sleep(STEP)
        while self._open():
            for late in self._readers():
                late.close(RESTART)  # it was at the door when the others were told
            await asyncio.sleep(STEP)
        self._done(self)
