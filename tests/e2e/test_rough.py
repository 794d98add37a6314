"""Rough days: long ones and fast ones, words without an end, and readers who go and come back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect
from selectolax.lexbor import LexborHTMLParser

from tests import long_day
from tests.e2e.browser import launched, until, watched
from tests.e2e.conftest import Site
from tests.e2e.coverage import Coverage
from tests.newsroom import Newsroom
from tests.process import liveblog

PAGE = 30
WORD = "Donaudampfschiff" * 312
"""Some 5,000 letters."""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
COUNT_MOVES = """
window.moves = 0;
const count = (animation) => {
  if (animation.effect.getKeyframes().some((frame) => "transform" in frame)) window.moves += 1;
};
const { animate } = Element.prototype;
Element.prototype.animate = function (...how) {
  const animation = animate.apply(this, how);
  count(animation);
  return animation;
};
addEventListener("animationstart", ({ target }) => target.getAnimations().forEach(count));
"""


@pytest.fixture
def context(site: Site, browser: Browser) -> Iterator[BrowserContext]:
    with watched(browser, site.url, viewport={"width": 1000, "height": 700}) as (context, _):
        yield context


@pytest.fixture
def caching(browser: Browser) -> Iterator[Browser]:
    """A Chromium with the back/forward cache that Playwright takes from it."""
    with launched(browser.browser_type, "--disable-back-forward-cache") as caching:
        yield caching


def titles(page: Page) -> Locator:
    return page.locator("#posts > li[data-id] h2")


def stalls(market: Coverage, count: int) -> list[str]:
    return [market.publish(f"Stall {number}", 6 + number / 10) for number in range(count)]


def connected(page: Page) -> None:
    expect(page.locator("#blog[data-link]")).to_be_attached()


def opened(page: Page, path: str) -> None:
    page.goto(path)
    connected(page)


def on_the_server(site: Site, path: str) -> list[str]:
    """The titles of the first page, as everybody gets it now."""
    page = LexborHTMLParser(httpx.get(site.url + path, timeout=30).raise_for_status().text)
    return [title.text() for title in page.css("#posts > li[data-id] h2")]


def test_two_thousand_posts(site: Site, reader: Page, tmp_path: Path) -> None:
    liveblog("import", str(long_day.written(tmp_path / "day", "long", 2_000)), data=site.data)
    with site.client() as editor:
        opened(reader, "/blogs/long")
        posts = reader.locator("#posts > li[data-id]")
        expect(posts).to_have_count(PAGE)
        for times in range(1, 6):
            reader.get_by_role("link", name="Older updates").click()
            expect(posts).to_have_count(PAGE * (times + 1))
        reader.evaluate("scrollTo(0, 0)")
        said = {"title": "The last bus", "markdown": "It is late."}
        editor.post("/api/blogs/long/posts", json=said).raise_for_status()
        expect(titles(reader).first).to_have_text("The last bus")
        expect(posts).to_have_count(6 * PAGE + 1)
        first = editor.get("/api/blogs/long/posts?sort=oldest&limit=1").json()["posts"][0]["id"]
        opened(reader, f"/blogs/long/posts/{first}")
        expect(reader.locator(f"#post-{first}")).to_be_in_viewport()


def test_a_post_of_two_hundred_kilobytes(reader: Page, market: Coverage) -> None:
    stalls(market, 3)
    opened(reader, market.path)
    text = "The whole report. " * 11_500
    post = market.publish("The report", 18, markdown=text)
    body = reader.locator(f"#post-{post} .body")
    expect(body).to_have_text(text.strip())
    market.publish("The last bus", 19)
    expect(titles(reader).first).to_have_text("The last bus")
    market.revise(post, markdown=f"{text} And its end.")
    expect(body).to_contain_text("And its end.")
    reader.reload()
    expect(body).to_contain_text("And its end.")
    connected(reader)
    market.retract(post)
    expect(titles(reader).filter(has_text="The report")).to_have_count(0)


@pytest.mark.parametrize("where", ["top", "middle"])
def test_fifty_posts_at_once(site: Site, reader: Page, market: Coverage, where: str) -> None:
    posts = stalls(market, 25)
    opened(reader, market.path)
    read = reader.locator(f"#post-{posts[12]}")
    if where == "middle":
        read.evaluate("post => post.scrollIntoView()")
        stood = read.evaluate("post => post.getBoundingClientRect().top")
    with ThreadPoolExecutor(10) as writers:
        list(writers.map(lambda n: market.publish(f"News {n}", 12 + n / 10), range(50)))
    expect(titles(reader)).to_have_count(75)
    told = [f"News {n}" for n in range(49, -1, -1)]
    expect(titles(reader)).to_have_text([*told, *(f"Stall {n}" for n in range(24, -1, -1))])
    assert on_the_server(site, market.path) == told[:PAGE]
    if where == "middle":
        expect(reader.get_by_role("button", name="50 new updates")).to_be_visible()
        now = read.evaluate("post => post.getBoundingClientRect().top")
        assert now == pytest.approx(stood, abs=2)


def test_a_picture_that_never_loads_keeps_its_room_and_holds_nothing_up(
    site: Site, reader: Page
) -> None:
    pending: list[Route] = []
    # Asked for, and never answered.
    reader.route("**/media/*", lambda route: pending.append(route))
    with Newsroom(site, "pictures") as room:
        post = room.writes(f"![Green](media:{room.uploads(size=(800, 600))})")
        reader.goto(room.path, wait_until="domcontentloaded")
        connected(reader)
        picture = reader.locator(f"#post-{post} img")
        picture.scroll_into_view_if_needed()
        height = picture.evaluate("picture => picture.offsetHeight")
        assert height > 100
        late = room.writes(f"![Red](media:{room.uploads('red', (800, 600))})", title="Late")
        expect(reader.locator(f"#post-{late} img")).to_be_attached()
        room.retracts(late)
        expect(reader.locator(f"#post-{late}")).to_have_count(0)
        until(reader, lambda: pending)
        assert picture.evaluate("picture => picture.offsetHeight") == height
        reader.close()  # while they are held: what was withdrawn is not found


def test_an_embed_that_is_slow_holds_nothing_up(
    site: Site, browser: Browser, market: Coverage
) -> None:
    said = "```embed\nurl: https://maps.example/here\ntitle: Where it is\n```"
    market.publish("The map", 9, markdown=said)
    pending: list[Route] = []
    with watched(browser, site.url, viewport={"width": 1000, "height": 900}) as (context, watch):
        # Asked for, and never answered.
        context.route(lambda url: url.startswith("https:"), lambda route: pending.append(route))
        page = context.new_page()
        opened(page, market.path)
        page.get_by_role("button", name="Load the").click()
        frame = page.locator(".stage > iframe")
        expect(frame).to_be_visible()
        height = frame.evaluate("frame => frame.offsetHeight")
        above = market.publish("The last bus", 18)
        market.publish("The first bus", 6)
        expect(titles(page)).to_have_text(["The last bus", "The map", "The first bus"])
        market.retract(above)
        expect(titles(page)).to_have_text(["The map", "The first bus"])
        until(page, lambda: pending)
        assert frame.evaluate("frame => frame.offsetHeight") == height
        page.reload(wait_until="domcontentloaded")
        connected(page)
        assert watch.elsewhere == ["https://maps.example/here"]
        watch.elsewhere.clear()
        context.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("dress", ["", "/embed"])
def test_a_word_of_five_thousand_letters(
    site: Site, browser: Browser, market: Coverage, dress: str
) -> None:
    with watched(browser, site.url, viewport={"width": 320, "height": 640}) as (context, _):
        page = context.new_page()
        opened(page, f"{market.path}{dress}")
        said = {"author": WORD[:300], "tags": [WORD[:60]], "key": True, "pinned": True}
        body = f"{WORD}\n\n- {WORD}\n\n> {WORD}\n\n**{WORD}** `{WORD}`\n\n# {WORD}"
        post = market.publish(WORD[:300], 18, markdown=body, **said)
        market.revise(post, correction=WORD[:2_000])
        market.describe(title=WORD[:300], standfirst=WORD[:2_000])
        expect(page.locator(f"#post-{post} .correction")).to_be_visible()
        expect(page.locator("#standfirst")).to_have_text(WORD[:2_000])
        for _ in range(2):
            wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide[0] <= wide[1], wide
            page.reload()
            expect(page.locator(f"#post-{post} .correction")).to_be_visible()


def test_two_tabs_are_told_the_same_and_each_is_its_own(
    context: BrowserContext, market: Coverage
) -> None:
    stalls(market, 3)
    one, other = context.new_page(), context.new_page()
    for tab in (one, other):
        opened(tab, market.path)
    other.get_by_role("button", name="Pause live updates").click()
    gone = market.publish("Free cheese", 18)
    expect(titles(one)).to_have_count(4)
    expect(other.locator("#resume")).to_contain_text("1 update waiting")
    market.retract(gone)
    expect(titles(one)).to_have_count(3)
    expect(other.locator("#resume")).not_to_contain_text("waiting")
    one.close()
    market.publish("The last bus", 19)
    other.get_by_role("button", name="Pause live updates").click()
    expect(titles(other).first).to_have_text("The last bus")


def test_what_came_while_the_page_lay_in_the_back_forward_cache_is_there(
    site: Site, caching: Browser, market: Coverage
) -> None:
    posts = stalls(market, 5)
    with watched(caching, site.url) as (context, _):
        page = context.new_page()
        page.add_init_script("addEventListener('pageshow', e => { window.back = e.persisted })")
        opened(page, market.path)
        page.goto("/")
        market.publish("The last bus", 18)
        market.retract(posts[1])
        page.evaluate("setTimeout(() => history.back())")
        # Playwright does not hear of such a return, but goes along.
        page.wait_for_function("() => window.back === true")
        told = ["The last bus", "Stall 4", "Stall 3", "Stall 2", "Stall 0"]
        expect(titles(page)).to_have_text(told)
        connected(page)
        market.publish("The brass band", 19)
        expect(titles(page).first).to_have_text("The brass band")


def test_a_phone_that_slept_for_an_hour_has_all_when_it_wakes(
    context: BrowserContext, reader: Page, market: Coverage
) -> None:
    posts = stalls(market, 4)
    reader.clock.install()
    opened(reader, market.path)
    system = context.new_cdp_session(reader)
    reader.evaluate(HIDE, True)
    context.set_offline(True)
    system.send("Page.setWebLifecycleState", {"state": "frozen"})
    market.publish("The last bus", 18)
    market.revise(posts[1], title="Stall 1, with bread")
    market.retract(posts[2])
    system.send("Page.setWebLifecycleState", {"state": "active"})
    reader.clock.fast_forward("01:00:00")
    context.set_offline(False)
    reader.evaluate(HIDE, False)
    expect(titles(reader)).to_have_text(
        ["The last bus", "Stall 3", "Stall 1, with bread", "Stall 0"]
    )
    away = reader.get_by_role("region", name="While you were away")
    expect(away.locator("> ul > li")).to_have_count(3)
    connected(reader)
    market.publish("The brass band", 19)
    expect(titles(reader).first).to_have_text("The brass band")


def test_a_post_moved_in_time_moves_to_its_place(reader: Page, market: Coverage) -> None:
    posts = stalls(market, 5)
    opened(reader, market.path)
    market.revise(posts[1], published_at="2025-06-24T20:00:00Z")
    expect(titles(reader)).to_have_text(["Stall 1", "Stall 4", "Stall 3", "Stall 2", "Stall 0"])
    market.revise(posts[4], published_at="2025-06-23T20:00:00Z")
    expect(titles(reader)).to_have_text(["Stall 1", "Stall 3", "Stall 2", "Stall 0", "Stall 4"])
    expect(reader.locator("#posts .day")).to_have_text(["24 June 2025", "23 June 2025"])
    reader.reload()
    expect(titles(reader)).to_have_text(["Stall 1", "Stall 3", "Stall 2", "Stall 0", "Stall 4"])


def test_a_post_moved_over_the_edge_of_what_is_loaded_is_in_one_place(
    reader: Page, market: Coverage
) -> None:
    posts = stalls(market, PAGE + 10)
    opened(reader, market.path)
    above, below = reader.locator(f"#post-{posts[2]}"), reader.locator(f"#post-{posts[35]}")
    market.revise(posts[2], published_at="2025-06-24T20:00:00Z")
    expect(titles(reader).first).to_have_text("Stall 2")
    market.revise(posts[35], published_at="2025-06-24T05:00:00Z")
    expect(below).to_have_count(0)
    reader.get_by_role("link", name="Older updates").click()
    expect(titles(reader).last).to_have_text("Stall 35")
    expect(titles(reader)).to_have_count(PAGE + 10)
    expect(above).to_have_count(1)
    expect(below).to_have_count(1)


def test_an_edit_on_a_page_that_is_not_loaded_is_there_when_it_is(
    reader: Page, market: Coverage
) -> None:
    posts = stalls(market, PAGE + 10)
    opened(reader, market.path)
    edited = reader.locator(f"#post-{posts[3]}")
    market.revise(posts[3], title="Stall 3, with bread")
    market.publish("The last bus", 18)
    expect(titles(reader).first).to_have_text("The last bus")
    expect(edited).to_have_count(0)
    reader.get_by_role("link", name="Older updates").click()
    expect(titles(reader)).to_have_count(PAGE + 11)
    expect(edited.locator("h2")).to_have_text("Stall 3, with bread")
    assert titles(reader).all_inner_texts()[-4] == "Stall 3, with bread"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_slides_for_who_wants_no_motion(
    site: Site, browser: Browser, market: Coverage, motion: str
) -> None:
    posts = stalls(market, 5)
    with watched(browser, site.url, reduced_motion=motion) as (context, _):
        page = context.new_page()
        page.add_init_script(COUNT_MOVES)
        opened(page, market.path)
        market.publish("The last bus", 18)
        market.revise(posts[1], title="Stall 1, with bread")
        expect(titles(page).first).to_have_text("The last bus")
        expect(titles(page).filter(has_text="with bread")).to_be_visible()
        page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        assert (page.evaluate("window.moves") > 0) is (motion == "no-preference")
