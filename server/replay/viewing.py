"""One viewer of a replay: a transport, a place in the blog's course, and a time of its own.

There is no queue. Time stands still for one whose transport is full or whose frames are still
made, as it does in a film that has to load: nobody misses anything, and nothing piles up.
"""

from collections.abc import Callable
from datetime import datetime
from math import ceil, inf
from typing import Final, Protocol

from msgspec import Struct

from events.frames import (
    Clock,
    Control,
    Form,
    Pause,
    Play,
    Seek,
    SkipSilences,
    Speed,
    Trouble,
    control,
    encode,
)
from events.position import START, Position
from server.past.as_it_was import NoSuchMoment
from server.past.course import Course, time_of
from server.push.feed import RESTART, TOO_MANY
from server.push.wire import CARRY, Carriage
from server.render import rfc3339
from server.replay.tempo import Allowance, Tempo
from server.replay.track import Scene, Track, Watched
from server.tail import Loaded

Moment = Position | datetime

TOLD: Final = 0.9
"""Seconds until a viewer is told the time again while it goes by; with a turn, one at most."""
MOST: Final = 256 * 1024
"""Bytes of one write; what is due beyond goes with the next turn."""
OWED: Final = 4096
"""Bytes of complaints that wait to be written, about; what is wrong beyond is not told."""
RATE, BURST = 20.0, 40.0
"""Messages a second that a viewer may say, and how many at once."""

_BEGINNING: Final = Position(0, 1)
"""The first entry, in whatever epoch: a course is found by seq."""
_END: Final = Position(0, 2**64 - 1)


class Screen(Protocol):
    """What a replay needs of a connected viewer. No call may call the replay at once."""

    form: Form
    carriage: Carriage
    ready: bool
    """Whether it takes more now. One that becomes so has its replay `go` on."""

    def send(self, data: bytes) -> None:
        """Write this; asked only while `ready`."""
        ...

    def close(self, code: int, reason: str = "") -> None: ...


class Opening(Struct, frozen=True):
    """What is played: from where to where (None: the beginning, the end), how fast, and whether.

    `asked` reads a moment of this blog that the viewer names later; it raises NoSuchMoment.
    """

    loaded: Loaded
    asked: Callable[[str], Moment]
    start: Moment | None = None
    end: Moment | None = None
    speed: float = 1.0
    playing: bool = True


class Clockwork(Protocol):
    """What gives viewings their turns: `Replays`."""

    def now(self) -> float:
        """Seconds, on a clock that only goes on."""
        ...

    def wake(self, viewing: "Viewing", when: float) -> None: ...

    def wait_for(self, viewing: "Viewing") -> None:
        """Have it fetch what it needs, and then go on."""
        ...


