"""A blog for other sites' pages: who may frame it, its dress, the script, and oEmbed's answers."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.newsroom import Newsroom
from tests.process import Server

ANYWHERE = {"embed_hosts": ["*"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("embed") / "data") as server:
        yield server


def ancestors(answer: httpx.Response) -> str:
    """Who may frame an answer, as its policy says."""
    (rule,) = [
        rule.strip()
        for rule in answer.headers["content-security-policy"].split(";")
        if rule.strip().startswith("frame-ancestors")
    ]
    return rule.removeprefix("frame-ancestors ")


def oembed(server: Server, url: str, **asked: Any) -> httpx.Response:
    return httpx.get(f"{server.url}/oembed", params={"url": url, **asked})


# --- the page ----------------------------------------------------------------------------------


def test_a_blog_is_embedded_by_its_own_site_unless_it_names_others(server: Server) -> None:
    with Newsroom(server, "framed") as room:
        room.writes("A post.")
        assert ancestors(room.asks("/embed")) == "'self'"
        hosts = ["https://news.example", "https://*.example.org"]
        room.changes(appearance={"embed_hosts": hosts})
        assert ancestors(room.asks("/embed")) == "'self' https://news.example https://*.example.org"
        room.changes(appearance=ANYWHERE)
        assert ancestors(room.asks("/embed")) == "'self' *"


def test_no_other_page_is_framed_by_those_hosts(server: Server) -> None:
    with Newsroom(server, "alone", appearance=ANYWHERE) as room:
        post = room.writes("A post.")
        for path in ("", f"/posts/{post}"):
            assert ancestors(room.asks(path)) == "'self'"
        assert ancestors(httpx.get(f"{server.url}/")) == "'self'"


def test_an_embed_does_not_compete_with_the_page(server: Server) -> None:
    with Newsroom(server, "found") as room:
        room.writes("A post.")
        answer = room.asks("/embed")
        assert answer.headers["x-robots-tag"] == "noindex"
        page = LexborHTMLParser(answer.text)
        (canonical,) = page.css("link[rel=canonical]")
        assert canonical.attributes["href"] == f"{server.url}{room.path}"
        assert page.css('script[type="application/ld+json"]') == []
        assert "x-robots-tag" not in room.asks().headers


def test_an_embed_has_the_posts_of_the_page_and_opens_its_links_outside(server: Server) -> None:
    with Newsroom(server, "inside", appearance={"accent": "#0a7d55"}) as room:
        posts = {room.writes("One."), room.writes("Two.", pinned=True)}
        page = LexborHTMLParser(room.asks("/embed").text)
        (base,) = page.css("head base")
        assert base.attributes == {"target": "_blank"}
        assert {item.attributes["data-id"] for item in page.css("#posts > li[data-id]")} == posts
        assert len(page.css("#pinned article")) == 1
        assert page.css('link[href="/themes/0a7d55.css"]')
        for number in range(30):
            room.writes(f"Update {number}.")
        (older,) = LexborHTMLParser(room.asks("/embed").text).css("#more")
        assert (older.attributes["href"] or "").startswith(f"{room.path}?before=")
        (whole,) = page.css(".whole a")
        assert (whole.attributes["href"], whole.attributes["rel"]) == (room.path, "noopener")


def test_an_embed_sets_no_cookie_and_is_asked_again_by_its_validator(server: Server) -> None:
    with Newsroom(server, "light") as room:
        answer = room.asks("/embed")
        assert "set-cookie" not in answer.headers
        assert answer.headers["etag"] != room.asks().headers["etag"]
        again = room.asks("/embed", **{"if-none-match": answer.headers["etag"]})
        assert (again.status_code, ancestors(again)) == (304, "'self'")
        room.changes(appearance=ANYWHERE)
        later = room.asks("/embed", **{"if-none-match": answer.headers["etag"]})
        assert (later.status_code, ancestors(later)) == (200, "'self' *")


def test_what_strangers_may_not_read_is_not_embedded(server: Server) -> None:
    with Newsroom(server, "secret", visibility="draft", appearance=ANYWHERE) as room:
        assert room.asks("/embed").status_code == 404
        assert oembed(server, f"{server.url}{room.path}").status_code == 404
        assert room.editor.get("/oembed", params={"url": server.url + room.path}).status_code == 404
        room.changes(visibility="restricted")
        assert room.asks("/embed").status_code == 401
        assert oembed(server, f"{server.url}{room.path}").status_code == 401


def test_an_old_slug_leads_to_the_embed(server: Server) -> None:
    with Newsroom(server, "before") as room:
        room.changes(slug="after")
        answer = room.asks("/embed")
        assert (answer.status_code, answer.headers["location"]) == (307, "/blogs/after/embed")


# --- the script --------------------------------------------------------------------------------


def test_the_script_is_at_an_address_to_rely_on(server: Server) -> None:
    answer = httpx.get(f"{server.url}/embed.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "set-cookie" not in answer.headers
    # It runs in the pages of others: it is one block, and leaves no name in them.
    assert answer.text.strip().startswith("{")
    assert answer.text.strip().endswith("}")
    assert len(answer.content) < 2000


def test_a_frame_of_no_origin_may_load_the_scripts(server: Server) -> None:
    for path in ("/static/reader.js", "/static/embedded.js"):
        assert httpx.get(f"{server.url}{path}").headers["access-control-allow-origin"] == "*"


# --- oEmbed ------------------------------------------------------------------------------------


def test_pages_lead_to_their_oembed_answer(server: Server) -> None:
    with Newsroom(server, "discovered", "A day & more", appearance=ANYWHERE) as room:
        post = room.writes("A post.")
        for path in ("", f"/posts/{post}"):
            page = LexborHTMLParser(room.asks(path).text)
            (link,) = page.css('head link[type="application/json+oembed"]')
            assert link.attributes["title"] == "A day & more"
            answer = httpx.get(link.attributes["href"] or "")
            assert answer.json()["title"] == "A day & more"
            assert f"{server.url}{room.path}/embed" in answer.json()["html"]


def test_oembed_describes_a_frame(server: Server) -> None:
    with Newsroom(server, "answered", 'The "fair" <b>', appearance=ANYWHERE) as room:
        post = room.writes("A post.")
        told = oembed(server, f"{server.url}{room.path}").raise_for_status()
        assert told.headers["content-type"] == "application/json"
        said = told.json()
        assert (said["type"], said["version"], said["provider_url"]) == ("rich", "1.0", server.url)
        assert (said["width"], said["height"]) == (640, 600)
        (frame,) = LexborHTMLParser(said["html"]).css("iframe")
        assert frame.attributes["src"] == f"{server.url}{room.path}/embed"
        assert frame.attributes["title"] == 'The "fair" <b>'
        assert "allow-top-navigation" not in (frame.attributes["sandbox"] or "")
        of_post = oembed(server, f"{server.url}{room.path}/posts/{post}").json()
        assert f"/embed#post-{post}" in of_post["html"]


def test_oembed_keeps_to_the_room_there_is(server: Server) -> None:
    with Newsroom(server, "narrow", appearance=ANYWHERE) as room:
        url = f"{server.url}{room.path}"
        said = oembed(server, url, maxwidth=300, maxheight=200, format="json").json()
        assert (said["width"], said["height"]) == (300, 200)
        assert 'width="300" height="200"' in said["html"]
        assert oembed(server, url, maxwidth=5000).json()["width"] == 640
        for wrong in ("wide", "-1", "99", "1e3", "9" * 40):
            assert oembed(server, url, maxwidth=wrong).status_code == 400


def test_a_blog_that_nobody_else_may_frame_is_a_link(server: Server) -> None:
    with Newsroom(server, "linked") as room:
        said = oembed(server, f"{server.url}{room.path}").json()
        assert (said["type"], said["title"]) == ("link", "A day")
        assert "html" not in said


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "http://[",
        "https://elsewhere.example/blogs/there",
        "{base}/",
        "{base}/blogs/nowhere",
        "{base}/blogs/there/posts/nothing",
        "{base}/blogs/there/replay/x/y",
        "{base}.evil.example/blogs/there",
        "{base}/blogs/" + quote("../../desk", safe=""),
    ],
)
def test_oembed_has_no_answer_for_other_addresses(server: Server, url: str) -> None:
    asked = oembed(server, url.format(base=server.url))
    assert asked.status_code == 404
    assert asked.headers["content-type"] == "application/problem+json"


def test_oembed_speaks_json_alone(server: Server) -> None:
    assert oembed(server, f"{server.url}/blogs/any", format="xml").status_code == 501
