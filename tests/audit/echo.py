"""An echo on the class that readers have, for Autobahn to quarrel with.

The handshake comes in and the transport is handed over as for a blog's reader; what differs is
that here somebody listens. `python -m tests.audit.echo` says its port in one line and serves
until it is ended.
"""

import asyncio
import socket
from types import SimpleNamespace

import uvicorn
from starlette.applications import Starlette

from server.door.http_protocol import HttpProtocol
from server.push import wire
from server.push.opening import Agreed, opened
from server.push.pulse import Pulse
from server.push.websocket import Connection


class Echo(Connection):
    """Says again what it hears, deflated where that was agreed on and has a use for text."""

    __slots__ = ("_deflates",)

    LIMIT = 1 << 20  # Autobahn's longest message has 128 KiB
    FRAMES = 0

    def __init__(self, transport: asyncio.Transport, agreed: Agreed) -> None:
        super().__init__(transport, agreed)
        self._deflates = agreed.deflated

    def message(self, said: str | bytes) -> None:
        frames = self._framed(said)
        if self.ready:
            self.send(frames)
        else:  # behind what the kernel has not taken yet; this client reads all of it in the end
            self.transport.write(frames)

    def _framed(self, said: str | bytes) -> bytes:
        if isinstance(said, bytes):
            return wire.frame(wire.BINARY, said)
        return (wire.deflated if self._deflates else wire.plain)(said.encode())


class EchoingHttp(HttpProtocol):
    """Lets everybody in at once, whatever the path."""

    def handle_websocket_upgrade(self) -> None:
        answer, agreed = opened(dict(self.headers))
        if transport := self.hand_over():
            Echo(transport, agreed).send(answer)


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    application = Starlette()
    application.state.site = SimpleNamespace(pulse=Pulse(ping=25, stall=30))
    config = uvicorn.Config(application, http=EchoingHttp, log_config=None, lifespan="off")
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main()
