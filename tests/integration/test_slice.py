"""The way of one post: API, log, projection, socket, and the log replayed."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.process import Server, liveblog


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("slice") / "data") as server:
        yield server


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
        f"- withdrawn: a post of {written['published_at'][11:16]}",
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


def test_a_retry_does_not_do_later_what_there_was_no_need_to_do_at_first(server: Server) -> None:
    with server.client() as editor:
        editor.post("/api/blogs", json={"slug": "already", "title": "Already"})
        post = editor.post("/api/blogs/already/posts", json={"title": "Said"}).json()["id"]
        status = f"/api/blogs/already/posts/{post}/status"
        again = {"if-match": "*", "idempotency-key": "publish"}
        assert editor.put(status, json={"status": "published"}, headers=again).status_code == 200
        editor.put(status, json={"status": "retracted"}, headers={"if-match": "*"})
        retried = editor.put(status, json={"status": "published"}, headers=again)
        assert retried.json()["version"] == 1
        assert editor.get(f"/blogs/already/posts/{post}").status_code == 404


def test_a_refused_request_leaves_no_slug_behind(server: Server) -> None:
    with server.client() as admin:
        admin.post("/api/blogs", json={"slug": "mine", "title": "Mine"}).raise_for_status()
        admin.put("/api/blogs/mine/status", json={"status": "live"}).raise_for_status()
        refused = admin.patch("/api/blogs/mine", json={"slug": "other", "visibility": "draft"})
        assert refused.status_code == 409
        assert admin.get("/api/blogs/other").status_code == 404
        assert admin.patch("/api/blogs/mine", json={"slug": "moved"}).status_code == 200
        moved = admin.get("/api/blogs/mine")
        assert (moved.status_code, moved.headers["location"]) == (307, "/api/blogs/moved")
        assert admin.post("/api/blogs", json={"slug": "mine", "title": "2"}).status_code == 409


def test_a_picture_stays_where_another_blog_shows_it(server: Server) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "olive").save(file, "PNG")
    with server.client() as editor:
        posts = {}
        for slug in ("shows", "withdraws"):
            editor.post("/api/blogs", json={"slug": slug, "title": slug})
            url = f"/api/blogs/{slug}"
            picture = editor.post(f"{url}/media", content=file.getvalue()).json()
            sent = {"markdown": f"![Olive](media:{picture['id']})"}
            posts[slug] = editor.post(f"{url}/posts", json=sent).json()["id"]
        editor.put(
            f"/api/blogs/withdraws/posts/{posts['withdraws']}/status",
            json={"status": "retracted"},
            headers={"if-match": "*"},
        ).raise_for_status()
        assert editor.get(picture["url"]).status_code == 200


def test_a_time_no_calendar_can_show_is_refused(server: Server) -> None:
    with server.client() as editor:
        editor.post("/api/blogs", json={"slug": "times", "title": "Times"})
        for time in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"):
            sent = {"title": "When?", "published_at": time}
            answer = editor.post("/api/blogs/times/posts", json=sent)
            assert answer.status_code == 422
            assert "$.published_at" in answer.text
        assert editor.get("/blogs/times", params={"before": "€"}).status_code == 400


def test_readers_of_a_blog_that_becomes_restricted_are_sent_away(server: Server) -> None:
    with server.client() as editor:
        sent = {"slug": "day2", "title": "Day", "visibility": "public"}
        editor.post("/api/blogs", json=sent).raise_for_status()
        with connect(f"{server.url.replace('http', 'ws')}/blogs/day2/live") as socket:
            receives(socket)
            receives(socket)
            editor.patch("/api/blogs/day2", json={"visibility": "restricted"}).raise_for_status()
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=10)
            assert closed.value.rcvd
            assert closed.value.rcvd.code == 1012, "whoever still may read it comes back"
        with (
            connect(f"{server.url.replace('http', 'ws')}/blogs/day2/live") as stranger,
            pytest.raises(ConnectionClosed) as closed,
        ):
            stranger.recv(timeout=10)
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 4401


def test_an_open_event_stream_does_not_hold_up_the_end_of_the_server(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        with server.client() as editor:
            sent = {"slug": "day", "title": "Day", "visibility": "public"}
            editor.post("/api/blogs", json=sent).raise_for_status()
            accept = {"accept": "text/event-stream"}
            with httpx.stream("GET", f"{server.url}/blogs/day/live", headers=accept) as stream:
                lines = stream.iter_lines()
                while not next(lines).startswith("id:"):
                    pass
                server.process.terminate()
                told = [line for line in lines if line.startswith("data:") and len(line) > 5]
                assert not told[1:]
        assert server.stop() == 0


def test_a_fresh_page_says_what_the_blog_is_called_by_now(server: Server) -> None:
    with server.client() as editor:
        sent = {"slug": "named", "title": "Before", "visibility": "public"}
        editor.post("/api/blogs", json=sent).raise_for_status()
        editor.patch("/api/blogs/named", json={"title": "After"}).raise_for_status()
    with connect(f"{server.url.replace('http', 'ws')}/blogs/named/live?since=1-1") as socket:
        assert receives(socket)["resumed"] is False
        assert receives(socket)["title"] == "After"
