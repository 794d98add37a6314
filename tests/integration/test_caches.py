"""A caching nginx in front of a real server: what was withdrawn does not come back out of it."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.newsroom import Newsroom
from tests.ports import quiet_port
from tests.process import Server
from tests.programs import program

PATIENCE = 20.0
"""Seconds for what takes one, on a loaded machine."""
WORD, NAME = "Quicksilver", "Mercury"
"""What the post says and is called."""

CONFIGURATION = """
{user}
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/cache levels=1 keys_zone=pages:1m;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {upstream};
            proxy_set_header Host $http_host;
            proxy_cache pages;
            proxy_cache_revalidate on;
            add_header X-Cache $upstream_cache_status always;
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("caches") / "data", "--workers", "2")
    yield server
    server.stop()


@pytest.fixture
def cache(server: Server, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of the cache: it honours Cache-Control and asks again with the validator it has."""
    nginx = program("nginx")
    if nginx is None:
        pytest.skip("no caching proxy here: install the package nginx")
    port = quiet_port()
    user = "user root;" if os.geteuid() == 0 else ""
    file = tmp_path / "nginx.conf"
    file.write_text(
        CONFIGURATION.format(user=user, folder=tmp_path, port=port, upstream=server.url)
    )
    command = [nginx, "-p", str(tmp_path), "-c", str(file), "-e", "stderr"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            until(lambda: _listens(port))
            yield client
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def until(holds: Callable[[], bool]) -> None:
    """Ask again and again, up to PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.02)


def views(room: Newsroom, post: str, picture: str) -> list[str]:
    """Every address at which the audience may be given the post or its picture."""
    position = room.editor.get(room.api).json()["position"]
    page = room.reader.get(room.path).text
    assert WORD in page
    return [
        room.path,
        f"{room.path}?before=ffffffffffff-ffffffffff",
        f"{room.path}/posts/{post}",
        f"{room.path}/feed.atom",
        f"{room.path}/feed.rss",
        f"{room.path}/feed.json",
        f"{room.path}/record",
        f"{room.path}/record?post={post}",
        f"{room.api}/record",
        f"{room.api}/changes",
        f"{room.api}/changes?as=html",
        f"{room.api}/changes?since={position.partition('-')[0]}-1",
        f"{room.api}/posts",
        f"{room.api}/posts/{post}",
        f"/media/{picture}.png",
        f"/media/{picture}-320.png",
    ]


def tells(answer: httpx.Response) -> bool:
    """Whether an answer gives the words or the picture, or says that those one has still hold."""
    kind = answer.headers.get("content-type", "")
    given = WORD in answer.text or NAME in answer.text or kind.startswith("image/")
    return answer.status_code == 304 or given


def until_all_know(server: Server, path: str) -> None:
    """Until no worker gives it any more: one that has not heard yet may give it to the cache again.

    Which of them is asked is up to the kernel, for each connection anew.
    """
    until(lambda: not any(tells(asked_anew(server, path)) for _ in range(20)))


def asked_anew(server: Server, path: str) -> httpx.Response:
    """The answer on a connection of its own."""
    return httpx.get(f"{server.url}{path}", timeout=PATIENCE)


def until_cached(cache: httpx.Client, path: str) -> None:
    until(lambda: cache.get(path).headers["x-cache"] == "HIT")


def until_gone(cache: httpx.Client, path: str) -> None:
    until(lambda: not tells(cache.get(path)))


def test_what_was_withdrawn_never_comes_back_out_of_a_cache(
    server: Server, cache: httpx.Client
) -> None:
    with Newsroom(server, "cached") as room:
        picture = room.uploads()
        room.writes("This stays.")
        post = room.writes(f"{WORD}.\n\n![Silver](media:{picture})", title=NAME)
        paths = views(room, post, picture)
        kept: dict[str, str] = {}
        for path in paths:
            answer = cache.get(path)
            assert tells(answer), path
            kept[path] = answer.headers["etag"]
            if "public" in answer.headers["cache-control"]:
                until_cached(cache, path)

        room.retracts(post)
        until_all_know(server, room.path)
        until_all_know(server, f"/media/{picture}.png")
        for path in paths:
            until_gone(cache, path)
            again = cache.get(path, headers={"if-none-match": kept[path]})
            assert not tells(again), path
        # Also not once the cache has asked again, and was told that what it has now still holds.
        for path in paths:
            for _ in range(3):
                assert not tells(cache.get(path)), path
        until(lambda: cache.get(room.path).headers["x-cache"] == "REVALIDATED")
        assert WORD not in cache.get(room.path).text


def test_both_forms_of_a_page_leave_the_cache(server: Server, cache: httpx.Client) -> None:
    with Newsroom(server, "forms") as room:
        room.writes("This stays.")
        post = room.writes(f"{WORD}.")
        room.asks()  # from here on it is compressed too, by this worker

        def asks(coding: str) -> httpx.Response:
            return cache.get(room.path, headers={"accept-encoding": coding})

        for coding, encodings in (("gzip", {"gzip", None}), ("identity", {None})) * 2:
            assert WORD in asks(coding).text
            assert asks(coding).headers.get("content-encoding") in encodings
        room.retracts(post)
        until_all_know(server, room.path)
        for coding in ("gzip", "identity"):
            until(lambda coding=coding: not tells(asks(coding)))  # type: ignore[misc]
        for coding in ("gzip", "identity") * 3:
            assert not tells(asks(coding))


def test_a_cache_spares_the_server(server: Server, cache: httpx.Client) -> None:
    with Newsroom(server, "spared") as room:
        room.writes("This stays.")
        seen: set[str] = set()

        def asked() -> bool:
            seen.add(cache.get(f"{room.path}/feed.atom").headers["x-cache"])
            return {"MISS", "HIT", "REVALIDATED"} <= seen

        until(asked)


def test_what_is_for_some_is_in_no_cache(server: Server, cache: httpx.Client) -> None:
    with Newsroom(server, "for-some", visibility="restricted") as room:
        room.writes(f"{WORD}.")
        token = {"authorization": room.editor.headers["authorization"]}
        for path in (room.path, f"{room.path}/feed.atom", f"{room.api}/changes"):
            for _ in range(2):
                answer = cache.get(path, headers=token)
                assert (WORD in answer.text, answer.headers["x-cache"]) == (True, "MISS")
            assert cache.get(path).status_code == 401


def test_a_blog_that_is_closed_to_the_public_leaves_the_caches(
    server: Server, cache: httpx.Client
) -> None:
    with Newsroom(server, "closing") as room:
        room.writes(f"{WORD}.")
        for path in (room.path, f"{room.path}/feed.json"):
            assert WORD in cache.get(path).text
        room.changes(visibility="restricted")
        until_all_know(server, room.path)
        for path in (room.path, f"{room.path}/feed.json"):
            until_gone(cache, path)
            assert cache.get(path).status_code == 401
