"""The pictures of README and docs, of the demo day and others: python -m tests.e2e.screenshots."""

import subprocess
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Literal

import httpx
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.browser import chromium
from tests.e2e.long_day import long_day
from tests.process import LIVEBLOG, Server
from tests.showcase import Showcase

IMAGES = Path(__file__).parents[2] / "docs" / "images"
COLORS = 256
DESKTOP: ViewportSize = {"width": 1200, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SMALL: ViewportSize = {"width": 360, "height": 520}
LONG_AGO = """for (const key of Object.keys(localStorage).filter((key) => key.includes(":left "))) {
  const left = JSON.parse(localStorage[key]);
  localStorage[key] = JSON.stringify({ ...left, at: left.at - 3600000 });
}"""
POSTS = 12
"""How far the day has come in the pictures."""


def take(page: Page, name: str) -> None:
    """What the window shows, in few enough colors to be small."""
    shown = Image.open(BytesIO(page.screenshot(animations="disabled")))
    picture = shown.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture.save(IMAGES / f"{name}.png", optimize=True)


def photograph(browser: Browser, home: str, login: str) -> None:
    """The page in two sizes and the desk, all of the same moment of the day."""
    desktop = browser.new_page(viewport=DESKTOP, color_scheme="light")
    while not (answer := desktop.goto(f"{home}/demo")) or not answer.ok:
        desktop.wait_for_timeout(100)  # the day begins a moment after the server
    blog = desktop.url.rpartition("/")[2]
    arrived = desktop.locator("#posts > li[data-id]").nth(POSTS - 1)
    expect(arrived).to_be_attached(timeout=60_000)
    take(desktop, "page-desktop-light")

    phone = browser.new_page(viewport=PHONE, color_scheme="dark", is_mobile=True)
    phone.goto(f"{home}/blogs/{blog}")
    take(phone, "page-phone-dark")
    desktop.emulate_media(color_scheme="dark")
    take(desktop, "page-desktop-dark")
    desktop.emulate_media(color_scheme="light")

    desktop.goto(login)
    desktop.get_by_role("button").click()
    desktop.goto(f"{home}/desk/{blog}")
    expect(desktop.locator("#posts > li").first).to_be_visible()
    take(desktop, "desk-desktop-light")


def look_up(browser: Browser, record: str) -> None:
    """The record where it tells of an edit."""
    page = browser.new_page(viewport=DESKTOP, color_scheme="light")
    edited = page.locator(".deed:is([data-kind=edited], [data-kind=corrected]):has(ins)")
    while page.goto(record) and not edited.count():
        page.wait_for_timeout(500)  # the day goes on
    edited.first.evaluate("deed => scrollTo(0, deed.offsetTop - 300)")
    take(page, "record-desktop-light")


def rewind(browser: Browser, replay: str) -> None:
    """The replay of a day that is over, in the middle of it: on a desk, and on a phone."""
    looks: list[tuple[str, ViewportSize, Literal["light", "dark"]]] = [
        ("desktop", DESKTOP, "light"),
        ("phone", PHONE, "dark"),
    ]
    for name, viewport, scheme in looks:
        page = browser.new_page(
            viewport=viewport, color_scheme=scheme, is_mobile=viewport is PHONE, locale="en-GB"
        )
        page.goto(replay)
        expect(page.locator("#moment")).to_be_enabled()
        page.get_by_text("Key events", exact=True).first.click()
        page.locator("#chapters a").nth(3).click()
        page.get_by_role("link", name="Next event").click()
        expect(page.locator("#blog[data-link=live]")).to_be_attached()
        page.locator("#day").click()
        page.wait_for_function(
            "() => document.getAnimations().every((each) => each instanceof CSSAnimation)"
        )
        take(page, f"replay-{name}-{scheme}")


def dress_up(browser: Browser, fair: Showcase) -> None:
    """A blog with an accent of its own: as it is read, framed, printed, and from right to left."""
    page = browser.new_page(viewport=DESKTOP, color_scheme="dark", locale="en-GB")
    page.goto(fair.address("/blogs/fair"))
    card = page.locator("#posts .card.video").first
    card.evaluate("card => scrollTo(0, card.getBoundingClientRect().top + scrollY - 300)")
    expect(card.get_by_role("button")).to_be_visible()
    take(page, "card-desktop-dark")
    page.locator("#posts figure:has(figcaption) a[href*=media]").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    take(page, "picture-desktop-dark")
    page.get_by_role("dialog").press("Escape")
    page.emulate_media(media="print", color_scheme="light")
    page.evaluate("scrollTo(0, 0)")
    take(page, "page-print")

    narrow = browser.new_page(viewport={"width": 320, "height": 640}, color_scheme="light")
    for name, path in {
        "arabic-narrow-light": "/blogs/souq",
        "embed-narrow-light": "/blogs/fair/embed",
        "past-narrow-light": "/blogs/fair?at={then}",
    }.items():
        narrow.goto(fair.address(path))
        expect(narrow.locator("#posts > li").first).to_be_attached()
        take(narrow, name)


def wordmark() -> bytes:
    """A logo, as a newsroom might have one."""
    picture = Image.new("RGBA", (520, 96))
    font = ImageFont.load_default(72)
    ImageDraw.Draw(picture).text((0, 4), "The Fair Post", "#1f7a4d", font)
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def walk_around(browser: Browser, fair: Showcase) -> None:
    """What else a reader meets: logo and links of the newsroom, the ways between pages."""
    with fair.server.client() as editor:
        logo = editor.post("/api/blogs/fair/media", content=wordmark()).raise_for_status().json()
        looks = {"logo": {"media": logo["id"], "alt": "The Fair Post"}}
        editor.patch("/api/blogs/fair", json={"appearance": looks}).raise_for_status()
    page = browser.new_page(viewport=SMALL, color_scheme="light", locale="en-GB")
    for name, path in {
        "logo-narrow-light": "/blogs/fair",
        "front-narrow-light": "/",
        "permalink-narrow-light": "/blogs/fair/posts/{post}",
        "tag-narrow-light": "/blogs/fair?tag=music",
    }.items():
        page.goto(fair.address(path))
        if path != "/":
            expect(page.locator("#blog[data-link]")).to_be_attached()
        take(page, name)
    page.goto(fair.address("/blogs/fair"))
    page.locator("body > footer").scroll_into_view_if_needed()
    take(page, "legal-narrow-light")


def stay(browser: Browser, fair: Showcase) -> None:
    """What a page says to its reader: what came, what waits, what was missed."""
    context = browser.new_context(viewport=SMALL, color_scheme="light", locale="en-GB")
    page = context.new_page()
    path = fair.address("/blogs/fair")
    with fair.server.client() as editor:

        def publish(title: str) -> None:
            said = {"title": title, "markdown": f"{title}, and the band plays on."}
            editor.post("/api/blogs/fair/posts", json=said).raise_for_status()

        page.goto(path)
        expect(page.locator("#blog[data-link]")).to_be_attached()
        page.locator("#posts > li[data-id]").nth(3).evaluate("post => post.scrollIntoView()")
        publish("The gates are open")
        publish("Rain from the west")
        expect(page.locator("#new")).to_have_text("2 new updates")
        take(page, "new-narrow-light")
        page.locator("#new").click()
        page.locator("#pause").click()
        publish("A second stage opens")
        expect(page.locator("#resume")).to_contain_text("1 update waiting")
        take(page, "paused-narrow-light")
        page.locator("#resume").click()
        context.set_offline(True)
        expect(page.locator("#connection time")).to_be_visible()
        take(page, "offline-narrow-light")
        context.set_offline(False)
        page.close()
        publish("The fire is lit")
        page = context.new_page()
        page.add_init_script(LONG_AGO)
        page.goto(path)
        expect(page.get_by_role("region", name="While you were away")).to_be_visible()
        take(page, "away-narrow-light")


def main() -> None:
    with (
        chromium() as browser,
        tempfile.TemporaryDirectory() as data,
        Server(Path(data)) as server,
    ):
        fair = Showcase(server)
        dress_up(browser, fair)
        walk_around(browser, fair)
        stay(browser, fair)
    with tempfile.TemporaryDirectory() as data:
        command = [*LIVEBLOG, "demo", "--data", data, "--port", "0", "--pace", "10"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
            assert demo.stdout
            home = demo.stdout.readline().split()[1].removesuffix("/demo")
            login = demo.stdout.readline().split()[1]
            try:
                with chromium() as browser:
                    photograph(browser, home, login)
                    day = httpx.get(f"{home}/demo").headers["location"]
                    look_up(browser, f"{home}{day}/record")
                    rewind(browser, f"{home}{long_day(Path(data))}/replay")
            finally:
                demo.terminate()


if __name__ == "__main__":
    main()
