"""What a blog says to those who look for it: heads of pages, JSON-LD, sitemap, robots.txt."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import fromstring

import feedparser  # type: ignore[import-untyped] # it has none
import httpx
import msgspec
import pytest
from selectolax.lexbor import LexborHTMLParser
from starlette.requests import Request

from server.settings import Settings
from server.web.address import base_of
from server.web.found import Address, sitemap_of
from server.web.fresh import held, validator
from tests.conftest import Storage
from tests.corpus.schemas import schema_org
from tests.newsroom import Newsroom
from tests.process import Server

SITEMAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("found") / "data")
    yield server
    server.stop()


def meta(answer: httpx.Response) -> dict[str, str]:
    """The named data of a page's head; each name once."""
    found: dict[str, str] = {}
    for element in LexborHTMLParser(answer.text).css("head meta[name], head meta[property]"):
        name = element.attributes.get("name") or element.attributes.get("property") or ""
        assert name not in found
        found[name] = element.attributes["content"] or ""
    return found


def canonical(answer: httpx.Response) -> str | None:
    (link,) = LexborHTMLParser(answer.text).css("head link[rel=canonical]")
    return link.attributes["href"]


def linked(answer: httpx.Response) -> dict[str, Any]:
    """The JSON-LD of a page, held to the vocabulary."""
    (script,) = LexborHTMLParser(answer.text).css('script[type="application/ld+json"]')
    node: dict[str, Any] = msgspec.json.decode(script.text())
    assert node["@context"] == "https://schema.org"
    assert schema_org.faults(node) == []
    return node


# --- JSON-LD -----------------------------------------------------------------------------------


def test_a_page_tells_of_the_coverage_and_every_update_on_it(server: Server) -> None:
    with Newsroom(server, "told", "The fair", standfirst="All day long.") as room:
        room.turns("live")
        picture = room.uploads(size=(800, 600))
        gate = room.writes("The gate *opens*.", author="Ann", tags=["gate", "east"], lang="nl")
        shown = room.writes(f"![Green](media:{picture})", title="A wall")
        node = linked(room.asks())
        assert (node["@type"], node["@id"]) == ("LiveBlogPosting", f"{server.url}{room.path}")
        assert (node["headline"], node["description"]) == ("The fair", "All day long.")
        assert node["coverageStartTime"] <= node["dateModified"]
        assert "coverageEndTime" not in node
        wall, opens = node["liveBlogUpdate"]
        assert wall["@id"] == wall["url"] == f"{server.url}{room.path}/posts/{shown}"
        assert [(image["width"], image["caption"]) for image in wall["image"]] == [(800, "Green")]
        assert wall["author"]["@type"] == "Organization"
        assert opens["url"].endswith(gate)
        assert opens["headline"] == opens["articleBody"] == "The gate opens."
        assert opens["author"] == {"@type": "Person", "name": "Ann"}
        assert (opens["keywords"], opens["inLanguage"]) == (["gate", "east"], "nl")


def test_coverage_ends_when_the_blog_does(server: Server) -> None:
    with Newsroom(server, "over") as room:
        assert "coverageStartTime" not in linked(room.asks())
        started = linked(room.turns("live").asks())["coverageStartTime"]
        room.turns("paused").turns("live").turns("ended")
        node = linked(room.asks())
        assert node["coverageStartTime"] == started < node["coverageEndTime"]
        assert "coverageEndTime" not in linked(room.turns("live").asks())


def test_an_edit_and_a_correction_are_told(server: Server) -> None:
    with Newsroom(server, "edited") as room:
        post = room.writes("Ten boats.")
        room.revises(post, markdown="Nine boats.", correction="There were nine.")
        (update,) = linked(room.asks())["liveBlogUpdate"]
        assert update["datePublished"] < update["dateModified"]
        assert (update["articleBody"], update["correction"]) == ("Nine boats.", "There were nine.")


