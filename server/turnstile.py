"""So many a second come in, the others wait: after a restart all readers come at once."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

STEP: Final = 0.01
"""Seconds between two looks, where more than one comes in meanwhile."""

Enter = Callable[[], None]


class Turnstile:
    """A token bucket with a queue. `rate` a second, and a burst of a tenth; 0 is no bound.

    Who waits holds a connection, so the files a process may open bound the queue.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(1.0, rate / 10)
        self._tokens = self._burst
        self._clock = clock
        self._then = clock()
        self._waiting: deque[Enter] = deque()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def arrive(self, enter: Enter) -> None:
        """Have somebody enter: at once, or after those who came before."""
        if not self._rate or (not self._waiting and self._token()):
            enter()
            return
        self._waiting.append(enter)
        if len(self._waiting) == 1:
            self._wait()

    def turn(self) -> None:
        """Let in whom there are tokens for."""
        try:
            while self._waiting and self._token():
                self._waiting.popleft()()
        finally:
            if self._waiting:
                self._wait()

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
