"""Connections that say little, slowly, or what nobody wants: none stays for ever, none grows."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from server.push.pulse import AWAITED
from server.site import Site
from tests.by_hand import PATIENCE

ASKED = b"GET /healthz HTTP/1.1\r\nhost: x\r\n"
POSTED = b"POST /api/blogs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
BODY = 100
"""Bytes of a body of which half is said."""


class Client:
    """Somebody connected to a server in this loop, the clock of which it can put forward."""

    def __init__(
        self, site: Site, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.reader, self.writer = reader, writer
        self._pulse = site.pulse

    async def hears_all(self) -> bytes:
        """What it is told until the connection ends."""
        heard = b""
        try:
            while data := await self.reader.read(1 << 16):
                heard += data
        except ConnectionError:
            pass
        return heard

    async def is_let_go_in_time(self) -> bytes:
        """What it is told until it is ended, for taking longer than it may."""
        ending = asyncio.create_task(self.hears_all())
        while not ending.done():
            self._pulse.tick(time.monotonic() + AWAITED + 1)
            await asyncio.sleep(0.01)
        return ending.result()


@asynccontextmanager
async def connected(here: tuple[Site, int]) -> AsyncIterator[Client]:
    site, port = here
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(PATIENCE):
            yield Client(site, reader, writer)
    finally:
        writer.close()


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110 - tasks begin and end in some turns of the loop
        await asyncio.sleep(0)


async def answer(client: Client) -> bytes:
    head = await client.reader.readuntil(b"\r\n\r\n")
    [size] = [line for line in head.lower().splitlines() if line.startswith(b"content-length")]
    return head + await client.reader.readexactly(int(size.split()[1]))


@pytest.mark.parametrize(
    ("asked", "rest"),
    [(ASKED + b"\r\n", b"\r\n"), (ASKED + b"content-length: 1000\r\n\r\n", b"x")],
    ids=["an empty line", "a byte of a body"],
)
async def test_who_has_its_answer_and_says_no_more_than_a_byte_is_let_go(
    here: tuple[Site, int], asked: bytes, rest: bytes
) -> None:
    async with connected(here) as client:
        client.writer.write(asked)
        assert (await answer(client)).startswith(b"HTTP/1.1 200")
        client.writer.write(rest)
        assert await client.is_let_go_in_time() == b""


async def test_who_says_half_a_body_is_let_go_and_costs_no_task(here: tuple[Site, int]) -> None:
    site, _ = here
    token = await site.access.create_token("admin")
    before = len(asyncio.all_tasks())
    async with connected(here) as client:
        client.writer.write(
            POSTED
            + b"authorization: Bearer %s\r\n" % token.encode()
            + b"content-length: %d\r\n\r\n{" % BODY
        )
        await until(lambda: len(asyncio.all_tasks()) > before)
        assert await client.is_let_go_in_time() == b""
        await until(lambda: len(asyncio.all_tasks()) == before)


async def test_who_has_said_all_is_waited_for_by_nobody_and_may_ask_again(
    here: tuple[Site, int],
) -> None:
    site, _ = here
    async with connected(here) as client:
        for _ in range(3):
            client.writer.write(POSTED + b"content-length: %d\r\n\r\n" % BODY + b" " * BODY)
            assert (await answer(client)).startswith(b"HTTP/1.1 401")
            site.pulse.tick(time.monotonic() + AWAITED + 1)


async def test_trailers_without_end_are_an_end(here: tuple[Site, int]) -> None:
    async with connected(here) as client:
        client.writer.write(POSTED + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
        with suppress(ConnectionError):
            for _ in range(64):
                client.writer.write(b"x-more: and more\r\n" * 4096)
                await client.writer.drain()
        await client.hears_all()
        assert client.writer.is_closing()


async def test_a_trailer_is_no_header(here: tuple[Site, int]) -> None:
    """Else it could say anew who somebody is, once that was judged."""
    async with connected(here) as client:
        client.writer.write(
            POSTED
            + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx-late: 1\r\n\r\n"
            + ASKED
            + b"\r\n"
        )
        assert (await answer(client)).startswith(b"HTTP/1.1 401")
        assert (await answer(client)).startswith(b"HTTP/1.1 200")