def test_a_permalink_tells_of_its_post(server: Server) -> None:
    with Newsroom(server, "single", "The fair") as room:
        long = "Word and word. " * 5_000
        post = room.writes(long)
        answer = room.asks(f"/posts/{post}")
        node = linked(answer)
        assert (node["@type"], node["articleBody"]) == ("BlogPosting", long.strip())
        assert node["isPartOf"]["name"] == "The fair"
        assert len(node["headline"]) <= 110
        assert canonical(answer) == node["url"] == f"{server.url}{room.path}/posts/{post}"
        # In the list it stands in short: the page has the whole of it already.
        assert len(linked(room.asks())["liveBlogUpdate"][0]["articleBody"]) <= 5_000


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("another-script", "</script><script>alert(1)</script>"),
        ("a-comment", "<!--<script>"),
        ("entities", "]]> &lt;/script&gt; &"),
        ("a-blank-in-the-tag", '"}</SCRIPT >'),
        ("other-scripts", "a\u2028b\u2029c مرحبا 👩‍👩‍👧‍👦"),
    ],
)
def test_no_words_lead_out_of_the_data(server: Server, slug: str, words: str) -> None:
    with Newsroom(server, slug, f"Title {words}", standfirst=words) as room:
        sent = [{"type": "paragraph", "content": [{"type": "text", "text": words}]}]
        post = room.writes(body=sent, title=f"Post {words}", author=words, tags=[words])
        for answer in (room.asks(), room.asks(f"/posts/{post}")):
            tree = LexborHTMLParser(answer.text)
            scripts = [script.attributes for script in tree.css("script")]
            assert all("src" in each or each.get("type") != "module" for each in scripts)
            assert len([each for each in scripts if "src" not in each]) == 1
            assert "'unsafe" not in answer.headers["content-security-policy"]
            title = meta(answer)["og:title"].split(" ", 1)[1]
            assert title.split() == words.split()
        node = linked(room.asks())
        assert node["headline"].split() == ["Title", *words.split()]
        assert node["liveBlogUpdate"][0]["articleBody"] == words


# --- the rest of the head ----------------------------------------------------------------------


def test_a_shared_link_shows_title_words_and_first_picture(server: Server) -> None:
    with Newsroom(server, "shared", "The fair", standfirst="All day long.") as room:
        bare = meta(room.asks())
        assert (bare["og:title"], bare["og:description"]) == ("The fair", "All day long.")
        assert (bare["twitter:card"], "og:image" in bare) == ("summary", False)
        picture = room.uploads(size=(640, 480))
        room.writes(f"![A green wall](media:{picture})", title="A wall")
        post = room.writes("Nothing to see.")
        said = meta(room.asks())
        assert said["og:url"] == f"{server.url}{room.path}"
        assert said["twitter:card"] == "summary_large_image"
        assert said["og:image"] == f"{server.url}/media/{picture}.png"
        assert (said["og:image:width"], said["og:image:alt"]) == ("640", "A green wall")
        single = meta(room.asks(f"/posts/{post}"))
        assert single["og:title"] == single["description"] == "Nothing to see."
        assert "og:image" not in single


def test_a_page_names_its_feeds_and_its_own_address(server: Server) -> None:
    with Newsroom(server, "named") as room:
        room.writes("One.")
        page = room.asks("?utm_source=elsewhere")
        assert canonical(page) == f"{server.url}{room.path}"
        # Not oEmbed: its answer is of a broader type than its link (oembed.com, section 4).
        alternate = 'head link[rel="alternate"][type]:not([type$="oembed"])'
        links = LexborHTMLParser(page.text).css(alternate)
        feeds = {str(each.attributes["type"]): str(each.attributes["href"]) for each in links}
        for kind, href in feeds.items():
            assert room.reader.get(href).headers["content-type"] == kind
        assert len(feeds) == 3
        assert feedparser.parse(room.reader.get(feeds["application/atom+xml"]).content).entries


def test_an_older_page_is_a_page_of_its_own(server: Server) -> None:
    with Newsroom(server, "older") as room:
        for n in range(31):
            room.writes(f"Number {n}.")
        newest = LexborHTMLParser(room.asks().text)
        more = newest.css_first("a#more")
        assert more is not None
        older = room.asks(str(more.attributes["href"]))
        assert canonical(older) == f"{server.url}{room.path}{more.attributes['href']}"
        assert [u["headline"] for u in linked(older)["liveBlogUpdate"]] == ["Number 0."]


def test_a_pinned_post_is_told_once_and_first(server: Server) -> None:
    with Newsroom(server, "pinned") as room:
        deep = room.writes("Read this first.")
        for n in range(30):
            room.writes(f"Number {n}.")
        room.editor.put(f"{room.api}/posts/{deep}/pin").raise_for_status()
        told = [update["headline"] for update in linked(room.asks())["liveBlogUpdate"]]
        assert told == ["Read this first.", *(f"Number {n}." for n in range(29, -1, -1))]


def test_an_unlisted_blog_asks_not_to_be_listed(server: Server) -> None:
    with Newsroom(server, "unlisted", visibility="unlisted") as room:
        post = room.writes("Between us.")
        for path in ("", f"/posts/{post}"):
            assert meta(room.asks(path))["robots"] == "noindex"
        etag = room.asks().headers["etag"]
        room.changes(visibility="public")
        seen = room.asks(**{"if-none-match": etag})
        assert (seen.status_code, "robots" in meta(seen)) == (200, False)


