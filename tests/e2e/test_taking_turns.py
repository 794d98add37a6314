"""Changes of the page that have to wait for their turn: nothing is lost or doubled by it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, WebSocket, expect

from tests.e2e.browser import Watch, watched
from tests.e2e.coverage import Coverage
from tests.process import Server

PAGE = 30
REST = """() => {
  const frames = [], wait = window.setTimeout;
  window.requestAnimationFrame = (run) => frames.push(run);
  window.setTimeout = (run, ms, ...rest) => (ms === 1500 ? 0 : wait(run, ms, ...rest));
  window.goOn = () => {
    window.requestAnimationFrame = (run) => wait(run);
    frames.splice(0).forEach((run) => run());
  };
}"""
"""No frame is painted, so that all but the next change waits, until the test says `goOn()`."""
AWAY = """for (const key of Object.keys(localStorage).filter((key) => key.includes(":left "))) {
  localStorage[key] = JSON.stringify({ ...JSON.parse(localStorage[key]), at: 0 });
}"""


@pytest.fixture
def watch_of(site: Server, browser: Browser) -> Iterator[tuple[BrowserContext, Watch]]:
    with watched(browser, site.url, viewport={"width": 1000, "height": 700}) as both:
        yield both


@pytest.fixture
def context(watch_of: tuple[BrowserContext, Watch]) -> BrowserContext:
    return watch_of[0]


def titles(page: Page) -> Locator:
    return page.locator("#posts > li[data-id] h2")


def stalls(market: Coverage, count: int) -> list[str]:
    return [market.publish(f"Stall {number}", 6 + number / 20) for number in range(count)]


def opened(page: Page, market: Coverage) -> WebSocket:
    """The page's socket, once it is connected."""
    with page.expect_websocket() as socket:
        page.goto(market.path)
    expect(page.locator("#blog[data-link]")).to_be_attached()
    return socket.value


def heard(socket: WebSocket, words: str, done: Callable[[], object]) -> None:
    """Do something, and wait until the page was told of it."""
    with socket.expect_event("framereceived", lambda frame: words in str(frame)):
        done()


def resting(page: Page, market: Coverage, socket: WebSocket) -> None:
    """A post slides in, and what follows waits for the end of that."""
    page.evaluate(REST)
    heard(socket, "The first bus", lambda: market.publish("The first bus", 18))
    expect(titles(page).first).to_have_text("The first bus")


def test_an_older_post_that_is_edited_while_it_waits_to_be_put_in_is_there_as_it_is(
    reader: Page, market: Coverage
) -> None:
    posts = stalls(market, PAGE + 5)
    socket = opened(reader, market)
    resting(reader, market, socket)
    more = reader.get_by_role("link", name="Older updates")
    with reader.expect_event("requestfinished", lambda asked: "before=" in asked.url):
        more.click()
    heard(socket, "Moved", lambda: market.revise(posts[2], title="Moved to the quay"))
    reader.evaluate("() => goOn()")
    expect(titles(reader)).to_have_count(PAGE + 6)
    expect(titles(reader).filter(has_text="Moved to the quay")).to_have_count(1)


def test_a_link_that_is_pressed_again_while_its_posts_wait_loads_them_once(
    reader: Page, market: Coverage
) -> None:
    stalls(market, 2 * PAGE + 5)
    socket = opened(reader, market)
    resting(reader, market, socket)
    asked: list[str] = []
    reader.on("request", lambda request: asked.append(request.url))
    more = reader.get_by_role("link", name="Older updates")
    with reader.expect_event("requestfinished", lambda asked: "before=" in asked.url):
        more.click()
    more.click()
    heard(socket, "The last bus", lambda: market.publish("The last bus", 19))
    reader.evaluate("() => goOn()")
    expect(titles(reader)).to_have_count(2 * PAGE + 2)
    assert len([address for address in asked if "before=" in address]) == 1
    expect(more).not_to_have_attribute("aria-busy", "true")


def test_what_is_not_there_yet_is_not_counted_as_unread(reader: Page, market: Coverage) -> None:
    posts = stalls(market, PAGE)
    socket = opened(reader, market)
    resting(reader, market, socket)
    reader.locator(f"#post-{posts[5]}").evaluate("post => post.scrollIntoView()")
    heard(socket, "The last bus", lambda: market.publish("The last bus", 19))
    reader.evaluate("() => new Promise((done) => setTimeout(done))")
    reader.evaluate("() => dispatchEvent(new Event('scroll'))")
    expect(reader.locator("#new")).to_be_hidden()
    reader.evaluate("() => goOn()")
    expect(reader.locator("#new")).to_have_text("1 new update")


def test_who_returns_without_a_network_is_told_once_there_is_one(
    watch_of: tuple[BrowserContext, Watch], market: Coverage
) -> None:
    context, watch = watch_of
    watch.passes_over("net::ERR_FAILED")
    reader = context.new_page()
    opened(reader, market)
    reader.goto("/")
    reader.wait_for_function(
        "() => Object.keys(localStorage).some((key) => key.startsWith('liveblog:left '))"
    )
    market.publish("The last bus", 18)
    reader.add_init_script(AWAY)
    context.route("**/changes?*", lambda route: route.abort())
    with reader.expect_event("requestfailed"):
        reader.goto(market.path)
    away = reader.get_by_role("region", name="While you were away")
    expect(away).to_be_hidden()
    context.unroute_all()
    reader.wait_for_function(
        """() => {
          if (!document.getElementById("away").hidden) return true;
          dispatchEvent(new Event("online"));
          return false;
        }""",
        polling=200,
    )
    expect(away).to_contain_text("The last bus")
