"""A replay while its blog goes on: what is withdrawn, closed or added reaches whoever watches."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import watched
from tests.e2e.conftest import Site
from tests.e2e.coverage import Coverage
from tests.process import liveblog

SECRET = "Free cheese for all"
OFTEN = 31_000
"""Milliseconds after which a page has asked again what happened."""
LEAPS = """() => {
  const clock = document.querySelector("#clock time");
  let before = Date.parse(clock.dateTime);
  new MutationObserver(() => {
    const now = Date.parse(clock.dateTime);
    window.leap = Math.max(window.leap ?? 0, now - before);
    before = now;
  }).observe(clock, { attributes: true });
}"""
"""Remember by how much the clock went on at once, at most."""


@pytest.fixture
def context(site: Site, browser: Browser) -> Iterator[BrowserContext]:
    with watched(browser, site.url) as (context, watch):
        yield context
        refused = "Failed to load resource: the server responded with a status of 40"
        watch.errors = [line for line in watch.errors if not line.startswith(refused)]


def imported(site: Site, folder: Path, slug: str, *posts: tuple[str, str], **more: Any) -> str:
    """The path of a blog with a post at each of these times of a day."""
    lines: list[dict[str, Any]] = [
        {"blog": {"slug": slug, "title": "Market day", "language": "en", "time_zone": "UTC"}}
    ]
    for time, title in posts:
        lines.append({"at": f"2025-06-24T{time}Z", "title": title, "markdown": title, **more})
    file = folder / f"{slug}.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return liveblog("import", str(file), "--as-happened", data=site.data)


def opened(page: Page, path: str, **query: Any) -> Page:
    """Open a replay, and wait until it knows the day."""
    page.goto(f"{path}/replay?{urlencode(query)}")
    expect(page.locator("#moment")).to_be_enabled()
    expect(page.locator("#chart path").first).to_be_attached()
    return page


@pytest.mark.parametrize("over", [False, True])
def test_a_text_that_is_withdrawn_leaves_every_page_that_shows_it(
    context: BrowserContext, site: Site, tmp_path: Path, over: bool
) -> None:
    times = [("08:00:00", "The first stall"), ("08:01:00", SECRET), ("09:00:00", "The last bus")]
    path = imported(site, tmp_path, f"cheese-{int(over)}", *times, key=True)
    slug = path.rpartition("/")[2]
    with site.client() as editor:
        if over:
            editor.put(f"/api/blogs/{slug}/status", json={"status": "live"})
            editor.put(f"/api/blogs/{slug}/status", json={"status": "ended"})
        paused, plays, alone = (context.new_page() for _ in range(3))
        for page in (paused, plays, alone):
            page.clock.install()
            opened(page, path, at="2025-06-24T08:01:05Z", speed=1)
            expect(page.locator("#posts")).to_contain_text(SECRET)
            expect(page.locator("#chapters")).to_contain_text(SECRET)
        for page, state in (paused, "paused"), (plays, "playing"):
            page.locator("#play").click()
            expect(page.locator("#blog[data-link=live]")).to_be_attached()
            if state == "paused":
                page.locator("#play").click()
            expect(page.locator(f"#player[data-state={state}]")).to_be_attached()
        posts = editor.get(f"/api/blogs/{slug}/posts").json()["posts"]
        [gone] = [each["id"] for each in posts if each["title"] == SECRET]
        withdrawal = {"status": "retracted", "note": "Wrong."}
        answer = editor.put(
            f"/api/blogs/{slug}/posts/{gone}/status", json=withdrawal, headers={"if-match": "*"}
        )
        assert answer.is_success, answer.text
    for page, state in (paused, "paused"), (plays, "playing"), (alone, "paused"):
        if page is alone:  # which has no socket, and asks now and then
            page.clock.fast_forward(OFTEN)
        expect(page.locator(f"#post-{gone}")).to_contain_text("Withdrawn later")
        expect(page.locator("#posts")).not_to_contain_text(SECRET)
        expect(page.locator(f"#player[data-state={state}]")).to_be_attached()
        expect(page.locator("#clock time")).to_contain_text("08:01:")
        page.clock.fast_forward(OFTEN)
        expect(page.locator("#chapters li")).to_have_count(2)
        assert SECRET not in page.content()


def test_a_past_that_is_closed_while_somebody_watches_is_shown_no_more(
    context: BrowserContext, site: Site
) -> None:
    with site.client() as editor:
        market = Coverage(editor)
        market.publish(SECRET, 8)
        watching, alone = context.new_page(), context.new_page()
        for page in (watching, alone):
            page.clock.install()
            opened(page, market.path)
            expect(page.locator("#posts")).to_contain_text(SECRET)
        watching.keyboard.press("Home")
        watching.get_by_label("Moment of the day").press("Home")
        expect(watching.locator("#blog[data-link=live]")).to_be_attached()
        market.describe(past_public=False)
    for page in (watching, alone):
        page.clock.fast_forward(OFTEN)
        expect(page.get_by_text("the past of this blog is for its editors")).to_be_visible()
        assert SECRET not in page.content()


def test_at_the_end_of_a_running_blog_it_goes_on_with_what_came_since(
    context: BrowserContext, site: Site
) -> None:
    with site.client() as editor:
        market = Coverage(editor)
        market.publish("The first stall", 8)
        page = context.new_page()
        page.clock.install()
        opened(page, market.path)
        page.locator("#play").click()
        expect(page.locator("#ended")).to_be_visible()
        shown = page.locator("#posts h2")
        market.publish("The brass band", 12)
        page.clock.fast_forward(OFTEN)
        expect(page.locator("#ended")).to_be_hidden()
        page.evaluate("""() => {
          window.seen = [];
          const posts = document.querySelector("#posts");
          new MutationObserver(() => window.seen.push(posts.querySelectorAll("h2").length))
            .observe(posts, { childList: true });
        }""")
        page.get_by_role("button", name="Play").click()
        expect(shown).to_have_text(["The brass band", "The first stall"])
        assert min(page.evaluate("window.seen")) >= 1  # it did not begin anew
        expect(page.locator("#ended")).to_be_visible()


def test_silences_are_skipped_at_the_speed_that_a_replay_begins_with(
    context: BrowserContext, site: Site, tmp_path: Path
) -> None:
    times = [("08:00:00", "The first stall"), ("11:00:00", "The brass band")]
    page = context.new_page()
    opened(page, imported(site, tmp_path, "silence", *times))
    page.evaluate(LEAPS)
    page.keyboard.press("s")
    page.locator("#play").click()
    # Three hours, of which two minutes are played.
    page.wait_for_function("() => window.leap > 2.5 * 3_600_000")
    expect(page.locator("#posts h2")).to_have_text(["The brass band", "The first stall"])


def test_the_form_for_a_moment_says_where_the_replay_is_as_soon_as_it_is_seen(
    context: BrowserContext, site: Site, tmp_path: Path
) -> None:
    times = [("08:00:00", "The first stall"), ("11:00:00", "The brass band")]
    page = context.new_page()
    opened(page, imported(site, tmp_path, "form", *times))
    page.keyboard.press("n")
    page.get_by_text("More", exact=True).click()
    expect(page.locator("#go-to")).to_have_value("2025-06-24T11:00")


def test_the_playhead_is_seen_in_forced_colours(
    context: BrowserContext, site: Site, tmp_path: Path
) -> None:
    times = [("08:00:00", "The first stall"), ("11:00:00", "The brass band")]
    page = context.new_page()
    page.emulate_media(forced_colors="active")
    opened(page, imported(site, tmp_path, "contrast", *times))
    for strip in ("#chart", "#hours"):
        page.locator(strip).evaluate("each => { each.style.visibility = 'hidden'; }")
    head = page.locator("#moment")
    head.blur()
    before = head.screenshot()
    head.press("PageUp")
    expect(page.locator("#clock time")).to_contain_text("08:10:00")
    head.blur()
    assert head.screenshot() != before
    edge = page.locator("#earlier").evaluate("each => getComputedStyle(each).borderTopStyle")
    assert edge == "solid"


def test_what_opens_leaves_the_picture_that_it_explains_in_sight(
    context: BrowserContext, site: Site, tmp_path: Path
) -> None:
    times = [("08:00:00", "The first stall"), ("11:00:00", "The brass band")]
    page = context.new_page()
    opened(page, imported(site, tmp_path, "strip", *times, key=True))
    for summary in ("Key events", "More"):
        page.locator("summary", has_text=summary).click()
        listed = page.locator(".list:visible").bounding_box()
        deck = page.locator("#player").bounding_box()
        assert listed
        assert deck
        assert listed["y"] + listed["height"] <= deck["y"]


def test_before_its_first_event_a_blog_has_its_name_and_says_that_nothing_was_published(
    context: BrowserContext, site: Site
) -> None:
    with site.client() as editor:
        market = Coverage(editor, time_zone="Asia/Tokyo", language="de")
        market.publish("Der erste Stand", 8)
    path = f"{market.path}/replay?at=1999-01-01T00:00:00Z"
    assert "Market day" in httpx.get(site.url + path).text
    page = context.new_page()
    page.goto(path)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("#title")).to_have_text("Market day")
    expect(page.get_by_text("noch nichts veröffentlicht")).to_be_visible()
    expect(page.locator("#clock time")).to_contain_text("09:00")


def test_a_page_of_the_past_does_not_claim_to_be_live(context: BrowserContext, site: Site) -> None:
    with site.client() as editor:
        market = Coverage(editor)
        market.publish("The first stall", 8)
    page = context.new_page()
    page.goto(market.path)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.goto(f"{market.path}?at=2999-01-01T00:00:00Z")
    expect(page.get_by_role("heading", name="The first stall")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_hidden()
