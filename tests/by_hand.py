"""Readers that read when they are told to, and not before: on a websocket, of an event stream."""

import contextlib
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx
import msgspec
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.protocol import CLOSED
from websockets.uri import parse_uri

PATIENCE = 30.0
"""Seconds that anything may take on a loaded machine."""
TINY = 4096
"""Bytes of a receive buffer, where the kernel is asked to hold as little as it can."""

Headers = Mapping[str, str]
NONE: Final[Headers] = {}


class Reader:
    """A websocket whose messages and pings are read, and pings answered, by `reads` alone.

    `buffer`: bytes the kernel is to hold for it; `source`: the address it connects from. Its
    `answers` can be turned off: then it is as good as dead, though its kernel takes what is sent.
    """

    def __init__(
        self,
        url: str,
        path: str,
        headers: Headers = NONE,
        *,
        buffer: int = 0,
        tls: ssl.SSLContext | None = None,
        deflate: bool = False,
        source: str = "",
    ) -> None:
        self.heard: list[Any] = []
        self.raw: list[bytes] = []
        """The same messages as they came."""
        self.pings = 0
        self.answers = True
        self._protocol = ClientProtocol(
            parse_uri(url.replace("http", "ws", 1) + path),
            extensions=[ClientPerMessageDeflateFactory()] if deflate else None,
            max_size=None,
        )
        self.socket = connected(url, buffer, tls, source)
        request = self._protocol.connect()
        request.headers.update(headers)
        self._protocol.send_request(request)
        self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.socket.close()

    @property
    def code(self) -> int | None:
        """The code of the server's close frame, 1006 for an end without one, None for no end."""
        if self._protocol.close_rcvd:
            return int(self._protocol.close_rcvd.code)
        return 1006 if self._protocol.state is CLOSED else None

    @property
    def reason(self) -> str:
        """What the server's close frame says."""
        return self._protocol.close_rcvd.reason if self._protocol.close_rcvd else ""

    def takes(self, size: int) -> None:
        """Read so many bytes: where its kernel holds fewer, the server's has given some."""
        left = size
        while left > 0 and (taken := self.reads(TINY)):
            left -= taken

    def reads(self, size: int = 1 << 16) -> int:
        """Take what is there, or wait for it; how many bytes, 0 where there will be no more."""
        try:
            data = self.socket.recv(size)
        except ConnectionError:
            data = b""
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._hear(event)
        self._write()
        return len(data)

    def hears(self, kind: str, *, times: int = 1) -> Any:
        """Read until it has heard so many messages of that type in all; the last of them."""

        def heard() -> list[Any]:
            return [message for message in self.heard if message["type"] == kind]

        if not self._reads_until(lambda: len(heard()) >= times):
            raise EOFError(f"closed with {self.code} before {kind}; heard {self.types}")
        return heard()[times - 1]

    def pinged(self, times: int) -> None:
        """Read until it has been pinged so often in all."""
        if not self._reads_until(lambda: self.pings >= times):
            raise EOFError(f"closed with {self.code} after {self.pings} pings")

    def ends(self) -> int | None:
        """Read to the end; the code it ended with."""
        self._reads_until(lambda: False)
        return self.code

    def _reads_until(self, condition: Callable[[], bool]) -> bool:
        """Whether it came to that before the end; raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if not self.reads():
                return False
            if time.monotonic() > deadline:
                raise TimeoutError(f"still open; heard {self.types[-10:]}, pinged {self.pings}")
        return True

    @property
    def types(self) -> list[str]:
        return [message["type"] for message in self.heard]

    def _hear(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT:
            self.raw.append(bytes(frame.data))
            self.heard.append(msgspec.json.decode(frame.data))
        self.pings += frame.opcode is Opcode.PING

    def _write(self) -> None:
        written = b"".join(self._protocol.data_to_send())
        if written and self.answers:
            with contextlib.suppress(OSError):
                self.socket.sendall(written)


class Events:
    """An open event stream, or what it was refused with."""

    def __init__(
        self,
        url: str,
        path: str,
        headers: Headers = NONE,
        *,
        verify: ssl.SSLContext | bool = False,
    ) -> None:
        self._client = httpx.Client(timeout=PATIENCE, verify=verify)
        asked = self._client.build_request(
            "GET", url + path, headers={"accept": "text/event-stream", **headers}
        )
        self.answer = self._client.send(asked, stream=True)
        self._lines = self.answer.iter_lines() if self.answer.is_success else iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.answer.close()
        self._client.close()

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Of each message its id, "" where it has none, and itself; until the stream ends."""
        id_ = ""
        for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "id":
                id_ = value
            elif field == "data":
                yield id_, msgspec.json.decode(value)
                id_ = ""

    def hears(self, kind: str) -> Any:
        """The next message of that type."""
        deadline = time.monotonic() + PATIENCE
        for _, message in self:
            if message["type"] == kind:
                return message
            if time.monotonic() > deadline:
                raise TimeoutError(f"it does not hear {kind}")
        raise EOFError(f"the stream ended before {kind}")


def readable(readers: Iterable[Reader], seconds: float) -> list[Reader]:
    """Those with something to read, once one of them has; many, which `select` would not take."""
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader.socket, selectors.EVENT_READ, reader)
        return [key.data for key, _ in selector.select(seconds)]


def connected(
    url: str, buffer: int = 0, tls: ssl.SSLContext | None = None, source: str = ""
) -> socket.socket:
    """A socket connected to a server; a small receive buffer and an own address if asked for."""
    address = urlsplit(url)
    made = socket.socket()
    if buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    made.settimeout(PATIENCE)
    try:
        if source:
            made.bind((source, 0))
        made.connect((address.hostname, address.port))
    except OSError:
        made.close()
        raise
    return tls.wrap_socket(made, server_hostname=address.hostname) if tls else made
