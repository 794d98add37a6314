"""The page of a blog as its readers have it: a real server, a real Chromium, no reload."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect
from websockets.sync.client import connect

from tests.e2e.browser import watched
from tests.e2e.coverage import Coverage
from tests.ports import quiet_port
from tests.process import Server

PAGE = 30
AROUND = 10
"""Posts on the page of a permalink."""


@pytest.fixture
def reader(site: Server, browser: Browser) -> Iterator[Page]:
    """A reader's page; afterwards it has done nothing wrong, and was not loaded again."""
    with watched(browser, site.url) as (context, _):
        page = context.new_page()
        loads: list[str] = []
        page.on("domcontentloaded", lambda page: loads.append(page.url))
        yield page
        assert len(loads) == 1


def titles(page: Page, of: str = "#posts") -> Locator:
    return page.locator(f"{of} > li[data-id] h2, {of} > details > ol > li[data-id] h2")


def post(page: Page, id: str, prefix: str = "post") -> Locator:
    return page.locator(f"#{prefix}-{id}")


def test_the_page_loads_one_small_script_at_first(reader: Page, market: Coverage) -> None:
    scripts: list[Response] = []
    reader.on(
        "response",
        lambda it: scripts.append(it) if it.request.resource_type == "script" else None,
    )
    market.publish("The gates open", 16)
    reader.goto(market.path, wait_until="networkidle")
    expect(reader.locator("#blog[data-link]")).to_be_attached()
    assert [urlsplit(script.url).path for script in scripts] == ["/static/reader.js"]
    assert sum(len(gzip.compress(script.body(), 9)) for script in scripts) <= 10_000


def test_the_page_is_complete_without_javascript(
    site: Server, browser: Browser, market: Coverage
) -> None:
    for number in range(PAGE):
        market.publish(f"Stall {number}", number / 2)
    opened = market.publish("The gates open", 16, key=True)
    market.publish("How to get here", 17, pinned=True, author="Nour Beck", tags=["travel"])
    market.describe(standfirst="All day in the square.")
    with watched(browser, site.url, java_script_enabled=False) as (context, _):
        page = context.new_page()
        page.goto(market.path)
        expect(page).to_have_title("Market day")
        expect(page.locator("#status span:visible")).to_have_text("Live")
        expect(page.locator("#standfirst")).to_have_text("All day in the square.")
        expect(titles(page)).to_have_count(PAGE)
        expect(titles(page, "#pinned")).to_have_text(["How to get here"])
        expect(page.locator("#posts .byline")).to_have_text("Nour Beck")
        expect(page.locator("#posts .day")).to_have_text(["24 June 2025"])
        expect(page.locator("#keys a")).to_have_text(["16:00 The gates open"])
        expect(page.locator("#keys a")).to_have_attribute("href", f"{market.path}/posts/{opened}")
        page.get_by_role("link", name="Older updates").click()
        expect(titles(page)).to_have_text(["Stall 1", "Stall 0"])
        expect(page.get_by_role("link", name="Older updates")).to_be_hidden()
        page.get_by_role("link", name="Newest updates").click()
        post(page, opened).get_by_role("link").click()
        expect(page).to_have_title("The gates open – Market day")
        expect(titles(page).first).to_have_text("The gates open")
        expect(titles(page)).to_have_count(AROUND)
        page.get_by_role("link", name="Newest updates").click()
        expect(titles(page).first).to_have_text("How to get here")


def test_what_is_published_stands_at_its_place_at_once(reader: Page, market: Coverage) -> None:
    market.publish("The first stall", 8)
    reader.goto(market.path)
    market.publish("The last bus", 18)
    expect(titles(reader)).to_have_text(["The last bus", "The first stall"])
    market.publish("The brass band", 12)
    expect(titles(reader)).to_have_text(["The last bus", "The brass band", "The first stall"])
    market.publish("The evening before", 0, published_at="2025-06-23T20:00:00Z")
    expect(reader.locator("#posts > li.day, #posts > li h2")).to_have_text(
        [
            "24 June 2025",
            "The last bus",
            "The brass band",
            "The first stall",
            "23 June 2025",
            "The evening before",
        ]
    )


