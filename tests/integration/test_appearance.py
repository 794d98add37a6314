"""What a blog looks like and leads to: set over the API, shown by its pages, kept by its log."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.newsroom import Newsroom
from tests.process import Server, liveblog

LEGAL = {
    "imprint": "https://example.org/imprint",
    "privacy": "https://example.org/privacy",
    "accessibility": "https://example.org/accessibility",
}
NOTHING: dict[str, Any] = {
    "accent": "",
    "logo": None,
    "imprint": "",
    "privacy": "",
    "accessibility": "",
    "translations": [],
    "embed_hosts": [],
}
DUTCH = {"language": "nl", "url": "https://example.org/nl"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("appearance") / "data") as server:
        yield server


def appearance(room: Newsroom) -> dict[str, Any]:
    """As the API gives it."""
    looks: dict[str, Any] = room.reader.get(room.api).raise_for_status().json()["appearance"]
    return looks


def shown(answer: httpx.Response, selector: str) -> list[LexborNode]:
    return LexborHTMLParser(answer.raise_for_status().text).css(selector)


def test_a_blog_has_no_looks_of_its_own_until_it_is_given_some(server: Server) -> None:
    with Newsroom(server, "plain") as room:
        assert appearance(room) == NOTHING
        assert shown(room.asks(), 'link[href^="/themes/"], link[hreflang], .logo, .legal') == []
        room.changes(appearance={"accent": "#0A7D55"})
        assert appearance(room) == NOTHING | {"accent": "#0a7d55"}
        room.changes(appearance={"imprint": LEGAL["imprint"]})
        assert appearance(room) == NOTHING | {"accent": "#0a7d55", "imprint": LEGAL["imprint"]}
        room.changes(appearance={"accent": "", "imprint": ""})
        assert appearance(room) == NOTHING


def test_a_blog_may_be_opened_with_all_of_it(server: Server) -> None:
    looks = {"accent": "#0a7d55", **LEGAL, "translations": [DUTCH], "embed_hosts": ["*"]}
    with Newsroom(server, "dressed", appearance=looks) as room:
        assert appearance(room) == NOTHING | looks


def test_the_page_wears_the_colour_after_its_own_styles(server: Server) -> None:
    with Newsroom(server, "coloured", appearance={"accent": "#ffd400"}) as room:
        post = room.writes("A post.")
        for path in ("", f"/posts/{post}"):
            sheets = shown(room.asks(path), 'link[rel="stylesheet"]')
            hrefs = [sheet.attributes["href"] for sheet in sheets]
            assert hrefs == ["/static/page.css", "/themes/ffd400.css"]
        sheet = room.reader.get("/themes/ffd400.css")
        assert sheet.headers["content-type"].startswith("text/css")
        assert "--accent:#ffd400" in sheet.text.partition("dark")[2]
        assert "--accent:#ffd400" not in sheet.text.partition("dark")[0]
        again = room.reader.get(
            "/themes/ffd400.css", headers={"if-none-match": sheet.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["ffd40", "FFD400", "gggggg", "ffd400ff", "%23ffd400"])
def test_what_is_no_colour_has_no_theme(server: Server, name: str) -> None:
    assert httpx.get(f"{server.url}/themes/{name}.css").status_code == 404


def test_a_changed_colour_is_in_the_page_of_the_next_who_asks(server: Server) -> None:
    with Newsroom(server, "turns", appearance={"accent": "#0a7d55"}) as room:
        etag = room.asks().headers["etag"]
        assert room.asks(**{"if-none-match": etag}).status_code == 304
        room.changes(appearance={"accent": "#7d0a55"})
        answer = room.asks(**{"if-none-match": etag})
        assert answer.status_code == 200
        assert "/themes/7d0a55.css" in answer.text


def test_a_logo_stands_in_the_masthead_with_its_size(server: Server) -> None:
    with Newsroom(server, "signed") as room:
        picture = room.uploads(size=(320, 80))
        room.changes(appearance={"logo": {"media": picture, "alt": "The \x00 Bell"}})
        url = f"/media/{picture}.png"
        view = {"media": picture, "alt": "The  Bell", "url": url, "width": 320, "height": 80}
        assert appearance(room)["logo"] == view
        (logo,) = shown(room.asks(), ".masthead img")
        told = {"src": url, "alt": "The  Bell", "width": "320", "height": "80"}
        assert logo.attributes == told
        assert room.reader.get(url).status_code == 200
        room.changes(appearance={"logo": None})
        assert appearance(room)["logo"] is None


def test_a_withdrawn_picture_that_is_the_logo_is_still_served(server: Server) -> None:
    with Newsroom(server, "kept") as room:
        picture = room.uploads("navy")
        post = room.writes(f"![A wall](media:{picture})")
        room.retracts(post)
        assert room.reader.get(f"/media/{picture}.png").status_code == 404
        room.changes(appearance={"logo": {"media": picture}})
        assert room.reader.get(f"/media/{picture}.png").status_code == 200


def test_the_legal_pages_are_linked_from_below_every_page(server: Server) -> None:
    with Newsroom(server, "legal", appearance={"imprint": LEGAL["imprint"]}) as room:
        post = room.writes("A post.")
        room.changes(appearance={"privacy": LEGAL["privacy"]})
        for path in ("", f"/posts/{post}"):
            links = shown(room.asks(path), "body > footer .legal a")
            wanted = [LEGAL["imprint"], LEGAL["privacy"]]
            assert [link.attributes["href"] for link in links] == wanted


def test_the_record_does_not_lead_to_itself(server: Server) -> None:
    with Newsroom(server, "itself", appearance={"imprint": LEGAL["imprint"]}) as room:
        room.writes("A post.")
        link = f'body > footer a[href="{room.path}/record"]'
        assert len(shown(room.asks(), link)) == 1
        assert shown(room.asks("/record"), link) == []
        assert len(shown(room.asks("/record"), "body > footer .legal a")) == 1


def test_translations_are_a_switch_and_alternates(server: Server) -> None:
    arabic = {"language": "ar", "url": "https://example.org/ar?a=1&b=2"}
    brazil = {"language": "pt-BR", "url": "https://example.org/br"}
    unknown = {"language": "tlh", "url": "https://example.org/tlh"}
    told = {"translations": [DUTCH, arabic, brazil, unknown]}
    with Newsroom(server, "spoken", language="de", appearance=told) as room:
        post = room.writes("A post.")
        found = shown(room.asks(), 'head link[rel="alternate"][hreflang]')
        assert [(link.attributes["hreflang"], link.attributes["href"]) for link in found] == [
            ("de", f"{server.url}{room.path}"),
            ("nl", DUTCH["url"]),
            ("ar", arabic["url"]),
            ("pt-BR", brazil["url"]),
            ("tlh", unknown["url"]),
        ]
        switch = shown(room.asks(), ".translations a")
        assert [(link.attributes["lang"], link.text()) for link in switch] == [
            ("nl", "Nederlands"),
            ("ar", "العربية"),
            ("pt-BR", "português (Brasil)"),
            ("tlh", "tlh"),
        ]
        (here,) = shown(room.asks(), ".translations [aria-current]")
        assert here.text() == "Deutsch"
        # A post has no translation of its own, its page has the switch all the same.
        assert shown(room.asks(f"/posts/{post}"), "head link[hreflang]") == []
        assert len(shown(room.asks(f"/posts/{post}"), ".translations a")) == 4


@pytest.mark.parametrize(
    ("looks", "path"),
    [
        ({"accent": "red"}, "$.appearance.accent"),
        ({"accent": 7}, "$.appearance.accent"),
        ({"colour": "#000000"}, "$.appearance"),
        ({"logo": {"media": "ab" * 32}}, "$.appearance.logo.media"),
        ({"logo": {"media": "../../etc"}}, "$.appearance.logo.media"),
        ({"logo": {}}, "$.appearance.logo"),
        ({"imprint": "javascript:alert(1)"}, "$.appearance.imprint"),
        ({"privacy": "https://example.org/" + "a" * 3000}, "$.appearance.privacy"),
        ({"translations": [DUTCH | {"language": "?"}]}, "$.appearance.translations[0].language"),
        ({"translations": [DUTCH, DUTCH]}, "$.appearance.translations[1].language"),
        ({"translations": [DUTCH] * 21}, "$.appearance.translations"),
        ({"embed_hosts": ["https://a.example", "a.example"]}, "$.appearance.embed_hosts[1]"),
        ({"embed_hosts": ["https://a.example;"]}, "$.appearance.embed_hosts[0]"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(
    server: Server, looks: dict[str, Any], path: str
) -> None:
    with server.client() as editor:
        refused = editor.post("/api/blogs", json={"slug": "no", "title": "No", "appearance": looks})
        assert (refused.status_code, refused.json()["faults"][0]["path"]) == (422, path)
        assert editor.get("/api/blogs/no").status_code == 404


def test_a_refused_change_leaves_the_looks_as_they_were(server: Server) -> None:
    with Newsroom(server, "stays", appearance={"accent": "#0a7d55"}) as room:
        sent = {"title": "Another", "appearance": {"accent": "", "imprint": "nowhere"}}
        assert room.editor.patch(room.api, json=sent).status_code == 422
        assert appearance(room)["accent"] == "#0a7d55"
        assert room.reader.get(room.api).json()["title"] == "A day"


def test_contributors_do_not_change_how_a_blog_looks(server: Server) -> None:
    with Newsroom(server, "theirs") as room, server.client("contributor") as contributor:
        sent = {"appearance": {"accent": "#0a7d55"}}
        assert contributor.patch(room.api, json=sent).status_code == 403


def test_the_looks_and_the_logo_come_back_from_an_export(server: Server, tmp_path: Path) -> None:
    with Newsroom(server, "carried", appearance={"accent": "#0a7d55", **LEGAL}) as room:
        old, new = room.uploads("olive"), room.uploads("maroon")
        room.changes(appearance={"logo": {"media": old}})
        room.changes(appearance={"logo": {"media": new, "alt": "The Bell"}})
        before = appearance(room)
        liveblog("export", "carried", str(tmp_path / "day.jsonl"), data=server.data)
    data = tmp_path / "elsewhere"
    liveblog("restore", str(tmp_path / "day.jsonl"), data=data)
    with Server(data) as other:
        blog = httpx.get(f"{other.url}/api/blogs/carried").json()
        assert blog["appearance"] == before
        assert httpx.get(f"{other.url}/media/{new}.png").status_code == 200
        assert (data / "media" / f"{old}.png").is_file()
