"""One reader of a crowd: a socket, what it has heard, and the client's way of coming back."""

import random
import socket
import ssl
from typing import Final

from tests.bench.crowd.terms import Terms

# client/src/connection.ts has the same figures, in milliseconds.
FIRST_WINDOW: Final = 1.0
WINDOW: Final = 4.0
STEADY: Final = 5.0
CROWDED: Final = frozenset({1012, 4408, 4429})

SEGMENT: Final = 536
"""A stalled reader's largest segment: on loopback the kernel would keep megabytes for each."""

ADDRESSES: Final = 4
"""Loopback addresses that readers come from: one has ports for some 14,000 without searching."""
NO_PORT_YET: Final = 24
"""IP_BIND_ADDRESS_NO_PORT of linux/in.h: the port is chosen by `connect`."""
LINGER: Final = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # close at once, and keep no port waiting


class Reader:
    """A connection and its state. `standing` is one of the words below."""

    WAITING: Final = 0
    CONNECTING: Final = 1
    ASKING: Final = 2
    OPEN: Final = 3
    READY: Final = 4

    __slots__ = (
        "address",
        "attempt",
        "failures",
        "heard",
        "position",
        "ready_at",
        "rest",
        "socket",
        "stalled",
        "standing",
    )

    def __init__(self, number: int, position: str, *, stalled: bool) -> None:
        self.address = f"127.0.0.{number % ADDRESSES + 1}"
        self.socket: socket.socket | None = None
        self.standing = self.WAITING
        self.stalled = stalled
        self.position = position
        self.rest = b""
        self.heard: list[int] = []
        self.failures = 0
        self.attempt = 0
        self.ready_at = 0.0

    def connect(self, terms: Terms) -> socket.socket:
        """Begin to connect; the socket is writable when that has succeeded or failed."""
        self.attempt += 1
        self.standing = self.CONNECTING
        self.rest = b""
        made = socket.socket()
        if self.stalled:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_IP, NO_PORT_YET, 1)
        made.bind((self.address, 0))
        made.connect_ex(("127.0.0.1", terms.port))
        self.socket = made
        return made

    def secure(self, context: ssl.SSLContext) -> socket.socket:
        """Speak TLS from here on; waits for the other side, as only few readers do this."""
        assert self.socket
        self.socket.settimeout(20)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.socket.setblocking(False)
        return self.socket

    def ask(self, terms: Terms) -> None:
        """Send the handshake."""
        assert self.socket
        self.standing = self.ASKING
        self.socket.send(_request(terms, self.position))

    def answered(self, data: bytes) -> bytes:
        """The bytes after the handshake's answer, once it is whole. Raises OSError if refused."""
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            self.rest = data
            return b""
        if not head.startswith((b"HTTP/1.1 101", b"HTTP/1.1 200")):
            raise ConnectionRefusedError(head[:40])
        self.standing = self.OPEN
        self.rest = b""
        return rest

    def drop(self) -> None:
        """Be without a connection."""
        if self.socket:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
            self.socket.close()
        self.socket = None
        self.standing = self.WAITING

    def delay(self, code: int, now: float) -> float:
        """Seconds until the next attempt: full jitter, as the client counts it."""
        if self.ready_at and now - self.ready_at > STEADY:
            self.failures = 0
        window = WINDOW if code in CROWDED else min(WINDOW, FIRST_WINDOW * 2**self.failures)
        self.failures += 1
        self.ready_at = 0.0
        return random.random() * window


def pong(payload: bytes) -> bytes:
    """The answer to a ping; masked with zeros, which is as good as any mask here."""
    return bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def _request(terms: Terms, position: str) -> bytes:
    path = terms.path
    if position:
        path += ("&" if "?" in path else "?") + f"since={position}"
    lines = [f"GET {path} HTTP/1.1", f"Host: localhost:{terms.port}"]
    if terms.transport == "sse":
        lines.append("Accept: text/event-stream")
    else:
        lines += [
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
        ]
    if terms.deflate:
        lines.append(
            "Sec-WebSocket-Extensions: permessage-deflate; "
            "server_no_context_takeover; client_no_context_takeover"
        )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
