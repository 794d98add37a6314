"""What the audience's pages say: all of it in their language, and nothing that no catalogue has."""

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from server import words
from server.app import app
from server.settings import Settings
from tests.unit.test_words import TRANSLATED, counted, sentences

SPOKEN = ("aria-label", "alt", "placeholder", "data-untitled", "data-forms", "title")
"""The attributes that a page says to its readers, or hands to its script to say."""
LOOKS = {
    "translations": [{"language": "ar", "url": "https://0.example/ar"}],
    **{name: f"https://0.example/{name}" for name in ("imprint", "privacy", "accessibility")},
}
DAY = "/blogs/1001"
PAGES = ("", "?sort=oldest", "?tag=7", "/embed", "/posts/{post}")


@contextlib.asynccontextmanager
async def newsroom(data: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator's client of a whole server in this process."""
    application = app(Settings(data=data))
    async with application.router.lifespan_context(application):
        token = await application.state.site.access.create_token("admin")
        headers = {"authorization": f"Bearer {token}", "accept": "text/html"}
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://0.example", headers=headers
        ) as client:
            yield client


async def call(client: httpx.AsyncClient, method: str, path: str, **said: object) -> httpx.Response:
    headers = {"if-match": "*"}
    answer = await client.request(method, f"/api/blogs{path}", json=said, headers=headers)
    return answer.raise_for_status()


async def a_day(client: httpx.AsyncClient, tag: str) -> str:
    """A blog all of whose own words are numbers, with all that a page can show; a post's id."""
    about = {"slug": "1001", "title": "1001", "language": tag, "visibility": "public"}
    await call(client, "POST", "", **about, time_zone="Asia/Tokyo", appearance=LOOKS)
    await call(client, "PUT", "/1001/status", status="live")
    shown = {"published_at": "2025-06-24T12:00:00Z", "markdown": "2", "tags": ["7"]}
    first = await call(client, "POST", "/1001/posts", **shown, key=True, pinned=True)
    post = str(first.json()["id"])
    await call(client, "PATCH", f"/1001/posts/{post}", markdown="3", correction="4")
    await call(client, "POST", "/1001/posts", markdown="5", published_at=None)
    for number in range(40):
        await call(client, "POST", "/1001/posts", **shown | {"title": f"{number}"})
    return post


def heard(html: str) -> Iterator[str]:
    """Every text and attribute that is for people."""
    page = LexborHTMLParser(html)
    for node in page.css("script, style, .host, [hreflang]"):
        node.decompose()
    root = page.root
    assert root
    for node in root.traverse(include_text=True):
        if node.tag == "-text":
            yield node.text_content or ""
        elif node.tag != "link":  # the feeds' names
            yield from (node.attributes.get(name) or "" for name in SPOKEN)


async def pages(client: httpx.AsyncClient, post: str) -> dict[str, str]:
    paths = ["/", *(DAY + path.format(post=post) for path in PAGES)]
    return {path: (await client.get(path)).raise_for_status().text for path in paths}


@pytest.fixture
def no_letter_of_ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A language, its tag, whose catalogue and dates have no Latin letter."""
    wordless = {name: _wordless(said) for name, said in sentences("en").items()}
    forms = {
        name: {each: _wordless(said) for each, said in forms.items()}
        for name, forms in counted("en").items()
    }
    monkeypatch.setitem(words.CATALOGUES, "ja", wordless | forms)
    words.language.cache_clear()
    yield "ja"
    words.language.cache_clear()


def _wordless(sentence: str) -> str:
    return re.sub(r"(\{\w+\})|[A-Za-z]+", lambda found: found[1] or "語", sentence)


async def test_no_page_says_a_word_that_is_in_no_catalogue(
    tmp_path: Path, no_letter_of_ours: str
) -> None:
    async with newsroom(tmp_path) as client:
        post = await a_day(client, no_letter_of_ours)
        for path, html in (await pages(client, post)).items():
            said = [re.sub(r'\{\w+\}|"(one|other)"', "", text) for text in heard(html)]
            assert sum("語" in text for text in said) > 2, path
            # Signs that name nothing of ours: none.
            assert [text.strip() for text in said if re.search("[A-Za-z]", text)] == [], path


@pytest.mark.parametrize("tag", TRANSLATED)
async def test_a_page_is_in_the_language_of_its_blog(tmp_path: Path, tag: str) -> None:
    async with newsroom(tmp_path) as client:
        post = await a_day(client, tag)
        theirs = set(sentences(tag).values())
        english = {said for said in sentences("en").values() if "{" not in said} - theirs
        for path, html in (await pages(client, post)).items():
            root = _root(html)
            assert root.attributes["lang"] == tag, path
            assert root.attributes["dir"] == ("rtl" if tag == "ar" else "ltr"), path
            said = {text.strip() for text in heard(html)}
            assert said & theirs, path
            assert said & english == set(), path


async def test_a_post_in_another_language_says_so_and_the_words_around_it_too(
    tmp_path: Path,
) -> None:
    async with newsroom(tmp_path) as client:
        await call(client, "POST", "", slug="1001", title="1001", language="nl")
        said = {"title": "1", "markdown": "2\n\n> 3", "key": True}
        sent = [
            await call(client, "POST", "/1001/posts", **said, lang=lang)
            for lang in ("", "ar", "qqq")
        ]
        page = LexborHTMLParser((await client.get(DAY)).text)
        articles = [page.css_first(f"#post-{each.json()['id']} article") for each in sent]
        assert [
            (
                article.attributes.get("lang"),
                _at(article, "h2")["dir"],
                _at(article, ".body").get("dir"),
                _at(article, "blockquote")["dir"],
                _at(article, ".badge").get("lang"),
            )
            for article in articles
            if article
        ] == [
            (None, "auto", None, "auto", None),
            ("ar", "rtl", "rtl", "auto", "nl"),
            ("qqq", "auto", None, "auto", "nl"),
        ]


async def test_a_blog_that_changes_its_language_changes_what_its_pages_say(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as client:
        post = await a_day(client, "en")
        await pages(client, post)
        await call(client, "PATCH", "/1001", language="ar")
        page = LexborHTMLParser((await client.get(DAY)).text)
        badge, day = page.css_first(".badge"), page.css_first("#posts .day")
        assert badge
        assert day
        assert (badge.text(), day.text()) == ("حدث بارز", "24 يونيو 2025")


def _root(html: str) -> LexborNode:
    root = LexborHTMLParser(html).css_first("html")
    assert root
    return root


def _at(article: LexborNode, selector: str) -> dict[str, str | None]:
    found = article.css_first(selector)
    assert found
    return found.attributes
