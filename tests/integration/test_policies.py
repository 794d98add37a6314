"""What every answer says of itself: the policy of its page, no cookie for readers, what caches do.

ASKED names an address for each route that is not the API's; a new route is added to it.
"""

import re
from collections.abc import Iterator
from typing import Final

import httpx
import msgspec
import pytest
from selectolax.lexbor import LexborHTMLParser
from starlette.routing import Mount, Route

from server.app import ENDPOINTS, app
from server.settings import Settings
from server.web import desk
from tests.corpus.schemas import schema_org
from tests.process import Server
from tests.showcase import AUDIENCE, NOT_THERE, Showcase

ASKED: Final = {
    "/": "/",
    "/api/docs": "/api/docs",
    "/api/openapi.json": "/api/openapi.json",
    "/blogs/{blog}": "/blogs/fair",
    "/blogs/{blog}/embed": "/blogs/fair/embed",
    "/blogs/{blog}/feed.atom": "/blogs/fair/feed.atom",
    "/blogs/{blog}/feed.json": "/blogs/fair/feed.json",
    "/blogs/{blog}/record": "/blogs/fair/record",
    "/blogs/{blog}/replay": "/blogs/fair/replay",
    "/blogs/{blog}/feed.rss": "/blogs/fair/feed.rss",
    "/blogs/{blog}/posts/{post}": "/blogs/fair/posts/{post}",
    "/demo": "/demo",
    "/desk": "/desk",
    "/desk/{blog}": "/desk/fair",
    "/desk/{blog}/posts/{post}/history": "/desk/fair/posts/{post}/history",
    "/embed.js": "/embed.js",
    "/healthz": "/healthz",
    "/login/{secret}": "/login/a-secret",
    "/media/{name}": "/media/none.png",
    "/metrics": "/metrics",
    "/oembed": "/oembed?url=none",
    "/readyz": "/readyz",
    "/robots.txt": "/robots.txt",
    "/sitemap.xml": "/sitemap.xml",
    "/static": "/static/reader.js",
    "/themes/{accent}.css": "/themes/1f7a4d.css",
}
NO_PAGES: Final = {"/blogs/{blog}/live", "/logout"}
"""An event stream, and what only takes a POST."""


@pytest.fixture(scope="module")
def showcase(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Showcase]:
    with Server(tmp_path_factory.mktemp("policies") / "data") as server:
        yield Showcase(server)


@pytest.fixture(scope="module")
def stranger() -> Iterator[httpx.Client]:
    """A browser of somebody whose first visit this is."""
    with httpx.Client(headers={"accept": "text/html"}, timeout=30) as client:
        yield client


def policy(answer: httpx.Response) -> dict[str, list[str]]:
    """The sources by directive; each directive once."""
    parts = [part.split() for part in answer.headers["content-security-policy"].split(";")]
    assert len({name for name, *_ in parts}) == len(parts)
    return {name: sources for name, *sources in parts}


def test_every_route_is_held_to_its_policy() -> None:
    routes = app(Settings()).routes
    paths = {each.path for each in routes if isinstance(each, Route | Mount)}
    spoken = {endpoint.path for endpoint in (*ENDPOINTS, *desk.ENDPOINTS)}
    ours = paths - spoken - NO_PAGES
    assert set(ASKED) == ours, "ASKED has an address for each route, and no other"


@pytest.mark.parametrize("path", ASKED.values())
def test_no_page_lets_a_script_in_that_is_not_a_file_of_ours(
    showcase: Showcase, stranger: httpx.Client, path: str
) -> None:
    answer = stranger.get(showcase.address(path))
    if "html" not in answer.headers.get("content-type", ""):
        return
    said = policy(answer)
    assert said["default-src"] == ["'none'"]
    assert said["script-src"] == said["style-src"] == ["'self'"]
    assert said["base-uri"] == ["'none'"]
    assert "unsafe" not in str(said)
    assert answer.headers["x-content-type-options"] == "nosniff"
    tree = LexborHTMLParser(answer.text)
    scripts = [script.attributes for script in tree.css("script")]
    files = [(each.get("src") or "").startswith("/static/") for each in scripts]
    data = [each.get("type") == "application/ld+json" for each in scripts]
    assert all(file or text for file, text in zip(files, data, strict=True))
    assert tree.css("[style], style, [onclick], [onload], [onerror]") == []


