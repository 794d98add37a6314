"""The pictures of README and docs, of the demo day and others: python -m tests.e2e.screenshots."""

import subprocess
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Literal

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.browser import chromium
from tests.e2e.long_day import long_day
from tests.process import LIVEBLOG, Server
from tests.showcase import Showcase

IMAGES = Path(__file__).parents[2] / "docs" / "images"
COLORS = 256
DESKTOP: ViewportSize = {"width": 1200, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
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


def main() -> None:
    with chromium() as browser, tempfile.TemporaryDirectory() as data:
        server = Server(Path(data))
        try:
            dress_up(browser, Showcase(server))
        finally:
            server.stop()
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