def test_an_empty_page_fills_without_a_reload(reader: Page, market: Coverage) -> None:
    reader.goto(market.path)
    expect(titles(reader)).to_have_count(0)
    market.publish("The first stall", 8)
    expect(titles(reader)).to_have_text(["The first stall"])
    expect(reader.locator("#posts .body em")).to_have_text("so we hear")


def test_an_edit_replaces_the_post_where_it_stands(reader: Page, market: Coverage) -> None:
    band = market.publish("The brass band", 12)
    market.publish("The last bus", 18)
    reader.goto(market.path)
    market.revise(band, markdown="It plays at *one*.", correction="Not at noon.")
    expect(post(reader, band).locator(".body")).to_have_text("It plays at one.")
    expect(post(reader, band).locator(".correction")).to_have_text("Correction: Not at noon.")
    expect(post(reader, band)).to_have_attribute("data-version", "2")
    expect(titles(reader)).to_have_text(["The last bus", "The brass band"])
    market.revise(band, published_at="2025-06-24T19:00:00Z")
    expect(titles(reader)).to_have_text(["The brass band", "The last bus"])


def test_what_is_retracted_leaves_every_list(reader: Page, market: Coverage) -> None:
    gone = market.publish("Free cheese", 9, key=True, pinned=True)
    market.publish("The last bus", 18)
    reader.goto(market.path)
    expect(reader.locator(f"[data-id='{gone}'] h2")).to_have_count(2)
    market.retract(gone)
    expect(titles(reader)).to_have_text(["The last bus"])
    expect(reader.locator("#pinned")).to_be_hidden()
    expect(reader.locator("#keys")).to_be_hidden()
    expect(reader.get_by_text("Free cheese")).to_have_count(0)


def test_pins_and_key_events_come_and_go(reader: Page, market: Coverage) -> None:
    band = market.publish("The brass band", 12)
    bus = market.publish("The last bus", 18)
    reader.goto(market.path)
    for id in (band, bus):
        market.mark("PUT", id, "pin")
        market.mark("PUT", id, "key")
    expect(titles(reader, "#pinned")).to_have_text(["The last bus", "The brass band"])
    expect(reader.locator("#keys a")).to_have_text(["18:00 The last bus", "12:00 The brass band"])
    expect(post(reader, bus).locator(".badge")).to_be_visible()
    market.mark("DELETE", bus, "pin")
    market.mark("DELETE", band, "key")
    expect(titles(reader, "#pinned")).to_have_text(["The brass band"])
    expect(reader.locator("#keys a")).to_have_text(["18:00 The last bus"])
    market.mark("DELETE", band, "pin")
    expect(reader.locator("#pinned")).to_be_hidden()
    expect(titles(reader)).to_have_text(["The last bus", "The brass band"])


def test_a_post_below_the_loaded_part_is_not_put_into_it(reader: Page, market: Coverage) -> None:
    for number in range(PAGE + 1):
        market.publish(f"Stall {number}", 6 + number / 4)
    reader.goto(market.path)
    expect(titles(reader)).to_have_count(PAGE)
    market.publish("Before the sun", 4)
    market.publish("The last bus", 18)
    expect(titles(reader)).to_have_count(PAGE + 1)
    expect(titles(reader).first).to_have_text("The last bus")
    expect(titles(reader).last).to_have_text("Stall 1")


def test_an_older_page_has_what_is_below_and_stays_that_way(reader: Page, market: Coverage) -> None:
    posts = [market.publish(f"Stall {number}", 6 + number / 4) for number in range(PAGE + 2)]
    reader.goto(f"{market.path}?before={market.order(posts[2])}")
    expect(titles(reader)).to_have_text(["Stall 1", "Stall 0"])
    market.publish("The last bus", 18)
    market.publish("Before the sun", 4)
    market.revise(posts[1], title="The second stall")
    expect(titles(reader)).to_have_text(["The second stall", "Stall 0", "Before the sun"])