def asked(headers: dict[str, str], **settings: Any) -> Request:
    """A request to a site with these settings, as far as an address depends on them."""
    site = SimpleNamespace(settings=Settings(**settings))
    app = SimpleNamespace(state=SimpleNamespace(site=site))
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {"type": "http", "app": app, "headers": raw, "scheme": "https", "path": "/", "server": None}
    )


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("live.example.org", "https://live.example.org"),
        ("127.0.0.1:8000", "https://127.0.0.1:8000"),
        ("[::1]:8000", "https://[::1]:8000"),
        ('x"><script>', "https://localhost"),
        ("a.example/path", "https://localhost"),
        ("user@a.example", "https://localhost"),
        ("", "https://localhost"),
    ],
)
def test_an_address_is_made_of_the_host_that_was_asked_if_it_is_one(host: str, base: str) -> None:
    assert base_of(asked({"host": host})) == base


def test_an_address_is_made_of_the_base_that_is_set() -> None:
    request = asked({"host": "elsewhere.example"}, base_url="https://live.example.org/")
    assert base_of(request) == "https://live.example.org"


def test_a_forwarded_scheme_is_believed_of_a_named_proxy_alone(
    server: Server, tmp_path: Path
) -> None:
    forwarded = {"x-forwarded-proto": "https"}
    behind = Server(tmp_path / "data", LIVEBLOG_PROXIES="127.0.0.1")
    try:
        told = httpx.get(f"{behind.url}/robots.txt", headers=forwarded).text
        assert told.endswith(f"Sitemap: {behind.url.replace('http', 'https')}/sitemap.xml\n")
    finally:
        behind.stop()
    told = httpx.get(f"{server.url}/robots.txt", headers=forwarded).text
    assert told.endswith(f"Sitemap: {server.url}/sitemap.xml\n")


def test_a_cache_keeps_hosts_apart(server: Server) -> None:
    with Newsroom(server, "hosts") as room:
        for path in ("", "/feed.atom", "/feed.rss", "/feed.json"):
            ours = room.asks(path)
            theirs = room.asks(path, host="other.example")
            assert "Host" in ours.headers["vary"]
            assert "http://other.example/" in theirs.text
            assert ours.headers["etag"] != theirs.headers["etag"]


# --- the sitemap and robots.txt ----------------------------------------------------------------


def mapped(server: Server) -> dict[str, str]:
    """The paths in the sitemap, each with the time of its last change."""
    answer = httpx.get(f"{server.url}/sitemap.xml")
    assert answer.headers["content-type"] == "application/xml"
    tree = fromstring(answer.content)
    assert tree.tag == f"{SITEMAPS}urlset"
    return {
        urlsplit(url.findtext(f"{SITEMAPS}loc") or "").path: url.findtext(f"{SITEMAPS}lastmod")
        or ""
        for url in tree
    }


def test_the_sitemap_has_the_public_blogs_and_no_other(server: Server) -> None:
    with Newsroom(server, "public") as room:
        for visibility in ("draft", "unlisted", "restricted"):
            details = {"visibility": visibility}
            with Newsroom(
                server, f"hidden-{visibility}", f"Secret {visibility}", **details
            ) as not_it:
                not_it.writes("Whispered.")
        paths = mapped(server)
        assert "/" in paths
        assert room.path in paths
        assert not [path for path in paths if "hidden" in path]
        front = httpx.get(f"{server.url}/").text
        assert "/blogs/public" in front
        assert "Secret" not in front


def test_the_sitemap_says_when_a_blog_last_changed(server: Server) -> None:
    with Newsroom(server, "lastmod") as room:
        post = room.writes("One.")
        first = mapped(server)[room.path]
        room.writes("A draft.", status="draft")
        assert mapped(server)[room.path] == first
        room.retracts(post)
        assert mapped(server)[room.path] > first


def test_many_blogs_make_an_index() -> None:
    addresses = [Address(f"/blogs/{n}") for n in range(25)]
    assert sitemap_of(addresses[:10], None, size=10) == ("urlset", addresses[:10])
    kind, lines = sitemap_of(addresses, None, size=10) or ("", [])
    assert (kind, [line.url for line in lines]) == (
        "sitemapindex",
        ["/sitemap.xml?part=1", "/sitemap.xml?part=2", "/sitemap.xml?part=3"],
    )
    parts = [sitemap_of(addresses, number, size=10) for number in (1, 2, 3)]
    assert [line for part in parts if part for line in part[1]] == addresses
    assert sitemap_of(addresses, 0, size=10) is None
    assert sitemap_of(addresses, 4, size=10) is None


