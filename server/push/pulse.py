"""One clock for all sockets of a process: it pings, and ends the dead, stalled and lingering.

No connection has a timer. Each belongs to one of some groups, and every tick is one group's turn.
"""

import asyncio
import contextlib
import fcntl
import sys
import termios
import time
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import Final, NamedTuple, Protocol, TypeVar

from server.push.feed import RESTART, TOO_SLOW
from server.push.slices import in_slices
from server.push.websocket import Connection

T = TypeVar("T")

GROUPS: Final = 100
SPREAD: Final = 20
"""Groups over which those who come at once are spread."""
AWAITED: Final = 10.0
"""Seconds in which a request has to be said, as far as its headers, and its body begun."""
RATE: Final = 4096
"""Bytes of a body that are good for another second."""
SILENCE: Final = 30.0
"""Seconds that a body may be silent at most, however fast it came before."""
REVISIT: Final = 900.0
"""Seconds after which somebody who had to say who it is has to say so again."""
LINGER: Final = 5.0
"""Seconds a client is given to answer a goodbye; again as many where it has read on towards it."""


class Waited(Protocol):
    """Somebody who has not taken all yet that was written."""

    @property
    def transport(self) -> asyncio.Transport: ...

    def close(self, code: int) -> None: ...


class Guest(Protocol):
    """Somebody who had to say who it is, however it is told: over a socket or an event stream."""

    def close(self, code: int) -> None: ...


class Goodbye(NamedTuple):
    """When somebody was told it, and how far it is from there."""

    since: float
    left: int
    """Bytes that were not taken yet when that was last looked at."""


class Pulse:
    """Keeps the sockets of a process alive, or ends them.

    `ping`: seconds between two pings of one connection; one from which nothing came between two
    pings is dead. `stall`: seconds in which a reader may take not a byte of what waits for it.
    """

    def __init__(self, ping: float, stall: float) -> None:
        self._ping = ping
        self._stall = stall
        self._groups: list[set[Connection]] = [set() for _ in range(GROUPS)]
        self._joined = count()
        self._turn = 0
        """Whose turn is next."""
        self._paused: dict[Waited, tuple[int, float]] = {}
        self._awaited: dict[Waited, float] = {}
        self._guests: dict[Guest, float] = {}
        self._leaving: dict[Connection, float] = {}
        self._goodbyes: dict[Connection, Goodbye] = {}

    @property
    def connections(self) -> list[Connection]:
        return [connection for group in self._groups for connection in group]

    def join(self, connection: Connection) -> int:
        """Count a connection in; its group, to be given to `part`."""
        # One of those that had their turn last: theirs comes when nearly all of `ping` has gone by.
        group = (self._turn - 1 - next(self._joined) % SPREAD) % GROUPS
        self._groups[group].add(connection)
        return group

    def part(self, connection: Connection, group: int) -> None:
        """A connection has ended."""
        self._groups[group].discard(connection)
        self._paused.pop(connection, None)
        self._guests.pop(connection, None)
        self._leaving.pop(connection, None)
        self._goodbyes.pop(connection, None)

    def paused(self, connection: Waited) -> None:
        """Something waits to be taken."""
        self._paused[connection] = _left(connection.transport), time.monotonic()

    def resumed(self, connection: Waited) -> None:
        """It was taken, or never will be."""
        self._paused.pop(connection, None)

    def awaits(self, connection: Waited) -> None:
        """A request is to come."""
        self._awaited.setdefault(connection, time.monotonic() + AWAITED)

    def comes(self, connection: Waited, size: int) -> None:
        """So many bytes more of it have come."""
        if until := self._awaited.get(connection):
            latest = time.monotonic() + SILENCE
            self._awaited[connection] = min(until + size / RATE, latest)

    def has(self, connection: Waited) -> None:
        """It has come, or never will."""
        self._awaited.pop(connection, None)

    def guest(self, guest: Guest) -> None:
        """It follows what not everybody may: it is sent round again some time, and judged anew."""
        self._guests[guest] = time.monotonic() + REVISIT

    def gone(self, guest: Guest) -> None:
        """A guest has gone, of whom nobody says `part`."""
        self._guests.pop(guest, None)

    def leaves(self, connection: Connection) -> None:
        """It was told goodbye."""
        if connection not in self._leaving:
            now = time.monotonic()
            self._leaving[connection] = now + LINGER
            self._goodbyes[connection] = Goodbye(now, _left(connection.transport))

    def hurry(self) -> None:
        """The process ends: who takes nothing is not waited for longer than for an answer."""
        self._stall = min(self._stall, LINGER)

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            await asyncio.sleep(self._ping / GROUPS)
            self.tick(time.monotonic())

    def tick(self, now: float) -> None:
        """One group's turn to be pinged, and an end to whoever is waited for too long.

        Any of them may be ten thousand.
        """
        asked, self._turn = self._groups[self._turn], (self._turn + 1) % GROUPS
        in_slices(tuple(asked), _ask)
        in_slices(tuple(self._paused), partial(self._look_at, now))
        in_slices(_due(self._guests, now), _send_round)
        in_slices(_due(self._awaited, now), partial(self._give_up, now))
        in_slices(_due(self._leaving, now), partial(self._part_from, now))

    def _look_at(self, now: float, paused: Sequence[Waited]) -> None:
        """Send away those of them that have taken nothing for too long."""
        for stalled in paused:
            if stalled not in self._paused:
                continue  # it has taken all meanwhile
            before, since = self._paused[stalled]
            if (left := _left(stalled.transport)) < before:
                self._paused[stalled] = left, now
            elif now - since > self._stall:
                del self._paused[stalled]
                stalled.close(TOO_SLOW)

    def _part_from(self, now: float, silent: Sequence[Connection]) -> None:
        """End those of them that read no further, or have had the time of one who stalls for it."""
        for each in silent:
            if (goodbye := self._goodbyes.get(each)) is None:
                continue  # it has gone meanwhile
            left = _left(each.transport)
            if left < goodbye.left and now - goodbye.since < self._stall:
                self._goodbyes[each] = goodbye._replace(left=left)
                self._leaving[each] = now + LINGER
            else:
                each.transport.abort()

    def _give_up(self, now: float, late: Sequence[Waited]) -> None:
        """End those of them that say nothing."""
        for each in late:
            if each.transport.is_reading() or each.transport.is_closing():
                each.transport.abort()
            else:
                self._awaited[each] = now + AWAITED  # it is we who do not read


def _due(until: dict[T, float], now: float) -> list[T]:
    """Those whose time is over; they are waited for no more."""
    due = [each for each, end in until.items() if end < now]
    for each in due:
        del until[each]
    return due


def _send_round(guests: Sequence[Guest]) -> None:
    for guest in guests:
        guest.close(RESTART)


def _ask(connections: Sequence[Connection]) -> None:
    """Ping those that have answered the last one; the others are dead, or never finish a word."""
    for connection in connections:
        if not connection.ready:
            continue  # the stalled and the lingering have a clock of their own
        if connection.heard and not connection.dwells():
            connection.heard = 0
            connection.ask()
        else:
            connection.transport.abort()


def _left(transport: asyncio.Transport) -> int:
    """Bytes that a client has not taken yet: those in the transport, and those in our kernel.

    A kernel that holds megabytes takes no more from us until a third of them has gone, which a
    slow reader needs minutes for. Where the kernel does not say, only its taking is seen.
    """
    kernel = b""
    with contextlib.suppress(OSError, ValueError):
        descriptor = transport.get_extra_info("socket").fileno()
        kernel = fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4))
    return transport.get_write_buffer_size() + int.from_bytes(kernel, sys.byteorder)
