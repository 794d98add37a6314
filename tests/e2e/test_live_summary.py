"""The summary above the posts, and the tags below them: the same on every page, at once."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import watched
from tests.e2e.coverage import Coverage
from tests.e2e.test_reading import SHIFTS, jumped, opened, settled, top
from tests.process import Server


@pytest.fixture
def context(site: Server, browser: Browser) -> Iterator[BrowserContext]:
    with watched(browser, site.url, viewport={"width": 1000, "height": 700}) as (context, _):
        context.add_init_script(SHIFTS)
        yield context


@pytest.fixture
def unscripted(site: Server, browser: Browser) -> Iterator[Page]:
    with watched(browser, site.url, java_script_enabled=False) as (context, _):
        yield context.new_page()


def test_a_changed_summary_is_on_every_page_at_once(
    context: BrowserContext, reader: Page, unscripted: Page, market: Coverage
) -> None:
    market.publish("The gates open", 6)
    opened(reader, market)
    box = reader.locator("#summary")
    expect(box).to_be_hidden()
    market.describe(summary="- **Open:** since six\n- Rain & wind <b>soon</b>")
    expect(box.get_by_role("listitem")).to_have_text(["Open: since six", "Rain & wind <b>soon</b>"])
    expect(box.get_by_role("heading", name="At a glance")).to_be_visible()
    settled(reader)
    market.describe(summary="")
    expect(box).to_be_hidden()
    settled(reader)
    assert not jumped(reader)

    market.describe(summary="- Open")
    embedded = context.new_page()
    embedded.goto(f"{market.path}/embed")
    expect(embedded.locator("#blog[data-link]")).to_be_attached()
    expect(embedded.locator("#summary li").first).to_be_hidden()
    embedded.get_by_text("At a glance").click()
    market.describe(summary="Closed for *tonight*.")
    for page in (reader, embedded):
        expect(page.locator("#summary .body")).to_have_text("Closed for tonight.")
        expect(page.locator("#summary em")).to_be_visible()
    unscripted.goto(market.path)
    expect(unscripted.locator("#summary .body")).to_have_text("Closed for tonight.")


def test_a_summary_that_was_folded_is_on_paper(reader: Page, market: Coverage) -> None:
    market.describe(summary="- It rains")
    opened(reader, market)
    reader.locator("#summary summary").click()
    expect(reader.locator("#summary li")).to_be_hidden()
    reader.emulate_media(media="print")
    expect(reader.locator("#summary li")).to_be_visible()


def test_who_reads_further_down_is_not_moved_by_a_longer_summary(
    reader: Page, market: Coverage
) -> None:
    posts = [market.publish(f"Stall {n}", 6 + n / 10, markdown="Words. " * 60) for n in range(9)]
    opened(reader, market)
    reader.locator(f"#post-{posts[3]}").evaluate("post => post.scrollIntoView()")
    stood = top(reader, posts[3])
    market.describe(summary="\n".join(f"- Line {n} of what has happened" for n in range(8)))
    expect(reader.locator("#summary li")).to_have_count(8)
    settled(reader)
    assert top(reader, posts[3]) == pytest.approx(stood, abs=2)
    assert not jumped(reader)


def test_a_tag_in_a_post_leads_to_all_posts_with_it(reader: Page, market: Coverage) -> None:
    market.publish("Salt & pepper", 8, tags=["food & drink", "100%"])
    post = market.publish("The brass band", 9, tags=["music", "food & drink"])
    opened(reader, market)
    reader.locator(f"#post-{post}").get_by_role("link", name="food & drink").click()
    expect(reader).to_have_url(re.compile(r"\?tag=food\+%26\+drink$"))
    expect(reader.locator("#posts h2")).to_have_text(["The brass band", "Salt & pepper"])
    reader.locator("article").get_by_role("link", name="100%").click()
    expect(reader.locator("#posts h2")).to_have_text(["Salt & pepper"])
