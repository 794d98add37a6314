"""What a page shows at first: the news not far below, whose tag, of which day, by whose clock."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import watched
from tests.e2e.coverage import Coverage
from tests.e2e.test_reading import SHIFTS
from tests.newsroom import Newsroom
from tests.process import Server
from tests.showcase import Showcase

OFFERED = 20
"""Tags that a page offers as filters."""
MAY_SHIFT = 0.001
SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1280, "height": 800}}


@pytest.fixture
def phone(site: Server, browser: Browser) -> Iterator[Page]:
    with watched(browser, site.url, viewport=SIZES["phone"]) as (context, _):
        yield context.new_page()


def opened(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("#blog[data-link]")).to_be_attached()


def box(element: Locator) -> dict[str, Any]:
    there = element.bounding_box()
    assert there
    return dict(there)


def busy(market: Coverage) -> None:
    """A day with much above its posts."""
    market.describe(
        standfirst="All day long.",
        summary="\n".join(f"- Point {number}: {'so it stands ' * 4}" for number in range(8)),
    )
    market.publish("How to get here", 5, markdown="Take the bus.\n\n" * 30, pinned=True)
    for number in range(25):
        market.publish(f"Stall {number}", 6 + number / 2, key=True, tags=[f"row {number:02}"])


@pytest.mark.usefixtures("showcase")
@pytest.mark.parametrize("size", SIZES)
def test_loading_moves_nothing(site: Server, browser: Browser, market: Coverage, size: str) -> None:
    busy(market)
    with watched(browser, site.url, viewport=SIZES[size]) as (context, _):
        page = context.new_page()
        page.add_init_script(SHIFTS)
        for path in (market.path, "/blogs/fair", "/blogs/souq"):
            opened(page, path)
            expect(page.locator("#posts .share").first).to_be_attached()
            expect(page.locator("#posts .beside").first).to_be_attached()
            page.wait_for_timeout(100)  # shifts are told after the frame that they are in
            assert page.evaluate("window.shifted") <= MAY_SHIFT, page.evaluate("window.shifts")


def test_without_a_script_there_is_no_pause(site: Server, browser: Browser) -> None:
    with (
        Newsroom(site, "plain") as room,
        watched(browser, site.url, java_script_enabled=False) as (context, _),
    ):
        room.turns("live").writes("The first.", pinned=True)
        page = context.new_page()
        page.goto(room.path)
        expect(page.locator("#posts article")).to_be_visible()
        expect(page.locator("#tools button, .unfold")).to_have_count(3)
        expect(page.locator("#tools button:visible, .unfold:visible")).to_have_count(0)


def test_on_a_phone_the_news_is_not_far_below(phone: Page, market: Coverage) -> None:
    busy(market)
    opened(phone, market.path)
    first = phone.locator("#posts > li[data-id]").first
    assert box(first)["y"] < 1.5 * SIZES["phone"]["height"]
    pinned, below = phone.locator("#pinned"), phone.locator("#pinned p").last
    folded = box(pinned)["height"]
    show = pinned.get_by_role("button", name="Show all")
    show.click()
    expect(show).to_be_hidden()
    assert box(pinned)["height"] > 2 * folded
    assert box(below)["y"] < box(pinned)["y"] + box(pinned)["height"]
    phone.emulate_media(media="print")
    expect(phone.locator("#summary li").last).to_be_visible()


def test_on_a_phone_tags_are_one_row_and_order_is_another(phone: Page, market: Coverage) -> None:
    busy(market)
    opened(phone, market.path)
    tags = phone.locator("#tools .filters li")
    expect(tags).to_have_count(OFFERED + 1)
    assert box(phone.locator("#tools"))["height"] < 150
    rows = {box(tag)["y"] for tag in tags.all()}
    assert len(rows) == 1
    assert phone.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"]["width"]
    expect(phone.locator("#tools .sort a")).to_have_text(["Newest first", "Oldest first"])


def test_the_button_for_what_is_new_covers_no_status(phone: Page, market: Coverage) -> None:
    busy(market)
    opened(phone, market.path)
    market.publish("The last bus", 23)
    expect(phone.locator("#new")).to_be_visible()
    pill, status = box(phone.locator("#new")), box(phone.locator("#status"))
    assert pill["y"] + pill["height"] <= status["y"]


def test_the_ways_up_do_not_touch(phone: Page, market: Coverage) -> None:
    posts = [market.publish(f"Stall {number}", 6 + number / 10) for number in range(20)]
    opened(phone, f"{market.path}/posts/{posts[3]}")
    newer, newest = (box(link) for link in phone.locator("#newest a").all())
    beside = newest["x"] - newer["x"] - newer["width"]
    below = newest["y"] - newer["y"] - newer["height"]
    assert max(beside, below) >= 4


@pytest.mark.parametrize("live", [False, True])
def test_a_tag_is_named_and_its_posts_are_in_sight(
    phone: Page, market: Coverage, live: bool
) -> None:
    busy(market)
    opened(phone, f"{market.path}?tag=row+03")
    if live:
        market.describe(title="Market night")
        market.publish("The tripe stall", 22, tags=["row 03"])
        expect(phone.locator("#title")).to_have_text("Market night")
        expect(phone.locator("#posts h2")).to_have_text(["The tripe stall", "Stall 3"])
    expect(phone).to_have_title("row 03 – Market night" if live else "row 03 – Market day")
    heading = phone.get_by_role("heading", name="Updates tagged row 03")
    expect(heading).to_be_in_viewport()
    expect(phone.locator("#posts h2").first).to_be_in_viewport()
    expect(phone.locator("#tools [aria-current]").last).to_be_in_viewport()


def test_where_nothing_is_yet_a_sentence_says_so(phone: Page, market: Coverage) -> None:
    opened(phone, market.path)
    expect(phone.get_by_text("No updates yet.")).to_be_visible()
    post = market.publish("The last bus", 18)
    expect(phone.locator("#posts h2")).to_be_visible()
    expect(phone.get_by_text("No updates yet.")).to_be_hidden()
    market.retract(post)
    expect(phone.get_by_text("No updates yet.")).to_be_visible()
    opened(phone, f"{market.path}?tag=cheese")
    expect(phone.get_by_text("No updates with this tag yet.")).to_be_visible()


@pytest.mark.parametrize("query", ["", "?sort=oldest"])
def test_a_tag_that_comes_is_offered_at_once(phone: Page, market: Coverage, query: str) -> None:
    opened(phone, market.path + query)
    tags = phone.locator("#tools .filters a[rel]")
    expect(phone.locator("#tools .filters")).to_be_hidden()
    market.publish("A tram is late", 8, tags=["travel"])
    market.publish("The choir", 9, tags=["music", "travel"])
    expect(tags).to_have_text(["music", "travel"])
    for number in range(OFFERED):
        market.publish(f"Stall {number}", 10, tags=[f"row {number:02}"])
    expect(phone.locator("#posts h2")).to_have_count(OFFERED + 2)
    expect(tags).to_have_count(OFFERED)
    tags.filter(has_text="travel").click()
    titles = ["The choir", "A tram is late"]
    expect(phone.locator("#posts h2")).to_have_text(titles[::-1] if query else titles)


def test_key_events_and_pinned_posts_name_their_days(phone: Page, market: Coverage) -> None:
    early = market.publish("The tents", 9, key=True, published_at="2025-06-22T09:00:00Z")
    market.publish("The gates", 9, key=True, pinned=True, published_at="2025-06-23T09:00:00Z")
    opened(phone, market.path)
    keys = phone.locator("#keys li")
    told = ["23 June 2025", "09:00 The gates", "22 June 2025", "09:00 The tents"]
    expect(keys).to_have_text(told)
    expect(phone.locator("#pinned .day")).to_have_text("23 June 2025")
    market.publish("The fire", 20, key=True, pinned=True)
    expect(keys).to_have_text(["24 June 2025", "20:00 The fire", *told])
    expect(phone.locator("#pinned .day")).to_have_text(["24 June 2025", "23 June 2025"])
    market.retract(early)
    expect(keys).to_have_text(["24 June 2025", "20:00 The fire", *told[:2]])


def test_the_readers_clock_has_its_day_and_the_blogs_zone_its_name(
    site: Server, browser: Browser, editor: httpx.Client
) -> None:
    market = Coverage(editor, time_zone="America/New_York")
    evening = market.publish("The fire", 23)  # 19:00 there, 08:00 of the next day in Tokyo
    noon = market.publish("The bells", 12)  # 08:00 there, 21:00 of the same day
    with watched(browser, site.url, timezone_id="Asia/Tokyo") as (context, _):
        page = context.new_page()
        opened(page, market.path)
        expect(page.locator(f"#post-{evening} .beside").last).to_have_text("Wed, 08:00 GMT+9")
        expect(page.locator(f"#post-{noon} .beside").last).to_have_text("21:00 GMT+9")
        expect(page.get_by_text("Times: New York")).to_be_visible()
        page.emulate_media(media="print")
        expect(page.get_by_text("Times: New York")).to_be_visible()


def test_a_page_of_the_past_does_not_say_live(phone: Page, showcase: Showcase) -> None:
    phone.goto(showcase.address("/blogs/fair?at={then}"))
    expect(phone.locator("#past")).to_be_visible()
    expect(phone.locator("#status")).to_be_hidden()
    phone.goto(showcase.address("/blogs/fair"))
    expect(phone.locator("#status").get_by_text("Live", exact=True)).to_be_visible()


def test_the_front_page_tells_the_time_and_keeps_an_entry_on_its_side(
    phone: Page, showcase: Showcase
) -> None:
    phone.goto(showcase.address("/"))
    entry = phone.locator(".blogs li", has_text="سوق المدينة")
    expect(entry.get_by_text("Last update:")).to_be_visible()
    expect(entry.locator("time")).to_have_attribute("datetime", showcase_time(showcase))
    assert entry.locator(".status").evaluate("each => getComputedStyle(each).direction") == "rtl"
    unopened = phone.locator(".blogs li", has_text="Not yet")
    expect(unopened).to_be_visible()
    expect(unopened.get_by_text("Last update:")).to_have_count(0)


def showcase_time(showcase: Showcase) -> str:
    """When the blog from right to left last changed, as its own page says it."""
    page = httpx.get(showcase.address("/blogs/souq")).text
    return page.partition('article:modified_time" content="')[2].partition('"')[0]
