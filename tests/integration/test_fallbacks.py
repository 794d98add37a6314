"""The same messages where sockets are blocked, and where another server is below."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.web.fresh import FRESH
from tests.by_hand import TINY, Events, Reader, connected
from tests.figures import comes_to, nobody
from tests.process import Server

LIVE = "/blogs/day/live?as=json"
CHANGES = "/api/blogs/day/changes"
SIGNS = 60
"""Signs of life between two changes at most: two a second."""
SECRET_WORDS = "Never to be seen again"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("fallbacks") / "data", LIVEBLOG_PING="0.5") as server:
        yield server


@pytest.fixture(scope="module")
def editor(server: Server) -> Iterator[httpx.Client]:
    with server.client() as editor:
        blog = {"slug": "day", "title": "A day", "visibility": "public"}
        editor.post("/api/blogs", json=blog).raise_for_status()
        writes(editor, "The first")
        yield editor


def writes(editor: httpx.Client, title: str) -> Any:
    return editor.post("/api/blogs/day/posts", json={"title": title}).raise_for_status().json()


def withdraws(editor: httpx.Client, post: str) -> None:
    editor.put(
        f"/api/blogs/day/posts/{post}/status",
        json={"status": "retracted"},
        headers={"if-match": "*"},
    ).raise_for_status()


def position(editor: httpx.Client) -> str:
    return str(editor.get("/api/blogs/day").json()["position"])


def hears(stream: Events, changes: int) -> list[tuple[str, Any]]:
    """The next so many changes with their ids; signs of life come between them."""
    heard = []
    for id_, message in islice(stream, SIGNS + changes):
        if message["type"] != "hello":
            heard.append((id_, message))
        if len(heard) == changes:
            return heard
    raise EOFError(f"the stream says no more than {heard}")


# --- server-sent events --------------------------------------------------------------------------


def test_a_stream_carries_what_a_socket_does_and_its_ids_are_positions(
    server: Server, editor: httpx.Client
) -> None:
    with Events(server.url, LIVE) as stream, Reader(server.url, LIVE) as reader:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["cache-control"] == "no-store"
        [(id_, snapshot)] = hears(stream, 1)
        assert snapshot == reader.hears("snapshot")
        assert id_ == snapshot["position"]
        post = writes(editor, "Told to all")["id"]
        assert hears(stream, 1) == [((told := reader.hears("post"))["position"], told)]
        withdraws(editor, post)
        assert hears(stream, 1) == [((told := reader.hears("retract"))["position"], told)]


def test_the_last_event_id_wins_over_since(server: Server, editor: httpx.Client) -> None:
    first = position(editor)
    writes(editor, "Missed by both")
    second = position(editor)
    missed = writes(editor, "Missed by one")["id"]
    with Events(server.url, f"{LIVE}&since={first}", {"last-event-id": second}) as stream:
        assert stream.hears("hello")["resumed"] is True
        [(id_, message)] = hears(stream, 1)
        assert (id_, message["id"]) == (position(editor), missed)
    with Events(server.url, f"{LIVE}&since={first}") as stream:
        caught_up = hears(stream, 2)
        # One that breaks off between the two asks for both again.
        assert [id_ for id_, _ in caught_up] == ["", position(editor)]


def test_a_quiet_stream_says_that_it_is_alive(server: Server, editor: httpx.Client) -> None:
    with Events(server.url, f"{LIVE}&since={position(editor)}") as stream:
        signs = [stream.hears("hello") for _ in range(3)]
        assert {(sign["resumed"], sign["position"]) for sign in signs} == {(True, position(editor))}


def test_a_stream_that_is_left_is_forgotten(server: Server, editor: httpx.Client) -> None:
    with Events(server.url, LIVE) as stream:
        stream.hears("hello")
        comes_to(server.url, lambda now: now["readers"] == 1)
    comes_to(server.url, nobody)
    assert writes(editor, "to nobody")


# --- polling -------------------------------------------------------------------------------------


def polls(server: Server, since: str = "", known: str = "") -> httpx.Response:
    named = {"if-none-match": known} if known else {}
    return httpx.get(f"{server.url}{CHANGES}", params={"since": since}, headers=named)


def test_two_who_ask_the_same_get_the_same_bytes_and_a_cache_may_keep_them(
    server: Server, editor: httpx.Client
) -> None:
    since = position(editor)
    writes(editor, "For both")
    one, other = polls(server, since), polls(server, since)
    assert one.content == other.content
    assert one.headers["etag"] == other.headers["etag"]
    assert one.headers["cache-control"] == FRESH
    assert "set-cookie" not in one.headers
    assert "vary" not in one.headers


def test_who_has_all_gets_no_body_until_something_changes(
    server: Server, editor: httpx.Client
) -> None:
    etag = polls(server).headers["etag"]
    strong = etag.removeprefix("W/")
    for said in (etag, strong, f'"1-1", {etag}'):
        again = polls(server, known=said)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["cache-control"] == FRESH
    writes(editor, "Something")
    assert polls(server, known=etag).status_code == 200


def test_a_poll_tells_the_newest_state_of_what_changed_and_nothing_of_what_was_withdrawn(
    server: Server, editor: httpx.Client
) -> None:
    kept, gone = writes(editor, "As first told"), writes(editor, SECRET_WORDS)
    since = gone["position"]
    editor.patch(
        f"/api/blogs/day/posts/{kept['id']}", json={"title": "As told"}, headers={"if-match": "*"}
    ).raise_for_status()
    editor.patch(
        f"/api/blogs/day/posts/{gone['id']}",
        json={"title": f"{SECRET_WORDS}, ever"},
        headers={"if-match": "*"},
    ).raise_for_status()
    withdraws(editor, gone["id"])
    answer = polls(server, since)
    hello, *changes = answer.json()
    assert (hello["type"], hello["resumed"]) == ("hello", True)
    assert [(each["type"], each["id"]) for each in changes] == [
        ("post", kept["id"]),
        ("retract", gone["id"]),
    ]
    assert changes[0]["post"]["title"] == "As told"
    assert changes[1].keys() == {"type", "position", "after", "id"}
    for text in (answer.text, polls(server).text, polls(server, "1-1").text):
        assert SECRET_WORDS not in text


def test_a_poll_without_a_cursor_or_with_an_unknown_one_gets_the_page(server: Server) -> None:
    for since in ("", "1-1"):
        hello, snapshot = polls(server, since).json()
        assert (hello["resumed"], snapshot["type"]) == (False, "snapshot")


def test_no_cache_may_keep_what_a_restricted_blog_answers(
    server: Server, editor: httpx.Client
) -> None:
    blog = {"slug": "members", "title": "Members", "visibility": "restricted"}
    editor.post("/api/blogs", json=blog).raise_for_status()
    path = "/api/blogs/members/changes"
    assert editor.get(path).headers["cache-control"] == "private, no-store"
    assert httpx.get(f"{server.url}{path}").status_code == 401


# --- another server below ------------------------------------------------------------------------

ORDINARY = """
import asyncio, socket, sys
from pathlib import Path

