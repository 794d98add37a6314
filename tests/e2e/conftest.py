"""What the tests with a browser share: a real server, a real Chromium.

Playwright's synchronous API keeps an event loop in this thread while its browser lives, so both
are a module's own, and no module with a browser holds asynchronous tests.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import chromium, watched
from tests.e2e.coverage import Coverage
from tests.process import Server, liveblog
from tests.showcase import Showcase

expect.set_options(timeout=30_000)
"""Milliseconds a page may take on a loaded machine: a bound, nothing waits for it to pass."""


class Site(Server):
    """A server whose people come in by links."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.people: set[str] = set()

    def login_url(self, name: str, role: str = "admin") -> str:
        """A one-time link for a user, who is created the first time."""
        if name not in self.people:
            liveblog("user", "create", name, "--role", role, data=self.data)
            self.people.add(name)
        link = liveblog("login", name, data=self.data)
        # The command does not know that the port was free to choose.
        return self.url + urlsplit(link).path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if not (Path(__file__).parents[2] / "server/static/desk.js").exists():
        pytest.fail("the client is not built: say make setup")
    with Site(tmp_path_factory.mktemp("site") / "data") as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def editor(site: Site) -> Iterator[httpx.Client]:
    """Somebody who may do everything, by the API."""
    with site.client() as editor:
        yield editor


@pytest.fixture
def market(editor: httpx.Client) -> Coverage:
    """A blog without posts."""
    return Coverage(editor)


@pytest.fixture
def reader(context: BrowserContext) -> Page:
    """A page of the test's own `context`."""
    return context.new_page()


@pytest.fixture(scope="module")
def showcase(site: Site) -> Showcase:
    return Showcase(site)


@pytest.fixture(scope="module")
def visitor(site: Site, browser: Browser) -> Iterator[Page]:
    """Somebody without a session, also at doors that are closed, whose pages do nothing wrong."""
    with watched(browser, site.url) as (context, watch):
        watch.passes_over("Failed to load resource: the server responded with a status of 40")
        yield context.new_page()


@pytest.fixture(scope="module")
def admin(site: Site, browser: Browser) -> Iterator[Page]:
    """Somebody at the desk, whose pages do nothing wrong."""
    with watched(browser, site.url) as (context, _):
        page = context.new_page()
        page.goto(site.login_url("ada"))
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/desk")
        yield page
