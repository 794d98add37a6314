"""The time of a day that is played: where it stands, how fast it goes by, how long until when."""

from typing import Final

_SECOND: Final = 1_000_000  # microseconds


class Tempo:
    """What time of the day it is, in microseconds since 1970, and how fast it goes by."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._at = 0.0
        self._since: float | None = None
        """When it was that time, in seconds on our clock; None while time stands still."""

    @property
    def runs(self) -> bool:
        return self._since is not None

    @property
    def speed(self) -> float:
        return self._speed

    def day(self, now: float) -> float:
        """The day's time now."""
        passed = 0.0 if self._since is None else now - self._since
        return self._at + passed * self._speed * _SECOND

    def put(self, day: float, now: float) -> None:
        """Let it be that time now."""
        self._at, self._since = day, None if self._since is None else now

    def run(self, now: float) -> None:
        self._at, self._since = self.day(now), now

    def stand(self, now: float) -> None:
        self._at, self._since = self.day(now), None

    def turn(self, speed: float, now: float) -> None:
        """Go on at another speed."""
        self.put(self.day(now), now)
        self._speed = speed

    def before(self, day: float, seconds: float) -> float:
        """The time from which it is so many seconds until another."""
        return day - seconds * self._speed * _SECOND

    def wait(self, day: float, now: float) -> float:
        """Seconds until it is that time."""
        return (day - self.day(now)) / (self._speed * _SECOND)


class Allowance:
    """How often somebody may do something: so many a second, and so many at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._then = 0.0

    def take(self, now: float) -> bool:
        """Do it once more, at `now` on our clock; whether that is still allowed."""
        self._left = min(self._burst, self._left + (now - self._then) * self._rate) - 1
        self._then = now
        return self._left >= 0
