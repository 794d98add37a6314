"""A websocket client made of bytes: it says whatever it is told to say, right or wrong.

It shares no code with the server and none with a library: RFC 6455 and RFC 7692 as read here.
"""

import contextlib
import socket
import struct
import zlib
from collections.abc import Iterator
from http.client import HTTPMessage, parse_headers
from types import TracebackType
from typing import Final, NamedTuple, Self

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
RSV1, RSV2, RSV3 = 0x40, 0x20, 0x10
MASK: Final = b"\x37\xfa\x21\x3d"
KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT: Final = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The RFC's example: what KEY is answered with."""
PATIENCE: Final = 10.0
"""Seconds an answer may take on a loaded machine."""


# --- what a client says ------------------------------------------------------------------------


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    size = len(payload)
    if masked:
        payload = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))
    return head(opcode, size, fin=fin, rsv=rsv, masked=masked) + payload


def head(opcode: int, size: int, *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """A frame as far as its mask; `size` bytes are to follow, or never come."""
    first, bit = opcode | rsv | (0x80 if fin else 0), 0x80 if masked else 0
    if size < 126:
        sized = struct.pack("!BB", first, bit | size)
    elif size < 65536:
        sized = struct.pack("!BBH", first, bit | 126, size)
    else:
        sized = struct.pack("!BBQ", first, bit | 127, size)
    return sized + (MASK if masked else b"")


def text(said: str | bytes) -> bytes:
    return frame(TEXT, said.encode() if isinstance(said, str) else said)


def binary(said: bytes) -> bytes:
    return frame(BINARY, said)


def begin(said: bytes, opcode: int = TEXT, *, rsv: int = 0) -> bytes:
    """The first of several fragments."""
    return frame(opcode, said, fin=False, rsv=rsv)


def more(said: bytes) -> bytes:
    return frame(CONT, said, fin=False)


def last(said: bytes) -> bytes:
    return frame(CONT, said)


def ping(said: bytes = b"") -> bytes:
    return frame(PING, said)


def pong(said: bytes = b"") -> bytes:
    return frame(PONG, said)


def close(code: int = 0, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason if code else b"")


def squeeze(said: bytes, bits: int = 15) -> bytes:
    """The payload of a compressed message."""
    deflate = zlib.compressobj(wbits=-bits)
    return (deflate.compress(said) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


def request(path: str, *, method: str = "GET", **headers: str | None) -> bytes:
    """A handshake; `sec_websocket_key="..."` sets a header and None leaves it out."""
    said: dict[str, str | None] = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
    }
    names = {name.lower().replace("-", "_"): name for name in said}
    for name, value in headers.items():
        said[names.get(name, name.replace("_", "-"))] = value
    lines = [f"{name}: {value}\r\n" for name, value in said.items() if value is not None]
    return f"{method} {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode("latin-1")


# --- what it hears -----------------------------------------------------------------------------


class Heard(NamedTuple):
    """A frame from the server: whole, unmasked, and with no bits but the compression's."""

    opcode: int
    payload: bytes
    compressed: bool = False

    @property
    def message(self) -> bytes:
        """What is said, inflated from nothing but this frame."""
        return inflate(self.payload) if self.compressed else self.payload

    @property
    def code(self) -> int:
        """Of a close frame; 0 for none."""
        return struct.unpack("!H", self.payload[:2])[0] if self.payload else 0


def inflate(payload: bytes, bits: int = 15) -> bytes:
    whole = zlib.decompressobj(wbits=-bits)
    return whole.decompress(payload + b"\x00\x00\xff\xff")


class Answer(NamedTuple):
    """The head of an HTTP answer."""

    status: int
    headers: HTTPMessage


class RawSocket:
    """One TCP connection to a server on this machine."""

    def __init__(self, port: int) -> None:
        self._tcp = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = self._tcp.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._incoming.close()
        self._tcp.close()

    def send(self, said: bytes) -> None:
        """In one segment, unless it is long."""
        self._tcp.sendall(said)

    def answer(self) -> Answer:
        version, status, _ = self._incoming.readline().decode().split(" ", 2)
        assert version == "HTTP/1.1"
        return Answer(int(status), parse_headers(self._incoming))

    def body(self) -> bytes:
        """All that comes until the server ends the connection, also if it left something unread."""
        came = b""
        with contextlib.suppress(ConnectionResetError):
            while part := self._incoming.read1():
                came += part
        return came

    def hear(self) -> Heard:
        """The next frame, which is to come."""
        begun = self._incoming.read(2)
        assert begun, "the server has ended the connection"
        return self._rest(*begun)

    def hears(self) -> Iterator[Heard]:
        """Every frame until the server ends the connection."""
        while begun := self._incoming.read(2):
            yield self._rest(*begun)

    def _rest(self, first: int, size: int) -> Heard:
        assert first & 0x80, "each of our frames is a whole message"
        assert not first & (RSV2 | RSV3)
        assert not size & 0x80, "a server masks nothing"
        if size > 125:
            size = int.from_bytes(self._incoming.read(2 if size == 126 else 8))
        return Heard(first & 0x0F, self._incoming.read(size), bool(first & RSV1))

    def stop_speaking(self) -> None:
        """Half-close: no more will be said, what is said will be heard."""
        self._tcp.shutdown(socket.SHUT_WR)

    def vanish(self) -> None:
        """End the connection with a reset, as one does whose machine died."""
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._incoming.close()
        self._tcp.close()
