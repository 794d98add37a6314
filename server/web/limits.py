"""How fast one asker may write: a token bucket each, in this process."""

import time
from collections import OrderedDict
from typing import Final

from server.web.problems import Problem

RATE: Final = 50.0
"""Writes a second that one actor may go on with."""
BURST: Final = 500.0
"""Writes at once after a pause: an import through the API, an editor's busy minute."""
KEPT: Final = 10_000
"""Buckets remembered; the longest unused are forgotten, and an unused one is full anyway."""


class Buckets:
    """A bucket a name; each fills by `rate` a second up to `burst`."""

    def __init__(self, rate: float = RATE, burst: float = BURST) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, now: float | None = None) -> None:
        """Take one from a bucket; raises a 429 problem when it is empty."""
        now = time.monotonic() if now is None else now
        left, then = self._buckets.pop(name, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._rate)
        self._buckets[name] = (max(0.0, left - 1), now)
        if len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        if left < 1:
            raise Problem(429, f"more than {self._rate:g} writes a second; wait a moment")


WRITES = Buckets()
"""By actor."""
LOGINS = Buckets(rate=0.2, burst=10)
"""By the address a login comes from: secrets are long, this only saves the work."""
