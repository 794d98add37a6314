"""A websocket on a transport, below ASGI: no task, no queue, no timer of its own.

What is written goes to the kernel at once; what the kernel does not take waits in the transport,
and until it is gone the connection is not `ready`. What is said by the client is parsed by the
library's frame parser, which exists only while something is half said.
"""

import asyncio
import os
from typing import ClassVar, Final, Protocol

from websockets.frames import Close, Frame, Opcode

from server.push import wire
from server.push.incoming import Incoming, Violation
from server.push.opening import Agreed


class Straight(Protocol):
    """What writes to the kernel past the transport: a socket has it."""

    def send(self, data: bytes, /) -> int: ...


class _Descriptor:
    """For a loop without socket objects: it writes to a number, so it must be forgotten in time."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def send(self, data: bytes, /) -> int:
        return os.write(self._number, data)


def straight(transport: asyncio.Transport) -> Straight | None:
    """The way past a transport that buffers nothing; None over TLS, where it alone can write.

    asyncio shows its socket in a wrapper that does not send. The socket inside does, a tenth faster
    than `os.write`, and once closed it never writes to what has its number by then.
    """
    if transport.get_extra_info("sslcontext"):
        return None
    shown = transport.get_extra_info("socket")
    inside: Straight | None = getattr(shown, "_sock", None)
    return inside or _Descriptor(shown.fileno())


class Connection(asyncio.Protocol):
    """An open websocket, once its handshake is answered. Subclasses hear `message`."""

    __slots__ = (
        "_agreed",
        "_closing",
        "_deaf",
        "_incoming",
        "_straight",
        "heard",
        "ready",
        "transport",
    )

    LIMIT: ClassVar[int] = 4096
    """Bytes of a message from the client, after inflation."""
    FRAMES: ClassVar[int] = 100
    """Frames in one go, fragments and pings too; 0 is no bound."""

    def __init__(self, transport: asyncio.Transport, agreed: Agreed) -> None:
        self.transport = transport
        self.ready = True
        """Whether all that was written has left, and more may be."""
        self.heard = 1
        """How often something came since this was last set to 0."""
        self._agreed = agreed
        self._incoming: Incoming | None = None
        self._closing = False
        self._deaf = False
        self._straight = straight(transport)
        transport.set_protocol(self)
        # Nothing may wait unseen: `pause_writing` means exactly that something does.
        transport.set_write_buffer_limits(high=0)

    def message(self, said: str | bytes) -> None:
        """A whole message has come."""

    def send(self, frames: bytes) -> None:
        """Write frames; only while `ready`."""
        if self._straight is None:
            self.transport.write(frames)
            return
        try:
            taken = self._straight.send(frames)
        except (BlockingIOError, InterruptedError):
            taken = 0
        except OSError:
            self.ready = False
            self.transport.abort()
            return
        if taken < len(frames):
            self.transport.write(memoryview(frames)[taken:])  # a view, which the loop may keep

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye; the client answers, and then the connection ends."""
        if not self._closing:
            self._closing, self.ready = True, False
            self.transport.write(wire.close(code, reason))

    @property
    def closing(self) -> bool:
        return self._closing

    def ask(self) -> None:
        """Ping; only while `ready`."""
        self.send(wire.ASK)

    def dwells(self) -> bool:
        """Whether it is in the middle of the same words as when this was last asked."""
        if self._incoming is None:
            return False
        dwells, self._incoming.asked = self._incoming.asked, True
        return dwells

    def pause_writing(self) -> None:
        self.ready = False

    def resume_writing(self) -> None:
        self.ready = not self._closing

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - it is over, why ever
        # From here on the descriptor may be somebody else's.
        self._closing, self.ready, self._straight = True, False, None
        self._incoming = None

    def data_received(self, data: bytes) -> None:
        self.heard += 1
        if self._deaf:
            return
        incoming = self._incoming or Incoming(self.LIMIT, [*self._agreed.extensions], self.FRAMES)
        try:
            for said in incoming.feed(data):
                self._hear(said)
                if isinstance(said, Close):
                    return
        except Violation as violation:
            self._fail(violation)
            return
        self._incoming = None if incoming.idle else incoming

    def _hear(self, said: str | bytes | Close | Frame) -> None:
        if isinstance(said, Close):
            self._ended(said)
        elif isinstance(said, Frame):
            if said.opcode is Opcode.PING and self.ready:
                self.send(wire.frame(wire.PONG, bytes(said.data)))
        elif not self._closing:
            self.message(said)

    def _ended(self, said: Close) -> None:
        if not self._closing:
            self.close(0 if said.code == _NO_CODE else said.code)
        self._deaf = True
        self.transport.close()

    def _fail(self, violation: Violation) -> None:
        """Say what was wrong and stop writing; the client's end ends the rest."""
        self.close(violation.code, str(violation))
        self._deaf, self._incoming = True, None
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()


_NO_CODE: Final = 1005
