"""A reader on a websocket: a transport and a position. What the feed needs, and no more."""

import asyncio
from typing import Final

from events.frames import Form
from events.position import Position
from server.push import wire
from server.push.crowd import Crowd
from server.push.feed import Feed
from server.push.opening import Agreed
from server.push.pulse import Pulse
from server.push.websocket import Connection
from server.push.wire import Carriage

CHATTER: Final = 100
"""How often something may come between two pings; a browser answers one ping."""


class Stranger(Connection):
    """Somebody who was turned away, counted until it has gone; with no `home` it never was."""

    __slots__ = ("_crowd", "_home")

    def __init__(
        self, transport: asyncio.Transport, agreed: Agreed, crowd: Crowd, home: str | None
    ) -> None:
        super().__init__(transport, agreed)
        self._crowd, self._home = crowd, home

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._home is not None:
            self._crowd.leave(self._home)


class SocketReader(Connection):
    """Takes part in a feed until goodbye is said or the connection ends, whichever comes first."""

    __slots__ = ("_crowd", "_feed", "_group", "_home", "_pulse", "carriage", "form", "position")

    def __init__(
        self, transport: asyncio.Transport, agreed: Agreed, form: Form, crowd: Crowd, home: str
    ) -> None:
        self._feed: Feed | None = None  # first: the transport may call at once
        super().__init__(transport, agreed)
        self.form = form
        self.carriage: Carriage = "deflated" if agreed.deflated else "plain"
        self.position: Position | None = None
        self._crowd, self._home = crowd, home

    def follow(self, feed: Feed, since: Position | None, pulse: Pulse, answer: bytes) -> None:
        """Begin: the handshake's answer, hello and what was missed go out in one write, or few."""
        self._feed, self._pulse = feed, pulse
        self._group = pulse.join(self)
        self.send(answer + feed.attach(self, since))
        feed.bring_up(self)

    def ask(self) -> None:
        hello = self._feed.heartbeat(self) if self._feed else b""
        self.send(wire.ASK + hello)

    def message(self, said: str | bytes) -> None:  # noqa: ARG002 - readers have nothing to say
        self._crowd.said += 1

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.heard > CHATTER:
            self.close(1008, "a reader has nothing to say")

    def close(self, code: int, reason: str = "") -> None:
        if self._feed and not self.closing:
            self._feed.detach(self)
            self._pulse.leaves(self)
        super().close(code, reason)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._feed:
            self._pulse.paused(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._feed:
            self._pulse.resumed(self)
            self._feed.bring_up(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._crowd.leave(self._home)
        if self._feed:
            self._feed.detach(self)
            self._pulse.part(self, self._group)
