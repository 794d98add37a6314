"""The feeds: read by a kept parser, held to their specifications, followed to the end."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import fromstring

import feedparser  # type: ignore[import-untyped] # it has none
import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.corpus.schemas import atom, json_feed
from tests.newsroom import Newsroom
from tests.process import Server

FORMS = ("atom", "rss", "json")
TYPES = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("feeds") / "data")
    yield server
    server.stop()


def path(url: str) -> str:
    """What follows the host, as the server is asked for it."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def read(answer: httpx.Response, form: str) -> tuple[list[dict[str, Any]], str | None]:
    """The entries of a feed, each {id, title, url, html, author, tags, lang}, and the older page.

    The document is held to its specification on the way.
    """
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == TYPES[form]
    if form == "json":
        feed = json_feed.read(answer.content)
        assert feed.feed_url == str(answer.url)
        return [
            {
                "id": item.id,
                "title": item.title,
                "url": item.url,
                "html": item.content_html,
                "author": item.authors[0].name if item.authors else None,
                "tags": item.tags,
            }
            for item in feed.items
        ], feed.next_url
    if form == "atom":
        assert atom.faults(answer.content) == []
    parsed = feedparser.parse(answer.content, sanitize_html=False)
    assert not parsed.bozo, parsed.get("bozo_exception")
    links = {link["rel"]: link["href"] for link in parsed.feed.links}
    assert links["self"] == str(answer.url)
    return [
        {
            "id": entry.id,
            "title": entry.title,
            "url": entry.link,
            "html": entry.content[0].value,
            "author": entry.get("author"),
            "tags": [tag.term for tag in entry.get("tags", [])],
        }
        for entry in parsed.entries
    ], links.get("next")


@pytest.mark.parametrize("form", FORMS)
def test_a_feed_gives_each_post_whole(server: Server, form: str) -> None:
    with Newsroom(server, f"whole-{form}", "Fish & <chips>", language="nl") as room:
        said = "The *first* boat. [Timetable](https://example.org/t?a=1&b=2)"
        first = room.writes(said, author="Ann & Bo", tags=["harbour", "a&b"])
        room.writes("Une marée.", title="Au port", lang="fr")
        entries, older = read(room.asks(f"/feed.{form}"), form)
        assert older is None
        assert [entry["title"] for entry in entries] == ["Au port", "The first boat. Timetable"]
        entry = entries[1]
        assert entry["id"] == f"urn:uuid:{first}"
        assert entry["url"] == f"{server.url}{room.path}/posts/{first}"
        assert (entry["author"], entry["tags"]) == ("Ann & Bo", ["harbour", "a&b"])
        body = LexborHTMLParser(entry["html"])
        assert body.text(strip=True) == "Thefirstboat.Timetable"
        link = body.css_first("a")
        assert link is not None
        assert link.attributes["href"] == "https://example.org/t?a=1&b=2"


@pytest.mark.parametrize("form", FORMS)
def test_what_a_feed_shows_needs_no_page_around_it(server: Server, form: str) -> None:
    with Newsroom(server, f"pictures-{form}") as room:
        room.writes(f"![A wall](media:{room.uploads()})\n\nIt is green.", title="A wall")
        entries, _ = read(room.asks(f"/feed.{form}"), form)
        body = LexborHTMLParser(entries[0]["html"])
        picture = body.css_first("img")
        assert picture is not None
        assert room.reader.get(str(picture.attributes["src"])).status_code == 200
        for candidate in str(picture.attributes["srcset"]).split(","):
            assert candidate.strip().startswith(server.url)
        assert body.css("script, style, iframe, form") == []


@pytest.mark.parametrize("form", FORMS)
def test_its_pages_walk_the_whole_blog_while_more_is_published(server: Server, form: str) -> None:
    with Newsroom(server, f"walk-{form}") as room:
        posts = [f"urn:uuid:{room.writes(f'Number {n}.')}" for n in range(65)]
        url: str | None = f"{room.path}/feed.{form}"
        walked: list[str] = []
        while url:
            entries, url = read(room.reader.get(path(url)), form)
            walked += [entry["id"] for entry in entries]
            room.writes("One more, above.")
        assert walked == posts[::-1]


