"""How many are reading, as two real servers on one storage tell it to their sockets."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.process import PATIENCE, Server


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two servers on one data directory."""
    servers = [Server(tmp_path / "data"), Server(tmp_path / "data")]
    yield servers[0], servers[1]
    for server in servers:
        server.stop()


def reading(server: Server) -> ClientConnection:
    return connect(f"{server.url.replace('http', 'ws')}/blogs/day/live?as=json")


def number(socket: ClientConnection) -> int:
    """The next number that a socket is told."""
    while (message := msgspec.json.decode(socket.recv(timeout=PATIENCE)))["type"] != "viewers":
        pass
    return int(message["count"])


def hears(socket: ClientConnection, wanted: int) -> None:
    """Numbers on the way there may be told too: not all come or go at the same moment."""
    while number(socket) != wanted:
        pass


def shows(editor: httpx.Client, viewers: bool) -> None:
    patched = editor.patch("/api/blogs/day", json={"show_viewers": viewers})
    assert patched.json()["show_viewers"] is viewers


def test_desk_and_audience_of_two_servers_are_told_the_sum(pair: tuple[Server, Server]) -> None:
    one, other = pair
    sent = {"slug": "day", "title": "Day", "visibility": "public", "show_viewers": True}
    with one.client() as editor:
        assert editor.post("/api/blogs", json=sent).json()["show_viewers"] is True
        headers = {"authorization": editor.headers["authorization"]}
        desk_url = f"{one.url.replace('http', 'ws')}/desk/day/live"
        with connect(desk_url, additional_headers=headers) as desk:
            assert number(desk) == 0
            # Readers are told at most once in some seconds: only once all are here.
            shows(editor, False)
            with reading(one) as reader, reading(other), reading(other) as last:
                hears(desk, 3)
                shows(editor, True)
                hears(reader, 3)
                hears(last, 3)
                shows(editor, False)
            hears(desk, 0)
            with reading(one) as late:
                hello = msgspec.json.decode(late.recv(timeout=PATIENCE))
                assert hello["viewers"] is None
