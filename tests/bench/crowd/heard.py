"""What readers hear: bytes of a websocket or of an event stream, taken apart into messages.

Pure, and remembered: a crowd receives the same bytes thousands of times and parses them once.
"""

import re
import zlib
from functools import lru_cache
from typing import Final, NamedTuple

TEXT: Final = 1
CLOSE: Final = 8
PING: Final = 9

HEAD: Final = 1024
"""Bytes of a message in which its `ts=` and its position stand."""
SENT: Final = re.compile(rb"ts=(\d+)")
POSITION: Final = re.compile(rb'"position":"(\d+-\d+)"')
GREETING: Final = b'{"type":"hello"'
TAIL: Final = b"\x00\x00\xff\xff"  # what RFC 7692 leaves out of every compressed message


class Heard(NamedTuple):
    """One message: when it was sent (ns, 0 where it does not say), and where its reader is then.

    `payload` is kept of control frames only; `position` is None where a message moves nobody.
    """

    opcode: int
    sent: int
    position: str | None
    payload: bytes
    compressed: bool


Parsed = tuple[tuple[Heard, ...], bytes]
"""The whole messages, and the bytes of one that has only begun."""


@lru_cache(maxsize=256)
def frames(data: bytes) -> Parsed:
    """Take websocket frames apart; a server sends none in fragments here."""
    messages = []
    at = 0
    while (end := _end(data, at)) and end[1] <= len(data):
        payload = data[end[0] : end[1]]
        messages.append(_message(data[at], payload))
        at = end[1]
    return tuple(messages), data[at:]


@lru_cache(maxsize=256)
def events(data: bytes) -> Parsed:
    """Take an event stream apart; the lines of its chunked encoding fall between the messages."""
    *blocks, rest = data.split(b"\n\n")
    return tuple(_message(TEXT, block) for block in blocks if b"data: " in block), rest


def _end(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the payload of the frame at `at` begins and ends; None if that is not told yet."""
    if len(data) < at + 2:
        return None
    length, begin = data[at + 1] & 127, at + 2
    if length > 125:
        begin += 2 if length == 126 else 8
        if len(data) < begin:
            return None
        length = int.from_bytes(data[at + 2 : begin], "big")
    return begin, begin + length


def _message(first: int, payload: bytes) -> Heard:
    opcode, compressed = first & 15, bool(first & 64)
    if opcode >= CLOSE:
        return Heard(opcode, 0, None, payload, False)
    if compressed:
        payload = zlib.decompressobj(-15).decompress(payload + TAIL)
    sent = SENT.search(payload, 0, HEAD)
    position = None if GREETING in payload[:HEAD] else POSITION.search(payload, 0, HEAD)
    return Heard(
        opcode,
        int(sent[1]) if sent else 0,
        position[1].decode() if position else None,
        b"",
        compressed,
    )
