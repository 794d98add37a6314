"""A proxy that does to a page's connections what bad networks do, when it is told to.

Each connection carries one request and so has one kind. It runs in a thread with a loop of its
own, since the tests with a browser have none to give.
"""

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal, Self

from tests.ports import bound

Kind = Literal["socket", "events", "polling", "other"]
Treatment = Literal["pass", "refuse", "stall", "hold", "halve"]
"""`refuse`: new requests are answered 403. The others tell nobody, and what they keep comes when
they end. `stall`: nothing gets through, either way. `hold`: what the page says gets through, no
answer does. `halve`: half of the next answer does."""

HEAD: Final = 32_768
"""Bytes that the head of a request may have."""
PATIENCE: Final = 20.0
"""Seconds that a test waits for a request."""
REFUSAL: Final = (
    b"HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\n"
    b"content-length: 11\r\nconnection: close\r\n\r\nNot allowed"
)


class Tunnel:
    """One connection of a page, and the one to the server that belongs to it."""

    def __init__(self, kind: Kind, page: asyncio.StreamWriter, server: asyncio.StreamWriter):
        self.kind = kind
        self.page = page
        self.server = server
        self.held = False
        self.finished = False

    def half_close(self) -> None:
        """Tell the page that nothing more comes, and go on listening to it."""
        self.finished = True
        self.page.write_eof()

    def reset(self) -> None:
        """Close with RST, as a box on the way does that has forgotten the connection."""
        for writer in (self.page, self.server):
            linger = struct.pack("ii", 1, 0)
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, linger
                )
            writer.transport.abort()

    def answer(self, data: bytes) -> None:
        """Give the page what the server said."""
        if not self.finished:
            self.page.write(data)


class BadProxy:
    """Forwards to a loopback port; used as a context manager, commanded from the test's thread."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._treatments: dict[str, Treatment] = {}
        self._asked: list[Kind] = []
        self._answered: list[tuple[Kind, int]] = []
        self._tunnels: set[Tunnel] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self._socket = bound(0)
        self.port: int = self._socket.getsockname()[1]
        self._do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # --- commands ------------------------------------------------------------------------------

    def treat(self, **treatments: Treatment) -> None:
        """How each kind fares from now on; one that is not named passes."""
        self._do(self._treat(treatments))

    def half_close(self, kind: Kind) -> None:
        self._do(self._each(kind, Tunnel.half_close))

    def reset(self, kind: Kind) -> None:
        self._do(self._each(kind, Tunnel.reset))

    def cut(self) -> None:
        """Reset everything, and be gone until `mend`."""
        self._do(self._cut())

    def mend(self) -> None:
        self._do(self._listen())

    def asked(self, kind: Kind) -> int:
        """How many requests of that kind have come."""
        return self._asked.count(kind)

    def answered(self, kind: Kind) -> list[int]:
        """The statuses that the server has answered requests of that kind with."""
        return [status for each, status in self._answered if each == kind]

    def until_asked(self, kind: Kind, times: int) -> None:
        """Wait for so many in all."""
        self._do(self._until(lambda: self.asked(kind) >= times))

    def until_answered(self, kind: Kind, times: int) -> None:
        """Wait for so many in all."""
        self._do(self._until(lambda: len(self.answered(kind)) >= times))

    def until_held(self, kind: Kind) -> None:
        """Wait for something that does not get through."""
        self._do(self._until(lambda: any(t.held for t in self._tunnels if t.kind == kind)))

    # --- in the proxy's own thread -------------------------------------------------------------

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(asyncio.wait_for(what, PATIENCE), self._loop).result()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, sock=self._socket, limit=HEAD)

    async def _treat(self, treatments: dict[str, Treatment]) -> None:
        self._treatments = treatments
        await self._tell()

    async def _each(self, kind: Kind, suffers: Callable[[Tunnel], None]) -> None:
        suffering = [tunnel for tunnel in self._tunnels if tunnel.kind == kind]
        assert suffering, f"there is no {kind}"
        for tunnel in suffering:
            suffers(tunnel)

    async def _cut(self) -> None:
        self._server.close()
        self._socket = bound(self.port)  # or somebody else might take it meanwhile
        for tunnel in tuple(self._tunnels):
            tunnel.reset()

    async def _end(self) -> None:
        self._server.close()
        self._socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _until(self, so: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(so)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _accept(self, says: asyncio.StreamReader, page: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._serve(says, page)
        page.close()

    async def _serve(self, says: asyncio.StreamReader, page: asyncio.StreamWriter) -> None:
        head = await says.readuntil(b"\r\n\r\n")
        kind = _kind(head)
        self._asked.append(kind)
        await self._tell()
        if self._treatments.get(kind) == "refuse":
            page.write(REFUSAL)
            return
        answers, server = await asyncio.open_connection("127.0.0.1", self._port)
        tunnel = Tunnel(kind, page, server)
        self._tunnels.add(tunnel)
        try:
            await self._let_through(tunnel, "stall")
            server.write(head if kind == "socket" else _closing(head))
            await self._exchange(tunnel, says, answers)
        finally:
            self._tunnels.discard(tunnel)
            server.close()

    async def _exchange(
        self, tunnel: Tunnel, says: asyncio.StreamReader, answers: asyncio.StreamReader
    ) -> None:
        """Pass bytes both ways until the server has ended, or the page."""

        async def forth() -> None:
            while data := await says.read(65_536):
                await self._let_through(tunnel, "stall")
                tunnel.server.write(data)

        async def back() -> None:
            status = await answers.readexactly(len("HTTP/1.1 200"))
            self._answered.append((tunnel.kind, int(status[-3:])))
            await self._tell()
            tunnel.answer(status)
            while data := await answers.read(65_536):
                await self._let_through(tunnel, "stall", "hold")
                half = len(data) // 2
                tunnel.answer(data[:half])
                await self._let_through(tunnel, "stall", "hold", "halve")
                tunnel.answer(data[half:])

        ways = [asyncio.create_task(forth()), asyncio.create_task(back())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _let_through(self, tunnel: Tunnel, *unless: Treatment) -> None:
        if self._treatments.get(tunnel.kind) not in unless:
            return
        tunnel.held = True
        await self._tell()
        await self._until(lambda: self._treatments.get(tunnel.kind) not in unless)
        tunnel.held = False


def _kind(head: bytes) -> Kind:
    if re.search(rb"(?im)^upgrade:\s*websocket", head):
        return "socket"
    if re.search(rb"(?im)^accept:\s*text/event-stream", head):
        return "events"
    return "polling" if re.match(rb"GET \S+/changes\?", head) else "other"


def _closing(head: bytes) -> bytes:
    """The head of a request that is the only one on its connection."""
    kept = re.sub(rb"(?im)^connection:.*\r\n", b"", head)
    return kept.removesuffix(b"\r\n") + b"Connection: close\r\n\r\n"
