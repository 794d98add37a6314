"""How a server ends: readers go one after the other, and nobody holds it up for ever."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.by_hand import PATIENCE, TINY, Events, Reader, connected, readable
from tests.figures import comes_to, figures
from tests.process import Server

LIVE = "/blogs/day/live?as=json"
BIG = "/blogs/big/live?as=json"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator["Servers"]:
    with contextlib.ExitStack() as held:
        yield Servers(tmp_path / "data", held)


class Servers:
    """Starts servers with a public blog, `day`, and kills at the end what still runs."""

    def __init__(self, data: Path, held: contextlib.ExitStack) -> None:
        self._data = data
        self._held = held

    def start(self, *arguments: str, **settings: str) -> tuple[Server, httpx.Client]:
        named = {f"LIVEBLOG_{name.upper()}": value for name, value in settings.items()}
        server = Server(self._data, *arguments, port=0, **named)
        self._held.callback(server.kill)
        editor = self._held.enter_context(server.client())
        blog = {"slug": "day", "title": "A day", "visibility": "public"}
        editor.post("/api/blogs", json=blog).raise_for_status()
        return server, editor


def writes(editor: httpx.Client, title: str) -> str:
    post = editor.post("/api/blogs/day/posts", json={"title": title})
    return str(post.raise_for_status().json()["id"])


def readers_of(server: Server, count: int, held: contextlib.ExitStack) -> list[Reader]:
    readers = [held.enter_context(Reader(server.url, LIVE)) for _ in range(count)]
    for reader in readers:
        reader.hears("snapshot")
    return readers


def told(readers: list[Reader], seconds: float) -> int:
    """How many have something to read, once one of them has."""
    return len(readable(readers, seconds))


# --- one process ---------------------------------------------------------------------------------


def test_readers_are_sent_away_one_after_the_other_and_then_it_ends(servers: Servers) -> None:
    server, _ = servers.start(drain="2")
    with contextlib.ExitStack() as held:
        readers = readers_of(server, 40, held)
        streams = [held.enter_context(Events(server.url, LIVE)) for _ in range(5)]
        for stream in streams:
            stream.hears("snapshot")
        server.process.send_signal(signal.SIGTERM)
        assert 0 < told(readers, PATIENCE) < len(readers) / 2, "they all would come back at once"
        with pytest.raises(ConnectionError):
            connected(server.url)
        assert {reader.ends() for reader in readers} == {1012}
        for stream in streams:
            assert [message["type"] for _, message in stream] == []
    assert server.stop() == 0


def test_it_ends_soon_after_the_last_has_gone_and_does_not_wait_for_the_clock(
    servers: Servers,
) -> None:
    server, _ = servers.start(drain="60")  # longer than the test waits for an end
    with contextlib.ExitStack() as held:
        [reader] = readers_of(server, 1, held)
        server.process.send_signal(signal.SIGTERM)
        assert reader.ends() == 1012
        assert server.stop() == 0


def test_without_readers_it_ends_at_once(servers: Servers) -> None:
    server, _ = servers.start(drain="60")
    assert server.stop() == 0


def test_those_who_do_not_answer_the_goodbye_do_not_hold_it_up(servers: Servers) -> None:
    server, editor = servers.start(drain="0")
    body = [{"type": "paragraph", "content": [{"type": "text", "text": "word " * 40_000}]}]
    blog = {"slug": "big", "title": "Big", "visibility": "public"}
    editor.post("/api/blogs", json=blog).raise_for_status()
    for _ in range(15):
        editor.post("/api/blogs/big/posts", json={"body": body}).raise_for_status()
    with contextlib.ExitStack() as held:
        for mute in readers_of(server, 3, held):
            mute.answers = False
        for _ in range(3):
            held.enter_context(Reader(server.url, BIG, buffer=TINY))
        held.enter_context(connected(server.url)).sendall(b"GET /blo")
        comes_to(server.url, lambda now: now["readers"] == 6)
        assert server.stop() == 0


# --- several processes ---------------------------------------------------------------------------

linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="no /proc to look into")


def workers_of(server: Server) -> set[int]:
    """The further processes of a server."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in children if "server.workers" in command_of(int(child))}


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def with_readers_on_both(
    server: Server, worker: int, held: contextlib.ExitStack
) -> tuple[list[Reader], list[Reader]]:
    """Three readers of the first process, and three of a worker; the kernel deals them out."""
    dealt: dict[bool, list[Reader]] = {False: [], True: []}
    deadline = time.monotonic() + PATIENCE
    while min(len(side) for side in dealt.values()) < 3:
        assert time.monotonic() < deadline, "one process takes no readers"
        crowd = readers_of(server, 20, held)  # at once, so that both are woken
        theirs = connections_of(worker)
        for reader in crowd:
            side = dealt[reader.socket.getsockname()[1] in theirs]
            if len(side) < 3:
                side.append(reader)
            else:
                reader.socket.close()  # it may take many crowds
    return dealt[False], dealt[True]


