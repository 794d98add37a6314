"""A reader's page on bad networks: it finds a way, loses nothing, and goes back to a socket.

The page's clock is moved on by hand where a wait is long. It also goes by itself: what a slow
machine began to wait for only after that comes all the same.
"""

import itertools
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Request, WebSocket, expect

from tests.e2e.bad_proxy import BadProxy
from tests.e2e.browser import watched
from tests.process import Server

# The longest that client/src may wait, in seconds.
RETRY = 4
HELLO = 10
SILENCE = 135
STEADY = 6  # so long a link must have lasted to be taken for one that works
FIRST_TRIAL = 5
SECOND_TRIAL = 90
THIRD_TRIAL = 180
POLL = 6

PATIENCE = 45_000  # milliseconds: several retries on a slow machine

NETWORK_LINES = ("WebSocket connection to ", "Failed to load resource: ")
GREETING = "Good morning"
COUNT_LOST = """
window.lost = 0;
window.WebSocket &&= class extends WebSocket {
  constructor(...address) {
    super(...address);
    this.addEventListener("close", () => { window.lost += 1; });
  }
};
"""
NOTE_SAID = """() => {
  window.said = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) if (!target.hidden) window.said.push(target.dataset.when);
  }).observe(document.getElementById("connection"), { subtree: true, attributeFilter: ["hidden"] });
}"""
numbers = itertools.count(1)


class Fair:
    """A blog whose editor has a network of his own."""

    def __init__(self, editor: httpx.Client) -> None:
        self.path = f"/blogs/fair-{next(numbers)}"
        self._editor = editor
        self._call("POST", "/api/blogs", slug=self.path[7:], title="The fair")
        self._call("PUT", f"/api{self.path}/status", status="live")

    def publish(self, *titles: str, text: str = "So we hear.") -> None:
        for title in titles:
            self._call("POST", f"/api{self.path}/posts", title=title, markdown=text)

    def retract(self, title: str) -> None:
        [id] = [post["id"] for post in self._posts() if post["title"] == title]
        self._call("PUT", f"/api{self.path}/posts/{id}/status", status="retracted")

    def end(self) -> None:
        self._call("DELETE", f"/api{self.path}")

    @property
    def titles(self) -> list[str]:
        """Of all posts, as the server has them."""
        return [post["title"] for post in self._posts()]

    def _posts(self) -> list[dict[str, str]]:
        posts: list[dict[str, str]] = self._editor.get(f"/api{self.path}/posts").json()["posts"]
        return posts

    def _call(self, method: str, path: str, **said: str) -> None:
        answer = self._editor.request(method, path, json=said, headers={"if-match": "*"})
        assert answer.is_success, answer.text


class Visit:
    """A reader's page, its network, and its clock."""

    def __init__(self, page: Page, proxy: BadProxy, fair: Fair) -> None:
        self.page = page
        self.proxy = proxy
        self.sockets: list[WebSocket] = []
        self._fair = fair
        self.failed: list[Request] = []
        page.on("websocket", lambda socket: self.sockets.append(socket))
        page.on("requestfailed", lambda request: self.failed.append(request))
        page.clock.install()
        page.add_init_script(COUNT_LOST)

    def begin(self) -> None:
        self.page.goto(self._fair.path)
        self._greeting().evaluate("post => { post.stayed = true }")

    def stayed(self) -> bool:
        """Whether nothing was dropped and put in again, as a snapshot would do it."""
        return bool(self._greeting().evaluate("post => post.stayed"))

    def _greeting(self) -> Locator:
        return self.page.locator("#posts > li[data-id]", has_text=GREETING)

    def later(self, seconds: float) -> None:
        self.page.clock.fast_forward(round(seconds * 1000))

    @property
    def attempts(self) -> int:
        """Of links, by any transport."""
        asked = self.proxy.asked
        return asked("socket") + asked("events") + asked("polling")

    def goes_by(self, link: str) -> None:
        expect(self.page.locator("#blog")).to_have_attribute("data-link", link, timeout=PATIENCE)

    def says(self, standing: str | None) -> None:
        """Which sentence about its connection is true; they come into sight a little later."""
        true = self.page.locator("#connection [data-when]:not([hidden])")
        if standing is None:
            expect(true).to_have_count(0, timeout=PATIENCE)
        else:
            expect(true).to_have_attribute("data-when", standing, timeout=PATIENCE)

    def is_whole(self) -> None:
        """It holds what the server has, each post once, in its place."""
        titles = self.page.locator("#posts > li[data-id] h2")
        expect(titles).to_have_text(self._fair.titles, timeout=PATIENCE)

    def lost_its_socket(self, times: int) -> None:
        """So many in all, and has found that out: it plans from then on."""
        while len(self.sockets) < times:
            self.page.wait_for_event("websocket")
        self.page.wait_for_function("times => window.lost >= times", arg=times)

    def lost_requests(self, times: int) -> None:
        """So many in all."""
        while len(self.failed) < times:
            self.page.wait_for_event("requestfailed")

    def notes_what_it_says(self) -> None:
        """From now on, also what is true for a moment only: `said` has it."""
        self.page.evaluate(NOTE_SAID)

    def said(self) -> list[str]:
        said: list[str] = self.page.evaluate("window.said")
        return said


