"""How a message is carried: as a websocket frame, plain or deflated, as an event, as a line.

Pure functions from bytes to bytes. Frames go from server to client: never masked, each a whole
message (RFC 6455). A deflated frame was compressed from nothing (RFC 7692 without context
takeover), so that the same bytes are good for every reader.
"""

import struct
import zlib
from collections.abc import Callable
from typing import Final, Literal

Carriage = Literal["plain", "deflated", "event", "line"]

WINDOW: Final = 12
"""Bits of the compression window: 4 KiB hold a post, and a reader needs no more memory."""
_LEVEL: Final = 9
_SYNC: Final = b"\x00\x00\xff\xff"
"""What ends a flushed block; RFC 7692 leaves it off."""

TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
_REASON: Final = 123
"""Bytes left beside the code in a control frame."""
_FIN: Final = 0x80
_COMPRESSED: Final = 0x40


def frame(opcode: int, payload: bytes, *, compressed: bool = False) -> bytes:
    """One websocket frame."""
    first = _FIN | opcode | (_COMPRESSED if compressed else 0)
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", first, size) + payload
    if size < 65536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def plain(message: bytes) -> bytes:
    return frame(TEXT, message)


def deflated(message: bytes) -> bytes:
    """The message compressed, or plain where that is no shorter (which is always legal)."""
    deflate = zlib.compressobj(_LEVEL, wbits=-WINDOW)
    short = (deflate.compress(message) + deflate.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_SYNC)
    return frame(TEXT, short, compressed=True) if len(short) < len(message) else plain(message)


def event(message: bytes) -> bytes:
    """A server-sent event; the JSON of a message has no line breaks."""
    return b"data: " + message + b"\n\n"


def line(message: bytes) -> bytes:
    return message + b"\n"


CARRY: Final[dict[Carriage, Callable[[bytes], bytes]]] = {
    "plain": plain,
    "deflated": deflated,
    "event": event,
    "line": line,
}


def reason(text: str) -> str:
    """As much of it as a close frame can hold; no character is cut in half."""
    return text.encode()[:_REASON].decode(errors="ignore")


def close(code: int, why: str = "") -> bytes:
    """A close frame; 0 says no code, and no reason."""
    return frame(CLOSE, struct.pack("!H", code) + reason(why).encode() if code else b"")


ASK: Final = frame(PING, b"")
"""A ping; browsers answer it by themselves."""
