"""The day, replayed: a real server, a real Chromium, and a day that has been."""

import contextlib
import io
import json
import re
import threading
import wave
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from playwright.sync_api import Error as PlaywrightError

from tests.e2e.browser import watched
from tests.e2e.conftest import Site
from tests.e2e.coverage import Coverage
from tests.e2e.long_day import long_day
from tests.ports import quiet_port
from tests.process import Server, liveblog

SHOWN = """() => {
  const text = (item) => { // as the server has written it
    const article = item.querySelector("article").cloneNode(true);
    for (const button of article.querySelectorAll(".load")) button.remove();
    article.removeAttribute("class");
    for (const link of article.querySelectorAll("a[href]")) { // of a past page: to past pages
      link.setAttribute("href", link.getAttribute("href").replace(/[?&]at=[^&]*/, ""));
    }
    return article.outerHTML;
  };
  const posts = [...document.querySelectorAll("#posts > li[data-id]")].slice(0, 30);
  return {
    posts: posts.map((item) => [item.dataset.id, item.dataset.version, text(item)]),
    days: [...document.querySelectorAll("#posts > .day")].map((day) => day.textContent),
    pinned: [...document.querySelectorAll("#pinned li[data-id]")].map(text),
    keys: [...document.querySelectorAll("#keys li")].map((key) => key.textContent.trim()),
    title: document.querySelector("#title").textContent,
    standfirst: document.querySelector("#standfirst").textContent,
    summary: document.querySelector("#summary .body").innerHTML.trim(),
    status: document.querySelector("#status [data-when]:not([hidden])").textContent,
  };
}"""
"""What a page of the blog shows of it."""
FOCUSED = "document.activeElement.id || document.activeElement.textContent"
SMALL = """() => [...document.querySelectorAll("#player :is(a, button, select, summary, input)")]
  .map((each) => each.type === "checkbox" ? each.parentElement : each) // which its label is, too
  .filter((each) => each.offsetParent)
  .map((each) => [each.id || each.textContent.trim(), each.getBoundingClientRect()])
  .filter(([, { width, height }]) => width < 24 || height < 24)
  .map(([name]) => name)"""
REAL_DAY = Path(__file__).parents[3] / "shared" / "days" / "nsdif-2025.jsonl"
KINDS = ("post", "key", "edit", "retract")
SECONDS = 60
"""Of the recording."""


@pytest.fixture(scope="module")
def day(site: Site) -> str:
    """The path of a blog whose day is over."""
    return long_day(site.data)


@pytest.fixture
def context(site: Site, browser: Browser) -> Iterator[BrowserContext]:
    with watched(browser, site.url, viewport={"width": 1200, "height": 900}) as (context, _):
        yield context


