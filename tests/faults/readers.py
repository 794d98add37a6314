"""Readers over real sockets that do exactly as events/PROTOCOL.md says, and a crowd of them.

What a reader holds is `tests.audience.Page`; here is how it listens, breaks off and comes back.
"""

import asyncio
import contextlib
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from events.frames import Form
from events.position import START, Position
from server.push.feed import FAULT
from tests.audience import Page
from tests.faults.storage import PATIENCE

JITTER = 0.6
"""Seconds: a reader comes back within so many, evenly spread."""
POLL = 0.8
"""Seconds between two polls, on average."""
HELLO_WITHIN = 10.0
UNHEARD = {1008, FAULT, 4401, 4404}
"""Close codes that nobody may hear here: not to come back, or that the server is at fault."""
REFUSED = {400, 401, 404}
"""The same for statuses."""


class SentAway(Exception):
    """A reader was told not to come back, or of a fault: here nobody may be."""


class Pace(NamedTuple):
    """After a message, with that chance, a reader rests for up to `seconds`, or leaves for it."""

    rests: float = 0
    leaves: float = 0
    seconds: float = 0


QUICK = Pace()
SLOW = Pace(rests=0.3, seconds=0.1)
STUCK = Pace(rests=0.04, seconds=3.0)
DOZING = Pace(leaves=0.04, seconds=2.0)
PACES = (QUICK, QUICK, SLOW, STUCK, DOZING)


class Reader(ABC):
    """One reader of the blog `day` at a loopback port: it listens until it is told to leave."""

    STREAM = True
    """Whether a connection is told what happens, or has to ask each time."""

    def __init__(self, port: int, name: str, pace: Pace = QUICK, form: Form = "json") -> None:
        self.page = Page(form)
        self.port = port
        self.gaps = 0
        self.cuts = 0
        """How many of its connections broke, without a word."""
        self.codes: list[int] = []
        """The close codes it heard."""
        self.overtaken = 0
        """How often it was told, where it already listened, to catch up or to start over."""
        self.ends: list[str] = []
        """Why each of its connections ended."""
        self._address = f"127.0.0.1:{port}"
        self._name = name
        self._pace = pace
        self._chance = random.Random(name)
        self._awaited: Position | None = None
        self._there = asyncio.Event()
        self._present = asyncio.Event()
        self._hurried = asyncio.Event()

    def __str__(self) -> str:
        kind = f"{type(self).__name__} {self.page.form}"
        return f"{kind} {self._name} {self._pace} at {self.page.position}, ends {self.ends[-5:]}"

    @abstractmethod
    def listen(self) -> AsyncGenerator[bytes, None]:
        """The messages of one connection, asked for since where the page stands."""

    async def run(self) -> None:
        while True:
            try:
                async with contextlib.aclosing(self.listen()) as messages:
                    await self._hear(messages)
            except (OSError, ConnectionClosed, InvalidHandshake, httpx.HTTPError) as error:
                self._ended(error)
            await asyncio.sleep(self._chance.uniform(0, JITTER))

    async def present(self) -> None:
        """Wait until it has a page."""
        await self._present.wait()

    async def reaches(self, position: Position) -> None:
        """Wait until its page stands there; from now on it neither rests nor leaves."""
        self._awaited, self._pace = position, QUICK
        self._hurried.set()
        self._there.clear()
        self._look()
        await self._there.wait()

    def _asks(self) -> str:
        """The query of a request."""
        return f"as={self.page.form}&since={self.page.comes_back()}"

    async def _hear(self, messages: AsyncIterator[bytes]) -> None:
        greeted = False
        async for message in messages:
            before = self.page.beginnings
            self.page.receive([message])
            self.overtaken += greeted and self.page.beginnings > before
            greeted = self.STREAM
            self._look()
            if self.page.lost:
                self.gaps += 1
                break
            if self._happens(self._pace.rests):
                await self._pause()
            if self._happens(self._pace.leaves):
                break
        else:
            self.ends.append("end")
            return
        self.ends.append("left")
        if not self.page.lost:
            await self._pause()

    def _look(self) -> None:
        if self.page.position > START:
            self._present.set()
        if self._awaited and self.page.position >= self._awaited:
            self._there.set()

    def _happens(self, likely: float) -> bool:
        return self._present.is_set() and self._chance.random() < likely

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._chance.uniform(0, self._pace.seconds)):
                await self._hurried.wait()

    def _ended(self, error: Exception) -> None:
        self.ends.append(f"{type(error).__name__} {error}"[:80])
        if isinstance(error, ConnectionClosed) and error.rcvd:
            self.codes.append(error.rcvd.code)
            if error.rcvd.code in UNHEARD:
                raise SentAway(str(self)) from error
        elif isinstance(error, ConnectionClosed | httpx.ReadError | httpx.RemoteProtocolError):
            self.cuts += 1
        if isinstance(error, httpx.HTTPStatusError) and error.response.status_code in REFUSED:
            raise SentAway(f"{self}: {error.response.text}") from error


