"""A write that must reach a replica is not acknowledged while there is none to reach."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis import Redis

from tests.faults.storage import Valkey
from tests.process import Server


@pytest.fixture
def replica(valkey: Valkey, tmp_path: Path) -> Iterator[Valkey]:
    """A second Valkey that follows the first."""
    of = ("--replicaof", "127.0.0.1", str(valkey.port))
    replica = Valkey(tmp_path / "replica", *of)
    yield replica
    replica.kill()


def follows(valkey: Valkey) -> bool:
    """Whether the replica has confirmed everything; waits for it up to half a minute."""
    with Redis(port=valkey.port) as redis:
        redis.set("here", "now")
        return bool(redis.execute_command("WAIT", 1, 30_000))


@pytest.fixture
def server(valkey: Valkey, replica: Valkey, data: Path) -> Iterator[Server]:  # noqa: ARG001 - started before it
    assert follows(valkey)
    with Server(data, LIVEBLOG_REPLICAS="1") as server:
        yield server


def entries_of(client: httpx.Client) -> int:
    return len(client.get("/api/blogs/day/log").text.splitlines())


def test_without_its_replica_a_write_and_its_retry_answer_503_until_it_is_back(
    server: Server, replica: Valkey, valkey: Valkey
) -> None:
    with server.client() as editor:
        editor.post("/api/blogs", json={"slug": "day", "title": "Day"}).raise_for_status()
        draft = {"title": "A draft", "status": "draft"}
        post = editor.post("/api/blogs/day/posts", json=draft).raise_for_status().json()["id"]
        before = entries_of(editor)
        writes = {
            "a post": ("POST", "/api/blogs/day/posts", {"title": "Doors"}, 201),
            "a publication": (
                "PUT",
                f"/api/blogs/day/posts/{post}/status",
                {"status": "published"},
                200,
            ),
            "a pin": ("PUT", f"/api/blogs/day/posts/{post}/pin", None, 200),
        }

        def send(key: str) -> httpx.Response:
            method, path, body, _ = writes[key]
            headers = {"idempotency-key": key, "if-match": "*"}
            return editor.request(method, path, json=body, headers=headers)

        replica.pause()
        for key in writes:
            for attempt in range(2):
                answer = send(key)
                assert answer.status_code == 503, (key, attempt, answer.text)
                assert "0 of 1 replicas" in answer.text
        replica.resume()
        assert follows(valkey)
        for key, (*_, status) in writes.items():
            assert send(key).status_code == status
            assert send(key).content == send(key).content
        assert entries_of(editor) == before + len(writes)