@pytest.fixture
def fair(editor: httpx.Client) -> Fair:
    fair = Fair(editor)
    fair.publish(GREETING, "The gates open", "The first stall")
    return fair


@pytest.fixture
def proxy(site: Server) -> Iterator[BadProxy]:
    port = urlsplit(site.url).port
    assert port
    with BadProxy(port) as proxy:
        yield proxy


@pytest.fixture
def visit(browser: Browser, proxy: BadProxy, fair: Fair) -> Iterator[Visit]:
    """A page that is not loaded a second time, and says no more than that the network is bad."""
    with watched(browser, proxy.url, reduced_motion="reduce") as (context, watch):
        watch.passes_over(*NETWORK_LINES)
        page = context.new_page()
        loads: list[str] = []
        page.on("domcontentloaded", lambda page: loads.append(page.url))
        visit = Visit(page, proxy, fair)
        yield visit
        assert visit.stayed()
        context.close()
        assert len(loads) == 1


def blocked_sockets(visit: Visit) -> None:
    """The page begins where sockets are refused, and has found that out."""
    visit.proxy.treat(socket="refuse")
    visit.begin()
    for attempt in (1, 2):
        visit.lost_its_socket(attempt)
        visit.later(RETRY)


def test_a_good_network_carries_a_socket(visit: Visit, fair: Fair) -> None:
    visit.begin()
    visit.goes_by("socket")
    fair.publish("The brass band")
    visit.is_whole()
    assert visit.proxy.asked("events") == visit.proxy.asked("polling") == 0


def test_a_socket_that_stalls_makes_place_for_events_until_it_gets_through(
    visit: Visit, fair: Fair
) -> None:
    visit.begin()
    visit.goes_by("socket")
    visit.proxy.treat(socket="stall")
    fair.publish("The brass band", "The first rain")
    fair.retract("The first stall")
    visit.later(SILENCE)
    visit.proxy.until_asked("socket", 2)
    visit.later(HELLO)
    visit.later(RETRY)
    visit.goes_by("events")
    visit.is_whole()
    fair.publish("The wet band")
    visit.is_whole()

    visit.proxy.treat()
    visit.later(FIRST_TRIAL)
    visit.goes_by("socket")
    fair.publish("The last bus")
    visit.is_whole()


def test_where_upgrades_are_refused_events_carry_and_sockets_are_tried_ever_more_seldom(
    visit: Visit, fair: Fair
) -> None:
    blocked_sockets(visit)
    visit.goes_by("events")
    fair.publish("The brass band")
    visit.is_whole()
    visit.later(FIRST_TRIAL)
    visit.lost_its_socket(3)
    visit.later(SECOND_TRIAL)
    visit.lost_its_socket(4)
    fair.publish("The first rain")
    visit.is_whole()
    visit.goes_by("events")

    visit.proxy.treat()
    visit.later(THIRD_TRIAL)
    visit.goes_by("socket")
    fair.publish("The last bus")
    visit.is_whole()


def test_a_browser_without_sockets_gets_events(visit: Visit, fair: Fair) -> None:
    visit.page.add_init_script("delete window.WebSocket")
    visit.begin()
    visit.later(RETRY)
    visit.later(RETRY)
    visit.goes_by("events")
    fair.publish("The brass band")
    visit.is_whole()
    assert not visit.sockets


def test_a_stream_torn_in_the_middle_of_a_post_goes_on_with_that_post(
    visit: Visit, fair: Fair
) -> None:
    blocked_sockets(visit)
    visit.goes_by("events")
    visit.later(STEADY)
    visit.proxy.treat(socket="refuse", events="halve")
    fair.publish("The brass band", "The first rain")
    visit.proxy.until_held("events")
    with visit.page.expect_event("requestfailed"):
        visit.proxy.reset("events")
    visit.proxy.treat(socket="refuse")
    visit.later(RETRY)
    visit.is_whole()
    visit.goes_by("events")