@pytest.mark.parametrize("path", [*AUDIENCE.values(), *NOT_THERE.values(), *ASKED.values()])
def test_reading_sets_no_cookie_and_names_no_foreign_host_to_be_asked(
    showcase: Showcase, stranger: httpx.Client, path: str
) -> None:
    answer = stranger.get(showcase.address(path))
    assert "set-cookie" not in answer.headers
    assert not stranger.cookies
    if "html" in answer.headers.get("content-type", ""):
        tree = LexborHTMLParser(answer.text)
        loaded = [
            node.attributes.get(name) or ""
            for name in ("src", "srcset", "poster", "data")
            for node in tree.css(f"[{name}]")
        ]
        loaded += [
            link.attributes.get("href") or ""
            for link in tree.css("link")
            if not re.fullmatch("canonical|alternate", link.attributes.get("rel") or "")
        ]
        home = (showcase.server.url, "/")
        assert [each for each in loaded if not each.startswith(home) or each[:2] == "//"] == []


@pytest.mark.parametrize("name", ["reader.js", "page.css", "icon.svg"])
def test_a_file_of_ours_is_asked_for_again_and_not_sent_again(
    showcase: Showcase, stranger: httpx.Client, name: str
) -> None:
    address = f"{showcase.server.url}/static/{name}"
    sent = stranger.get(address)
    assert sent.headers["cache-control"] == "public, max-age=0, must-revalidate"
    again = stranger.get(address, headers={"if-none-match": sent.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_page_that_is_not_there_says_so_in_the_readers_language(
    showcase: Showcase, stranger: httpx.Client
) -> None:
    def asked(languages: str) -> LexborHTMLParser:
        headers = {"accept-language": languages}
        return LexborHTMLParser(stranger.get(showcase.address("/nowhere"), headers=headers).text)

    for languages, tag, towards, words in (
        ("de-CH, fr;q=0.5", "de", "ltr", "Hier ist nichts"),
        ("ar", "ar", "rtl", "لا شيء هنا"),
        ("ja", "en", "ltr", "There is nothing here"),
    ):
        page = asked(languages)
        root, heading = page.css_first("html"), page.css_first("h1")
        assert root
        assert heading
        assert (root.attributes["lang"], root.attributes["dir"]) == (tag, towards)
        assert heading.text() == words


def test_what_was_wrong_with_a_request_is_told(showcase: Showcase, stranger: httpx.Client) -> None:
    answer = stranger.get(showcase.address("/sitemap.xml?part=two"))
    assert answer.status_code == 400
    detail = LexborHTMLParser(answer.text).css_first("p[lang=en]")
    assert detail
    assert "not two" in detail.text()


def test_the_front_page_says_what_it_is_and_where(
    showcase: Showcase, stranger: httpx.Client
) -> None:
    tree = LexborHTMLParser(stranger.get(showcase.address("/")).text)
    [description] = tree.css("meta[name=description]")
    [canonical] = tree.css("link[rel=canonical]")
    assert description.attributes["content"]
    assert canonical.attributes["href"] == f"{showcase.server.url}/"


@pytest.mark.parametrize("path", AUDIENCE.values())
def test_what_a_page_tells_search_engines_is_in_their_words(
    showcase: Showcase, stranger: httpx.Client, path: str
) -> None:
    tree = LexborHTMLParser(stranger.get(showcase.address(path)).text)
    for script in tree.css('script[type="application/ld+json"]'):
        assert schema_org.faults(msgspec.json.decode(script.text())) == []