class WebsocketReader(Reader):
    """Every other one takes no compression."""

    async def listen(self) -> AsyncGenerator[bytes, None]:
        async with connect(
            f"ws://{self._address}/blogs/day/live?{self._asks()}",
            compression="deflate" if self._chance.random() < 0.5 else None,
            proxy=None,
            open_timeout=HELLO_WITHIN,
            close_timeout=1,
            ping_interval=None,  # as a browser: it answers pings and sends none
            max_size=None,
            max_queue=1,
        ) as socket:
            while True:
                yield await socket.recv(decode=False)


class HttpReader(Reader):
    """One with a client of its own, as every browser is."""

    async def run(self) -> None:
        async with httpx.AsyncClient(timeout=HELLO_WITHIN, trust_env=False, verify=False) as http:
            self._http = http
            await super().run()


class SseReader(HttpReader):
    """It holds the server to `id:` being where a page stands that has heard so far."""

    async def listen(self) -> AsyncGenerator[bytes, None]:
        headers = {"accept": "text/event-stream"}
        patience = httpx.Timeout(HELLO_WITHIN, read=None)
        async with self._http.stream(
            "GET",
            f"http://{self._address}/blogs/day/live?{self._asks()}",
            headers=headers,
            timeout=patience,
        ) as answer:
            if answer.status_code != 200:
                await answer.aread()
            answer.raise_for_status()
            id = ""
            async for text in answer.aiter_lines():
                field, _, value = text.partition(": ")
                if field == "id":
                    id = value
                elif field == "data":
                    yield value.encode()
                    assert not id or id == str(self.page.position), (id, str(self))
                    id = ""


class PollingReader(HttpReader):
    """It asks again and again, and takes a 304 for what it has."""

    STREAM = False

    async def listen(self) -> AsyncGenerator[bytes, None]:
        known: dict[str, str] = {}
        while True:
            asked = self._asks()
            answer = await self._http.get(
                f"http://{self._address}/api/blogs/day/changes?{asked}",
                headers={"if-none-match": known[asked]} if asked in known else {},
            )
            if answer.status_code != 304:
                answer.raise_for_status()
                known = {asked: answer.headers["etag"]}
                for message in msgspec.json.decode(answer.content, type=list[msgspec.Raw]):
                    yield bytes(message)
            await asyncio.sleep(self._chance.uniform(0.5 * POLL, 1.5 * POLL))


KINDS: tuple[type[Reader], ...] = (WebsocketReader, WebsocketReader, SseReader, PollingReader)
FORMS: tuple[Form, ...] = ("json", "json", "html")


class Crowd:
    """Readers that come and, at the end of the block, leave. One that fails is told at `all`."""

    def __init__(self) -> None:
        self.readers: list[Reader] = []
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _: type[BaseException] | None,
        __: BaseException | None,
        ___: TracebackType | None,
    ) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def joins(self, reader: Reader) -> None:
        self.readers.append(reader)
        self._running.append(asyncio.create_task(reader.run()))

    async def all(self, wish: Callable[[Reader], Awaitable[None]]) -> None:
        """Wait for something of every reader; raises what ended one, or names those it misses."""
        wishes = {reader: asyncio.ensure_future(wish(reader)) for reader in self.readers}
        everyone = asyncio.gather(*wishes.values())
        try:
            awaited: list[asyncio.Future[Any]] = [everyone, *self._running]
            await asyncio.wait(awaited, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            missing = [str(reader) for reader, wished in wishes.items() if not wished.done()]
        finally:
            everyone.cancel()
            await asyncio.gather(*wishes.values(), everyone, return_exceptions=True)
        for task in self._running:
            if task.done():
                task.result()
        assert not missing, f"{len(missing)} of {len(wishes)} are not there: {missing[:10]}"
