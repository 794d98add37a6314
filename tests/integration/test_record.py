"""The record over HTTP: as a page, as data, of one post, in pages, and who may see which of it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.newsroom import ANY, Newsroom
from tests.process import Server, liveblog


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("record") / "data") as server:
        yield server


def parsed(room: Newsroom, query: str = "") -> LexborHTMLParser:
    answer = room.asks(f"/record{query}")
    assert answer.status_code == 200
    return LexborHTMLParser(answer.text)


def deeds(page: LexborHTMLParser) -> list[LexborNode]:
    return page.css("li.deed")


def heard(node: LexborNode) -> str:
    """What a screen reader reads out, hidden words included."""
    return " ".join(node.text().split())


def told(room: Newsroom, **asked: str) -> dict[str, Any]:
    answer = room.reader.get(f"{room.api}/record", params=asked).raise_for_status()
    assert answer.headers["content-type"] == "application/json"
    return dict(answer.json())


def test_a_correction_is_told_in_words_that_are_seen_and_heard(server: Server) -> None:
    with Newsroom(server, "fair", "The fair", language="de") as room:
        post = room.writes("Die Fähre fährt um neun.", title="Fähre")
        room.revises(post, markdown="Die Fähre fährt um zehn.", correction="Um zehn.")
        deed, published, opened = deeds(parsed(room))
        assert [heard(each.css(".kinds")[0]) for each in (deed, published, opened)] == [
            "Korrigiert",
            "Veröffentlicht",
            "Seite eröffnet",
        ]
        assert heard(deed.css("dd.body")[0]) == (
            "Die Fähre fährt um entfernt: neun Ende der Änderung "
            "eingefügt: zehn Ende der Änderung ."
        )
        assert heard(deed.css(".correction")[0]) == "Korrektur: Um zehn."
        [link] = deed.css("h2 a")
        assert room.reader.get(str(link.attributes["href"])).status_code == 200
        assert published.css("del, ins") == []
        assert heard(published.css("dd.body")[0]) == "Die Fähre fährt um neun."


def test_an_edited_mark_leads_to_the_record_of_its_post(server: Server) -> None:
    with Newsroom(server, "marks") as room:
        post = room.writes("Nine.")
        room.writes("Something else.")
        room.revises(post, markdown="Ten.")
        [link] = LexborHTMLParser(room.asks().text).css(".edited a")
        page = LexborHTMLParser(room.reader.get(str(link.attributes["href"])).text)
        assert [heard(deed.css(".kinds")[0]) for deed in deeds(page)] == ["Edited", "Published"]
        assert [str(a.attributes["href"]) for a in page.css("#tools a")][
            -1
        ] == f"{room.path}/record"


def test_what_was_withdrawn_is_in_no_version_of_the_record(server: Server) -> None:
    with Newsroom(server, "gone") as room:
        post = room.writes("Quicksilver.", title="Mercury", tags=["metal"], author="Ann Onym")
        room.revises(post, markdown="Quicksilver again.", correction="More Quicksilver.")
        room.retracts(post)
        for text in (room.asks("/record").text, json.dumps(told(room))):
            for word in ("Quicksilver", "Mercury", "metal", "Onym"):
                assert word not in text
        words = [entry["words"] for entry in told(room)["entries"]]
        assert words == ["withheld", "withheld", "withheld", "shown"]
        room.restores(post)
        assert "Quicksilver" in room.asks("/record").text


def test_a_text_that_may_stay_stays_and_the_reason_is_the_desks(server: Server) -> None:
    with Newsroom(server, "stays") as room:
        post = room.writes("The bell rang.")
        sent = {"status": "retracted", "keep_text": True, "note": "Nobody heard it."}
        path = f"{room.api}/posts/{post}/status"
        room.editor.put(path, json=sent, headers=ANY).raise_for_status()
        assert "The bell rang." in room.asks("/record").text
        assert "Nobody heard it" not in room.asks("/record").text + json.dumps(told(room))


def test_each_entry_shows_the_digest_that_the_exported_log_has(
    server: Server, tmp_path: Path
) -> None:
    with Newsroom(server, "proof") as room:
        room.revises(room.writes("Nine."), markdown="Ten.")
        liveblog("export", "proof", str(tmp_path / "log"), data=server.data)
        lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        digests = {
            line["position"]: hashlib.sha256(line["head"].encode()).hexdigest()
            for line in lines
            if line["type"] == "entry"
        }
        shown = {str(deed.id): heard(deed.css("code")[0]) for deed in deeds(parsed(room))}
        assert shown == digests
        assert {entry["position"]: entry["hash"] for entry in told(room)["entries"]} == digests


def test_every_page_and_every_entry_has_an_address_that_works(server: Server) -> None:
    with Newsroom(server, "pages") as room:
        posts = [room.writes(f"Number {n}.") for n in range(64)]
        for sort in ("newest", "oldest"):
            query, seen = f"?sort={sort}", []
            while query:
                page = parsed(room, query)
                seen += [str(deed.id) for deed in deeds(page)]
                on = page.css_first("a[rel=next]")
                query = str(on.attributes["href"]).partition("/record")[2] if on else ""
            numbers = [int(id.split("-")[1]) for id in seen]
            assert numbers == (list(range(65, 0, -1)) if sort == "newest" else list(range(1, 66)))
        page = parsed(room, f"?from={seen[30]}&sort=oldest")
        assert str(deeds(page)[0].id) == seen[30]
        for link in page.css("a[rel=prev], .proof a, #tools a"):
            assert room.reader.get(str(link.attributes["href"])).status_code == 200
        [entry] = told(room, post=posts[40])["entries"]
        assert entry["url"].endswith(f"#{entry['position']}")
        first = deeds(LexborHTMLParser(room.reader.get(entry["url"]).text))[0]
        assert str(first.id) == entry["position"]


def test_the_data_goes_on_where_a_page_of_it_ended(server: Server) -> None:
    with Newsroom(server, "data") as room:
        room.turns("live")
        post = room.writes("It left at nine.", title="Ferry")
        room.revises(post, markdown="It left at ten.")
        [edit] = (first := told(room, limit="1"))["entries"]
        assert edit["changes"] == [
            {
                "part": "body",
                "diff": [
                    ["same", "It left at "],
                    ["removed", "nine"],
                    ["inserted", "ten"],
                    ["same", "."],
                ],
            }
        ]
        assert (edit["kinds"], edit["post"], edit["title"]) == (["edited"], post, "Ferry")
        rest = told(room, **{"from": first["next"]})
        assert [entry["kinds"] for entry in rest["entries"]] == [
            ["published"],
            ["live"],
            ["opened"],
        ]
        assert rest["next"] is None
        assert rest["position"] == edit["position"]
        alternate = parsed(room).css_first('link[rel=alternate][type="application/json"]')
        assert alternate is not None
        assert room.reader.get(str(alternate.attributes["href"])).json()["next"] is None


def test_what_cannot_be_is_refused_by_name(server: Server) -> None:
    with Newsroom(server, "refused") as room:
        draft = room.writes("Not yet.", status="draft")
        position = room.editor.get(room.api).json()["position"]
        epoch = position.split("-")[0]
        for query, status, why in (
            ("sort=random", 400, "newest or oldest"),
            ("from=yesterday", 400, "is not a position"),
            (f"from={epoch}-999", 404, "no entry"),
            (f"from={int(epoch) - 1}-1", 404, "no entry"),
            (f"post={draft}", 404, "has no post"),
            ("post=%00", 404, "has no post"),
            ("limit=0", 400, "limit takes a number"),
            ("limit=101", 400, "limit takes a number from 1 to 100"),
        ):
            answer = room.reader.get(f"{room.api}/record?{query}")
            assert (answer.status_code, why in answer.json()["detail"]) == (status, True), query


def test_caches_keep_it_for_a_second_and_are_told_when_it_still_holds(server: Server) -> None:
    with Newsroom(server, "cached") as room:
        post = room.writes("One.")
        for path in (
            f"{room.path}/record",
            f"{room.api}/record",
            f"{room.path}/record?post={post}",
        ):
            first = room.reader.get(path)
            assert "s-maxage=1" in first.headers["cache-control"]
            asked = {"if-none-match": first.headers["etag"]}
            again = room.reader.get(path, headers=asked)
            assert (again.status_code, again.content) == (304, b"")
            room.revises(post, markdown=f"Of {path}.")
            assert room.reader.get(path, headers=asked).status_code == 200


def test_where_the_past_is_for_editors_so_is_the_record(server: Server) -> None:
    with Newsroom(server, "closed") as room:
        room.revises(room.writes("Nine."), markdown="Ten.")
        assert room.asks("/record").status_code == 200
        etag = room.asks("/record").headers["etag"]
        room.changes(past_public=False)
        for path in (f"{room.path}/record", f"{room.api}/record"):
            for headers in ({}, {"if-none-match": etag}):
                assert room.reader.get(path, headers=headers).status_code == 403
            assert room.editor.get(path).headers["cache-control"] == "private, no-store"
        assert "/record" not in room.asks().text


def test_a_record_is_read_by_whoever_may_read_the_page(server: Server) -> None:
    with Newsroom(server, "some", visibility="restricted") as room:
        room.writes("Between us.")
        assert room.asks("/record").status_code == 401
        answer = room.editor.get(f"{room.path}/record")
        assert "Between us." in answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        assert '<meta name="robots" content="noindex">' in answer.text


def test_hostile_words_stay_words(server: Server) -> None:
    with Newsroom(server, "hostile", "<script>alert(1)</script>") as room:
        words = "</del><script>alert(1)</script><ins onclick=x>"
        sent = [{"type": "paragraph", "content": [{"type": "text", "text": words}]}]
        post = room.writes(body=sent, title=words, tags=[words], author=words)
        sent[0]["content"][0]["text"] = "\u202e" + words[::-1]  # type: ignore[index]
        room.revises(post, body=sent, title=words[::-1], correction=words)
        page = parsed(room)
        assert page.css("script, [onclick]") == []
        assert len(deeds(page)) == 3


def test_a_long_text_is_folded_and_what_stayed_of_it_left_out(server: Server) -> None:
    with Newsroom(server, "long") as room:
        long = " ".join(f"Word {n} of a report." for n in range(4_000))
        post = room.writes(long)
        room.revises(post, markdown=long.replace("Word 2000 of", "Word x of"))
        edit, published, _ = deeds(parsed(room))
        assert len(heard(edit.css("dd.body")[0])) < 500
        assert heard(edit.css("del")[0]) == "removed: 2000 end of the change"
        [summary] = published.css("details > summary")
        assert len(heard(summary)) < 800
        assert "Word 3999 of" in published.css("details")[0].text()


def test_a_line_that_is_new_is_told_where_it_begins(server: Server) -> None:
    with Newsroom(server, "lines") as room:
        post = room.writes("One.\n\nTwo.")
        room.revises(post, markdown="One.\n\nThree.\n\nTwo.")
        room.revises(post, markdown="One. Three.\n\nTwo.")
        joined, added, *_ = deeds(parsed(room))
        assert added.css("dd.body")[0].text() == "One.\n inserted: Three. end of the change \nTwo."
        assert [heard(each) for each in joined.css("del")] == ["removed: ¶ end of the change"]


def test_the_history_names_whoever_the_desk_knows_and_what_changed(server: Server) -> None:
    with Newsroom(server, "history") as room:
        liveblog("user", "create", "Ann Field", "--role", "editor", data=server.data)
        named = liveblog(
            "token", "create", "--role", "editor", "--name", "ticker", data=server.data
        )
        post = room.writes("Nine.", status="draft")
        bearer = {"authorization": f"Bearer {named}"}
        path = f"{room.api}/posts/{post}"
        room.reader.patch(path, json={"markdown": "Ten."}, headers={**ANY, **bearer})
        room.reader.put(f"{path}/status", json={"status": "published"}, headers={**ANY, **bearer})
        versions = room.editor.get(f"{path}/history").json()["versions"]
        assert [each["name"] for each in versions] == ["", "ticker", "ticker"]
        assert [each["version"] for each in versions] == [1, 2, 3]
        [change] = versions[1]["changes"]
        assert change == {
            "part": "body",
            "diff": [["removed", "Nine"], ["inserted", "Ten"], ["same", "."]],
        }
        assert versions[2]["changes"] == []
        first = room.editor.get(f"{path}/history?limit=2&before=3").json()
        assert [each["version"] for each in first["versions"]] == [1, 2]
        assert first["next"] is None
        last = room.editor.get(f"{path}/history?limit=1").json()
        assert ([each["version"] for each in last["versions"]], last["next"]) == ([3], 3)


def test_the_desk_shows_the_history_to_editors_and_the_author_and_to_nobody_else(
    server: Server,
) -> None:
    with Newsroom(server, "desk-history") as room:
        post = room.writes("Nine.", title="Ferry", status="draft")
        room.revises(post, markdown="Ten.")
        path = f"/desk/desk-history/posts/{post}/history"
        assert room.reader.get(path).status_code == 401
        with server.client("contributor") as other:
            assert other.get(path).status_code == 404
        with server.client("reader") as reader:
            assert reader.get(path).status_code == 403
        room.editor.put(
            f"{room.api}/posts/{post}/status",
            json={"status": "retracted", "note": "Doubled."},
            headers=ANY,
        ).raise_for_status()
        page = LexborHTMLParser(room.editor.get(path).raise_for_status().text)
        withdrawn, edited, written = deeds(page)
        assert heard(written.css(".kinds")[0]) == "Written"
        assert heard(edited.css("dd.body")[0]) == (
            "removed: Nine end of the change inserted: Ten end of the change ."
        )
        assert "Reason: Doubled." in heard(withdrawn)
        room.changes(slug="desk-history-now")
        assert room.editor.get(path).status_code == 200
