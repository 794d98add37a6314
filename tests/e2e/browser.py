"""A real Chromium, and an eye on what no page of ours may do in it."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    ConsoleMessage,
    Dialog,
    Page,
    sync_playwright,
)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing gets out, whatever it is
)


LEFT = "failed: WebSocket is closed before the connection is established."
"""What the browser says of a page that was left while it was still connecting."""
UNCONFINED = ("--no-sandbox",) if os.geteuid() == 0 else ()
"""It refuses root otherwise."""
PATIENCE = 60.0
"""Seconds that what the browser tells may take on a loaded machine."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, else Playwright's own."""
    with sync_playwright() as playwright, launched(playwright.chromium) as browser:
        yield browser


@contextlib.contextmanager
def launched(kind: BrowserType, *without: str) -> Iterator[Browser]:
    """One of it, `without` some of the flags that Playwright gives it."""
    browser = kind.launch(
        executable_path=_found(),
        args=[*FLAGS, *UNCONFINED],
        ignore_default_args=[*without],
    )
    yield browser
    browser.close()


def _found() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def program() -> str:
    """The path of the Chromium that `chromium` starts, for those who start it themselves."""
    if found := _found():
        return found
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def until(page: Page, so: Callable[[], object]) -> None:
    """Hear what a page's browser tells, until something is so by that."""
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < deadline, "it does not come"
        page.wait_for_timeout(20)


class Watch:
    """What the pages of a context did wrong.

    `errors` are lines of the console, violated policies among them, and exceptions nobody caught;
    `dialogs` what an `alert` said; `elsewhere` the addresses asked of other hosts. What a test
    brings about on purpose it says beforehand: the news of it may come after its last line.
    """

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        self.elsewhere: list[str] = []
        self._host = urlsplit(home).netloc
        self._passed: list[str] = [LEFT]
        self._abroad = False
        context.on("console", self._said)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("dialog", self._asked)
        context.on("request", lambda request: self._went(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._went(socket.url)))

    def passes_over(self, *words: str) -> None:
        """Lines of the console with any of these words are no fault here."""
        self._passed += words

    def lets_abroad(self) -> None:
        """Other hosts may be asked here."""
        self._abroad = True

    def _said(self, message: ConsoleMessage) -> None:
        passed = any(words in message.text for words in self._passed)
        if message.type in {"error", "warning"} and not passed:
            self.errors.append(message.text)

    def _asked(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _went(self, address: str) -> None:
        if urlsplit(address).netloc != self._host and not self._abroad:
            self.elsewhere.append(address)

    def assert_nothing_wrong(self) -> None:
        wrong = {"errors": self.errors, "dialogs": self.dialogs, "elsewhere": self.elsewhere}
        assert not any(wrong.values()), wrong


@contextlib.contextmanager
def watched(browser: Browser, home: str, **options: Any) -> Iterator[tuple[BrowserContext, Watch]]:
    """A fresh context at `home`, whose pages are held to doing nothing wrong."""
    context = browser.new_context(base_url=home, **options)
    watch = Watch(context, home)
    try:
        yield context, watch
    finally:
        context.close()
    watch.assert_nothing_wrong()
