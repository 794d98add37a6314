"""Pages in other languages than English, as their readers have them while things happen."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import watched
from tests.e2e.coverage import Coverage
from tests.process import Server

NBSP = "\u00a0"
LOST = """document.addEventListener("readystatechange", () => {
    document.getElementById("blog").dataset.position = "1-1"; // which no log has
    for (const line of document.querySelectorAll("#keys li")) line.dataset.old = "";
}, { once: true })"""
"""Before its script runs, a page is put where it must be told to start over."""


@pytest.fixture
def reader(site: Server, browser: Browser) -> Iterator[Page]:
    """A reader whose own browser is English."""
    with watched(browser, site.url, locale="en-GB") as (context, _):
        yield context.new_page()


def times(page: Page, of: str) -> list[str]:
    """Exactly as they stand there, blanks and all."""
    return page.locator(f"{of} time").all_text_contents()


def test_a_german_page_stays_german_when_a_post_arrives(reader: Page, editor: httpx.Client) -> None:
    markt = Coverage(editor, language="de", time_zone="Europe/Berlin")
    markt.publish("Die ersten Stände", 8, key=True)
    reader.goto(markt.path)
    expect(reader.locator("html[lang=de][dir=ltr]")).to_be_attached()
    expect(reader.locator("#status span:visible")).to_have_text("Live")
    expect(reader.locator("#keys h2")).to_have_text("Das Wichtigste")

    kapelle = markt.publish("Die Blaskapelle", 22.5, key=True)
    arrived = reader.locator(f"#post-{kapelle}")
    expect(arrived.locator(".badge")).to_have_text("Wichtig")
    expect(reader.locator("#posts .day")).to_have_text(["25. Juni 2025", "24. Juni 2025"])
    assert times(reader, "#keys") == ["00:30", "10:00"]
    markt.revise(kapelle, markdown="Um *neun*.", correction="Nicht um acht.")
    expect(arrived.locator(".correction")).to_have_text("Korrektur: Nicht um acht.")
    expect(arrived.locator(".edited")).to_have_text(re.compile(r"bearbeitet: \d+\. \w+ 2\d{3}, "))
    markt.becomes("ended")
    expect(reader.locator("#status span:visible")).to_have_text("Beendet")


def test_an_arabic_page_runs_from_right_to_left_and_stays_arabic(
    reader: Page, editor: httpx.Client
) -> None:
    souq = Coverage(editor, language="ar", time_zone="Africa/Cairo")
    souq.publish("افتتاح السوق", 8, key=True)
    reader.goto(souq.path)
    expect(reader.locator("html[lang=ar][dir=rtl]")).to_be_attached()
    expect(reader.locator("#status span:visible")).to_have_text("مباشر")

    bus = souq.publish("CNN: آخر حافلة", 18, tags=["النقل"], key=True)
    arrived = reader.locator(f"#post-{bus}")
    expect(arrived.locator(".badge")).to_have_text("حدث بارز")
    expect(reader.locator("#posts .day")).to_have_text(["24 يونيو 2025"])
    assert times(reader, "#keys") == [f"9:00{NBSP}م", f"11:00{NBSP}ص"]
    # It begins with a Latin name and still belongs to its page.
    expect(arrived.locator("h2")).to_have_css("direction", "rtl")
    time, body = arrived.locator("time").bounding_box(), arrived.locator(".body").bounding_box()
    assert time
    assert body
    assert time["x"] > body["x"] + body["width"], "the time stands where lines begin"

    dutch = souq.publish("De laatste bus", 19, lang="nl")
    foreign = reader.locator(f"#post-{dutch}")
    expect(foreign.locator("article")).to_have_attribute("lang", "nl")
    expect(foreign.locator("h2")).to_have_css("direction", "ltr")
    expect(foreign.locator(".permalink")).to_have_attribute("lang", "ar")


def test_what_waits_below_is_counted_as_arabic_counts(reader: Page, editor: httpx.Client) -> None:
    souq = Coverage(editor, language="ar")
    for number in range(20):
        souq.publish(f"الكشك {number}", number / 2)
    reader.goto(souq.path)
    expect(reader.locator("#blog[data-link]")).to_be_attached()
    reader.locator("#posts > li").last.scroll_into_view_if_needed()
    reader.wait_for_function("() => scrollY > innerHeight")
    said = {1: "تحديث جديد", 2: "تحديثان جديدان", 3: "3 تحديثات جديدة"}
    for count, words in said.items():
        souq.publish(f"جديد {count}", 20 + count / 10)
        expect(reader.locator("#new")).to_have_text(words)


@pytest.mark.parametrize("language", ["en", "en-US", "nl", "de", "fr", "es", "ar", "ar-MA", "da"])
def test_a_time_the_script_writes_is_as_the_server_writes_it(
    reader: Page, editor: httpx.Client, language: str
) -> None:
    market = Coverage(editor, language=language, time_zone="Asia/Kolkata")
    for hour in (0.5, 3, 12, 22.25):
        market.publish("The brass band", hour, key=True)
    reader.goto(market.path)
    written = times(reader, "#keys")
    assert len(written) == 4
    days = reader.locator("#keys .day")
    named = days.all_inner_texts()
    assert len(named) == 2
    reader.add_init_script(LOST)
    reader.reload()
    expect(reader.locator("#keys li[data-id]:not([data-old])")).to_have_count(4)
    assert times(reader, "#keys") == written
    assert days.all_inner_texts() == named


def test_no_language_makes_a_narrow_phone_scroll_sideways(
    site: Server, browser: Browser, editor: httpx.Client
) -> None:
    viewport = {"width": 320, "height": 640}
    with watched(browser, site.url, viewport=viewport, is_mobile=True) as (context, _):
        page = context.new_page()
        for language in ("nl", "de", "fr", "es", "ar"):
            market = Coverage(editor, language=language)
            market.publish("Market", 8, key=True, pinned=True, tags=["a", "b"])
            page.goto(market.path)
            assert page.evaluate("document.documentElement.scrollWidth") == 320, language
