"""What Chromium agreed on is what it is sent: frames compressed once for all, and it reads them."""

import asyncio
import re
import threading
import zlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, expect

from tests.e2e.browser import watched
from tests.e2e.conftest import Site
from tests.e2e.coverage import Coverage

DEFLATED_TEXT: Final = 0xC1
"""The first byte of a whole text frame that was deflated (RFC 7692)."""
TITLE: Final = "The gates are open, the gates are open, the gates are open"


class Tap:
    """Forwards to a loopback port and keeps what came back, connection by connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.told: list[bytearray] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> str:
        self._thread.start()
        opening = asyncio.start_server(self._forward, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result()
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _forward(self, page: asyncio.StreamReader, to_page: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        told = bytearray()
        self.told.append(told)
        try:
            await asyncio.gather(self._carry(page, to_server), self._carry(server, to_page, told))
        finally:
            to_server.close()
            to_page.close()

    @staticmethod
    async def _carry(
        source: asyncio.StreamReader, to: asyncio.StreamWriter, kept: bytearray | None = None
    ) -> None:
        while data := await source.read(1 << 16):
            if kept is not None:
                kept += data
            to.write(data)
        to.close()

    def socket(self) -> tuple[bytes, bytes]:
        """What came on the websocket: the head of the answer, and the frames."""
        [told] = [bytes(each) for each in self.told if each.startswith(b"HTTP/1.1 101")]
        head, _, frames = told.partition(b"\r\n\r\n")
        return head, frames


def payloads(frames: bytes) -> Iterator[tuple[int, bytes]]:
    """The first byte and the payload of each whole frame."""
    at = 0
    while at + 2 <= len(frames):
        first, size = frames[at], frames[at + 1]
        at += 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(frames[at : at + width], "big"), at + width
        yield first, frames[at : at + size]
        at += size


def test_chromium_agrees_on_deflate_and_is_sent_deflated_frames(
    site: Site, browser: Browser, editor: httpx.Client
) -> None:
    market = Coverage(editor)
    tap = Tap(urlsplit(site.url).port or 0)
    with tap as address, watched(browser, address) as (context, _):
        page = context.new_page()
        answers: list[str] = []
        protocol = context.new_cdp_session(page)
        protocol.send("Network.enable")
        protocol.on(
            "Network.webSocketHandshakeResponseReceived",
            lambda told: answers.append(str(told["response"]["headers"]).lower()),
        )
        page.goto(market.path)
        market.publish(TITLE, 9)
        expect(page.get_by_role("heading", name=TITLE)).to_be_attached()
        head, frames = tap.socket()
    assert len(answers) == 1
    for said in (answers[0], head.decode().lower()):
        assert re.search("permessage-deflate.*server_no_context_takeover", said)
    inflated = [
        zlib.decompressobj(-zlib.MAX_WBITS).decompress(payload + b"\0\0\xff\xff")
        for first, payload in payloads(frames)
        if first == DEFLATED_TEXT
    ]
    assert any(TITLE.encode() in message for message in inflated)
    assert TITLE.encode() not in frames
