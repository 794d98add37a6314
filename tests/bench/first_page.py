"""The first page of 2,000 posts: how many a second, beside a bare route with the same bytes."""

import contextlib
import select
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests import long_day
from tests.bench import machine
from tests.bench.options import Options
from tests.bench.ours import Ours, ours
from tests.bench.stage import free_port, python, running
from tests.bench.table import Row, tell
from tests.process import liveblog

POSTS: Final = 2_000
CONNECTIONS: Final = 8
TURN: Final = 0.5
"""Seconds for which one of the two is asked, and then the other."""
TURNS: Final = 8
REQUEST: Final = (
    "GET /blogs/long HTTP/1.1\r\n"
    "Host: 127.0.0.1:8000\r\n"  # the same for both, so that a page has the same addresses
    "Connection: keep-alive\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Accept-Encoding: {coding}\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n\r\n"
)


class Turn(NamedTuple):
    """Answers a second, and a second of the processor that the server had for them."""

    rate: float
    served: float


def rows(options: Options) -> list[Row]:
    """Compressed, as browsers ask for it, and plain."""
    with ours() as server, tempfile.TemporaryDirectory() as folder:
        _write(server, Path(folder))
        return [
            _beside(server, coding, Path(folder), TURNS * options.runs)
            for coding in ("gzip, deflate, br, zstd", "identity")
        ]


def _write(server: Ours, folder: Path) -> None:
    tell(f"  {POSTS:,} posts ...")
    liveblog("import", str(long_day.written(folder / "day", "long", POSTS)), data=server.data)


def _beside(server: Ours, coding: str, folder: Path, turns: int) -> Row:
    """One form of the page, and the same bytes from the bare route, turn by turn."""
    request = REQUEST.format(coding=coding).encode()
    answer = _answer(server.port, request)
    body = len(answer) - answer.index(b"\r\n\r\n") - 4
    form = "gzip" if b"content-encoding: gzip" in answer else "plain"
    pairs = []
    with _bare(folder, answer) as (port, pid):
        assert len(_answer(port, request)) == len(answer), "the same bytes and headers"
        for _ in range(turns):
            mine = _turn(server.port, server.pid, request, answer)
            pairs.append((mine, _turn(port, pid, request, answer)))
    rate, bare = (
        statistics.median(turn.rate for turn in each) for each in zip(*pairs, strict=True)
    )
    ratio = statistics.median(mine.rate / theirs.rate for mine, theirs in pairs)
    served = statistics.median(mine.served / theirs.served for mine, theirs in pairs)
    return Row(
        f"first page of {POSTS:,} posts, {form} {body / 1000:.0f} kB, requests a second",
        f"{rate:,.0f}",
        f"bare route {bare:,.0f}",
        f"{ratio:.2f} ({served:.2f})",
        must="0.8; 60 kB" if form == "gzip" else "0.8",
        note=f"one process on one core, {CONNECTIONS} connections; the ratio is the median of "
        f"{turns} pairs of {TURN} s, in brackets by the time of the processor that each had",
    )


@contextlib.contextmanager
def _bare(folder: Path, answer: bytes) -> Iterator[tuple[int, int]]:
    """The port and the pid of the bare route."""
    file, port = folder / "answer", free_port()
    file.write_bytes(answer)
    with running(python("tests.bench.peers.route", port, file), port) as pid:
        yield port, pid


def _answer(port: int, request: bytes) -> bytes:
    """One whole answer, the second, when everything has been made that is kept."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        return [_read(connection, request) for _ in range(2)][1]


def _read(connection: socket.socket, request: bytes) -> bytes:
    connection.sendall(request)
    read = b""
    while b"\r\n\r\n" not in read:
        read += connection.recv(1 << 20)
    head, _, body = read.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"no page: {head[:200]!r}")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(1 << 20)
    return head + b"\r\n\r\n" + body


def _turn(port: int, pid: int, request: bytes, answer: bytes) -> Turn:
    """Ask for a while; each connection asks again as soon as it has all of an answer."""
    length = len(answer)
    with contextlib.ExitStack() as held, select.epoll() as poll:
        left: dict[int, tuple[socket.socket, int]] = {}
        for _ in range(CONNECTIONS):
            address = ("127.0.0.1", port)
            connection = held.enter_context(socket.create_connection(address, timeout=30))
            left[connection.fileno()] = connection, length
            poll.register(connection.fileno(), select.EPOLLIN)
            connection.sendall(request)
        done, buffer = 0, bytearray(1 << 20)
        started, spent = time.perf_counter(), machine.processor(pid)
        while (now := time.perf_counter()) < started + TURN:
            for descriptor, _ in poll.poll(1):
                connection, missing = left[descriptor]
                missing -= connection.recv_into(buffer)
                if missing == 0:
                    done, missing = done + 1, length
                    connection.sendall(request)
                left[descriptor] = connection, missing
        return Turn(done / (now - started), done / (machine.processor(pid) - spent))
