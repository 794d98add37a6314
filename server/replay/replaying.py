"""The viewers of all replays of a process, and the one clock that gives each its turn.

What is due between two steps of the clock goes out in one write, and no viewer has a task or a
timer. The readers of live blogs come first: the work is done in short slices, and waits a little
while something is told to them.
"""

import asyncio
import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import floor, inf
from typing import Final

import structlog

from server.push.feed import FAULT, RESTART
from server.replay.track import Track, Tracks
from server.replay.viewing import Opening, Screen, Viewing
from server.storage.log import LogError

STEP: Final = 0.05
"""Seconds between two steps of the clock: a viewer has a turn in each at most."""
SLICE: Final = 0.001
"""Seconds of work after which the loop turns."""

PATIENCE: Final = 0.25
"""Seconds that viewers wait for readers at most."""

logger = structlog.get_logger("replaying")


class Replays:
    """The viewers of a process, and the one clock that calls each when its turn is."""

    def __init__(
        self,
        tracks: Tracks,
        now: Callable[[], float] = time.monotonic,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self.now = now
        """Seconds on our clock."""
        self._busy = busy
        """Whether the readers of a live blog are being told something."""
        self._waits_since = inf
        self.viewers: dict[Viewing, None] = {}
        self._shared = tracks
        self._tracks: dict[str, Track] = {}
        self._due: list[tuple[float, int, Viewing]] = []
        self._called = count()
        self._turning = False
        self._alarm: asyncio.TimerHandle | None = None
        self.fetches: set[asyncio.Task[None]] = set()
        """One for each viewer that waits for what is made for it."""

    @property
    def kept(self) -> int:
        """Bytes of frames that are kept for all of them."""
        return self._shared.kept.size

    def open(self, screen: Screen, opening: Opening) -> Viewing:
        """Begin a replay; it says hello, shows the beginning and goes on until `leave`."""
        track = self._tracks.get(opening.loaded.id)
        if track is None or track.loaded is not opening.loaded or not track.stands:
            track = self._tracks[opening.loaded.id] = Track(opening.loaded, self._shared)
        viewing = Viewing(screen, track, opening, self)
        track.viewers[viewing] = None
        self.viewers[viewing] = None
        viewing.go(self.now())
        return viewing

    def leave(self, viewing: Viewing) -> None:
        """A viewer has gone, or was told goodbye; once or more often."""
        self.viewers.pop(viewing, None)
        track = viewing.track
        track.viewers.pop(viewing, None)
        if not track.viewers:
            track.end()
            if self._tracks.get(track.loaded.id) is track:
                del self._tracks[track.loaded.id]

    def wake(self, viewing: Viewing, when: float) -> None:
        """Give it a turn at the clock's next step after that time, and none before."""
        viewing.due = (floor(when / STEP) + 1) * STEP
        heappush(self._due, (viewing.due, next(self._called), viewing))
        self._set_alarm()

    def turn(self) -> None:
        """Give all their turn who are due; after a slice of work the loop turns in between."""
        self._alarm, now = None, self.now()
        if self._gives_way(now):
            self._alarm = asyncio.get_running_loop().call_later(STEP / 5, self.turn)
            return
        self._turning, until = True, time.perf_counter() + SLICE
        while self._due and self._due[0][0] <= now:
            due, _, viewing = heappop(self._due)
            if due != viewing.due or viewing not in self.viewers:
                continue  # it was given another turn since, or has gone
            if (following := self._turn(viewing, now)) < inf:
                self.wake(viewing, following)
            if time.perf_counter() > until:
                break
        else:
            self._waits_since = inf
        self._turning = False
        self._set_alarm()

    def wait_for(self, viewing: Viewing) -> None:
        """Have made what a viewer needs, and let it go on."""
        task = asyncio.create_task(self._wait_for(viewing))
        self.fetches.add(task)
        task.add_done_callback(self.fetches.discard)

    async def _wait_for(self, viewing: Viewing) -> None:
        try:
            await viewing.fetched()
            viewing.go(self.now())
        except LogError:
            viewing.close(RESTART, "the log is out of reach; come back")
        except Exception:
            logger.exception("what is replayed could not be made")
            viewing.close(FAULT)

    def _turn(self, viewing: Viewing, now: float) -> float:
        viewing.due = inf
        try:
            return viewing.turn(now)
        except Exception:
            logger.exception("a replay could not go on")
            viewing.close(FAULT)
            return inf

    def _gives_way(self, now: float) -> bool:
        """Whether to wait for the readers; once it was long enough, all are served who are due."""
        if not self._busy():
            return False
        self._waits_since = min(self._waits_since, now)
        return now - self._waits_since < PATIENCE

    def _set_alarm(self) -> None:
        if self._turning or not self._due:
            return
        delay = max(0.0, self._due[0][0] - self.now())
        loop = asyncio.get_running_loop()
        if self._alarm is None or self._alarm.when() > loop.time() + delay:
            if self._alarm:
                self._alarm.cancel()
            self._alarm = loop.call_later(delay, self.turn)
