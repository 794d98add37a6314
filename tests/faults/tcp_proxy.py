"""A TCP proxy whose links can stall, break in the middle of a message, or swallow wake-ups."""

import asyncio
import socket
import struct
from typing import Literal, Self

SEGMENT, WINDOW = 1400, 8192
"""Bytes: with so small ones a kernel holds some 100 KB for a link that stalls, not megabytes."""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Way = Literal["forth", "back"]
Treatment = Literal["well", "deaf", "refused"]


class End(asyncio.Protocol):
    """One end of a link. It is read from only while the other end takes what is read."""

    transport: asyncio.Transport

    def __init__(self, link: "Link", way: Way) -> None:
        self._link = link
        self._way: Way = way
        self.made = False
        self.full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.made = True
        self._link.made(self)

    def data_received(self, data: bytes) -> None:
        self._link.passes(data, self._way)

    def pause_writing(self) -> None:
        self.full = True
        self._link.regulate()

    def resume_writing(self) -> None:
        self.full = False
        self._link.regulate()

    def connection_lost(self, _: Exception | None) -> None:
        self._link.close()


class Link:
    """A client's connection and the one made for it to the target."""

    def __init__(self, proxy: "TcpProxy") -> None:
        self.subscribed = False
        self._proxy = proxy
        self._client, self._target = End(self, "forth"), End(self, "back")
        self._stalled = False
        self._cutting = False
        self._closed = False

    def accept(self) -> End:
        return self._client

    def made(self, end: End) -> None:
        if self._closed:
            end.transport.abort()
        elif end is self._client:
            self._proxy.begins(self)
        self.regulate()

    async def connect(self) -> None:
        try:
            taken = await self._proxy.dial()
            await asyncio.get_running_loop().create_connection(lambda: self._target, sock=taken)
        except OSError:
            self.close()  # nobody is there

    def passes(self, data: bytes, way: Way) -> None:
        if self._cutting and way == "back":
            self._client.transport.write(data[: len(data) // 2])
            self.reset()
        elif (data := self._proxy.lets(self, data, way)) and not self._closed:
            to = self._target if way == "forth" else self._client
            to.transport.write(data)

    def regulate(self) -> None:
        for end, other in ((self._client, self._target), (self._target, self._client)):
            if end.made and (self._stalled or not other.made or other.full):
                end.transport.pause_reading()
            elif end.made:
                end.transport.resume_reading()

    def stall(self, *, stalled: bool = True) -> None:
        """Pass nothing on, either way, until told otherwise; both connections stay."""
        self._stalled = stalled
        self.regulate()

    def cut(self) -> None:
        """Break where the next bytes for the client are half through."""
        self._cutting = True

    def reset(self) -> None:
        """Break at once: both sides get a reset."""
        for end in (self._client, self._target):
            if end.made and not end.transport.is_closing():
                taken = end.transport.get_extra_info("socket")
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                end.transport.abort()
        self.close()

    def close(self) -> None:
        """Give what was received before the end, and end."""
        self._closed = True
        self._proxy.links.pop(self, None)
        for end in (self._client, self._target):
            if end.made:
                end.transport.close()


class TcpProxy:
    """Forwards connections to a loopback port; used as an asynchronous context manager.

    `narrow`: its connections to the target, and back to the client, hold little.
    """

    def __init__(self, target: int, *, narrow: bool = False) -> None:
        self.links: dict[Link, None] = {}
        self._target = target
        self._narrow = narrow
        self._dialling: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Link(self).accept(), "127.0.0.1", 0, backlog=1000
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for link in list(self.links):
            link.reset()
        await asyncio.gather(*self._dialling, return_exceptions=True)

    def begins(self, link: Link) -> None:
        self.links[link] = None
        task = asyncio.create_task(link.connect())
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    async def dial(self) -> socket.socket:
        taken = socket.socket()
        taken.setblocking(False)
        if self._narrow:
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        try:
            await asyncio.get_running_loop().sock_connect(taken, ("127.0.0.1", self._target))
        except BaseException:
            taken.close()
            raise
        return taken

    def lets(self, link: Link, data: bytes, way: Way) -> bytes:  # noqa: ARG002 - what others look at
        """What of these bytes is passed on."""
        return data


class RedisProxy(TcpProxy):
    """In front of a Redis. Its subscribers can be told nothing, or be refused."""

    swallowed = 0
    """Deliveries that did not arrive."""
    _treatment: Treatment = "well"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def treats_subscribers(self, how: Treatment) -> None:
        """`deaf`: their links stay and bring nothing; `refused`: they break, new ones too."""
        self._treatment = how
        for link in list(self.links):
            if how == "refused" and link.subscribed:
                link.reset()

    def lets(self, link: Link, data: bytes, way: Way) -> bytes:
        if way == "forth":
            link.subscribed = link.subscribed or b"SUBSCRIBE" in data
            if link.subscribed and self._treatment == "refused":
                link.reset()
                return b""
        elif self._treatment == "deaf" and link.subscribed:
            self.swallowed += data.count(b"message")
            return b""
        return data
