"""A blog in another site's page: a real server, a real Chromium, and pages of other origins."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FilePayload,
    FrameLocator,
    Page,
    expect,
)

from tests.e2e.conftest import Site
from tests.newsroom import Newsroom

numbers = count(1)
RECORD = "<script>heard = []; onmessage = (event) => heard.push(event.data);</script>"


class Elsewhere:
    """Another site: pages by their path, on a port of loopback that is an origin of its own."""

    def __init__(self) -> None:
        pages = self.pages = {"/favicon.ico": ""}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = pages.get(self.path)
                body = (found or "").encode()
                self.send_response(404 if found is None else 200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def has(self, body: str) -> str:
        """Put a page there; its address."""
        path = f"/{next(numbers)}"
        self.pages[path] = (
            f"<!doctype html><html lang=en><title>News</title><body><h1>News</h1>{body}"
        )
        return self.origin + path

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    other = Elsewhere()
    try:
        yield other
    finally:
        other.close()


@pytest.fixture(scope="module")
def news() -> Iterator[Elsewhere]:
    """The site that the blogs of these tests name as one that may embed them."""
    with elsewhere() as news:
        yield news


@pytest.fixture(scope="module")
def stranger() -> Iterator[Elsewhere]:
    """A site that they do not name."""
    with elsewhere() as stranger:
        yield stranger


@pytest.fixture
def room(site: Site, news: Elsewhere) -> Iterator[Newsroom]:
    looks = {"embed_hosts": [news.origin]}
    with Newsroom(site, f"carried-{next(numbers)}", "The fair", appearance=looks) as room:
        room.turns("live")
        yield room


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 900, "height": 700})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A reader of the news. No script in it fails, and no policy is violated."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    yield page
    assert faults == []


def line(room: Newsroom, **data: str) -> str:
    """The one line that puts a blog into a page."""
    more = "".join(f' data-{name}="{value}"' for name, value in data.items())
    blog = room.path.removeprefix("/blogs/")
    return f'<script async src="{room.server.url}/embed.js" data-blog="{blog}"{more}></script>'


def embedded(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def height(page: Page) -> float:
    return float(page.locator("iframe").first.evaluate("frame => frame.offsetHeight"))


def fits(page: Page) -> None:
    """Wait until the frame is as high as what is in it, and neither scrolls."""
    inside = page.frames[1]
    inside.wait_for_function("() => document.documentElement.getBoundingClientRect().height > 0")
    page.wait_for_function(
        "() => window.before === document.querySelector('iframe').offsetHeight"
        " || (window.before = document.querySelector('iframe').offsetHeight, false)"
    )
    inside.wait_for_function(
        "() => Math.ceil(document.documentElement.getBoundingClientRect().height) === innerHeight"
    )


def test_a_line_of_script_puts_a_blog_into_a_page_and_live_posts_arrive(
    news: Elsewhere, room: Newsroom, page: Page, context: BrowserContext
) -> None:
    room.writes("The gate is open.", title="Open")
    page.goto(news.has(line(room, title="The fair, live") + "<p id=below>Below.</p>"))
    expect(embedded(page).locator("#posts h2")).to_have_text(["Open"])
    expect(page.locator("iframe")).to_have_attribute("title", "The fair, live")
    expect(page.locator("iframe")).to_have_attribute("loading", "lazy")
    fits(page)
    before = height(page)

    expect(embedded(page).locator("#blog[data-link]")).to_be_attached()
    room.writes("Rain.\n\n" * 30, title="Rain")
    expect(embedded(page).locator("#posts h2")).to_have_text(["Rain", "Open"])
    fits(page)
    assert height(page) > before + 500
    assert context.cookies() == []


def test_the_frame_becomes_lower_again_when_posts_are_withdrawn(
    news: Elsewhere, room: Newsroom, page: Page
) -> None:
    room.writes("The gate is open.", title="Open")
    rain = room.writes("Rain.\n\n" * 30, title="Rain")
    page.goto(news.has(line(room)))
    expect(embedded(page).locator("#blog[data-link]")).to_be_attached()
    fits(page)
    before = height(page)
    room.retracts(rain)
    expect(embedded(page).locator("#posts h2")).to_have_text(["Open"])
    fits(page)
    assert height(page) < before - 500


def test_two_blogs_in_one_page_have_a_frame_each(
    site: Site, news: Elsewhere, room: Newsroom, page: Page
) -> None:
    room.writes("Rain.\n\n" * 30, title="Long")
    looks = {"embed_hosts": [news.origin]}
    with Newsroom(site, f"other-{next(numbers)}", "Another", appearance=looks) as other:
        other.writes("Short.", title="Short")
        page.goto(news.has(line(room) + line(other)))
        for number, title in enumerate(["Long", "Short"]):
            frame = page.locator("iframe").nth(number)
            expect(frame.content_frame.locator("#posts h2")).to_have_text([title])
        page.wait_for_function("() => document.querySelectorAll('iframe')[0].offsetHeight > 800")
        page.wait_for_function("() => document.querySelectorAll('iframe')[1].offsetHeight < 600")
        assert page.locator("iframe").count() == 2


def test_a_site_that_the_blog_does_not_name_is_refused(
    stranger: Elsewhere, room: Newsroom, context: BrowserContext
) -> None:
    room.writes("The gate is open.", title="Open")
    page = context.new_page()
    with refused(page):
        page.goto(stranger.has(line(room)))
    assert height(page) == 600


def test_the_page_itself_is_framed_by_nobody(
    news: Elsewhere, room: Newsroom, context: BrowserContext
) -> None:
    page = context.new_page()
    with refused(page):
        page.goto(news.has(f'<iframe src="{room.server.url}{room.path}"></iframe>'))


def test_a_message_from_anywhere_else_does_not_change_the_height(
    news: Elsewhere, stranger: Elsewhere, room: Newsroom, page: Page
) -> None:
    room.writes("The gate is open.", title="Open")
    lie = "<script>parent.postMessage({type: 'liveblog:height', height: 4321}, '*')</script>"
    page.goto(news.has(line(room) + RECORD))
    fits(page)
    before = height(page)
    page.evaluate(
        "url => document.body.append(Object.assign(document.createElement('iframe'), {src: url}))",
        stranger.has(lie),
    )
    page.wait_for_function("() => heard.some((said) => said.height === 4321)")
    page.evaluate("postMessage({type: 'liveblog:height', height: 5432}, '*')")
    page.wait_for_function("() => heard.some((said) => said.height === 5432)")
    assert height(page) == before


def scrolled_into(page: Page, post: str) -> float:
    """Scroll the page around so that a post begins at the upper edge of the window; where it is."""
    expect(embedded(page).locator("#blog[data-link]")).to_be_attached()
    fits(page)
    page.evaluate(
        "(y) => scrollTo(0, document.querySelector('iframe').offsetTop + y)",
        page.frames[1].evaluate(f"{PLACE}({post!r})") - 40,
    )
    page.frames[1].wait_for_function(
        "y => document.querySelector('#new').style.getPropertyValue('--seen-from') === `${y}px`",
        arg=page.evaluate(
            "Math.round(-document.querySelector('iframe').getBoundingClientRect().y)"
        ),
    )
    return seen_at(page, post)


PLACE = "(post => document.querySelector(`#post-${post}`).getBoundingClientRect().y)"


def seen_at(page: Page, post: str) -> float:
    """Where a post of the blog is in the window of the page around."""
    inside: float = page.frames[1].evaluate(f"{PLACE}({post!r})")
    return inside + float(
        page.evaluate("document.querySelector('iframe').getBoundingClientRect().y")
    )


def a_long_blog(room: Newsroom) -> list[str]:
    return [room.writes("It goes on. " * 60, title=f"Stall {number}") for number in range(12)]


def test_what_comes_above_does_not_move_what_is_read_and_is_counted(
    news: Elsewhere, room: Newsroom, page: Page
) -> None:
    read = a_long_blog(room)[5]
    page.goto(news.has(f"<p>{'News. ' * 400}</p>{line(room)}<p>{'More. ' * 900}</p>"))
    stood = scrolled_into(page, read)
    room.writes("Rain. " * 80, title="Rain")
    button = embedded(page).locator("#new")
    expect(button).to_have_text("1 new update")
    expect(button).to_be_in_viewport()
    fits(page)
    assert seen_at(page, read) == pytest.approx(stood, abs=2)

    gone = room.writes("Hail. " * 200, title="Hail")
    expect(button).to_have_text("2 new updates")
    room.retracts(gone)
    expect(button).to_have_text("1 new update")
    fits(page)
    assert seen_at(page, read) == pytest.approx(stood, abs=2)

    button.click()
    expect(embedded(page).locator("#posts > li[data-id]").first).to_be_in_viewport()
    expect(button).to_be_hidden()


def test_what_comes_while_the_frame_is_out_of_sight_is_counted(
    news: Elsewhere, room: Newsroom, page: Page
) -> None:
    posts = a_long_blog(room)
    page.goto(news.has(f"{line(room)}<p>{'More. ' * 9000}</p>"))
    scrolled_into(page, posts[0])
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.frames[1].wait_for_function(
        "() => { const { style } = document.querySelector('#new');"
        " return style.getPropertyValue('--seen-from') === style.getPropertyValue('--seen-to') }",
        polling=50,  # a frame that is out of sight is not drawn
    )
    post = room.writes("Rain.", title="Rain")
    expect(embedded(page).locator("#new")).to_have_text("1 new update")
    page.evaluate("scrollTo(0, 0)")
    expect(embedded(page).locator("#new")).to_be_hidden()
    expect(embedded(page).locator(f"#post-{post}")).to_be_in_viewport()


def test_what_floats_is_in_the_part_of_the_frame_that_is_seen(
    news: Elsewhere, room: Newsroom, page: Page, context: BrowserContext
) -> None:
    read = a_long_blog(room)[4]
    page.goto(news.has(f"<p>{'News. ' * 400}</p>{line(room)}<p>{'More. ' * 900}</p>"))
    scrolled_into(page, read)
    context.set_offline(True)
    expect(embedded(page).locator("#connection [data-when=waiting]")).to_be_in_viewport(ratio=1)
    page.mouse.wheel(0, 300)
    expect(embedded(page).locator("#connection [data-when=waiting]")).to_be_in_viewport(ratio=1)


def test_the_page_around_is_warned_of_nothing(
    news: Elsewhere, room: Newsroom, context: BrowserContext
) -> None:
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    room.writes("The gate is open.", title="Open")
    page.goto(news.has(line(room)))
    fits(page)
    assert said == []


@pytest.mark.parametrize("said", ["-1", "0", "1e9", "NaN", "'900'", "null", "{}"])
def test_a_height_that_is_none_is_ignored(
    news: Elsewhere, room: Newsroom, page: Page, said: str
) -> None:
    room.writes("The gate is open.", title="Open")
    page.goto(news.has(line(room) + RECORD))
    fits(page)
    before = height(page)
    told = f"{{type: 'liveblog:height', height: {said}, last: true}}"
    page.frames[1].evaluate(f"parent.postMessage({told}, '*')")
    page.wait_for_function("() => heard.some((said) => said.last)")
    assert height(page) == before


def test_the_blog_answers_the_page_around_it_whoever_else_asks(
    news: Elsewhere, stranger: Elsewhere, room: Newsroom, page: Page
) -> None:
    room.writes("The gate is open.", title="Open")
    page.goto(news.has(line(room) + RECORD))
    expect(embedded(page).locator("#blog[data-link]")).to_be_attached()
    fits(page)
    asks = "parent.frames[0].postMessage({type: 'liveblog:height?'}, '*')"
    page.evaluate(
        "url => document.body.append(Object.assign(document.createElement('iframe'), {src: url}))",
        stranger.has(f"{RECORD}<script>{asks}; asked = true</script>"),
    )
    page.locator("iframe").nth(1).content_frame.locator("h1").wait_for()
    page.frames[2].wait_for_function("() => window.asked")
    room.writes("Rain.\n\n" * 30, title="Rain")
    expect(embedded(page).locator("#posts h2")).to_have_text(["Rain", "Open"])
    fits(page)
    assert page.frames[2].evaluate("heard") == []


@pytest.mark.parametrize("sandbox", ["allow-scripts", "allow-scripts allow-same-origin"])
def test_live_posts_arrive_in_a_sandbox_that_others_made(
    news: Elsewhere, room: Newsroom, page: Page, sandbox: str
) -> None:
    room.writes("The gate is open.", title="Open")
    src = f"{room.server.url}{room.path}/embed"
    page.goto(news.has(f'<iframe sandbox="{sandbox}" src="{src}"></iframe>'))
    expect(embedded(page).locator('#blog[data-link="socket"]')).to_be_attached()
    room.writes("Rain.", title="Rain")
    expect(embedded(page).locator("#posts h2")).to_have_text(["Rain", "Open"])


def test_links_open_outside_the_frame_and_know_nothing_of_it(
    news: Elsewhere, room: Newsroom, page: Page, context: BrowserContext
) -> None:
    post = room.writes("The gate is open.", title="Open")
    page.goto(news.has(line(room)))
    for selector, path in (("#posts a.permalink", f"/posts/{post}"), (".whole a", "")):
        with context.expect_page() as opened:
            embedded(page).locator(selector).first.click()
        opened.value.wait_for_load_state()
        assert opened.value.url == f"{room.server.url}{room.path}{path}"
        assert opened.value.evaluate("opener") is None
        opened.value.close()
    assert page.url.startswith(news.origin)


def test_an_editor_names_colour_links_and_sites_at_the_desk(
    site: Site, news: Elsewhere, browser: Browser
) -> None:
    with Newsroom(site, f"desk-{next(numbers)}", "The fair") as room:
        context = browser.new_context(base_url=site.url)
        page = context.new_page()
        page.goto(site.login_url("anna"))
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/desk")
        page.goto(f"/desk/{room.path.removeprefix('/blogs/')}")
        page.get_by_text("Title, summary, address").click()
        page.get_by_text("Colour, logo, links").click()
        page.get_by_label("Accent colour").fill("red")
        save(page)
        expect(page.locator("#details .message")).to_contain_text("accent is not a colour")
        page.get_by_label("Accent colour").fill("#0A7D55")
        page.get_by_label("Imprint").fill("https://example.org/imprint")
        page.get_by_label("Translations").fill(
            "nl https://example.org/nl\n\n ar  https://a.example"
        )
        page.get_by_label("Sites that may embed").fill(news.origin)
        picture = FilePayload(name="logo.png", mimeType="image/png", buffer=png(room))
        page.get_by_label("Logo: choose a file").set_input_files(picture)
        expect(page.locator("#details .message")).to_contain_text("logo is uploaded")
        page.get_by_label("What the logo says").fill("The Bell")
        save(page)
        expect(page.locator("#details .message")).to_have_text("Saved.")
        looks = told(room)
        assert (looks["accent"], looks["imprint"]) == ("#0a7d55", "https://example.org/imprint")
        assert [each["language"] for each in looks["translations"]] == ["nl", "ar"]
        assert (looks["embed_hosts"], looks["logo"]["alt"]) == ([news.origin], "The Bell")
        # What somebody else changes meanwhile is in the form, and saving sends only what was typed.
        room.changes(appearance={"privacy": "https://example.org/privacy"})
        expect(page.get_by_label("Privacy")).to_have_value("https://example.org/privacy")
        page.get_by_label("Logo in use").fill("")
        save(page)
        expect(page.locator("#details .message")).to_have_text("Saved.")
        assert told(room) == looks | {"logo": None, "privacy": "https://example.org/privacy"}
        context.close()


@contextlib.contextmanager
def refused(page: Page) -> Iterator[None]:
    """The browser shows nothing in the page's frame, and says by which rule."""
    with (
        page.expect_console_message(lambda said: "frame-ancestors" in said.text),
        page.expect_event("framenavigated", lambda frame: frame.url.startswith("chrome-error:")),
    ):
        yield


def save(page: Page) -> None:
    """Press the button, and wait for the answer."""
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.get_by_role("button", name="Save details").click()


def told(room: Newsroom) -> dict[str, Any]:
    """How the blog looks, as the API says."""
    looks: dict[str, Any] = room.reader.get(room.api).raise_for_status().json()["appearance"]
    return looks


def png(room: Newsroom) -> bytes:
    """A picture's file."""
    return httpx.get(
        f"{room.server.url}/media/{room.uploads('maroon', (320, 80))}.png", timeout=30
    ).content