def test_its_pages_lead_back_to_the_newest(server: Server) -> None:
    with Newsroom(server, "back") as room:
        for n in range(65):
            room.writes(f"Number {n}.")
        newest = room.asks("/feed.atom")
        links = [feedparser.parse(newest.content).feed.links]
        for _ in range(2):
            older = {link.rel: link.href for link in links[-1]}["next"]
            links.append(feedparser.parse(room.reader.get(path(older)).content).feed.links)
        named = [{link.rel: link.href for link in page} for page in links]
        assert "previous" not in named[0]
        assert "next" not in named[2]
        assert named[2]["previous"] == named[1]["self"]
        assert named[1]["previous"] == named[0]["self"] == named[2]["first"]


@pytest.mark.parametrize("form", FORMS)
def test_an_id_outlives_edits_and_a_new_slug(server: Server, form: str) -> None:
    with Newsroom(server, f"ids-{form}") as room:
        post = room.writes("Before.")
        before, _ = read(room.asks(f"/feed.{form}"), form)
        room.revises(post, markdown="After.", title="Now", correction="It was not before.")
        room.changes(slug=f"renamed-{form}")
        moved = room.asks(f"/feed.{form}")
        assert moved.status_code == 307
        answer = room.reader.get(moved.headers["location"])
        after, _ = read(answer, form)
        assert after[0]["id"] == before[0]["id"]
        assert (after[0]["title"], "Before" in answer.text) == ("Now", False)
        assert "Correction:" in after[0]["html"]


def test_an_edit_moves_the_time_of_change_and_a_pin_does_not(server: Server) -> None:
    with Newsroom(server, "times") as room:
        post = room.writes("Before.", published_at="2026-05-04T12:00:00Z")

        def times() -> tuple[str, str]:
            item = json_feed.read(room.asks("/feed.json").content).items[0]
            return str(item.date_published), str(item.date_modified)

        assert times() == ("2026-05-04T12:00:00.000Z", "2026-05-04T12:00:00.000Z")
        room.editor.put(f"{room.api}/posts/{post}/pin").raise_for_status()
        assert times()[1] == "2026-05-04T12:00:00.000Z"
        room.revises(post, markdown="After.")
        assert times()[0] == "2026-05-04T12:00:00.000Z" < times()[1]


@pytest.mark.parametrize("form", FORMS)
def test_a_withdrawn_post_is_gone_with_every_word(server: Server, form: str) -> None:
    with Newsroom(server, f"gone-{form}") as room:
        post = room.writes("Quicksilver.", title="Mercury", author="Hermes", tags=["swift"])
        room.writes("Stays.")
        kept = room.asks(f"/feed.{form}").headers["etag"]
        room.retracts(post)
        answer = room.asks(f"/feed.{form}", **{"if-none-match": kept})
        entries, _ = read(answer, form)
        assert len(entries) == 1
        for word in ("Quicksilver", "Mercury", "Hermes", "swift"):
            assert word not in answer.text


def test_atom_says_what_was_withdrawn_and_when_until_it_is_back(server: Server) -> None:
    with Newsroom(server, "tombstones") as room:
        post = room.writes("A rumour.")
        room.retracts(room.writes("Never published.", status="draft"))
        assert b"deleted-entry" not in room.asks("/feed.atom").content
        room.retracts(post)
        feed = fromstring(room.asks("/feed.atom").content)
        gone = [each.attrib for each in feed.findall(atom.TOMBSTONE)]
        assert [each["ref"] for each in gone] == [f"urn:uuid:{post}"]
        assert gone[0]["when"] == feed.findtext(f"{atom.ATOM}updated")
        room.restores(post)
        answer = room.asks("/feed.atom")
        assert atom.faults(answer.content) == []
        back = fromstring(answer.content)
        assert back.findall(atom.TOMBSTONE) == []
        # Later than the tombstone: else a reader that saw both would keep it buried.
        updated = back.findtext(f"{atom.ATOM}entry/{atom.ATOM}updated") or ""
        assert updated > gone[0]["when"]