import uvicorn

from server.app import app
from server.settings import Settings

listening = socket.create_server(("127.0.0.1", 0))
settings = Settings(data=Path(sys.argv[1]), ping=0.5, stall=1, readers=3)
config = uvicorn.Config(
    app(settings), http="h11", ws="websockets-sansio", log_config=None,
    timeout_graceful_shutdown=5,
)
print("http://127.0.0.1:%d" % listening.getsockname()[1], flush=True)
asyncio.run(uvicorn.Server(config).serve([listening]))
"""


@contextmanager
def ordinary(data: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The application under uvicorn as anybody would run it; its address, and its process."""
    command = [sys.executable, "-c", ORDINARY, str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


@pytest.fixture
def plain(server: Server) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A second server on the same data: what is written at the first is told at both."""
    with ordinary(server.data) as plain:
        yield plain


def test_the_same_feed_under_another_server(
    plain: tuple[str, subprocess.Popen[str]], editor: httpx.Client
) -> None:
    url, process = plain
    with Reader(url, LIVE, deflate=True) as reader:
        with Events(url, LIVE) as stream:
            snapshot = reader.hears("snapshot")
            assert [message for _, message in hears(stream, 1)] == [snapshot]
            post = writes(editor, "Under another server")["id"]
            assert reader.hears("post")["id"] == post
            assert [message for _, message in hears(stream, 1)] == [reader.heard[-1]]
            assert reader.hears("hello", times=2)["resumed"] is True  # a sign of life

            with Reader(url, f"{LIVE}&since={snapshot['position']}") as another:
                assert another.hears("post")["id"] == post
                with Reader(url, LIVE) as refused:
                    assert refused.ends() == 4429
            with Reader(url, "/blogs/nowhere/live") as refused:
                assert refused.ends() == 4404
        comes_to(url, lambda now: now["readers"] == 1)
        process.terminate()
        assert reader.ends() == 1012


def test_a_socket_that_is_not_read_is_sent_away_there_too(
    plain: tuple[str, subprocess.Popen[str]], editor: httpx.Client
) -> None:
    url, _ = plain
    blog = {"slug": "big", "title": "Big", "visibility": "public"}
    editor.post("/api/blogs", json=blog).raise_for_status()
    body = [{"type": "paragraph", "content": [{"type": "text", "text": "word " * 40_000}]}]
    for _ in range(15):
        editor.post("/api/blogs/big/posts", json={"body": body}).raise_for_status()
    with Reader(url, "/blogs/big/live", buffer=TINY) as stuck:
        comes_to(url, lambda now: now["readers"] == 1)
        comes_to(url, nobody)
        assert stuck.ends() is not None


def test_a_stream_that_is_not_read_is_given_up_there_too(
    plain: tuple[str, subprocess.Popen[str]], editor: httpx.Client
) -> None:
    url, _ = plain
    blog = {"slug": "long", "title": "Long", "visibility": "public"}
    editor.post("/api/blogs", json=blog).raise_for_status()
    body = [{"type": "paragraph", "content": [{"type": "text", "text": "word " * 40_000}]}]
    for _ in range(15):
        editor.post("/api/blogs/long/posts", json={"body": body}).raise_for_status()
    with connected(url, TINY) as stuck:
        stuck.sendall(
            b"GET /blogs/long/live HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n"
        )
        comes_to(url, lambda now: now["readers"] == 1)
        comes_to(url, nobody)