def test_a_post_that_comes_in_pieces_is_put_together(visit: Visit, fair: Fair) -> None:
    blocked_sockets(visit)
    visit.goes_by("events")
    visit.proxy.treat(socket="refuse", events="halve")
    text = "süße Äpfel – 2 € " * 100
    fair.publish("The price list", text=text)
    visit.proxy.until_held("events")
    visit.proxy.treat(socket="refuse")
    expect(visit.page.locator("#posts .body").first).to_have_text(text)
    visit.goes_by("events")


def test_a_page_whose_blog_is_gone_stops_asking_also_by_events(visit: Visit, fair: Fair) -> None:
    blocked_sockets(visit)
    visit.goes_by("events")
    visit.notes_what_it_says()
    fair.end()
    visit.later(RETRY)
    visit.says("stopped")
    assert "waiting" in visit.said()
    attempts = visit.attempts
    visit.later(SILENCE)
    # Another request after it: had the page asked before, the proxy would know by then.
    visit.page.evaluate("dispatchEvent(new Event('online')), fetch('/healthz').then(() => 0)")
    assert visit.attempts == attempts


def test_where_streams_are_held_back_too_polling_carries_until_the_network_changes(
    visit: Visit, fair: Fair
) -> None:
    blocked_sockets(visit)
    visit.goes_by("events")
    visit.proxy.treat(socket="refuse", events="hold")
    fair.publish("The brass band")
    visit.later(SILENCE)
    visit.proxy.until_asked("events", 2)
    visit.later(HELLO)
    visit.later(RETRY)
    visit.goes_by("polling")
    visit.is_whole()
    fair.publish("The first rain")
    fair.retract("The gates open")
    visit.later(POLL)
    visit.is_whole()
    visit.goes_by("polling")

    visit.proxy.treat()
    fair.publish("The last bus")
    visit.page.evaluate("dispatchEvent(new Event('online'))")
    visit.is_whole()
    visit.later(FIRST_TRIAL)
    visit.goes_by("socket")
    fair.publish("The lights go out")
    visit.is_whole()


def test_a_poll_with_nothing_new_costs_no_body(visit: Visit) -> None:
    visit.proxy.treat(socket="refuse", events="refuse")
    visit.begin()
    for attempt in (1, 2):
        visit.lost_its_socket(attempt)
        visit.later(RETRY)
    visit.later(RETRY)
    visit.goes_by("polling")
    visit.later(POLL)
    visit.proxy.until_answered("polling", 2)
    first, *others = visit.proxy.answered("polling")
    assert first == 200
    assert set(others) == {304}


def test_a_half_closed_socket_is_opened_anew(visit: Visit, fair: Fair) -> None:
    visit.begin()
    visit.goes_by("socket")
    visit.proxy.half_close("socket")
    visit.lost_its_socket(1)
    fair.publish("The brass band", "The first rain")
    visit.later(RETRY)
    visit.goes_by("socket")
    visit.is_whole()


def test_a_socket_torn_in_the_middle_of_a_post_goes_on_with_that_post(
    visit: Visit, fair: Fair
) -> None:
    visit.begin()
    visit.goes_by("socket")
    visit.proxy.treat(socket="halve")
    fair.publish("The brass band", "The first rain")
    visit.proxy.until_held("socket")
    visit.proxy.reset("socket")
    visit.lost_its_socket(1)
    visit.proxy.treat()
    visit.later(RETRY)
    visit.is_whole()
    visit.goes_by("socket")


def test_while_everything_is_cut_the_page_says_so_and_afterwards_it_is_on_a_socket(
    visit: Visit, fair: Fair
) -> None:
    visit.begin()
    visit.goes_by("socket")
    visit.proxy.cut()
    visit.says("waiting")
    fair.publish("The brass band", "The first rain")
    visit.later(RETRY)
    visit.lost_its_socket(2)
    for times, _ in enumerate(("events", "polling"), 1):
        visit.later(RETRY)
        visit.lost_requests(times)
    visit.later(RETRY)
    visit.lost_its_socket(3)
    visit.says("waiting")

    visit.proxy.mend()
    visit.later(RETRY)
    visit.goes_by("socket")
    visit.is_whole()
    visit.says(None)


def test_without_a_network_the_page_says_so_and_comes_back_when_there_is_one(
    visit: Visit, fair: Fair
) -> None:
    visit.begin()
    visit.goes_by("socket")
    visit.page.context.set_offline(True)
    visit.says("waiting")
    fair.publish("The brass band", "The first rain")
    visit.page.context.set_offline(False)
    visit.goes_by("socket")
    visit.is_whole()
    visit.says(None)
