"""The pictures of the README, taken of the demo day: python -m tests.e2e.screenshots."""

import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import chromium
from tests.process import LIVEBLOG

IMAGES = Path(__file__).parents[2] / "docs" / "images"
COLORS = 256
POSTS = 22
"""How far the day has come in the pictures."""


def take(page: Page, name: str) -> None:
    """What the window shows, in few enough colors to be small."""
    picture = Image.open(BytesIO(page.screenshot(animations="disabled")))
    picture = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    IMAGES.mkdir(parents=True, exist_ok=True)
    picture.save(IMAGES / f"{name}.png", optimize=True)


def photograph(browser: Browser, home: str, login: str) -> None:
    """The page in two sizes and the desk, all of the same moment of the day."""
    desktop = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
    desktop.goto(f"{home}/demo")
    blog = desktop.url.rpartition("/")[2]
    while desktop.locator("#posts > li[data-id]").count() < POSTS:
        desktop.wait_for_timeout(100)
    desktop.reload()  # without what has just come in being marked as such
    take(desktop, "page-desktop-light")

    viewport = {"width": 390, "height": 844}
    phone = browser.new_page(viewport=viewport, color_scheme="dark", is_mobile=True)
    phone.goto(f"{home}/blogs/{blog}")
    take(phone, "page-phone-dark")

    desktop.goto(login)
    desktop.get_by_role("button").click()
    desktop.goto(f"{home}/desk/{blog}")
    expect(desktop.locator("#posts > li").first).to_be_visible()
    take(desktop, "desk-desktop-light")


def main() -> None:
    with tempfile.TemporaryDirectory() as data:
        command = [*LIVEBLOG, "demo", "--data", data, "--port", "0", "--pace", "50"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
            assert demo.stdout
            home = demo.stdout.readline().split()[1].removesuffix("/demo")
            login = demo.stdout.readline().split()[1]
            try:
                with chromium() as browser:
                    photograph(browser, home, login)
            finally:
                demo.terminate()


if __name__ == "__main__":
    sys.exit(main())
