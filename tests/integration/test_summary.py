"""The summary of a blog, its video cards and tags: over the API, on the wire, on the page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.newsroom import Newsroom
from tests.process import Server, liveblog

LINES = "- **Open:** since six\n- Rain is *likely*"
HTML = (
    '<ul dir="auto"><li><strong>Open:</strong> since six</li><li>Rain is <em>likely</em></li></ul>'
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("summary") / "data") as server:
        yield server


def blog(room: Newsroom) -> dict[str, Any]:
    told: dict[str, Any] = room.reader.get(room.api).raise_for_status().json()
    return told


def changes(room: Newsroom, since: str = "") -> list[dict[str, Any]]:
    asked = {"since": since} if since else {}
    told: list[dict[str, Any]] = room.reader.get(f"{room.api}/changes", params=asked).json()
    return told


def test_a_summary_is_written_as_markdown_and_read_as_both(server: Server) -> None:
    with Newsroom(server, "told") as room:
        assert (blog(room)["summary"], blog(room)["summary_html"]) == ("", "")
        room.changes(summary=LINES)
        assert (blog(room)["summary"], blog(room)["summary_html"]) == (LINES, HTML)
        before = blog(room)["position"]
        room.changes(summary=LINES)
        assert blog(room)["position"] == before
        room.changes(summary="")
        assert blog(room)["summary_html"] == ""


def test_a_blog_may_be_opened_with_a_summary(server: Server) -> None:
    with Newsroom(server, "opened", summary=LINES) as room:
        assert blog(room)["summary_html"] == HTML
        page = LexborHTMLParser(room.asks().text)
        (box,) = page.css("#summary .body")
        assert box.inner_html == HTML


def test_at_a_posts_own_address_it_is_folded_so_that_the_post_is_nearer(server: Server) -> None:
    with Newsroom(server, "folded", summary=LINES) as room:
        post = room.writes("It floats.")
        for path, unfolded in (("", True), (f"/posts/{post}", False)):
            (box,) = LexborHTMLParser(room.asks(path).text).css("#summary details")
            assert ("open" in box.attributes) is unfolded


def test_readers_are_told_of_it_with_the_blog(server: Server) -> None:
    with Newsroom(server, "wired") as room:
        since = blog(room)["position"]
        room.changes(summary=LINES)
        (told,) = [each for each in changes(room, since) if each["type"] == "blog"]
        assert told["summary"] == HTML
        (snapshot,) = [each for each in changes(room) if each["type"] == "snapshot"]
        assert snapshot["summary"] == HTML


def test_what_is_wrong_with_it_is_told_and_changes_nothing(server: Server) -> None:
    with Newsroom(server, "wrong", summary=LINES) as room:
        for wrong, why in (
            ("# A heading", "paragraphs and lists alone"),
            ("- x\n" * 9, "9 lines; at most 8"),
            ("x" * 1_501, "1,501 characters; at most 1,500"),
            ("x" * 10_001, "10000"),
        ):
            answer = room.editor.patch(room.api, json={"summary": wrong})
            assert answer.status_code == 422
            (fault,) = answer.json()["faults"]
            assert fault["path"] == "$.summary"
            assert why in fault["message"]
        assert blog(room)["summary"] == LINES


def test_the_import_brings_a_summary_and_what_a_video_says_to_those_who_do_not_hear_it(
    server: Server, tmp_path: Path
) -> None:
    day = tmp_path / "fair.jsonl"
    film = {
        "url": "https://video.example/1.mp4",
        "captions": "https://video.example/1.vtt",
        "transcript": "https://video.example/1.html",
    }
    post = {"title": "The lock", "at": "2025-06-24T09:00:00Z", "video": film}
    day.write_text(
        f"{json.dumps({'blog': {'slug': 'fair', 'summary': LINES}})}\n{json.dumps(post)}\n"
    )
    liveblog("import", str(day), data=server.data)
    with server.client() as reader:
        assert reader.get("/api/blogs/fair").json()["summary"] == LINES
        (said,) = reader.get("/api/blogs/fair/posts").json()["posts"]
        assert said["body"] == [{"type": "video", "attrs": film}]
        # A feed's reader has no script of ours: links, and nothing that would load.
        assert "data-player" not in said["html"] + reader.get("/blogs/fair/feed.atom").text
        page = LexborHTMLParser(reader.get("/blogs/fair").text)
        (card,) = page.css("article .card")
        assert card.attributes["data-player"] == film["url"]
        assert [link.text() for link in card.css(".also a")] == ["Captions", "Transcript"]


def test_only_pages_of_posts_may_frame_others_and_over_https_alone(server: Server) -> None:
    with Newsroom(server, "framed") as room:
        post = room.writes("A post.")
        for path in ("", f"/posts/{post}", "/embed"):
            policy = room.asks(path).headers["content-security-policy"].split("; ")
            assert {"frame-src https:", "media-src https:"} <= set(policy)
            assert not [each for each in policy if "unsafe" in each]
        assert "frame-src" not in room.reader.get("/").headers["content-security-policy"]


def test_a_tag_of_a_post_leads_to_the_others_and_no_feed_has_the_link(server: Server) -> None:
    with Newsroom(server, "tagged") as room:
        room.writes("A post.", tags=["food & drink"])
        (link,) = LexborHTMLParser(room.asks().text).css("article .tags a")
        address = link.attributes["href"] or ""
        assert (address, link.attributes["rel"]) == ("/blogs/tagged?tag=food+%26+drink", "tag")
        assert "A post." in room.reader.get(address).text
        for feed in ("feed.atom", "feed.rss", "feed.json"):
            assert "?tag=" not in room.asks(f"/{feed}").text
