"""The numbers of a blog on its desk, in a real Chromium: plotted, told in tables, and kept up."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.browser import until, watched
from tests.e2e.conftest import Site
from tests.e2e.test_axe import faults

NOON = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
"""Where it is noon now: no midnight comes between two posts."""
BLOG = {"slug": "fair", "title": "The fair", "time_zone": NOON}


@pytest.fixture(scope="module")
def api(site: Site) -> Iterator[httpx.Client]:
    with site.client() as api:
        api.post("/api/blogs", json=BLOG).raise_for_status()
        for author in ("Ann Field", "Bea Holm", "", "Cem", "Dora", "Egon", "Finn"):
            writes(api, author, "Seven words of which none is missing.")
        yield api


def writes(api: httpx.Client, author: str, markdown: str) -> dict[str, Any]:
    sent = {"markdown": markdown, "author": author}
    answer = api.post("/api/blogs/fair/posts", json=sent).raise_for_status()
    return dict(answer.json())


@pytest.fixture(scope="module")
def desk(site: Site, browser: Browser, api: httpx.Client) -> Iterator[Page]:
    """An editor's; nothing in it may fail, neither a script nor the content policy."""
    with watched(browser, site.url) as (context, _):
        page = context.new_page()
        page.goto(site.login_url("anna", "editor"))
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/desk")
        page.goto(str(api.base_url.join("/desk/fair")))
        yield page


@pytest.fixture(scope="module")
def numbers(desk: Page) -> Locator:
    desk.get_by_text("Words, posts and corrections").click()
    numbers = desk.locator("#numbers")
    # Posts a day come first, where a look comes before the words are counted.
    expect(numbers.get_by_text("Words a day, by author")).to_be_visible()
    return numbers


def test_words_are_plotted_by_author_and_the_table_says_the_same(numbers: Locator) -> None:
    expect(numbers.get_by_role("img", name=re.compile("Words a day"))).to_be_visible()
    expect(numbers.locator("svg.plot rect")).to_have_count(6)  # five by name, and the others
    expect(numbers.locator("svg.plot .count")).to_have_text("49")
    rows = numbers.get_by_role("row").filter(has=numbers.page.locator("td"))
    expect(rows.locator("bdi")).to_have_text(
        ["Ann Field", "Bea Holm", "Cem", "Dora", "Egon", "others"]
    )
    expect(rows.last.locator("td.number")).to_have_text(["2", "14"])


def test_what_is_written_and_corrected_is_counted_at_once(
    numbers: Locator, api: httpx.Client
) -> None:
    post = writes(api, "Ann Field", "Two more.")
    expect(numbers.locator("svg.plot .count")).to_have_text("51")
    path = f"/api/blogs/fair/posts/{post['id']}"
    change = {"markdown": "One.", "correction": "It was one."}
    api.patch(path, json=change, headers={"if-match": "*"}).raise_for_status()
    expect(numbers.get_by_role("table")).to_have_count(2)
    expect(numbers.get_by_role("row", name="within 5 minutes")).to_contain_text("1")
    expect(numbers.locator("svg.plot .count").first).to_have_text("50")


def test_numbers_that_are_not_there_yet_come_by_themselves(
    site: Site, browser: Browser, desk: Page
) -> None:
    asked: list[Route] = []
    state = desk.context.storage_state()
    with watched(browser, site.url, storage_state=state) as (context, watch):
        watch.passes_over("status of 503")
        page = context.new_page()
        page.route("**/statistics", lambda route: asked.append(route))
        page.goto(desk.url)
        page.get_by_text("Words, posts and corrections").click()
        until(page, lambda: asked)
        asked[0].fulfill(status=503, json={"detail": "they are still being counted"})
        message = page.locator("#numbers [data-slot=message]")
        expect(message).to_contain_text("The numbers are not there yet")
        until(page, lambda: len(asked) == 2)
        asked[1].continue_()
        expect(page.locator("#numbers svg.plot").first).to_be_visible()
        expect(message).to_be_hidden()


def test_axe_has_nothing_against_the_numbers(desk: Page, numbers: Locator) -> None:
    expect(numbers).to_be_visible()
    assert faults(desk) == []


def test_they_are_read_on_a_phone_dates_in_words_and_thousands_apart(
    desk: Page, numbers: Locator, api: httpx.Client
) -> None:
    writes(api, "Bea Holm", "word " * 1200)
    plot = numbers.locator("svg.plot").first
    expect(plot.locator(".count")).to_have_text(re.compile(r"^1,2\d\d$"))
    for date in plot.locator(".name"), numbers.get_by_role("rowheader").first:
        expect(date).to_have_text(re.compile(r"^\d{1,2} [A-Z][a-z]+ \d{4}$"))
    desk.set_viewport_size({"width": 360, "height": 740})
    sizes = plot.evaluate("""plot => [...plot.querySelectorAll("text")].map((text) =>
      parseFloat(getComputedStyle(text).fontSize) * plot.getBoundingClientRect().width / 380)""")
    assert min(sizes) > 9.5, sizes
    desk.set_viewport_size({"width": 1280, "height": 720})