@pytest.fixture
def viewer(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def plain(site: Site, browser: Browser) -> Iterator[Page]:
    """A page without a script."""
    with watched(browser, site.url, java_script_enabled=False) as (context, _):
        yield context.new_page()


def opened(page: Page, path: str, **query: Any) -> None:
    """Open a replay, and wait until it knows the day."""
    page.goto(f"{path}/replay?{urlencode(query)}" if query else f"{path}/replay")
    expect(page.locator("#moment")).to_be_enabled()
    expect(page.locator("#chart path").first).to_be_attached()


def shown(page: Page) -> Any:
    return page.evaluate(SHOWN)


def moment(page: Page) -> str:
    """The moment that the address holds."""
    return parse_qs(urlsplit(page.url).query).get("at", [""])[0]


def at_rest(page: Page) -> str:
    """The moment that is shown, once the address holds it too."""
    said = page.locator("#clock time")
    expect(page.locator("#blog[data-link=live]")).to_be_attached()
    page.wait_for_function(
        "() => new URL(location).searchParams.get('at')"
        " === document.querySelector('#clock time').dateTime"
    )
    return str(said.get_attribute("datetime"))


def titles(page: Page) -> list[str]:
    return page.locator("#posts > li[data-id] h2").all_inner_texts()


def comes_to_show(page: Page, written: Any) -> None:
    """Wait until a page shows what another does; if it never does, the first difference is told."""
    equal = f"written => JSON.stringify(({SHOWN})()) === JSON.stringify(written)"
    with contextlib.suppress(PlaywrightError):
        page.wait_for_function(equal, arg=written, timeout=30_000)
    shows = shown(page)
    for name, said in written.items():
        for one, other in zip(shows[name], said, strict=False):
            assert one == other, name
        assert len(shows[name]) == len(said), name


# The page


def test_without_a_script_it_is_the_page_as_it_was_and_links_lead_on(plain: Page, day: str) -> None:
    plain.goto(f"{day}/replay")
    expect(plain.locator("#posts > li[data-id]")).to_have_count(1)
    expect(plain.locator(".scripted:visible")).to_have_count(0)
    for _ in range(2):
        with plain.expect_navigation():
            plain.get_by_role("link", name="Next event").click()
    second = plain.locator("#posts > li[data-id]").count()
    assert second > 1
    with plain.expect_navigation():
        plain.get_by_role("link", name="Previous event").click()
    assert plain.locator("#posts > li[data-id]").count() < second
    plain.locator("summary", has_text="Key events").click()
    with plain.expect_navigation():
        plain.locator("#chapters a").nth(2).click()
    title = plain.locator("#chapters a span").nth(2).text_content()
    assert titles(plain)[0] == title
    plain.get_by_role("link", name="To the page as it is now").first.click()
    expect(plain).to_have_url(plain.url.partition("/replay")[0])


def test_nothing_is_asked_of_the_socket_before_somebody_wants_to_see(
    viewer: Page, day: str
) -> None:
    sockets: list[str] = []
    viewer.on("websocket", lambda socket: sockets.append(socket.url))
    opened(viewer, day)
    expect(viewer.locator("#player[data-state=paused]")).to_be_attached()
    assert sockets == []
    viewer.get_by_role("button", name="Play", exact=True).click()
    expect(viewer.locator("#player[data-state=playing]")).to_be_attached()
    expect(viewer.locator("#blog[data-link=live]")).to_be_attached()
    assert len(sockets) == 1


def test_a_day_that_was_played_through_ends_as_the_page_is_now(
    viewer: Page, plain: Page, day: str
) -> None:
    opened(viewer, day, speed=600)
    before = shown(viewer)
    viewer.get_by_text("More", exact=True).click()
    viewer.get_by_label("Skip silences").check()
    viewer.keyboard.press("Escape")
    viewer.get_by_role("button", name="Play", exact=True).click()
    expect(viewer.get_by_role("button", name="Play from the beginning")).to_be_visible(
        timeout=60_000
    )
    expect(viewer.locator("#ended")).to_be_visible()
    plain.goto(day)
    comes_to_show(viewer, shown(plain))
    viewer.get_by_role("button", name="Play from the beginning").click()
    expect(viewer.locator("#player[data-state=playing]")).to_be_attached()
    viewer.get_by_role("button", name="Pause", exact=True).click()
    viewer.get_by_label("Moment of the day").press("Home")
    expect(viewer.locator("#posts > li[data-id]")).to_have_count(1)
    comes_to_show(viewer, before)


def test_wherever_one_goes_the_page_is_what_its_address_shows(
    viewer: Page, plain: Page, day: str
) -> None:
    opened(viewer, day)
    slider = viewer.get_by_label("Moment of the day")
    box = slider.bounding_box()
    assert box
    for share in (0.9, 0.1, 0.55, 0.72, 1.0):
        viewer.mouse.click(box["x"] + 12 + (box["width"] - 24) * share, box["y"] + 30)
        at = at_rest(viewer)
        plain.goto(f"{day}/replay?at={at}")
        comes_to_show(viewer, shown(plain))
        plain.goto(f"{day}?at={at}")
        comes_to_show(viewer, shown(plain))


def test_at_every_event_of_the_sample_day_the_page_is_what_it_was(
    viewer: Page, plain: Page, site: Site, day: str
) -> None:
    walk_through(viewer, plain, site, day)


@pytest.mark.skipif(not REAL_DAY.is_file(), reason="the real day is not here")
def test_at_every_event_of_a_real_day_the_page_is_what_it_was(
    viewer: Page, plain: Page, site: Site
) -> None:
    told = liveblog("import", str(REAL_DAY), "--as-happened", data=site.data)
    slug = json.loads(REAL_DAY.read_text().partition("\n")[0])["blog"]["slug"]
    assert slug in told
    walk_through(viewer, plain, site, f"/blogs/{slug}")


def walk_through(viewer: Page, plain: Page, site: Site, path: str) -> None:
    """Go from event to event to the end of a day, holding each to its page; and some back."""
    marks = httpx.get(f"{site.url}/api{path}/marks", timeout=30).json()["marks"]
    began = next(mark[0] for mark in marks if mark[1] == "post")
    times = sorted({mark[0] for mark in marks if mark[0] > began})
    assert len(times) > 5
    opened(viewer, path)
    seen = []
    for _ in times:
        viewer.get_by_role("link", name="Next event").click()
        seen.append(viewer.locator("#clock time").get_attribute("datetime"))
        plain.goto(f"{path}?at={seen[-1]}")
        comes_to_show(viewer, shown(plain))
    assert len(set(seen)) == len(times)
    expect(viewer.get_by_role("link", name="Next event")).to_have_attribute("aria-disabled", "true")
    plain.goto(path)
    comes_to_show(viewer, shown(plain))
    for there in seen[-2:-6:-1]:
        viewer.keyboard.press("p")
        expect(viewer.locator("#clock time")).to_have_attribute("datetime", str(there))
    plain.goto(f"{path}/replay?at={at_rest(viewer)}")
    comes_to_show(viewer, shown(plain))


def test_the_address_holds_the_moment_and_a_reload_shows_the_same(viewer: Page, day: str) -> None:
    opened(viewer, day)
    viewer.get_by_text("Key events", exact=True).first.click()
    title = str(viewer.locator("#chapters a span").nth(3).text_content())
    viewer.locator("#chapters a").nth(3).click()
    expect(viewer.locator("#chapters")).to_be_hidden()
    at = at_rest(viewer)
    expect(viewer.locator("#posts > li[data-id] h2").first).to_have_text(title)
    viewer.get_by_label("Speed").select_option("300")
    there, page = viewer.locator("#clock").inner_text(), shown(viewer)
    expect(viewer).to_have_url(f"{viewer.url.partition('?')[0]}?at={at}&speed=300")
    viewer.reload()
    expect(viewer.locator("#moment")).to_be_enabled()
    assert viewer.locator("#clock").inner_text() == there
    expect(viewer.get_by_label("Speed")).to_have_value("300")
    comes_to_show(viewer, page)


def test_a_moment_is_handed_on_as_an_address(context: BrowserContext, day: str) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    viewer = context.new_page()
    opened(viewer, day)
    viewer.keyboard.press("n")
    at = at_rest(viewer)
    share = viewer.get_by_role("button", name="Share", exact=True)
    share.evaluate(  # it is said for two seconds only
        """share => {
            const note = () => { window.copied ||= share.textContent === "Link copied"; };
            new MutationObserver(note).observe(share, { childList: true });
        }"""
    )
    share.click()
    viewer.wait_for_function("() => window.copied")
    assert viewer.evaluate("navigator.clipboard.readText()").endswith(f"{day}/replay?at={at}")


def test_all_of_it_is_done_by_keys(viewer: Page, day: str) -> None:
    opened(viewer, day)
    state, clock = viewer.locator("#player"), viewer.locator("#clock time")
    began = str(clock.get_attribute("datetime"))
    viewer.keyboard.press("Space")
    expect(state).to_have_attribute("data-state", "playing")
    viewer.keyboard.press("k")
    expect(state).to_have_attribute("data-state", "paused")
    for key, value in (".", "120"), (".", "300"), (",", "120"):
        viewer.keyboard.press(key)
        expect(viewer.get_by_label("Speed")).to_have_value(value)
    viewer.keyboard.press("s")
    expect(viewer.locator("#silences")).to_be_checked()
    viewer.get_by_label("Moment of the day").press("Home")
    expect(clock).to_have_attribute("datetime", began)
    for key in ("PageUp", "ArrowRight", "ArrowLeft", "PageDown"):
        viewer.keyboard.press(key)
    expect(clock).to_have_attribute("datetime", began)
    viewer.keyboard.press("PageUp")
    slider = viewer.get_by_label("Moment of the day")
    hour = clock.inner_text()[:5]
    assert str(slider.get_attribute("aria-valuetext")).startswith(hour)
    # From the slider on, Tab leads through all that there is; a list opens and closes by keys.
    reached = []
    for _ in range(8):
        viewer.keyboard.press("Tab")
        reached.append(
            viewer.evaluate("document.activeElement.id || document.activeElement.textContent")
        )
    assert reached[:4] == ["earlier", "play", "later", "speed"]
    assert reached[4:7] == ["Key events", "More", "hand"]
    viewer.locator("summary", has_text="More").focus()
    viewer.keyboard.press("Enter")
    expect(viewer.locator("#silences")).to_be_visible()
    viewer.keyboard.press("Escape")
    expect(viewer.locator("#silences")).to_be_hidden()


def test_keys_do_nothing_in_a_field_or_once_they_are_turned_off(viewer: Page, day: str) -> None:
    opened(viewer, day)
    clock = viewer.locator("#clock time")
    began = str(clock.get_attribute("datetime"))
    viewer.get_by_text("More", exact=True).click()
    viewer.locator("#media").press_sequentially("npk s.,")
    viewer.get_by_role("button", name="Choose").press("Space")
    assert clock.get_attribute("datetime") == began
    expect(viewer.locator("#player")).to_have_attribute("data-state", "paused")
    viewer.get_by_label("Use these keys").uncheck()
    viewer.reload()
    expect(viewer.locator("#moment")).to_be_enabled()
    viewer.locator("body").press("n")
    assert clock.get_attribute("datetime") == began
    expect(viewer.locator("#keyboard")).not_to_be_checked()


def test_the_picture_tells_its_kinds_apart_by_shape_and_says_in_words_what_it_shows(
    viewer: Page, site: Site, day: str
) -> None:
    opened(viewer, day)
    expect(viewer.locator("#chart svg > path")).to_have_count(3)  # filled, lines, breaks
    viewer.get_by_text("More", exact=True).click()
    marks = httpx.get(f"{site.url}/api{day}/marks", timeout=30).json()["marks"]
    counts = [sum(mark[1] == kind for mark in marks) for kind in KINDS]
    words = zip(["Update", "Key event", "Edit", "Withdrawal"], counts, strict=True)
    expect(viewer.locator(".legend li")).to_have_text([f"{word}: {count}" for word, count in words])
    assert viewer.locator("#hours span").count() > 3


def test_what_was_withdrawn_is_a_gap_while_it_was_there(viewer: Page, site: Site) -> None:
    with site.client() as editor:
        market = Coverage(editor)
        market.publish("The first stall", 8)
        gone = market.publish("Free cheese for all", 9)
        market.retract(gone)
        market.publish("The last bus", 18)
    opened(viewer, market.path)
    viewer.keyboard.press("n")
    expect(viewer.locator(f"#post-{gone}")).to_contain_text("Withdrawn later")
    viewer.keyboard.press("n")
    expect(viewer.locator(f"#post-{gone}")).to_have_count(0)
    expect(viewer.get_by_text("Free cheese")).to_have_count(0)


def test_a_live_blog_is_scrubbed_back_while_it_runs_and_nothing_is_lost(
    viewer: Page, site: Site
) -> None:
    with site.client() as editor:
        market = Coverage(editor)
        market.publish("The first stall", 8)
        market.publish("The brass band", 12)
        viewer.goto(market.path)
        viewer.get_by_role("link", name="As it happened").click()
        expect(viewer.locator("#moment")).to_be_enabled()
        assert titles(viewer) == ["The first stall"]
        viewer.keyboard.press("n")
        expect(viewer.locator("#posts h2")).to_have_text(["The brass band", "The first stall"])
        market.publish("The last bus", 18)
        viewer.keyboard.press("p")
        expect(viewer.locator("#posts h2")).to_have_text(["The first stall"])
        viewer.get_by_role("link", name="Back to live").first.click()
        expect(viewer.locator("#posts h2")).to_have_text(
            ["The last bus", "The brass band", "The first stall"]
        )
        expect(viewer.locator("#blog[data-link=socket]")).to_be_attached()
        market.publish("The lights go out", 19)
        expect(viewer.locator("#posts h2").first).to_have_text("The lights go out")


def test_a_server_that_restarts_is_met_again_at_the_moment_where_it_was(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = tmp_path_factory.mktemp("again") / "data"
    server = Server(data, port=quiet_port())
    path = long_day(data)
    context = browser.new_context(base_url=server.url)
    try:
        page = context.new_page()
        opened(page, path, speed=1)
        page.get_by_text("Key events", exact=True).first.click()
        title = str(page.locator("#chapters a span").nth(2).text_content())
        page.locator("#chapters a").nth(2).click()
        at_rest(page)
        expect(page.locator("#posts > li[data-id] h2").first).to_have_text(title)
        page.keyboard.press("Space")
        expect(page.locator("#player[data-state=playing]")).to_be_attached()
        there = shown(page)
        server.stop()
        expect(page.locator("#blog[data-link=waiting]")).to_be_attached()
        server = Server(data, port=urlsplit(server.url).port or 0)
        expect(page.locator("#blog[data-link=live]")).to_be_attached(timeout=30_000)
        expect(page.locator("#player[data-state=playing]")).to_be_attached()
        comes_to_show(page, there)
    finally:
        context.close()
        server.stop()


# A recording


class Recordings:
    """Another site, with one recording: a minute of silence."""

    def __init__(self) -> None:
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(1)
            sound.setframerate(8000)
            sound.writeframes(b"\x80" * 8000 * SECONDS)
        recording = file.getvalue()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/day.wav":
                    return self.send_error(404)
                asked = self.headers.get("range", "bytes=0-").removeprefix("bytes=").split("-")
                first, last = int(asked[0]), int(asked[1] or len(recording) - 1)
                self.send_response(206)
                self.send_header("content-type", "audio/wav")
                self.send_header("accept-ranges", "bytes")
                self.send_header("content-range", f"bytes {first}-{last}/{len(recording)}")
                self.send_header("content-length", str(last - first + 1))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # the browser has heard enough
                    self.wfile.write(recording[first : last + 1])
                return None

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def recordings() -> Iterator[Recordings]:
    recordings = Recordings()
    yield recordings
    recordings.close()


@pytest.fixture
def listener(site: Site, browser: Browser) -> Iterator[Page]:
    """A viewer who may hear recordings of another site; nothing else goes wrong."""
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert errors == []


def loaded(page: Page, path: str, recordings: Recordings, **query: Any) -> None:
    """Open a replay with a recording, and let the recording load."""
    opened(page, path, media=f"{recordings.origin}/day.wav", **query)
    page.get_by_role("button", name="Load from").click()
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 1")
    expect(page.get_by_role("button", name="Align anew")).to_be_visible()


def sounds(page: Page) -> float:
    """Where the recording is, in seconds."""
    return float(page.evaluate("document.querySelector('video').currentTime"))


def passed(page: Page, since: str) -> float:
    """Seconds of the day that the clock is after a moment."""
    return float(
        page.evaluate(
            "since => (Date.parse(document.querySelector('#clock time').dateTime)"
            " - Date.parse(since)) / 1000",
            since,
        )
    )


def test_nobody_is_asked_for_a_recording_before_a_click_that_names_him(
    listener: Page, recordings: Recordings, day: str
) -> None:
    asked: list[str] = []
    listener.on("request", lambda request: asked.append(request.url))
    opened(listener, day)
    listener.get_by_text("More", exact=True).click()
    listener.get_by_label("Address of a video or audio file").fill(f"{recordings.origin}/day.wav")
    listener.get_by_role("button", name="Choose").click()
    host = urlsplit(recordings.origin).netloc
    load = listener.get_by_role("button", name=f"Load from {host}")
    expect(load).to_be_visible()
    expect(listener.locator("#moment")).to_be_enabled()
    assert not [address for address in asked if urlsplit(address).netloc == host]
    load.click()
    listener.wait_for_function("() => document.querySelector('video')?.readyState >= 1")


def test_a_recording_and_its_day_play_stand_and_jump_together(
    listener: Page, recordings: Recordings, day: str
) -> None:
    loaded(listener, day, recordings, speed=1, offset=60)
    began = str(listener.locator("#clock time").get_attribute("datetime"))
    state = listener.locator("#player")
    # The recording's own controls move the replay ...
    listener.evaluate("document.querySelector('video').currentTime = 20")
    listener.wait_for_function(
        "began => Date.parse(document.querySelector('#clock time').dateTime)"
        " === Date.parse(began) + 80_000",
        arg=began,
    )
    listener.evaluate("document.querySelector('video').play()")
    expect(state).to_have_attribute("data-state", "playing")
    listener.wait_for_function("() => document.querySelector('video').currentTime > 21")
    listener.wait_for_function(
        """began => {
          const now = Date.parse(document.querySelector("#clock time").dateTime);
          const passed = (now - Date.parse(began)) / 1000;
          return Math.abs(passed - 60 - document.querySelector("video").currentTime) < 1.5;
        }""",
        arg=began,
    )
    listener.evaluate("document.querySelector('video').pause()")
    expect(state).to_have_attribute("data-state", "paused")
    # ... and those of the replay move the recording.
    listener.get_by_label("Moment of the day").press("Home")
    listener.locator("body").press("ArrowRight")
    listener.wait_for_function("() => document.querySelector('video').currentTime < 1")
    listener.get_by_role("button", name="Play", exact=True).click()
    listener.wait_for_function("() => !document.querySelector('video').paused")
    listener.get_by_label("Speed").select_option("10")
    listener.wait_for_function("() => document.querySelector('video').playbackRate === 10")
    listener.get_by_label("Speed").select_option("300")
    expect(listener.get_by_label("Speed")).to_have_value("16")
    listener.wait_for_function("() => document.querySelector('video').playbackRate === 16")
    listener.get_by_role("button", name="Pause", exact=True).click()
    listener.wait_for_function("() => document.querySelector('video').paused")


def test_the_recordings_own_button_wins_over_what_the_replay_does_meanwhile(
    listener: Page, recordings: Recordings, day: str
) -> None:
    loaded(listener, day, recordings, speed=1, offset=0)
    state = listener.locator("#player")
    listener.get_by_role("button", name="Play", exact=True).click()
    listener.wait_for_function("() => document.querySelector('video').currentTime > 0")
    # The replay moves between the press and the news of it, which the browser brings later.
    listener.evaluate(
        """() => {
          const video = document.querySelector("video");
          window.said = [];
          for (const name of ["play", "pause"]) video.addEventListener(name, () => said.push(name));
          video.pause();
          const speed = document.getElementById("speed");
          speed.value = "2";
          speed.dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    expect(state).to_have_attribute("data-state", "paused")
    listener.evaluate("new Promise(done => setTimeout(done, 0))")
    assert listener.evaluate("said") == ["pause"]
    assert listener.evaluate("document.querySelector('video').paused")
    expect(state).to_have_attribute("data-state", "paused")


def test_the_replay_goes_on_where_the_recording_has_ended(
    listener: Page, recordings: Recordings, day: str
) -> None:
    loaded(listener, day, recordings, speed=10, offset=0)
    listener.evaluate("document.querySelector('video').currentTime = 55")
    began = str(listener.locator("#clock time").get_attribute("datetime"))
    listener.get_by_role("button", name="Play", exact=True).click()
    listener.wait_for_function(
        "began => Date.parse(document.querySelector('#clock time').dateTime)"
        " > Date.parse(began) + 90_000",
        arg=began,
    )
    expect(listener.locator("#player")).to_have_attribute("data-state", "playing")
    assert listener.evaluate("document.querySelector('video').paused")


def test_a_viewer_aligns_the_two_by_ear_and_the_address_says_how(
    listener: Page, recordings: Recordings, day: str
) -> None:
    loaded(listener, day, recordings)
    began = str(listener.locator("#clock time").get_attribute("datetime"))
    listener.get_by_role("button", name="Align anew").click()
    listener.evaluate("document.querySelector('video').currentTime = 30")
    listener.locator("body").press("ArrowRight")
    listener.locator("body").press("ArrowRight")
    assert passed(listener, began) == 120
    assert sounds(listener) == 30
    listener.get_by_role("button", name="It is at this moment now").click()
    expect(listener.get_by_role("button", name="Align anew")).to_be_visible()
    expect(listener.locator("#offset")).to_have_value("90")
    expect(listener).to_have_url(re.compile("&offset=90$"))
    listener.evaluate("document.querySelector('video').currentTime = 10")
    listener.wait_for_function(
        "began => Date.parse(document.querySelector('#clock time').dateTime)"
        " === Date.parse(began) + 100_000",
        arg=began,
    )


# What is asked


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("at=soon", "at takes a position or a time"),
        ("speed=0", "speed takes a number from 0.1 to 600, not 0"),
        ("speed=-1", "speed takes a number"),
        ("speed=601", "speed takes a number"),
        ("speed=nan", "speed takes a number"),
        ("offset=soon", "offset takes a number from -315360000 to 315360000, not soon"),
        ("speed=inf", "speed takes a number"),
        ("media=javascript:alert(1)", "media takes the address of a recording"),
        ("media=https://a.example;script-src *", "media takes the address of a recording"),
        ("media=https://a@b.example/", "media takes the address of a recording"),
        ("media=https://", "media takes the address of a recording"),
        ("media=http://[::", "media takes the address of a recording"),
        (f"media=https://a.example/{'x' * 2000}", "media takes the address of a recording"),
        ("media=https://a.example/&offset=x", "offset takes a number"),
        ("media=https://a.example/&offset=1e99", "offset takes a number"),
    ],
)
def test_what_cannot_be_is_refused_and_named(site: Site, day: str, query: str, told: str) -> None:
    answer = httpx.get(f"{site.url}{day}/replay?{query}", timeout=30)
    assert answer.status_code == 400
    assert told in answer.json()["detail"]


def test_a_recording_changes_the_policy_by_its_own_origin_alone(site: Site, day: str) -> None:
    def policy(query: str) -> list[str]:
        said = httpx.get(f"{site.url}{day}/replay{query}", timeout=30).headers[
            "content-security-policy"
        ]
        return [part for part in said.split("; ") if part.startswith("media-src")]

    assert policy("") == policy("?media=https://a.example/day.mp4") == ["media-src https:"]
    assert policy("?media=http://a.example/x.mp4") == ["media-src https: http://a.example"]


def test_a_time_to_come_is_now_and_one_before_the_first_post_shows_nothing(
    site: Site, day: str
) -> None:
    now = httpx.get(f"{site.url}{day}/replay?at=2999-01-01T00:00:00Z", timeout=30).text
    assert "yet to come" in now
    assert now.count("<article") >= 30
    then = httpx.get(f"{site.url}{day}/replay?at=1999-01-01T00:00:00Z", timeout=30).text
    assert "<article" not in then


def test_search_engines_leave_it_alone_and_caches_ask_again(site: Site, day: str) -> None:
    answer = httpx.get(f"{site.url}{day}/replay", timeout=30)
    assert answer.headers["x-robots-tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in answer.text
    assert "s-maxage=1" in answer.headers["cache-control"]
    etag = {"if-none-match": answer.headers["etag"]}
    assert httpx.get(f"{site.url}{day}/replay", headers=etag, timeout=30).status_code == 304


def test_a_past_that_is_not_public_is_for_editors_alone(site: Site) -> None:
    with site.client() as editor:
        market = Coverage(editor)
        market.publish("The first stall", 8)
        assert "/replay" in httpx.get(site.url + market.path, timeout=30).text
        market.describe(past_public=False)
        assert httpx.get(f"{site.url}{market.path}/replay", timeout=30).status_code == 403
        assert "/replay" not in httpx.get(site.url + market.path, timeout=30).text
        answer = editor.get(f"{market.path}/replay")
        assert answer.status_code == 200
        assert "private" in answer.headers["cache-control"]


# Looks


@pytest.mark.parametrize("width", [320, 390, 768, 1600])
def test_it_fits_every_window_and_every_target_is_large_enough(
    site: Site, browser: Browser, day: str, width: int
) -> None:
    viewport: ViewportSize = {"width": width, "height": 700}
    with watched(browser, site.url, viewport=viewport, is_mobile=width < 500) as (context, _):
        page = context.new_page()
        opened(page, day)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        for summary in ("Key events", "More"):
            page.locator("summary", has_text=summary).click()
            listed = page.locator(".list:visible").bounding_box()
            assert listed
            assert listed["x"] >= 0
            assert listed["y"] >= 0
            assert listed["x"] + listed["width"] <= width
        small = page.evaluate(SMALL)
        assert small == [], json.dumps(small)


@pytest.mark.parametrize("language", ["nl", "de", "fr", "es", "ar"])
def test_it_speaks_the_blogs_language_and_fits_a_phone_in_it(
    site: Site, browser: Browser, language: str
) -> None:
    viewport: ViewportSize = {"width": 320, "height": 640}
    with (
        site.client() as editor,
        watched(browser, site.url, viewport=viewport, is_mobile=True) as (context, _),
    ):
        market = Coverage(editor, language=language)
        market.publish("Markt", 8, key=True)
        page = context.new_page()
        opened(page, market.path)
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert page.locator("#player").get_by_text("As it happened").count() == 0
        page.locator("#player summary").last.click()
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        # A tape runs from left to right everywhere.
        earlier = page.locator("#earlier").bounding_box()
        later = page.locator("#later").bounding_box()
        assert earlier
        assert later
        assert earlier["x"] < later["x"]
