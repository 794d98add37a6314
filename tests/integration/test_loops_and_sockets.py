"""What a reader's socket is told of the kernel, and the other loop that we say we run on."""

import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from server.serve import UNANSWERED, UNSENT, bind
from server.settings import Settings
from tests.audience import Page
from tests.by_hand import TINY, Reader
from tests.process import Server

STALL = 7.0


def test_who_is_accepted_has_what_bounds_a_kernel_and_ends_what_nobody_answers_for() -> None:
    with bind(Settings(port=0, stall=STALL)) as bound:
        bound.listen()
        with socket.create_connection(bound.getsockname()), bound.accept()[0] as accepted:
            told = {
                name: accepted.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
                for name in ("TCP_NOTSENT_LOWAT", "TCP_USER_TIMEOUT")
                if hasattr(socket, name)
            }
    known = {"TCP_NOTSENT_LOWAT": UNSENT, "TCP_USER_TIMEOUT": int((UNANSWERED + STALL) * 1000)}
    assert told == {name: known[name] for name in told}


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Server]:
    if find_spec("uvloop") is None:
        pytest.skip("uvloop is not installed")
    with Server(tmp_path / "data", LIVEBLOG_LOOP="uvloop", LIVEBLOG_STALL="120") as server:
        yield server


def writes(editor: httpx.Client, title: str, size: int) -> None:
    text = [{"type": "text", "text": "word " * (size // 5)}]
    post = {"title": title, "body": [{"type": "paragraph", "content": text}]}
    editor.post("/api/blogs/day/posts", json=post).raise_for_status()


def test_on_uvloop_a_quick_and_a_slow_reader_are_told_all_and_nothing_twice(other: Server) -> None:
    maps = Path(f"/proc/{other.process.pid}/maps")
    assert not maps.exists() or "uvloop" in maps.read_text()
    with other.client() as editor:
        blog = {"slug": "day", "title": "A day", "visibility": "public"}
        editor.post("/api/blogs", json=blog).raise_for_status()
        for number in range(15):
            writes(editor, f"before {number}", 200_000)
        path = "/blogs/day/live?as=json"
        with (
            Reader(other.url, path, deflate=True) as quick,
            Reader(other.url, path, buffer=TINY) as slow,
        ):
            quick.hears("snapshot")
            for number in range(15):
                writes(editor, f"after {number}", 20_000)
            quick.hears("post", times=15)
            slow.hears("post", times=15)
            listed = editor.get("/api/blogs/day/posts?limit=100").json()["posts"]
            for reader in (quick, slow):
                page = Page().receive(reader.raw)
                assert page.posts == {
                    p["id"]: (p["version"], p["order"], p["title"]) for p in listed
                }
                assert (page.lost, page.told_again) == (False, [])
            assert other.stop() == 0
            assert {quick.ends(), slow.ends()} == {1012}