def test_readers_see_how_many_they_are_and_nothing_moves_for_it(
    reader: Page, site: Server, market: Coverage
) -> None:
    market.describe(show_viewers=True)
    reader.goto(market.path)
    number = reader.locator("#viewers")
    expect(number).to_have_text("1 reading now")
    with_it, without = number.evaluate(  # in one: the next word from the server shows it again
        """number => {
            const seen = () => ({
                text: document.querySelector("main").innerText,
                place: document.querySelector("#title").getBoundingClientRect().toJSON(),
            });
            const shown = seen();
            number.hidden = true;
            return [shown, seen()];
        }"""
    )
    assert without["text"] != with_it["text"]
    assert without["place"] == with_it["place"]
    with connect(f"{site.url.replace('http', 'ws')}{market.path}/live"):
        expect(number).to_have_text("2 reading now")
        expect(number).to_be_visible()
    announced = reader.locator(":is([aria-live], [role=status], [role=alert], output) #viewers")
    expect(announced).to_have_count(0)

    market.describe(show_viewers=False)
    reader.wait_for_function(
        """() => {
            // It asks again how things are; while it does, asking would begin anew.
            if (document.querySelector("#blog[data-link]")) dispatchEvent(new Event("online"));
            return document.getElementById("viewers").hidden;
        }""",
        polling=500,
    )


def test_the_blogs_title_and_status_change_in_sight(reader: Page, market: Coverage) -> None:
    reader.goto(market.path)
    expect(reader.locator("#standfirst")).to_be_hidden()
    market.describe(title="Market & fair", standfirst="Two days <now>.")
    expect(reader.locator("#title")).to_have_text("Market & fair")
    expect(reader.locator("#standfirst")).to_have_text("Two days <now>.")
    expect(reader).to_have_title("Market & fair")
    for status, words in {"paused": "Paused", "live": "Live", "ended": "Ended"}.items():
        market.becomes(status)
        expect(reader.locator("#status span:visible")).to_have_text(words)


def test_a_killed_server_costs_the_page_nothing(browser: Browser, tmp_path: Path) -> None:
    port = quiet_port()
    with (
        Server(tmp_path / "data", port=port) as first,
        watched(browser, first.url) as (context, watch),
        first.client() as editor,
    ):
        market = Coverage(editor)
        market.publish("The first stall", 8)
        band = market.publish("The brass band", 12)
        cheese = market.publish("Free cheese", 13)
        watch.passes_over("WebSocket connection to ", "Failed to load resource: ")
        page = context.new_page()
        page.goto(market.path)
        market.publish("The last bus", 18)
        expect(titles(page)).to_have_count(4)

        first.kill()
        expect(page.locator("#connection [data-when=waiting]")).to_be_visible()
        with Server(tmp_path / "data") as elsewhere:  # on another port: the page cannot find it
            editor.base_url = elsewhere.url
            market.publish("The first rain", 14)
            market.revise(band, title="The wet band")
            market.retract(cheese)
            elsewhere.kill()

        with Server(tmp_path / "data", port=port) as again:
            expected = ["The last bus", "The first rain", "The wet band", "The first stall"]
            expect(titles(page)).to_have_text(expected)
            expect(page.locator("#connection [data-when=waiting]")).to_be_hidden()
            editor.base_url = again.url
            market.publish("The lights go out", 22)
            expect(titles(page)).to_have_text(["The lights go out", *expected])
            context.close()


def test_a_narrow_phone_never_scrolls_sideways(
    site: Server, browser: Browser, market: Coverage
) -> None:
    long = "Wochenmarktstandgebührenordnungsänderungsentwurf" * 3
    market.describe(title=long, standfirst=f"https://town.example/{long}")
    card = f"```link\nurl: https://town.example/{long}\ntitle: {long}\n```"
    for number, markdown in enumerate(
        [f"`{long}`", card, f"- {long}\n  - {long}\n    1. {long}", f"> {long}", f"# {long}"]
    ):
        market.publish(long[: 60 + number], 8 + number, markdown=markdown, author=long, pinned=True)
    market.publish("Tags", 20, tags=[long[:60], *map(str, range(19))], key=True)
    viewport = {"width": 320, "height": 640}
    with watched(browser, site.url, viewport=viewport, is_mobile=True) as (context, _):
        page = context.new_page()
        for path in (market.path, "/", f"{market.path}/posts/{market.publish(long, 21)}"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") == 320, path
