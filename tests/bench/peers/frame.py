"""The message that every peer sends, and the one answer that fits the crowd's one handshake."""

import time

ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def text(size: int) -> str:
    """A message of so many bytes that says when it was sent."""
    begin = f'{{"html":"ts={time.monotonic_ns()} '
    return begin + "x" * (size - len(begin) - 2) + '"}'


def frame(size: int) -> bytes:
    """The same as a websocket frame; `size` from 126 to 65,535."""
    return b"\x81\x7e" + size.to_bytes(2, "big") + text(size).encode()
