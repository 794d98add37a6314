"""The pulse: connections over real sockets, and ticks of a clock that is the test's."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from fcntl import ioctl
from itertools import compress
from termios import TIOCOUTQ
from typing import Self

import pytest

from server.push import pulse, slices, wire
from server.push.feed import RESTART, TOO_SLOW
from server.push.opening import NOTHING
from server.push.pulse import AWAITED, GROUPS, LINGER, REVISIT, SILENCE, SPREAD, Pulse
from server.push.slices import HANDFUL
from server.push.websocket import Connection

PATIENCE = 30.0
"""Seconds a condition may take on a loaded machine."""
STALL = 30.0
PONG = b"\x8a\x80\x00\x00\x00\x00"
"""Masked with zeros, as a client may."""
MORE = b"x" * (8 << 20)
"""More than the kernel takes of a socket that nobody reads."""


class Clock:
    """Time that stands still unless the test moves it."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Told(Connection):
    """A connection that tells the pulse what a reader would."""

    def __init__(self, transport: asyncio.Transport, pulse: Pulse) -> None:
        super().__init__(transport, NOTHING)
        self._pulse = pulse
        self.group = pulse.join(self)
        self.asked = 0
        self.code: int | None = None
        self.lost = asyncio.Event()

    @property
    def idle(self) -> bool:
        return self._incoming is None

    def ask(self) -> None:
        self.asked += 1
        super().ask()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._pulse.paused(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._pulse.resumed(self)

    def close(self, code: int, reason: str = "") -> None:
        self.code = code
        super().close(code, reason)
        self._pulse.leaves(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._pulse.part(self, self.group)
        self.lost.set()


class Heart:
    """A pulse, its connections, and the other ends of them."""

    def __init__(self) -> None:
        self.pulse = Pulse(ping=25, stall=STALL)
        self.clients: list[socket.socket] = []
        self.comers: list[Told] = []
        """Our ends of them."""

    @classmethod
    @asynccontextmanager
    async def beating(cls) -> AsyncIterator[Self]:
        heart = cls()
        try:
            yield heart
        finally:
            for connection in heart.pulse.connections:
                connection.transport.abort()
            for client in heart.clients:
                client.close()
            await asyncio.sleep(0)  # the transports end in the next turn

    async def comes(self) -> Told:
        with socket.create_server(("127.0.0.1", 0)) as door:
            theirs = socket.socket()
            # Bounded: a kernel that finds its client fast would take all that is sent for it.
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            theirs.connect(door.getsockname())
            ours, _ = door.accept()
        theirs.setblocking(False)
        self.clients.append(theirs)
        transport, _ = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol, sock=ours
        )
        self.comers.append(Told(transport, self.pulse))
        return self.comers[-1]

    async def round(self) -> list[int]:
        """Every group has its turn: how many were pinged at each tick."""
        pinged = []
        for _ in range(GROUPS):
            before = [each.asked for each in self.comers]
            self.pulse.tick(time.monotonic())
            asked = [each.asked > was for each, was in zip(self.comers, before, strict=True)]
            for client in compress(self.clients, asked):
                await self.hears_ping(client)
            pinged.append(sum(asked))
        return pinged

    async def hears_ping(self, client: socket.socket) -> None:
        await until(lambda: self.hears(client) == wire.ASK)

    def takes(self, size: int) -> bytes:
        """What the first client reads, up to so much."""
        return self.hears(self.clients[0], size)

    def takes_what_shows(self, connection: Connection) -> None:
        """The first client reads a little, and on until the kernel has told the other end of it."""
        queued, until = in_kernel(connection), time.monotonic() + PATIENCE
        while in_kernel(connection) >= queued:
            self.takes(1 << 16)
            assert time.monotonic() < until, "the kernel never said that anything was taken"

    @staticmethod
    def hears(client: socket.socket, size: int = 1 << 20) -> bytes:
        with suppress(BlockingIOError):
            return client.recv(size)
        return b""


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - the kernel says it to nobody
            await asyncio.sleep(0.001)


def in_kernel(connection: Connection) -> int:
    """Bytes of a connection that our kernel holds."""
    descriptor = connection.transport.get_extra_info("socket").fileno()
    return int.from_bytes(ioctl(descriptor, TIOCOUTQ, bytes(4)), sys.byteorder)


async def test_everybody_is_pinged_once_a_round_and_those_who_came_at_once_are_spread() -> None:
    async with Heart.beating() as heart:
        for _ in range(4 * SPREAD):
            await heart.comes()
        pinged = await heart.round()
        assert pinged == [0] * (GROUPS - SPREAD) + [4] * SPREAD


async def test_who_answers_stays_and_who_does_not_is_found_at_the_next_ping() -> None:
    async with Heart.beating() as heart:
        answers, dead = await heart.comes(), await heart.comes()
        await heart.round()
        heart.clients[0].sendall(PONG)
        await until(lambda: answers.heard)
        await heart.round()
        await dead.lost.wait()
        assert heart.pulse.connections == [answers]
        assert not answers.transport.is_closing()


async def test_anything_that_is_said_is_a_sign_of_life() -> None:
    async with Heart.beating() as heart:
        talks = await heart.comes()
        await heart.round()
        heart.clients[0].sendall(b"\x81\x82\x00\x00\x00\x00hi")
        await until(lambda: talks.heard)
        assert sum(await heart.round()) == 1


async def test_who_takes_nothing_for_too_long_is_sent_away_and_not_before() -> None:
    async with Heart.beating() as heart:
        stalled = await heart.comes()
        stalled.send(MORE)
        now = time.monotonic()
        heart.pulse.tick(now + STALL - 1)
        assert stalled.code is None
        heart.pulse.tick(now + STALL + 1)
        assert stalled.code == TOO_SLOW


async def test_who_takes_a_little_has_time_again_from_there() -> None:
    async with Heart.beating() as heart:
        slow = await heart.comes()
        slow.send(MORE)
        now = time.monotonic()
        waiting = slow.transport.get_write_buffer_size()
        for minute in range(1, 6):
            heart.takes_what_shows(slow)
            heart.pulse.tick(now + minute * 60)
            assert slow.code is None
        assert slow.transport.get_write_buffer_size() == waiting, "nothing but the kernel knows"
        heart.pulse.tick(now + 5 * 60 + STALL + 1)
        assert slow.code == TOO_SLOW


async def test_who_has_taken_all_is_waited_for_no_more() -> None:
    async with Heart.beating() as heart:
        reader = await heart.comes()
        reader.send(MORE)
        while not reader.ready:
            heart.takes(1 << 20)
            await asyncio.sleep(0)
        heart.pulse.tick(time.monotonic() + 10 * STALL)
        assert reader.code is None


async def test_who_does_not_take_what_it_has_is_not_pinged_on_top() -> None:
    async with Heart.beating() as heart:
        stalled = await heart.comes()
        stalled.send(MORE)
        for _ in range(3 * GROUPS):
            heart.pulse.tick(time.monotonic())
        taken = bytearray()
        while len(taken) < len(MORE):
            taken += heart.takes(1 << 20)
            await asyncio.sleep(0)
        assert taken == MORE
        assert not stalled.transport.is_closing()


async def test_who_does_not_answer_a_goodbye_is_ended_and_who_does_has_gone_by_then() -> None:
    async with Heart.beating() as heart:
        polite, silent = await heart.comes(), await heart.comes()
        polite.close(1012)
        silent.close(1012)
        heart.clients[0].sendall(b"\x88\x82\x00\x00\x00\x00\x03\xf4")
        async with asyncio.timeout(PATIENCE):
            await polite.lost.wait()
            heart.pulse.tick(time.monotonic() + LINGER - 1)
            assert not silent.transport.is_closing()
            heart.pulse.tick(time.monotonic() + LINGER + 1)
            await silent.lost.wait()
        assert heart.pulse.connections == []


async def test_who_reads_on_towards_the_goodbye_has_time_again_and_who_stops_has_not() -> None:
    async with Heart.beating() as heart:
        reads, silent = await heart.comes(), await heart.comes()
        for each in (reads, silent):
            each.send(MORE)
            each.close(TOO_SLOW)
        said = time.monotonic()
        for times in (1, 2, 3):
            heart.takes_what_shows(reads)
            heart.pulse.tick(said + times * (LINGER + 1))
            assert not reads.transport.is_closing(), times
            assert silent.transport.is_closing()
        heart.pulse.tick(said + 4 * (LINGER + 1))  # it has taken nothing since
        async with asyncio.timeout(PATIENCE):
            await reads.lost.wait()
            await silent.lost.wait()


async def test_who_reads_on_towards_the_goodbye_for_too_long_is_ended() -> None:
    async with Heart.beating() as heart:
        drips = await heart.comes()
        drips.send(MORE)
        drips.close(TOO_SLOW)
        said = time.monotonic()
        heart.takes_what_shows(drips)
        heart.pulse.tick(said + STALL / 2)
        assert not drips.transport.is_closing()
        heart.takes_what_shows(drips)
        heart.pulse.tick(said + STALL + LINGER)
        async with asyncio.timeout(PATIENCE):
            await drips.lost.wait()


async def test_who_has_gone_is_remembered_nowhere() -> None:
    async with Heart.beating() as heart:
        gone = await heart.comes()
        gone.send(MORE)
        gone.close(1012)
        gone.transport.abort()
        async with asyncio.timeout(PATIENCE):
            await gone.lost.wait()
        assert (heart.pulse.connections, heart.pulse._paused, heart.pulse._leaving) == ([], {}, {})
        assert heart.pulse._goodbyes == {}


async def test_who_does_not_say_what_it_wants_is_let_go() -> None:
    async with Heart.beating() as heart:
        silent, asked = await heart.comes(), await heart.comes()
        for each in (silent, asked):
            heart.pulse.awaits(each)
        heart.pulse.has(asked)
        heart.pulse.tick(time.monotonic() + AWAITED - 1)
        assert not silent.transport.is_closing()
        heart.pulse.tick(time.monotonic() + AWAITED + 1)
        await silent.lost.wait()
        assert not asked.transport.is_closing()


async def test_a_body_has_as_long_as_it_takes_to_come_at_some_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """20 MB at 64 kB a second come through; a byte a second does not, nor silence after a lot."""
    clock = Clock()
    monkeypatch.setattr(pulse, "time", clock)
    async with Heart.beating() as heart:
        honest, drips, stops = [await heart.comes() for _ in range(3)]
        for each in (honest, drips, stops):
            heart.pulse.awaits(each)
        heart.pulse.comes(stops, 20_000_000)
        for second in range(312):
            clock.now += 1
            heart.pulse.comes(honest, 64_000)
            for each in (honest, drips, stops):
                each.heard = 1  # pings are answered
            heart.pulse.comes(drips, 1)
            heart.pulse.tick(clock.now)
            assert drips.transport.is_closing() == (second >= AWAITED), second
            assert stops.transport.is_closing() == (second >= SILENCE), second
        assert not honest.transport.is_closing()


async def test_who_is_not_read_from_is_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(pulse, "time", clock)
    async with Heart.beating() as heart:
        held_up = await heart.comes()
        heart.pulse.awaits(held_up)
        held_up.transport.pause_reading()
        heart.pulse.tick(clock.now + AWAITED + 1)
        assert not held_up.transport.is_closing()
        held_up.transport.resume_reading()
        heart.pulse.tick(clock.now + 2 * AWAITED)
        assert not held_up.transport.is_closing(), "it has its time from there"
        heart.pulse.tick(clock.now + 2 * AWAITED + 2)
        assert held_up.transport.is_closing()


async def test_who_had_to_say_who_it_is_is_sent_round_to_say_so_again() -> None:
    async with Heart.beating() as heart:
        guest, anybody = await heart.comes(), await heart.comes()
        heart.pulse.guest(guest)
        heart.pulse.tick(time.monotonic() + REVISIT - 1)
        assert guest.code is None
        heart.pulse.tick(time.monotonic() + REVISIT + 1)
        assert [each.code for each in (guest, anybody)] == [RESTART, None]


async def test_a_guest_may_be_anybody_who_can_be_closed_and_is_forgotten_when_it_has_gone() -> None:
    codes: list[int] = []

    class Stream:
        def close(self, code: int) -> None:
            codes.append(code)

    follows, left = Stream(), Stream()
    async with Heart.beating() as heart:
        for each in (follows, left):
            heart.pulse.guest(each)
        heart.pulse.gone(left)
        heart.pulse.tick(time.monotonic() + REVISIT + 1)
        assert codes == [RESTART]
        assert heart.pulse._guests == {}


async def test_who_is_still_in_the_middle_of_the_same_words_a_round_later_is_ended() -> None:
    async with Heart.beating() as heart:
        dwells, talks = await heart.comes(), await heart.comes()
        begun = b"\x01\x82\x00\x00\x00\x00so"
        for client in heart.clients:
            client.sendall(begun)
        await until(lambda: not (dwells.idle or talks.idle))
        await heart.round()
        heart.clients[0].sendall(PONG)  # it lives, and says no more
        heart.clients[1].sendall(b"\x80\x82\x00\x00\x00\x00on" + begun)
        await until(lambda: dwells.heard and talks.heard)
        heart.clients[1].sendall(b"\x80\x82\x00\x00\x00\x00on")
        await until(lambda: talks.idle)
        await heart.round()
        await dwells.lost.wait()
        assert not talks.transport.is_closing()


async def test_a_tick_that_has_many_to_see_to_lets_others_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slices, "SLICE", 0.0)
    async with Heart.beating() as heart:
        many = [await heart.comes() for _ in range(2 * HANDFUL)]
        for each in many:
            heart.pulse.guest(each)
        heart.pulse.tick(time.monotonic() + REVISIT + 1)
        assert sum(each.code == RESTART for each in many) == HANDFUL
        await until(lambda: all(each.code == RESTART for each in many))
        for each in many:
            heart.pulse.paused(each)
            each.code = None
        heart.pulse.tick(time.monotonic() + STALL + 1)
        assert sum(each.code == TOO_SLOW for each in many) == HANDFUL
        await until(lambda: all(each.code == TOO_SLOW for each in many))


async def test_at_the_end_nobody_is_waited_for_longer_than_for_an_answer() -> None:
    async with Heart.beating() as heart:
        stalled = await heart.comes()
        stalled.send(MORE)
        heart.pulse.hurry()
        heart.pulse.tick(time.monotonic() + LINGER + 1)
        assert stalled.code == TOO_SLOW
        heart.takes_what_shows(stalled)
        heart.pulse.tick(time.monotonic() + LINGER + 1)
        await stalled.lost.wait()
