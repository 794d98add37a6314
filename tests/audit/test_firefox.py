"""A blog's page in Firefox: live posts come over a compressed websocket, without a reload."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.sync.client import connect

from tests.audit.firefox import PATIENCE, Event, Tab, firefox
from tests.process import Server

WORDS: Final = "The ferry is late, and the quay is full of people who say that it is late. "
"""Said often enough to be worth deflating."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "data") as site:
        yield site


@pytest.fixture
def editor(site: Server) -> Iterator[httpx.Client]:
    """Somebody who has a live blog at `/blogs/quay`."""
    with site.client() as editor:
        assert editor.post("/api/blogs", json={"slug": "quay", "title": "The quay"}).is_success
        status = editor.put(
            "/api/blogs/quay/status", json={"status": "live"}, headers={"if-match": "*"}
        )
        assert status.is_success
        yield editor


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    profile = tmp_path / "profile"
    profile.mkdir()
    with firefox(profile) as tab:
        yield tab


def publish(editor: httpx.Client, title: str) -> str:
    """The id of a new post."""
    answer = editor.post("/api/blogs/quay/posts", json={"title": title, "markdown": WORDS * 20})
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


def title_of(tab: Tab, post: str) -> Any:
    """What a post's title says, as soon as the post is in the page."""
    return tab.evaluate(f"""
        new Promise((found) => {{
          const look = () => {{
            const title = document.querySelector({json.dumps(f"#post-{post} h2")});
            if (title) found(title.innerText.trim());
          }};
          const watch = {{ childList: true, subtree: true }};
          new MutationObserver(look).observe(document, watch);
          look();
        }})""")


def is_handshake(response: Event) -> bool:
    return bool(response["response"]["status"] == 101)


def header(message: dict[str, Any], name: str) -> str:
    """A header of a request or an answer, "" if it has none."""
    values = [
        str(header["value"]["value"])
        for header in message["headers"]
        if header["name"].lower() == name
    ]
    return ", ".join(values)


def asked_of_the_blog(tab: Tab) -> list[str]:
    """Paths under the blog's that were asked for, in any way: the page, then what follows it."""
    urls = [event["request"]["url"] for event in tab.happened("network.beforeRequestSent")]
    return [path for path in (urlsplit(url).path for url in urls) if path.startswith("/blogs/")]


def test_firefox_is_sent_live_posts_over_a_compressed_websocket(
    site: Server, editor: httpx.Client, tab: Tab
) -> None:
    with connect(f"ws{site.url.removeprefix('http')}/blogs/quay/live") as earlier:
        post = publish(editor, "The ferry is late")
        while post not in str(earlier.recv(timeout=PATIENCE)):
            pass
        tab.open(f"{site.url}/blogs/quay")
        handshake = tab.wait_for("network.responseCompleted", is_handshake)
        agreed = header(handshake["response"], "sec-websocket-extensions")
        assert "permessage-deflate" in agreed
        assert "server_no_context_takeover" in agreed
        # What the other reader was sent before is no part of Firefox's window.
        for title in ("The ferry is in sight", "The ferry is here"):
            assert title_of(tab, publish(editor, title)) == title
    assert asked_of_the_blog(tab) == ["/blogs/quay", "/blogs/quay/live"]
    assert len(tab.happened("browsingContext.load")) == 1
    assert tab.happened("log.entryAdded") == []
