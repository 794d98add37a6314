"""Input that tries to run, fetch or deceive, shown by every page in a real Chromium.

What is asserted at the end of every visit is the watch's: no dialog, no request to elsewhere, and
no line in the console, where a blocked script or handler would show.
"""

import itertools
import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.corpus.hostile import HTML, MARKDOWN, MEDIA, TEXTS
from tests.e2e.browser import watched
from tests.e2e.conftest import Site

LINE, TAG = 300, 60
"""Characters that a title and a tag may have."""

FOREIGN = """
() => {
  const allowed = new Set(["https:", "http:", "mailto:", "tel:"]);
  const wrong = [];
  for (const script of document.scripts)
    if (script.matches("head > [type='application/ld+json']")) JSON.parse(script.text); // data
    else if (script.text || !script.src.startsWith(location.origin + "/static/"))
      wrong.push(script.outerHTML);
  for (const each of document.body.querySelectorAll("*")) {
    if (each.matches("article :is(script, style, link, meta, base, iframe, object, embed, form, " +
        "input, button:not(.card > .load), svg, math, video, audio, template, noscript, dialog, " +
        ":not(:defined))"))
      wrong.push(each.outerHTML);
    for (const { name } of each.attributes)
      if (/^(on|style$|srcdoc$|srcset$|ping$|formaction$)/.test(name)) wrong.push(each.outerHTML);
    if (each.matches("a[href]") && !allowed.has(each.protocol)) wrong.push(each.outerHTML);
    if (each.matches("article .body [id], article .body [name]")) wrong.push(each.outerHTML);
  }
  return wrong.map((html) => html.slice(0, 200));
}
"""
"""What stands in the page and may not: scripts, what loads or asks, handlers, foreign schemes."""


class Coverage:
    """A blog whose editor pastes whatever comes."""

    def __init__(self, editor: httpx.Client, slug: str, **details: Any) -> None:
        self.editor = editor
        self.path = f"/blogs/{slug}"
        self.slug = slug
        editor.post(
            "/api/blogs", json={"slug": slug, "title": "Mail", **details}
        ).raise_for_status()
        editor.put(f"/api/blogs/{slug}/status", json={"status": "live"}).raise_for_status()
        picture = BytesIO()
        Image.new("RGB", (8, 8), "teal").save(picture, "JPEG")
        answer = editor.post(f"/api/blogs/{slug}/media", content=picture.getvalue())
        self.media = answer.raise_for_status().json()["id"]

    def publish(self, **said: Any) -> str | None:
        """The new post's id; None where the server refused it, which is as good."""
        address = f"/api/blogs/{self.slug}/posts"
        while (answer := self.editor.post(address, json=said)).status_code == 429:
            time.sleep(int(answer.headers["retry-after"]))
        assert answer.status_code in {201, 422}, answer.text
        return str(answer.json()["id"]) if answer.status_code == 201 else None

    def publish_all(self, form: str, bodies: list[str]) -> list[str]:
        """Each as a post; the ids of those that were taken, which must be most of them."""
        texts = (body.replace(MEDIA, self.media) for body in bodies)
        written = [self.publish(title=f"{form} {n}", **{form: t}) for n, t in enumerate(texts)]
        taken = [id for id in written if id]
        assert len(taken) > 0.8 * len(bodies)
        return taken


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    with watched(browser, site.url) as (context, _):
        yield context.new_page()


@pytest.fixture
def editor(site: Site) -> Iterator[httpx.Client]:
    """Of the test's own: together they would write faster than one may."""
    with site.client(fresh=True) as editor:
        yield editor


def assert_harmless(page: Page) -> None:
    assert page.evaluate(FOREIGN) == []


@pytest.mark.parametrize(("form", "bodies"), [("markdown", MARKDOWN), ("html", HTML)])
def test_bodies_do_nothing_whether_they_arrive_live_or_with_the_page(
    page: Page, editor: httpx.Client, form: str, bodies: list[str]
) -> None:
    blog = Coverage(editor, f"bodies-{form}")
    page.goto(blog.path)
    written = blog.publish_all(form, bodies)
    expect(page.locator(f"#post-{written[-1]}")).to_be_attached()
    expect(page.locator("#posts > li[data-id]")).to_have_count(len(written))
    assert_harmless(page)

    page.goto(blog.path)
    seen = 0
    for _ in itertools.count():
        seen += page.locator("#posts > li[data-id]").count()
        assert_harmless(page)
        older = page.get_by_role("link", name="Older updates")
        if not older.is_visible():
            break
        page.goto(f"{blog.path}{older.get_attribute('href')}")
    assert seen == len(written)


