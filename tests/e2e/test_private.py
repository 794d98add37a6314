"""Readers are nobody: no cookie, no foreign host, in their browsers what docs/privacy.md lists."""

import re
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import watched
from tests.e2e.conftest import Site
from tests.showcase import AUDIENCE, Showcase

ROOT: Final = Path(__file__).parents[2]
STORES: Final = re.compile(
    r"localStorage|sessionStorage|indexedDB|\bcaches\b|serviceWorker|document\.cookie|cookieStore"
)


def listed() -> set[str]:
    """The keys that docs/privacy.md names; one that goes on ends with three dots."""
    lines = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8").splitlines()
    return {line.split("`")[1] for line in lines if line.startswith("| `liveblog:")}


def kept(page: Page) -> set[str]:
    """The keys of localStorage, as the list has them."""
    keys: list[str] = page.evaluate("Object.keys(localStorage)")
    return {re.sub("^liveblog:(left|paused) .*", r"liveblog:\1 …", key) for key in keys}


def test_a_browser_keeps_what_is_listed_no_cookie_and_asks_nobody_else(
    site: Site, browser: Browser, showcase: Showcase
) -> None:
    # The watch holds that no other host was asked.
    with watched(browser, site.url) as (context, _):
        page = context.new_page()
        for path in AUDIENCE.values():
            page.goto(showcase.address(path))
        page.goto(showcase.address("/blogs/fair/replay"))
        page.locator("details:has(#keyboard)").evaluate("each => { each.open = true; }")
        page.locator("#keyboard").uncheck()
        page.goto(showcase.address("/blogs/fair"))
        page.get_by_role("button", name="Pause live updates").click()
        page.mouse.wheel(0, 5_000)
        page.goto(showcase.address("/"))
        assert kept(page) == listed()
        assert context.cookies() == []
        assert page.evaluate("sessionStorage.length") == 0
        assert page.evaluate("indexedDB.databases()") == []
        assert context.service_workers == []


def test_what_is_not_paused_any_more_is_not_remembered(
    site: Site, browser: Browser, showcase: Showcase
) -> None:
    with watched(browser, site.url) as (context, _):
        page = context.new_page()
        page.goto(showcase.address("/blogs/fair"))
        pause = page.get_by_role("button", name="Pause live updates")
        pause.click()
        expect(pause).to_have_attribute("aria-pressed", "true")
        assert "liveblog:paused …" in kept(page)
        pause.click()
        assert "liveblog:paused …" not in kept(page)


def test_only_two_files_of_our_scripts_keep_anything_in_a_browser() -> None:
    scripts = (ROOT / "client" / "src").rglob("*.ts")
    found = {
        script.relative_to(ROOT / "client" / "src").as_posix()
        for script in scripts
        if STORES.search(script.read_text(encoding="utf-8"))
    }
    assert found == {"reader/memory.ts", "desk/stash.ts"}
