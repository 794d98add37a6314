"""A viewer of a replay on a websocket: a transport, and what is played on it."""

import asyncio

from events.frames import Form
from server.push.crowd import Crowd
from server.push.opening import Agreed
from server.push.pulse import Pulse
from server.push.websocket import Connection
from server.push.wire import Carriage
from server.replay.replaying import Replays
from server.replay.tempo import Allowance
from server.replay.viewing import RATE, Opening, Viewing

CHATTER, BURST = 5 * RATE, 20 * RATE
"""How often a second something may come, and how often at once: a message may come in pieces."""


class SocketScreen(Connection):
    """Shows a replay until goodbye is said or the connection ends, whichever comes first."""

    __slots__ = (
        "_chatter",
        "_crowd",
        "_group",
        "_home",
        "_pulse",
        "_replays",
        "_viewing",
        "carriage",
        "form",
    )

    def __init__(
        self, transport: asyncio.Transport, agreed: Agreed, form: Form, crowd: Crowd, home: str
    ) -> None:
        self._viewing: Viewing | None = None  # first: the transport may call at once
        super().__init__(transport, agreed)
        self.form = form
        self.carriage: Carriage = "deflated" if agreed.deflated else "plain"
        self._crowd, self._home = crowd, home
        self._chatter = Allowance(CHATTER, BURST)

    def watch(self, replays: Replays, opening: Opening, pulse: Pulse, answer: bytes) -> None:
        """Begin: answer the handshake, and what is played follows as soon as it is made."""
        self._replays, self._pulse = replays, pulse
        self._group = pulse.join(self)
        self._viewing = replays.open(self, opening)
        self.send(answer)

    def ask(self) -> None:
        super().ask()
        if self._viewing:
            self._viewing.tell(self._replays.now())

    def message(self, said: str | bytes) -> None:
        if self._viewing:
            self._viewing.hear(said, self._replays.now())

    def data_received(self, data: bytes) -> None:
        if self._viewing and not self._chatter.take(self._replays.now()):
            self.close(1008, "too much at once")
        super().data_received(data)

    def close(self, code: int, reason: str = "") -> None:
        if self._viewing and not self.closing:
            self._replays.leave(self._viewing)
            self._pulse.leaves(self)
        super().close(code, reason)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._viewing:
            self._pulse.paused(self)
            self._viewing.stand(self._replays.now())

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._viewing:
            self._pulse.resumed(self)
            self._viewing.go(self._replays.now())

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._crowd.leave(self._home)
        if self._viewing:
            self._replays.leave(self._viewing)
            self._pulse.part(self, self._group)
