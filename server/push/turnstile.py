"""So many a second come in, the others wait: after a restart all readers come at once."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

STEP: Final = 0.01
"""Seconds between two looks, where more than one comes in meanwhile."""

Enter = Callable[[], None]
Gone = Callable[[], bool]


def _stays() -> bool:
    return False


class Turnstile:
    """A token bucket with a queue. `rate` a second, and a burst of a tenth; 0 is no bound.

    Who waits holds a connection, so the files a process may open bound the queue. Who has gone
    meanwhile takes nobody's turn.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(1.0, rate / 10)
        self._tokens = self._burst
        self._clock = clock
        self._then = clock()
        self._waiting: deque[tuple[Enter, Gone]] = deque()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def arrive(self, enter: Enter, gone: Gone = _stays) -> None:
        """Have somebody enter: at once, or after those who came before."""
        if not self._rate or (not self._waiting and self._token()):
            enter()
            return
        self._waiting.append((enter, gone))
        if len(self._waiting) == 1:
            self._wait()

    async def passed(self) -> None:
        """Wait for one's turn."""
        entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.arrive(lambda: entered.set_result(None), entered.done)
        await entered

    def turn(self) -> None:
        """Let in whom there are tokens for."""
        try:
            while self._next_has_gone() or (self._waiting and self._token()):
                enter, gone = self._waiting.popleft()
                if not gone():
                    enter()
        finally:
            if self._waiting:
                self._wait()

    def _next_has_gone(self) -> bool:
        return bool(self._waiting) and self._waiting[0][1]()

    def _wait(self) -> None:
        asyncio.get_running_loop().call_later(max(STEP, 1 / self._rate), self.turn)

    def _token(self) -> bool:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._then) * self._rate)
        self._then = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
