"""Readers as they are: slow, stuck, dead, many at once, and gone in every way there is."""

import asyncio
import contextlib
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.push import slices
from server.push.pulse import LINGER
from server.site import Site
from tests.audience import Page
from tests.by_hand import PATIENCE, TINY, Reader, connected, readable
from tests.figures import Figures, comes_to, figures, nobody
from tests.process import Server

LIVE = "/blogs/day/live?as=json"
BIG = "/blogs/big/live?as=json"
HANDSHAKE = (
    f"GET {LIVE} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
).encode()
EVENTS = f"GET {LIVE} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n".encode()
STALL = 2.0
"""Seconds in which a reader has to take something."""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def say(size: int) -> list[dict[str, Any]]:
    """A body of so many characters."""
    return [{"type": "paragraph", "content": [{"type": "text", "text": "word " * (size // 5)}]}]


def opens(editor: httpx.Client, slug: str, posts: int = 0, size: int = 0) -> None:
    blog = {"slug": slug, "title": slug, "visibility": "public"}
    editor.post("/api/blogs", json=blog).raise_for_status()
    for number in range(posts):
        writes(editor, slug, f"{slug} {number}", size)


def writes(editor: httpx.Client, slug: str, title: str, size: int = 10) -> str:
    post = {"title": title, "body": say(size)}
    return str(editor.post(f"/api/blogs/{slug}/posts", json=post).raise_for_status().json()["id"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Quick to ping and quick to lose patience."""
    folder = tmp_path_factory.mktemp("readers")
    server = Server(folder / "data", LIVEBLOG_PING="0.5", LIVEBLOG_STALL=str(STALL))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Waits for the stuck and the silent, and lets few in at a time."""
    folder = tmp_path_factory.mktemp("patient")
    server = Server(
        folder / "data", LIVEBLOG_ACCEPTS="40", LIVEBLOG_PING="120", LIVEBLOG_STALL="300"
    )
    yield server
    server.stop()


@pytest.fixture(scope="module")
def editor(server: Server) -> Iterator[httpx.Client]:
    """On a server with an empty blog, `day`, and one whose first page no kernel holds, `big`."""
    with server.client() as editor:
        editor.headers["connection"] = "close"  # no descriptor that comes and goes with it
        opens(editor, "day")
        opens(editor, "big", posts=15, size=200_000)
        yield editor


@pytest.fixture(scope="module")
def patient_editor(patient: Server) -> Iterator[httpx.Client]:
    with patient.client() as editor:
        editor.headers["connection"] = "close"
        opens(editor, "day")
        opens(editor, "big", posts=15, size=200_000)
        yield editor


def settled(server: Server) -> Figures:
    """The figures of nobody, with all the connections to the storage that it will ever need."""
    comes_to(server.url, nobody)
    with ThreadPoolExecutor(10) as at_once:
        for asked in [at_once.submit(httpx.get, f"{server.url}/blogs/nowhere") for _ in range(30)]:
            assert asked.result().status_code == 404
    # The smallest of some: one who has just been answered may still be counted.
    return min((figures(server.url) for _ in range(5)), key=lambda now: now["descriptors"])


@contextlib.contextmanager
def stopped(server: Server) -> Iterator[None]:
    """It does nothing until the end of the block: who comes meanwhile comes at once, to it."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


# --- slow readers --------------------------------------------------------------------------------


def test_one_that_reads_nothing_is_sent_away_and_may_still_read_what_it_had_and_why(
    server: Server,
    editor: httpx.Client,  # noqa: ARG001 - its blogs
) -> None:
    with Reader(server.url, BIG, buffer=TINY) as stuck, Reader(server.url, LIVE) as clock:
        clock.hears("snapshot")
        stuck.takes(1)
        until = time.monotonic() + STALL + LINGER / 2  # sent away by now, and not yet ended
        while time.monotonic() < until:
            assert clock.reads()
        # For a few kB in one go, a busy machine would not get to the goodbye in the other half.
        stuck.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        assert stuck.ends() == 4408
        assert stuck.types == ["hello", "snapshot"]
        assert clock.code is None
    comes_to(server.url, nobody)


def test_one_that_reads_nothing_even_then_is_ended(
    server: Server,
    editor: httpx.Client,  # noqa: ARG001 - its blogs
) -> None:
    with Reader(server.url, BIG, buffer=TINY) as stuck:
        comes_to(server.url, lambda now: now["sockets"] == 1)
        comes_to(server.url, nobody)
        assert stuck.ends() == 1006


def test_one_that_reads_slowly_but_steadily_is_never_sent_away(
    server: Server, editor: httpx.Client
) -> None:
    with Reader(server.url, BIG, buffer=TINY) as slow:
        until = time.monotonic() + 2 * STALL
        while time.monotonic() < until:
            time.sleep(STALL / 10)  # that is how slow it is
            slow.takes(4 * TINY)
        assert "snapshot" not in slow.types
        slow.hears("snapshot")
        assert slow.code is None
        writes(editor, "big", "still here")
        assert slow.hears("post")["post"]["title"] == "still here"


def test_an_event_stream_that_nobody_reads_is_ended(
    server: Server,
    editor: httpx.Client,  # noqa: ARG001 - its blogs
) -> None:
    with connected(server.url, TINY) as stuck:
        stuck.sendall(EVENTS.replace(LIVE.encode(), BIG.encode()))
        comes_to(server.url, lambda now: now["readers"] == 1)
        comes_to(server.url, nobody)


def test_an_answer_that_nobody_reads_is_ended(
    server: Server,
    editor: httpx.Client,  # noqa: ARG001 - its blogs
) -> None:
    before = settled(server)["descriptors"]
    with connected(server.url, TINY) as stuck:
        stuck.sendall(b"GET /api/blogs/big/posts HTTP/1.1\r\nhost: x\r\n\r\n")
        comes_to(server.url, lambda now: now["descriptors"] > before)
        comes_to(server.url, lambda now: now["descriptors"] <= before)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to look into")
def test_a_stuck_reader_is_a_position_and_costs_no_memory_for_what_it_misses(
    patient: Server, patient_editor: httpx.Client
) -> None:
    with contextlib.ExitStack() as held:
        stuck = [held.enter_context(Reader(patient.url, BIG, buffer=TINY)) for _ in range(20)]
        others = [held.enter_context(Reader(patient.url, BIG)) for _ in range(2)]
        for other in others:
            other.hears("snapshot")
        comes_to(patient.url, lambda now: now["readers"] == 22)
        edited = writes(patient_editor, "big", "edited again and again")
        before = resident(patient)
        for number in range(40):
            sent = {"title": f"edited {number}", "body": say(200_000)}
            patient_editor.patch(
                f"/api/blogs/big/posts/{edited}", json=sent, headers={"if-match": "*"}
            ).raise_for_status()
            for other in others:  # they are not held up
                other.hears("post", times=number + 2)
        # Queued, it were 40 edits of 400 kB for each of 20 readers: 320 MB.
        assert resident(patient) - before < 100_000_000
        for reader in stuck[:2]:
            assert reader.hears("post")["post"]["title"] == "edited 39"
            assert reader.types == ["hello", "snapshot", "hello", "post"]
            holds_the_page(Page().receive(reader.raw), patient_editor)


def resident(server: Server) -> int:
    """Bytes of memory that the process has."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmRSS")]
    return int(kilobytes) * 1000


def holds_the_page(page: Page, editor: httpx.Client) -> None:
    posts = editor.get("/api/blogs/big/posts").json()["posts"]
    assert page.posts == {p["id"]: (p["version"], p["order"], p["title"]) for p in posts}
    assert (page.lost, page.told_again) == (False, [])


# --- long loops ----------------------------------------------------------------------------------


class Witness(asyncio.Protocol):
    """One of a crowd. `heard` is called once, at the first bytes it gets after `asked`."""

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self.greeted = asyncio.Event()
        self.told = False
        self._greeting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        if not self.greeted.is_set():
            self._greeting += data
            if b'"type":"snapshot"' in self._greeting:
                self.greeted.set()
        elif not self.told:
            self.told = True
            self._heard()


class Asks(asyncio.Protocol):
    """Sends a request when it is told to, and calls `answered` at the answer."""

    transport: asyncio.Transport

    def __init__(self, answered: Callable[[], None]) -> None:
        self._answered = answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self) -> None:
        self.transport.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")

    def data_received(self, _: bytes) -> None:
        self._answered()


async def test_while_a_frame_goes_to_many_a_request_is_answered_in_between(
    here: tuple[Site, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE", 0.0)
    site, port = here
    loop = asyncio.get_running_loop()
    order: list[str] = []

    def heard() -> None:
        order.append("told")
        if len(order) == 1:
            asking.ask()

    async with asyncio.timeout(PATIENCE):
        _, asking = await loop.create_connection(
            lambda: Asks(lambda: order.append("answered")), "127.0.0.1", port
        )
        token = await site.access.create_token("admin")
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {token}"}
        ) as editor:
            blog = {"slug": "day", "title": "A day", "visibility": "public"}
            (await editor.post("/api/blogs", json=blog)).raise_for_status()
            crowd = [
                (await loop.create_connection(lambda: Witness(heard), "127.0.0.1", port))[1]
                for _ in range(500)
            ]
            for witness in crowd:
                await witness.greeted.wait()
            post = {"title": "To all of you"}
            (await editor.post("/api/blogs/day/posts", json=post)).raise_for_status()
        while len(order) <= len(crowd):  # noqa: ASYNC110 - every event of it is in this loop
            await asyncio.sleep(0)
    assert 0 < order.index("answered") < len(crowd), "it was answered after all had been told"
    asking.transport.abort()
    for witness in crowd:
        witness.transport.abort()


# --- the pinger ----------------------------------------------------------------------------------


def test_a_reader_that_has_all_is_told_so_again_and_again(
    server: Server, editor: httpx.Client
) -> None:
    with Reader(server.url, LIVE) as reader:
        position = writes_and_hears(editor, reader, "said before")
        greeted = len(reader.heard)
        reader.pinged(reader.pings + 2)
        assert [(m["type"], m["resumed"], m["position"]) for m in reader.heard[greeted:]] == [
            ("hello", True, position)
        ] * 2


def writes_and_hears(editor: httpx.Client, reader: Reader, title: str) -> str:
    reader.hears("snapshot")
    writes(editor, "day", title)
    return str(reader.hears("post")["position"])


def test_one_that_answers_no_ping_is_found_and_one_that_does_stays(
    server: Server, editor: httpx.Client
) -> None:
    with Reader(server.url, LIVE) as dead, Reader(server.url, LIVE) as alive:
        alive.hears("snapshot")
        dead.answers = False
        alive.pinged(4)  # by now it was found
        writes(editor, "day", "still here")
        assert alive.hears("post")["post"]["title"] == "still here"
        assert dead.ends() == 1006
        assert dead.pings == 1


# --- gone in every way ---------------------------------------------------------------------------


def with_a_close_frame(url: str) -> None:
    with Reader(url, LIVE) as reader:
        reader.hears("hello")
        reader.socket.sendall(b"\x88\x82\x00\x00\x00\x00\x03\xe8")
        assert reader.ends() == 1000


def with_a_fin(url: str) -> None:
    with Reader(url, LIVE) as reader:
        reader.hears("hello")


def with_a_reset(url: str) -> None:
    with Reader(url, LIVE) as reader:
        reader.hears("hello")
        reader.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


def with_half_a_close(url: str) -> None:
    with Reader(url, LIVE) as reader:
        reader.hears("hello")
        reader.socket.shutdown(socket.SHUT_WR)
        assert reader.ends() == 1006


def in_the_middle_of_a_frame(url: str) -> None:
    with Reader(url, LIVE) as reader:
        reader.hears("hello")
        reader.socket.sendall(b"\x81\xfe\x04")


def before_the_handshake_is_said(url: str) -> None:
    with connected(url) as shy:
        shy.sendall(HANDSHAKE[:60])


def before_it_is_answered(url: str) -> None:
    with connected(url) as hasty:
        hasty.sendall(HANDSHAKE)
        hasty.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


def from_an_event_stream(url: str) -> None:
    with connected(url) as reader:
        reader.sendall(EVENTS)
        assert reader.recv(1)


def from_an_event_stream_with_a_request_behind_it(url: str) -> None:
    with connected(url) as reader:
        behind = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
        reader.sendall(EVENTS + behind)
        assert reader.recv(1)


def refused(url: str) -> None:
    with Reader(url, "/blogs/nowhere/live") as reader:
        assert reader.ends() == 4404


WAYS = (
    with_a_close_frame,
    with_a_fin,
    with_a_reset,
    with_half_a_close,
    in_the_middle_of_a_frame,
    before_the_handshake_is_said,
    before_it_is_answered,
    from_an_event_stream,
    from_an_event_stream_with_a_request_behind_it,
    refused,
)


def test_however_they_go_nothing_of_them_stays(
    server: Server,
    editor: httpx.Client,  # noqa: ARG001 - its blogs
) -> None:
    before = settled(server)
    for number in range(300):
        WAYS[number % len(WAYS)](server.url)
    comes_to(
        server.url,
        lambda now: (
            nobody(now)
            and now["descriptors"] <= before["descriptors"]
            and now["tasks"] <= before["tasks"]
        ),
    )


# --- storms --------------------------------------------------------------------------------------


def answered(readers: list[Reader]) -> set[int]:
    has = {*readable(readers, 0)}
    return {number for number, reader in enumerate(readers) if reader in has}


def test_a_hundred_at_once_are_all_let_in_in_the_order_they_came_and_requests_get_through(
    patient: Server,
    patient_editor: httpx.Client,  # noqa: ARG001 - its blogs
) -> None:
    with contextlib.ExitStack() as held:
        with stopped(patient):
            crowd = [held.enter_context(Reader(patient.url, LIVE)) for _ in range(100)]
        assert figures(patient.url)["handshakes_waiting"] > 50
        for number, reader in enumerate(crowd):
            assert readable([reader], PATIENCE)
            # Looked at twice, since others are let in while we look.
            seen, before = answered(crowd), answered(crowd[: number + 1])
            assert before == {*range(number + 1)}
            assert {*range(max(seen))} <= answered(crowd)
        for reader in crowd:
            assert reader.hears("hello")["resumed"] is False
        assert figures(patient.url)["readers"] == 100
    comes_to(patient.url, nobody)


def test_those_who_do_not_wait_for_their_turn_leave_nothing_behind(
    patient: Server,
    patient_editor: httpx.Client,  # noqa: ARG001 - its blogs
) -> None:
    before = settled(patient)["descriptors"]
    with contextlib.ExitStack() as held:
        with stopped(patient):
            for _ in range(60):
                held.enter_context(Reader(patient.url, LIVE))
        comes_to(patient.url, lambda now: now["handshakes_waiting"] > 20)
    comes_to(
        patient.url,
        lambda now: nobody(now) and now["handshakes_waiting"] == 0 and now["descriptors"] <= before,
    )
