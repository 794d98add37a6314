"""A server with one live blog, and readers of it that are made of bytes."""

import time
from typing import NamedTuple

import httpx
import msgspec

from tests.contract.raw_socket import PATIENCE, RawSocket, ping, request

LIMIT = 4096
"""Bytes of a message from a reader."""
CROWDED = 500
"""So many segments from a reader between two pings are too many."""
SEGMENTS = 30
"""Into so many at most something is cut, which is byte by byte where it is short."""
DEFLATE = "permessage-deflate"
STILL_HERE = b"still here?"
LONG = "Der Maßkrug kostet 9 €, die Brezel ist umsonst 🥨. ".encode()
"""A text with characters of one to four bytes."""
PROTOCOL, NOT_UTF8, TOO_MUCH, TOO_BIG = 1002, 1007, 1008, 1009
"""What is wrong, as a close code."""


class Blog(NamedTuple):
    """A server with one live blog."""

    port: int
    path: str
    """Where the readers are who stand at the head: they are told nothing but hello."""
    http: httpx.Client

    def reader(self, offers: str | None = None) -> RawSocket:
        """A reader whose handshake is answered, and who has heard hello."""
        socket = RawSocket(self.port)
        socket.send(request(self.path, sec_websocket_extensions=offers))
        assert socket.answer().status == 101
        hello = socket.hear()
        assert msgspec.json.decode(hello.message)["type"] == "hello"
        return socket

    def asks(self, handshake: bytes) -> RawSocket:
        socket = RawSocket(self.port)
        socket.send(handshake)
        return socket

    def hears(self, reader: RawSocket, said: bytes, *, small: bool) -> None:
        """Send it at once, or in small segments of which the server has read each one."""
        size = 1 + len(said) // SEGMENTS if small else len(said)
        with self.reader() as other:
            for at in range(0, len(said), size):
                reader.send(said[at : at + size])
                other.send(ping())  # the server reads what has arrived, and answers
                other.hear()

    def counts(self, name: str) -> int:
        lines = self.http.get("/metrics").text.splitlines()
        [value] = [line.split()[1] for line in lines if line.startswith(f"liveblog_{name} ")]
        return int(value)

    def comes_to(self, readers: int) -> None:
        """Wait until so many are here; between two tests there is nobody."""
        deadline = time.monotonic() + PATIENCE
        while (here := self.counts("readers")) != readers:
            assert time.monotonic() < deadline, f"{here} readers are here, not {readers}"
            time.sleep(0.01)