def test_a_feed_expires_with_its_blog_and_not_before(server: Server) -> None:
    with Newsroom(server, "expires") as room:
        for status, expired in (("live", False), ("ended", True), ("live", False)):
            room.turns(status)
            assert json_feed.read(room.asks("/feed.json").content).expired is expired


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("", "\u0000\u0008Bell\u0007 and \u001bescape, \ufffe\uffff"),
        ("]]> <![CDATA[ &amp; </title>", "]]> &lt;!-- --&gt; </content></entry></feed>"),
        ("مرحبا بالعالم", "سطر من اليمين إلى اليسار"),
        ("👩‍👩‍👧‍👦 🏴‍☠️", "🎉 " * 40),
        ("", "a" * 5_000),
        ("", "Word and word. " * 13_000),
    ],
    ids=["controls", "markup", "right to left", "emoji", "one long word", "200 kB"],
)
def test_whatever_was_written_can_be_read(server: Server, form: str, title: str, text: str) -> None:
    with Newsroom(server, f"odd-{form}-{len(text)}-{len(title)}") as room:
        body = [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]
        sent = {"markdown": text} if "\0" in text else {"body": body}
        room.writes(title=title, **sent)
        entries, _ = read(room.asks(f"/feed.{form}"), form)
        said = LexborHTMLParser(entries[0]["html"]).text().strip()
        assert said == ("Bell and escape," if "\0" in text else text.strip())
        shown = entries[0]["title"]
        assert shown == title or (not title and said.startswith(shown.rstrip("…")))
        assert 0 < len(shown) <= 80


@pytest.mark.parametrize("form", FORMS)
def test_only_who_may_read_the_blog_gets_its_feed(server: Server, form: str) -> None:
    with Newsroom(server, f"may-{form}", visibility="draft") as room:
        room.writes("Not yet.")
        feed = f"/feed.{form}"
        assert room.asks(feed).status_code == 404
        room.changes(visibility="restricted")
        assert room.asks(feed).status_code == 401
        theirs = room.editor.get(f"{room.path}{feed}")
        assert (theirs.status_code, theirs.headers["cache-control"]) == (200, "private, no-store")
        room.changes(visibility="unlisted")
        answer = room.asks(feed)
        assert (answer.status_code, answer.headers["x-robots-tag"]) == (200, "noindex")
    assert httpx.get(f"{server.url}/blogs/nowhere{feed}").status_code == 404


@pytest.mark.parametrize("form", FORMS)
def test_a_feed_is_sent_once_and_then_only_when_it_has_changed(server: Server, form: str) -> None:
    with Newsroom(server, f"etag-{form}") as room:
        room.writes("One.")
        first = room.asks(f"/feed.{form}")
        kept = {"if-none-match": f'"another", {first.headers["etag"]}'}
        again = room.asks(f"/feed.{form}", **kept)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == first.headers["cache-control"]
        room.writes("A draft.", status="draft")
        assert room.asks(f"/feed.{form}", **kept).status_code == 304
        head = room.reader.head(f"{room.path}/feed.{form}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(first.content))
        room.writes("Two.")
        assert room.asks(f"/feed.{form}", **kept).status_code == 200


def test_a_cursor_that_is_none_is_refused(server: Server) -> None:
    with Newsroom(server, "cursor") as room:
        assert room.asks("/feed.atom?before=<script>").status_code == 400
        empty, older = read(room.asks("/feed.atom?before=0"), "atom")
        assert (empty, older) == ([], None)