class Viewing:
    """One viewer: what it was told, what it wants, and its own time. `now` is our clock."""

    def __init__(self, screen: Screen, track: Track, opening: Opening, clock: Clockwork) -> None:
        self.due = inf
        """When its turn is; the clock's."""
        self.track = track
        self._screen = screen
        self._opening = opening
        self._clock = clock
        self._watched = Watched(screen.form, screen.carriage)
        self._tempo = Tempo(opening.speed)
        self._playing = opening.playing
        self._longest = inf
        """Seconds until the next change that are waited for at most."""
        self._course = Course()
        self._next = 0
        """Which change in the course is the next."""
        self._stop = 0
        """How many are played."""
        self._until = 0
        """The time at the end."""
        self._position = START
        self._wanted: Moment | None = opening.start or _BEGINNING
        """Where to go; the newest wish alone."""
        self._lost = False
        """Whether it shows something that may not be shown any more."""
        self._fetching = False
        self._greeted = False
        self._ended = False
        self._owed = b""
        """What was wrong, as far as it could not be said yet."""
        self._tell = 0.0
        """When to say what time it is."""
        self._allowance = Allowance(RATE, BURST)

    # --- what happens to the connection ---------------------------------------------------------

    def hear(self, said: str | bytes, now: float) -> None:
        """Do what the viewer says, or tell why not."""
        if not self._allowance.take(now):
            self.close(TOO_MANY, f"more than {RATE:.0f} messages a second")
            return
        try:
            self._obey(control(said), now)
        except (ValueError, NoSuchMoment) as error:
            self._complain(str(error))
        self._answer(now)

    def stand(self, now: float) -> None:
        """The transport is full: time stands still, and never beyond what was told."""
        if self._tempo.runs:
            self._tempo.put(min(self._tempo.day(now), self._coming), now)
            self._tempo.stand(now)

    def go(self, now: float) -> None:
        """The transport takes more, or what was waited for is here."""
        if not self._screen.ready or self._fetching:
            return
        if self._wanted is not None or self._lost:
            self._fetch(now)
        elif self._playing:
            self._tempo.run(now)
            self._clock.wake(self, now)
        self._answer(now)

    def tell(self, now: float) -> None:
        """Say what time it is, as a sign of life."""
        self._tell = 0.0
        self._answer(now)

    def lose(self, since: int) -> None:
        """What was published at this seq may not be shown any more: if it may be on the screen,
        the same moment is shown anew, when the clock gives it its turn."""
        if self._position.seq >= since:
            self._lost = True
            self._clock.wake(self, self._clock.now())

    def close(self, code: int, reason: str = "") -> None:
        self._screen.close(code, reason)

    # --- what the viewer wants ------------------------------------------------------------------

    def _obey(self, wish: Control, now: float) -> None:
        if isinstance(wish, Seek):
            self._wanted = self._opening.asked(wish.to)
            self.go(now)
            return
        self.turn(now)
        match wish:
            case Play():
                self._playing, self._ended = True, False
            case Pause():
                self.stand(now)
                self._playing = False
            case Speed(speed=speed):
                self._tempo.turn(speed, now)
            case SkipSilences(longest=longest):
                self._longest = inf if longest is None else longest
        self._tell = 0.0
        self.go(now)

    def _complain(self, detail: str) -> None:
        if len(self._owed) < OWED:
            self._owed += self._carry(encode(Trouble(detail)))

    def _answer(self, now: float) -> None:
        """Say what is to be said at once, as soon as it can be."""
        if not (self._greeted and self._screen.ready):
            return
        said, self._owed = self._owed, b""
        if self._tell == 0.0 and self._wanted is None:
            said += self._time(now)
        if said:
            self._screen.send(said)

    # --- what is played -------------------------------------------------------------------------

    def turn(self, now: float) -> float:
        """Send what is due; when the next will be, `inf` where nothing is waited for."""
        if not self._screen.ready:
            self.stand(now)
        if self._lost:
            self.go(now)
        if not self._tempo.runs:
            return inf
        if self._is_over():
            return inf
        batch = self._take(self._tempo.day(now))
        self._arrange(now)
        if now >= self._tell and not self._fetching:
            batch += self._time(now)
        if batch:
            self._screen.send(batch)
        return self._following(now)

    def _is_over(self) -> bool:
        """Whether the blog is another by now, so that what is kept of it may not be shown."""
        if not self.track.stands:
            self.close(RESTART, "the blog was read anew; come back")
        return not self.track.stands

    def _arrange(self, now: float) -> None:
        """Let time wait for what is due and not told yet, or end; pass over a silence."""
        coming = self._coming
        if coming > self._tempo.day(now):
            if self._tempo.wait(coming, now) > self._longest:
                self._tempo.put(self._tempo.before(coming, self._longest), now)
                self._tell = 0.0
        elif self._next >= self._stop:
            self._end(now)
        else:
            self._tempo.put(coming, now)
            if self.track.frame(self._course.seqs[self._next], self._watched) is None:
                self._fetch(now)

    def _following(self, now: float) -> float:
        if not self._tempo.runs:
            return inf
        return min(now + self._tempo.wait(self._coming, now), self._tell)

    @property
    def _coming(self) -> float:
        """When the next change is due, or the end."""
        return self._course.times[self._next] if self._next < self._stop else self._until

    def _take(self, day: float) -> bytes:
        """The frames that are due and here, as many as go in one write."""
        course, frames, size = self._course, [], 0
        while self._next < self._stop and course.times[self._next] <= day and size < MOST:
            frame = self.track.frame(course.seqs[self._next], self._watched)
            if frame is None:
                break
            frames.append(frame)
            size += len(frame)
            self._next += 1
        if frames:
            self._position = course.position(self._next - 1)
        return b"".join(frames)

    def _end(self, now: float) -> None:
        """Stop, unless the blog has gone on since the course was looked at."""
        behind = self._stop < len(self._course) or not self.track.reached(self._course)
        if self._opening.end is None and behind:
            self._fetch(now)
            return
        self.stand(now)
        self._playing, self._ended, self._tell = False, True, 0.0

    def _time(self, now: float) -> bytes:
        """What time it is; in whole milliseconds, before which nothing is that was told."""
        self._tell = now + TOLD
        told = ceil(self._tempo.day(now) / 1000) * 1000
        clock = Clock(
            rfc3339(time_of(told)),
            str(self._position),
            self._tempo.speed,
            self._playing,
            self._ended,
        )
        return self._carry(encode(clock))

    def _carry(self, message: bytes) -> bytes:
        return CARRY["line" if self._screen.carriage == "line" else "plain"](message)

    # --- what has to be waited for --------------------------------------------------------------

    def _fetch(self, now: float) -> None:
        """Wait for what comes next; meanwhile time stands still."""
        if self._is_over():
            return
        self.stand(now)
        self._fetching = True
        self._clock.wait_for(self)

    async def fetched(self) -> None:
        """Have here what comes next: where the viewer wants to be, or the frames it comes to."""
        try:
            while True:
                wanted, turned, scene = self._wanted, self.track.turned, None
                course = await self.track.course()
                if wanted is not None or self._lost:
                    there = self._position if wanted is None else course.public(wanted)
                    scene = await self.track.scene(there, self._watched)
                elif self._next < len(course):
                    await self.track.prepare(course, course.seqs[self._next], self._watched)
                # The newest wish alone is answered, and by what may still be shown.
                if self._wanted is wanted and self.track.turned == turned:
                    break
        finally:
            self._fetching = False
        if self._is_over():
            return
        self._take_up(course)
        if scene is not None and self._screen.ready:
            self._show(wanted, scene)

    def _take_up(self, course: Course) -> None:
        end = self._opening.end
        self._course = course
        self._stop = len(course) if end is None else course.after(end)
        self._until = course.time(_END if end is None else end)

    def _show(self, wanted: Moment | None, scene: Scene) -> None:
        """Be at a moment, or go on where it is: nothing but what was shown then, and the time."""
        now = self._clock.now()
        if wanted is not None:
            self._wanted, self._ended = None, False
            self._next, self._position = self._course.after(wanted), scene.position
            self._tempo.put(self._course.time(wanted), now)
        self._lost = False
        hello = b"" if self._greeted else scene.hello
        self._greeted = True
        self._screen.send(hello + scene.snapshot + self._time(now))
