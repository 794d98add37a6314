"""Who pauses a page or leaves it for a while: what waits, what was missed, and the way to it."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.browser import watched
from tests.e2e.coverage import Coverage
from tests.process import Server

PAGE = 30
TOLD = 200
"""Changes that are told one by one; beyond, the first page is."""
LONG_AGO = """for (const key of Object.keys(localStorage).filter((key) => key.includes(":left "))) {
  const left = JSON.parse(localStorage[key]);
  localStorage[key] = JSON.stringify({ ...left, at: left.at - 3600000 });
}"""


@pytest.fixture
def context(site: Server, browser: Browser) -> Iterator[BrowserContext]:
    with watched(browser, site.url, viewport={"width": 360, "height": 700}) as (context, _):
        yield context


def opened(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("#blog[data-link]")).to_be_attached()


def stalls(market: Coverage, count: int) -> list[str]:
    return [market.publish(f"Stall {number}", 6 + number / 20) for number in range(count)]


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def returned(context: BrowserContext, path: str) -> Locator:
    """What a page says to somebody who left it an hour ago."""
    page = context.new_page()
    page.add_init_script(LONG_AGO)
    page.goto(path)
    return page.get_by_role("region", name="While you were away")


def test_a_pause_is_of_one_blog_and_in_sight(
    reader: Page, editor: httpx.Client, market: Coverage
) -> None:
    stalls(market, 10)
    opened(reader, market.path)
    status, resume = reader.locator("#status"), button(reader, "Resume")
    expect(status.get_by_text("Live", exact=True)).to_be_visible()
    expect(resume).to_be_hidden()
    button(reader, "Pause live updates").click()
    expect(status.get_by_text("Paused", exact=True).first).to_be_visible()
    expect(status.get_by_text("Live", exact=True)).to_be_hidden()
    reader.evaluate("scrollTo(0, document.body.scrollHeight)")
    market.publish("The last bus", 18)
    expect(resume).to_have_text("Paused · 1 update waiting · Resume")
    expect(resume).to_be_in_viewport()
    expect(reader).to_have_title("(1) Market day")

    other = Coverage(editor)
    opened(reader, other.path)
    expect(resume).to_be_hidden()
    other.publish("The choir", 18)
    expect(reader.locator("#posts h2")).to_have_text("The choir")

    opened(reader, market.path)
    market.publish("The brass band", 19)
    expect(resume).to_contain_text("1 update waiting")
    resume.click()
    expect(reader.locator("#posts h2").first).to_have_text("The brass band")
    expect(resume).to_be_hidden()
    expect(button(reader, "Pause live updates")).to_have_attribute("aria-pressed", "false")
    expect(status.get_by_text("Live", exact=True)).to_be_visible()


def test_a_blog_that_has_ended_is_not_paused(reader: Page, market: Coverage) -> None:
    opened(reader, market.path)
    pause, resume = button(reader, "Pause live updates"), button(reader, "Resume")
    pause.click()
    market.publish("The last bus", 18)
    expect(resume).to_contain_text("1 update waiting")
    market.becomes("ended")
    expect(pause).to_be_hidden()
    expect(resume).to_contain_text("1 update waiting")
    resume.click()
    expect(reader.locator("#posts h2")).to_have_text("The last bus")
    opened(reader, market.path)
    expect(pause).to_be_hidden()
    expect(resume).to_be_hidden()


def test_what_was_held_back_is_told_to_who_returns(
    context: BrowserContext, reader: Page, market: Coverage
) -> None:
    stalls(market, 2)
    opened(reader, market.path)
    button(reader, "Pause live updates").click()
    market.publish("The last bus", 18)
    market.publish("The brass band", 19)
    expect(button(reader, "Resume")).to_contain_text("2 updates waiting")
    reader.close()
    market.publish("The fireworks", 22)
    away = returned(context, market.path)
    expect(away.get_by_role("link")).to_have_text(
        ["The fireworks", "The brass band", "The last bus"]
    )


def test_more_than_can_be_told_has_its_newest_and_its_key_events(
    context: BrowserContext, reader: Page, market: Coverage
) -> None:
    market.publish("Before he left", 5, key=True)
    opened(reader, market.path)
    reader.close()
    market.publish("The gates open", 6, key=True)
    for number in range(TOLD):
        market.publish(f"Stall {number}", 7 + number / 20)
    away = returned(context, market.path)
    expect(away.locator("> ul > li").first).to_contain_text("30+ new updates")
    newest = [f"Stall {number}" for number in range(TOLD - 1, TOLD - 6, -1)]
    more = "More happened than fits here: start again at the newest."
    expect(away.get_by_role("link")).to_have_text([*newest, "The gates open", more])
    expect(button(away.page, "Close")).to_be_in_viewport(ratio=1)
    away.get_by_role("link", name="The gates open").click()
    expect(away.page.locator("#posts h2").first).to_have_text("The gates open")


@pytest.mark.parametrize("query", ["", "?sort=oldest"])
def test_the_button_leads_to_what_this_page_has_not_loaded(
    reader: Page, market: Coverage, query: str
) -> None:
    posts = stalls(market, PAGE + 5)
    opened(reader, market.path + query)
    if query:
        post = market.publish("The last bus", 23)
    else:
        post = market.publish("Three days ago", 0, published_at="2025-06-21T12:00:00Z")
    expect(reader).to_have_title("(1) Market day")
    assert reader.locator(f"#post-{posts[PAGE - 1]}").is_visible()
    reader.locator("#new").click()
    reader.wait_for_url(f"**/posts/{post}")
    expect(reader.locator("#posts > li[data-id]").first).to_have_id(f"post-{post}")
    expect(reader.locator(f"#post-{post}")).to_be_in_viewport()


def test_the_button_stays_while_something_is_elsewhere(reader: Page, market: Coverage) -> None:
    stalls(market, PAGE + 5)
    opened(reader, market.path)
    reader.evaluate("scrollTo(0, 3_000)")
    market.publish("Three days ago", 0, published_at="2025-06-21T12:00:00Z")
    latest = market.publish("The last bus", 23)
    expect(reader.locator("#new")).to_have_text("2 new updates")
    reader.locator("#new").click()
    expect(reader.locator(f"#post-{latest}")).to_be_in_viewport()
    expect(reader.locator("#new")).to_have_text("1 new update")
    reader.locator("#new").click()
    expect(reader.locator("#posts h2").first).to_have_text("Three days ago")
