"""A real Chromium, and an eye on what no page of ours may do in it."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
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


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, else Playwright's own."""
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, NAMES)), None)
        browser = playwright.chromium.launch(executable_path=found, args=[*FLAGS, *UNCONFINED])
        yield browser
        browser.close()


def program() -> str:
    """The path of the Chromium that `chromium` starts, for those who start it themselves."""
    if found := next(filter(None, map(shutil.which, NAMES)), None):
        return found
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


class Watch:
    """What the pages of a context did wrong.

    `errors` are lines of the console, violated policies among them, and exceptions nobody caught;
    `dialogs` what an `alert` said; `elsewhere` the addresses asked of other hosts.
    """

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        self.elsewhere: list[str] = []
        self._host = urlsplit(home).netloc
        context.on("console", self._said)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("dialog", self._asked)
        context.on("request", lambda request: self._went(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._went(socket.url)))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.endswith(LEFT):
            self.errors.append(message.text)

    def _asked(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _went(self, address: str) -> None:
        if urlsplit(address).netloc != self._host:
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