def test_a_part_that_the_sitemap_does_not_have(server: Server) -> None:
    for part, status in (("1", 200), ("2", 404), ("0", 404), ("one", 400), ("9" * 20, 400)):
        answer = httpx.get(f"{server.url}/sitemap.xml", params={"part": part})
        assert answer.status_code == status


def test_a_sitemap_that_cannot_be_told_is_not_a_shorter_one(
    own_storage: Storage, tmp_path: Path
) -> None:
    server = Server(tmp_path / "data", LIVEBLOG_REDIS_URL=own_storage.url)
    try:
        assert httpx.get(f"{server.url}/sitemap.xml").status_code == 200
        own_storage.kill()
        assert httpx.get(f"{server.url}/sitemap.xml", timeout=30).status_code == 503
    finally:
        server.stop()


def test_robots_are_asked_to_leave_desk_and_api_alone(server: Server) -> None:
    answer = httpx.get(f"{server.url}/robots.txt")
    lines = answer.text.splitlines()
    assert answer.headers["content-type"].startswith("text/plain")
    assert {"User-agent: *", "Disallow: /desk", "Disallow: /api/"} <= set(lines)
    assert f"Sitemap: {server.url}/sitemap.xml" in lines


# --- asked again -------------------------------------------------------------------------------


def test_every_page_is_sent_once_and_then_only_when_it_has_changed(server: Server) -> None:
    with Newsroom(server, "again") as room:
        post = room.writes(f"![Green](media:{room.uploads()})")
        picture = meta(room.asks())["og:image"]
        paths = [room.path, f"{room.path}/posts/{post}", "/", "/sitemap.xml", "/robots.txt"]
        told = [f"{room.api}/changes", room.api, f"{room.api}/posts?limit=5", "/embed.js"]
        for path in [*paths, urlsplit(picture).path, *told]:
            first = room.reader.get(path)
            assert "stale" not in first.headers["cache-control"]
            assert "immutable" not in first.headers["cache-control"]
            head = room.reader.head(path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["etag"] == first.headers["etag"]
            again = room.reader.get(path, headers={"if-none-match": first.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["cache-control"] == first.headers["cache-control"]


def test_what_the_api_tells_strangers_is_everybodys_and_what_it_tells_others_is_theirs(
    server: Server,
) -> None:
    with Newsroom(server, "strangers") as room:
        post = room.writes("The gate is open.", title="Open")
        for path in (room.api, f"{room.api}/posts"):
            stranger = room.reader.get(path)
            assert "s-maxage=1" in stranger.headers["cache-control"]
            assert stranger.headers["vary"] == "Authorization, Cookie"
            editor = room.editor.get(path)
            assert editor.json() == stranger.json()
            assert editor.headers["cache-control"] == "private, no-store"
            etag = stranger.headers["etag"]
            room.changes(title=f"Another title, {path}")
            again = room.reader.get(path, headers={"if-none-match": etag})
            assert again.status_code == 200
        etag = room.reader.get(f"{room.api}/posts").headers["etag"]
        room.retracts(post)
        again = room.reader.get(f"{room.api}/posts", headers={"if-none-match": etag})
        assert again.json()["posts"] == []
        room.changes(visibility="restricted")
        for path in (room.api, f"{room.api}/posts"):
            refused = room.reader.get(path, headers={"if-none-match": "*"})
            assert refused.status_code == 401


def test_head_says_what_get_would(server: Server) -> None:
    with Newsroom(server, "heads", visibility="draft") as room:
        paths = [room.path, f"{room.path}/feed.atom", f"{room.path}/posts/none", "/blogs/nowhere"]
        for path in paths:
            assert room.reader.head(path).status_code == 404
        room.changes(visibility="restricted")
        assert room.reader.head(f"{room.path}/feed.json").status_code == 401
        room.changes(visibility="public", slug="heads-now")
        moved = room.reader.head(f"{room.path}/feed.rss?before=0")
        assert moved.headers["location"] == "/blogs/heads-now/feed.rss?before=0"


def test_a_validator_is_compared_as_caches_may_have_sent_it() -> None:
    etag = validator("a view")
    assert etag != validator("another")
    for kept in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
        assert held(asked({"if-none-match": kept}), etag)
    for other in ("", '"x"', etag.strip('W/"')):
        assert not held(asked({"if-none-match": other}), etag)
