"""The record and the saved page as people meet them: by a link, in their language, offline."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.e2e.browser import watched
from tests.e2e.conftest import Site
from tests.e2e.coverage import Coverage
from tests.process import LIVEBLOG, PATIENCE, Server, first_line, liveblog
from tests.saved_folder import SavedFolder

OPENING = 11
"""Posts that the demo day begins with."""


@pytest.fixture
def reader(site: Server, browser: Browser) -> Iterator[Page]:
    with watched(browser, site.url) as (context, _):
        yield context.new_page()


def test_a_reader_follows_an_edited_mark_and_sees_which_word_changed(
    reader: Page, editor: httpx.Client
) -> None:
    market = Coverage(editor)
    ferry = market.publish("The ferry", 9, markdown="It left at nine.")
    market.publish("The stalls", 10)
    reader.goto(market.path)
    market.revise(ferry, markdown="It left at ten.", correction="At ten.")
    reader.locator(f"#post-{ferry} .edited a").click()
    expect(reader.locator("h1")).to_have_text("The record")
    expect(reader.locator(".deed .kinds")).to_have_text(["Corrected", "Published"])
    went, came = reader.locator(".deed del"), reader.locator(".deed ins")
    # Told by lines, not by colour alone; what is heard besides is not seen.
    expect(went).to_have_css("text-decoration-line", "line-through")
    expect(came).to_have_css("text-decoration-line", "underline")
    expect(went).to_have_text("removed: nine end of the change")
    assert went.inner_text().split("\n")[0] != ""
    box = went.locator(".unseen").first.bounding_box()
    assert box
    assert box["width"] <= 1
    reader.get_by_role("link", name="The whole record").click()
    expect(reader.locator(".deed")).to_have_count(5)


def test_an_address_of_one_entry_marks_it(reader: Page, editor: httpx.Client) -> None:
    market = Coverage(editor)
    market.publish("The ferry", 9)
    reader.goto(f"{market.path}/record")
    entry = reader.locator(".deed").nth(1)
    id = entry.get_attribute("id")
    entry.locator(".proof a").click()
    expect(reader.locator(".deed").first).to_have_attribute("id", id or "")
    expect(reader.locator(".deed:target")).to_have_count(1)


@pytest.mark.parametrize("language", ["en", "nl", "de", "fr", "es", "ar"])
def test_the_record_fits_a_narrow_phone_in_every_language(
    site: Server, browser: Browser, editor: httpx.Client, language: str
) -> None:
    market = Coverage(editor, language=language)
    post = market.publish("CNN: 9:15", 9, pinned=True, key=True, markdown="An " + "x" * 90)
    market.revise(post, markdown="An " + "y" * 90, published_at="2025-06-24T08:00:00Z")
    market.retract(market.publish("Gone", 10))
    viewport = {"width": 320, "height": 640}
    with watched(browser, site.url, viewport=viewport, is_mobile=True) as (context, _):
        page = context.new_page()
        page.goto(f"{market.path}/record")
        direction = "rtl" if language == "ar" else "ltr"
        expect(page.locator(f"html[lang={language}][dir={direction}]")).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_long_post_unfolds_without_a_script(
    site: Server, browser: Browser, editor: httpx.Client
) -> None:
    market = Coverage(editor)
    market.publish("Long", 9, markdown="word " * 400 + "end.")
    with watched(browser, site.url, java_script_enabled=False) as (context, _):
        page = context.new_page()
        page.goto(f"{market.path}/record")
        whole = page.locator("dd.body details > div")
        expect(whole).to_be_hidden()
        page.get_by_text("Show all of it").click()
        expect(whole).to_be_visible()
        assert whole.inner_text().endswith("end.")


def test_an_editor_opens_the_history_of_a_post_from_the_desk(
    site: Site, browser: Browser, editor: httpx.Client
) -> None:
    market = Coverage(editor)
    ferry = market.publish("The ferry", 9, markdown="It left at nine.")
    market.revise(ferry, markdown="It left at ten.")
    with watched(browser, site.url) as (context, _):
        page = context.new_page()
        page.goto(site.login_url("Ann"))
        page.get_by_role("button").click()
        page.wait_for_url("**/desk")
        page.goto(f"/desk/{market.slug}")
        page.get_by_role("link", name="History").click()
        expect(page.locator(".deed .kinds")).to_have_text(["Edited", re.compile("Published")])
        expect(page.locator(".deed ins")).to_contain_text("ten")


@pytest.fixture
def demo(tmp_path: Path) -> SavedFolder:
    """The demo day as it stands some moments after its beginning, saved."""
    data = tmp_path / "data"
    command = [*LIVEBLOG, "demo", "--data", str(data), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            home = first_line(running).split()[1].removesuffix("/demo")
            slug = the_day(home)
            liveblog("export", slug, str(tmp_path / "day"), "--static", data=data)
        finally:
            running.terminate()
    return SavedFolder(tmp_path / "day")


def the_day(home: str) -> str:
    """Its slug, once it has posts that were edited."""
    with httpx.Client(base_url=home, follow_redirects=True, timeout=30) as reader:
        deadline = time.monotonic() + 2 * PATIENCE
        while (answer := reader.get("/demo")).status_code != 200:
            assert time.monotonic() < deadline
        slug = answer.url.path.rpartition("/")[2]
        while 'class="edited"' not in reader.get(f"/blogs/{slug}").text:
            assert time.monotonic() < deadline
    return slug


def test_the_saved_demo_day_opens_without_a_server(demo: SavedFolder, browser: Browser) -> None:
    assert demo.wrongs() == []
    assert set(demo.files) == demo.reached()
    asked: list[str] = []
    home = demo.folder.as_uri()
    context = browser.new_context(java_script_enabled=False)

    def went(request: Request) -> None:
        asked.append(request.url)

    context.on("request", went)
    page = context.new_page()
    page.goto(f"{home}/index.html")
    assert page.locator("#posts > li[data-id]").count() >= OPENING
    expect(page.locator("h1")).to_have_css("font-weight", "700")
    for picture in page.locator("#posts img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0
    page.locator("#posts .edited a").first.click()
    expect(page.locator(".deed ins").first).to_be_visible()
    page.locator(".deed h2 a").first.click()
    expect(page.locator("#posts > li[data-id]").first).to_be_visible()
    page.locator("h1 a").click()
    expect(page).to_have_url(f"{home}/index.html")
    assert [address for address in asked if not address.startswith(home)] == []
    context.close()