def test_titles_bylines_and_tags_are_only_words(page: Page, editor: httpx.Client) -> None:
    blog = Coverage(editor, "words")
    page.goto(blog.path)
    said: dict[str, str] = {}
    for text in TEXTS:
        line = text[:LINE]
        post = blog.publish(title=line, author=line, tags=[text[:TAG]], key=True, pinned=True)
        if post:
            said[post] = line
    assert len(said) > 0.8 * len(TEXTS)
    expect(page.locator(f"#post-{[*said][-1]}")).to_be_attached()
    expect(page.locator("#keys li[data-id]")).to_have_count(len(said))
    assert_harmless(page)
    for id, line in said.items():
        page.goto(f"{blog.path}/posts/{id}")
        assert words(page.locator("article h2").first.text_content()) == words(line)
        assert words(page.locator(".byline").first.text_content()) == words(line)
        assert_harmless(page)


def test_what_a_blog_says_of_itself_is_only_words(page: Page, editor: httpx.Client) -> None:
    blog = Coverage(editor, "itself", visibility="public")
    page.goto(blog.path)
    loaded = page.context.new_page()
    for text in TEXTS:
        details = {"title": text[:LINE], "standfirst": text[:LINE]}
        answer = editor.patch(f"/api/blogs/{blog.slug}", json=details)
        assert answer.status_code in {200, 422}, answer.text
        if answer.status_code == 422:
            continue
        title = answer.json()["title"]
        expect(page.locator("#title")).to_have_text(title)
        assert_harmless(page)
        for path, place in {blog.path: "#title", "/": ".blogs h2"}.items():
            loaded.goto(path)
            shown = loaded.locator(place).all_text_contents()
            assert words(title) in map(words, shown), path
            assert_harmless(loaded)


def test_names_and_contents_of_uploads_do_nothing(page: Page, editor: httpx.Client) -> None:
    blog = Coverage(editor, "uploads")
    upload = f"/api/blogs/{blog.slug}/media"
    for content in (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"<script>"):
        assert editor.post(upload, content=content).status_code in {415, 422}
    picture = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(picture, "JPEG", comment=b"<script>alert(1)</script>")
    stored = editor.get(editor.post(upload, content=picture.getvalue()).json()["url"])
    assert b"script" not in stored.content
    assert stored.headers["content-type"] == "image/jpeg"
    assert stored.headers["x-content-type-options"] == "nosniff"
    for text in TEXTS:
        attrs = {"media": blog.media, "alt": text, "caption": text, "credit": text}
        blog.publish(title="A picture", body=[{"type": "image", "attrs": attrs}])
    page.goto(blog.path)
    assert page.locator("#posts img").count() > 0.8 * len(TEXTS)
    assert_harmless(page)


def test_the_desk_shows_it_without_running_it(page: Page, site: Site, editor: httpx.Client) -> None:
    blog = Coverage(editor, "desk")
    for text in TEXTS:
        details = {"title": text[:LINE], "standfirst": text[:LINE]}
        assert editor.patch(f"/api/blogs/{blog.slug}", json=details).status_code in {200, 422}
        blog.publish(title=text[:LINE], author=text[:LINE], tags=[text[:TAG]], status="draft")
    for form, bodies in (("html", HTML[-60:]), ("markdown", MARKDOWN[-60:])):
        newest = blog.publish_all(form, bodies)[-1]
    page.request.post(site.login_url("nadia"))
    page.goto("/desk")
    assert_harmless(page)
    page.goto(f"/desk/{blog.slug}")
    expect(page.locator("#posts > li")).to_have_count(100)
    expect(page.locator(f"#posts > [data-id='{newest}']")).to_be_visible()
    expect(page.locator("#posts :is(script, style, iframe, object, form, svg)")).to_have_count(0)


def words(text: str | None) -> str:
    return " ".join((text or "").split())
