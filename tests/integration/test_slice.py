"""The way of one post: API, log, projection, socket, and the log replayed."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.process import Server, liveblog


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("slice") / "data")
    yield server
    server.stop()


def reader(server: Server, query: str) -> ClientConnection:
    return connect(f"{server.url.replace('http', 'ws')}/blogs/day/live{query}")


def receives(socket: ClientConnection) -> Any:
    return msgspec.json.decode(socket.recv(timeout=10))


def test_a_paragraph_goes_from_the_api_to_the_socket_and_is_replayed(server: Server) -> None:
    with server.client() as editor:
        editor.post("/api/blogs", json={"slug": "day", "title": "A day"}).raise_for_status()
        editor.put("/api/blogs/day/status", json={"status": "live"}).raise_for_status()
        with reader(server, "?as=json") as socket:
            assert receives(socket)["resumed"] is False
            before = receives(socket)
            assert (before["type"], before["posts"]) == ("snapshot", [])

            written = editor.post(
                "/api/blogs/day/posts", json={"title": "Doors", "markdown": "They are *open*."}
            ).json()
            message = receives(socket)
            assert message["type"] == "post"
            assert message["after"] == before["position"]
            assert message["post"]["html"] == '<p dir="auto">They are <em>open</em>.</p>'
            assert message["id"] == written["id"]

            gone = editor.put(
                f"/api/blogs/day/posts/{written['id']}/status",
                json={"status": "retracted", "note": "They were not."},
                headers={"if-match": "*"},
            )
            assert gone.json()["status"] == "retracted"
            assert receives(socket)["type"] == "retract"

        with reader(server, f"?as=json&since={message['position']}") as socket:
            assert receives(socket)["resumed"] is True
            assert receives(socket)["id"] == written["id"]

        again = editor.post("/api/blogs/day/posts", json={"title": "Now", "markdown": "Really."})
        assert again.status_code == 201
        assert "Really." in editor.get("/blogs/day").text
        assert "They are" not in editor.get("/blogs/day").text

    lines = liveblog("replay", "day", data=server.data).splitlines()
    assert [line.split("  ", 1)[1] for line in lines if not line.startswith("---")] == [
        "[upcoming] A day",
        "[live] A day",
        "+ Doors",
        f"- withdrawn {written['id']}",
        "+ Now",
    ]


def test_a_write_repeated_with_its_key_is_done_once(server: Server) -> None:
    with server.client() as editor:
        editor.post("/api/blogs", json={"slug": "keys", "title": "Keys"}).raise_for_status()
        key = {"idempotency-key": "the same"}
        first = editor.post("/api/blogs/keys/posts", json={"title": "Once"}, headers=key)
        again = editor.post("/api/blogs/keys/posts", json={"title": "Once"}, headers=key)
        other = editor.post("/api/blogs/keys/posts", json={"title": "Twice"}, headers=key)
        assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
        assert first.content == again.content
        assert len(editor.get("/api/blogs/keys/posts").json()["posts"]) == 1


def test_the_retry_is_answered_as_the_first_try_though_the_post_has_changed_since(
    server: Server,
) -> None:
    with server.client() as editor:
        editor.post("/api/blogs", json={"slug": "retry", "title": "Retry"}).raise_for_status()
        key = {"idempotency-key": "one"}
        first = editor.post("/api/blogs/retry/posts", json={"title": "One"}, headers=key)
        post = f"/api/blogs/retry/posts/{first.json()['id']}"
        revised = {"if-match": first.headers["etag"], "idempotency-key": "two"}
        changed = editor.patch(post, json={"title": "Two"}, headers=revised)
        assert changed.json()["version"] == 2
        assert editor.patch(post, json={"title": "Two"}, headers=revised).content == changed.content
        again = editor.post("/api/blogs/retry/posts", json={"title": "One"}, headers=key)
        assert again.content == first.content


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"markdwn": "x"}, 422, "markdwn"),
        ({}, 422, "a post needs a title or a body"),
        ({"markdown": "x", "html": "y"}, 422, "$.html"),
        ({"title": "x", "published_at": "soon"}, 422, "$.published_at"),
        ({"title": "x", "status": "scheduled"}, 422, "$.publish_at"),
        ({"body": [{"type": "heading", "attrs": {"level": 9}}]}, 422, "$.body[0].attrs.level"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(
    server: Server, sent: dict[str, object], status: int, said: str
) -> None:
    with server.client() as editor:
        editor.post("/api/blogs", json={"slug": "bad", "title": "Bad"})
        position = editor.get("/api/blogs/bad").json()["position"]
        answer = editor.post("/api/blogs/bad/posts", json=sent)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert said in answer.text
        assert editor.get("/api/blogs/bad").json()["position"] == position


def test_a_picture_goes_with_its_post_and_comes_back_with_it(server: Server) -> None:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(file, "JPEG")
    with server.client() as editor:
        editor.post("/api/blogs", json={"slug": "pictures", "title": "Pictures"})
        picture = editor.post("/api/blogs/pictures/media", content=file.getvalue()).json()
        sent = {"markdown": f"![A teal wall](media:{picture['id']})"}
        post = editor.post("/api/blogs/pictures/posts", json=sent).json()
        assert post["body"][0]["attrs"]["width"] == 400
        assert editor.get(picture["url"]).headers["content-type"] == "image/jpeg"

        status = f"/api/blogs/pictures/posts/{post['id']}/status"
        any_version = {"if-match": "*"}
        editor.put(status, json={"status": "retracted"}, headers=any_version).raise_for_status()
        assert editor.get(picture["url"]).status_code == 404
        editor.put(status, json={"status": "published"}, headers=any_version).raise_for_status()
        assert editor.get(picture["url"]).status_code == 200


def test_the_past_shows_the_page_as_it_was_but_not_what_was_withdrawn_since(
    server: Server,
) -> None:
    with server.client() as editor:
        editor.post("/api/blogs", json={"slug": "past", "title": "Past"}).raise_for_status()
        kept, gone = (
            editor.post("/api/blogs/past/posts", json={"title": title}).json()
            for title in ("As first told", "Wrong")
        )
        then = gone["position"]
        post = f"/api/blogs/past/posts/{kept['id']}"
        editor.patch(post, json={"title": "As told later"}, headers={"if-match": "*"})
        editor.put(
            f"/api/blogs/past/posts/{gone['id']}/status",
            json={"status": "retracted"},
            headers={"if-match": "*"},
        )
        past = editor.get("/api/blogs/past/posts", params={"at": then}).json()["posts"]
        assert [(p["title"], p["status"]) for p in past] == [
            ("", "retracted"),
            ("As first told", "published"),
        ]
        now = editor.get("/api/blogs/past/posts").json()["posts"]
        assert [p["title"] for p in now] == ["As told later"]
        nonsense = editor.get("/api/blogs/past/posts", params={"at": "yesterday"})
        assert nonsense.status_code == 400
        assert "2026-05-04T14:00:00Z" in nonsense.text
