"""Readers that come back to much and take nothing: what they have missed is not copied for each."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audience import Page
from tests.by_hand import TINY, Reader
from tests.figures import comes_to
from tests.process import Server

CROWD = 60
POSTS = 80
SIZE = 28_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("catching") / "data") as server:
        yield server


def resident(server: Server) -> int:
    """Bytes of memory that the process has."""
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmRSS")]
    return int(kilobytes) * 1000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to look into")
def test_a_crowd_that_came_back_to_megabytes_and_takes_none_costs_a_part_each(
    server: Server,
) -> None:
    with server.client() as editor, contextlib.ExitStack() as held:
        blog = {"slug": "day", "title": "A day", "visibility": "public"}
        editor.post("/api/blogs", json=blog).raise_for_status()
        since = editor.get("/api/blogs/day").json()["position"]
        for number in range(POSTS):
            text = [{"type": "text", "text": "word " * (SIZE // 5)}]
            post = {"title": f"{number}", "body": [{"type": "paragraph", "content": text}]}
            editor.post("/api/blogs/day/posts", json=post).raise_for_status()
        path = f"/blogs/day/live?as=json&since={since}"
        with Reader(server.url, path) as first:
            first.hears("post", times=POSTS)
        before = resident(server)
        crowd = [held.enter_context(Reader(server.url, path, buffer=TINY)) for _ in range(CROWD)]
        comes_to(server.url, lambda now: now["readers"] == CROWD)
        whole = CROWD * POSTS * SIZE * 2  # each post says its text twice, as blocks and as HTML
        assert resident(server) - before < whole / 4
        returned = crowd[0]
        returned.hears("post", times=POSTS)
        page = Page().receive(returned.raw)
        posts = editor.get("/api/blogs/day/posts?limit=100").json()["posts"]
        assert page.posts == {p["id"]: (p["version"], p["order"], p["title"]) for p in posts}
        assert (page.lost, page.told_again) == (False, [])