def connections_of(pid: int) -> set[int]:
    """The ports that a process is connected to on loopback."""
    files = (file for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink())
    inodes = {str(file.readlink()).removeprefix("socket:[").removesuffix("]") for file in files}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[2].partition(":")[2], 16) for row in rows if row[9] in inodes}


@linux
def test_every_process_sends_its_readers_away_and_then_all_end(servers: Servers) -> None:
    server, _ = servers.start("--workers", "2", drain="0.5")
    [worker] = workers_of(server)
    with contextlib.ExitStack() as held:
        here, there = with_readers_on_both(server, worker, held)
        server.process.send_signal(signal.SIGTERM)
        assert {reader.ends() for reader in here} == {1012}
        assert {reader.ends() for reader in there} == {1012}
    assert server.stop() == 0
    assert not command_of(worker)


def killed(process: int) -> None:
    """Kill a process; once this returns it has let go of all that it held open."""
    watch = os.pidfd_open(process)
    try:
        os.kill(process, signal.SIGKILL)
        assert select.select([watch], [], [], PATIENCE)[0]
    finally:
        os.close(watch)


@linux
def test_when_a_worker_is_killed_its_readers_come_back_elsewhere_and_miss_nothing(
    servers: Servers,
) -> None:
    server, editor = servers.start("--workers", "2")
    [worker] = workers_of(server)
    with contextlib.ExitStack() as held:
        here, there = with_readers_on_both(server, worker, held)
        since = there[0].heard[0]["position"]
        killed(worker)
        assert {reader.ends() for reader in there} == {1006}
        missed = writes(editor, "While they were away")
        for _ in there:
            back = held.enter_context(Reader(server.url, f"{LIVE}&since={since}"))
            assert back.hears("hello")["resumed"] is True
            assert back.hears("post")["id"] == missed
        for reader in here:
            assert reader.hears("post")["id"] == missed
        while workers_of(server) <= {worker}:
            figures(server.url)
        assert server.process.poll() is None


@linux
def test_a_worker_that_is_merely_busy_is_left_alone(servers: Servers) -> None:
    server, editor = servers.start("--workers", "2", ping="0.5")
    [worker] = workers_of(server)
    with contextlib.ExitStack() as held:
        _, there = with_readers_on_both(server, worker, held)
        os.kill(worker, signal.SIGSTOP)
        held.callback(os.kill, worker, signal.SIGCONT)
        with Reader(server.url, LIVE) as clock:
            clock.pinged(6)
        os.kill(worker, signal.SIGCONT)
        assert workers_of(server) == {worker}
        [fresh] = readers_of(server, 1, held)
        post = writes(editor, "Still here")
        assert fresh.hears("post")["id"] == post
        assert there


@linux
def test_an_interrupt_at_the_keyboard_ends_every_process_in_order(servers: Servers) -> None:
    """A terminal sends it to all of them at once."""
    server, _ = servers.start("--workers", "2")
    [worker] = workers_of(server)
    for process in (worker, server.process.pid):
        os.kill(process, signal.SIGINT)
    assert server.process.wait(PATIENCE) == 0
    assert not command_of(worker)
