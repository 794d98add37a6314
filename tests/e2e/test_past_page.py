"""The page as it was, in a browser: at every position what a connected reader had on screen.

A reader's page stays open while a day happens. What it shows after each step is put beside the
page that is loaded for that step's position when the day is over.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from server.demo import day as demo_day
from server.demo.day import Key, Pin, Publish, Retract, Revise, Status, Step, Summarise, Unpin
from tests.e2e.browser import watched
from tests.process import Server

REAL_DAY = Path(__file__).parents[3] / "shared" / "days" / "nsdif-2025.jsonl"

Screen = dict[str, Any]
Deed = Callable[[httpx.Client, str, Page], None]
"""Something an editor does to a blog, and waits for in the reader's page."""

LOOK = """() => {
  const said = (within, selector) => within.querySelector(selector)?.textContent.trim() ?? "";
  const times = (within) => [...within.querySelectorAll("time")].map((time) => time.dateTime);
  const article = (item) => {
    const of = item.querySelector("article");
    return {
      id: item.dataset.id,
      order: item.dataset.order,
      version: item.dataset.version,
      key: "key" in of.dataset,
      pinned: "pinned" in of.dataset,
      title: said(of, "h2"),
      body: said(of, ".body"),
      correction: said(of, ".correction"),
      author: said(of, ".byline"),
      tags: [...of.querySelectorAll(".tags li")].map((tag) => tag.textContent),
      times: times(of),
      gap: said(of, ".withheld"),
    };
  };
  const shown = (list) => [...document.querySelectorAll(`${list} > li[data-id]`)].map(article);
  return {
    title: said(document, "#title"),
    standfirst: said(document, "#standfirst"),
    summary: said(document, "#summary .body"),
    status: said(document, "#status [data-when]:not([hidden])"),
    posts: shown("#posts").slice(0, 30),
    pinned: shown("#pinned ol"),
    keys: [...document.querySelectorAll("#keys li")].map((key) => [
      key.dataset.id,
      ...times(key),
      key.textContent.trim().replace(/\\s+/g, " "),
    ]),
  };
}"""


def call(editor: httpx.Client, method: str, path: str, **said: Any) -> Any:
    headers = {"if-match": "*"}
    return editor.request(method, path, json=said, headers=headers).raise_for_status().json()


def arrives(page: Page, post: Any) -> None:
    """Wait until the reader has that version of a post, or none of a withdrawn one."""
    item = page.locator(f"#post-{post['id']}")
    if post["status"] == "retracted":
        expect(item).to_have_count(0)
    else:
        expect(item).to_have_attribute("data-version", str(post["version"]))


def sample_day() -> list[Deed]:
    """The steps of the demo, its pictures and cards left out."""
    ids: dict[str, str] = {}

    def deed(step: Step) -> Deed:
        def do(editor: httpx.Client, api: str, page: Page) -> None:
            post = f"{api}/posts/{ids.get(getattr(step, 'name', ''), '')}"
            match step:
                case Status():
                    call(editor, "PUT", f"{api}/status", status=step.status)
                    expect(page.locator(f"#status [data-when={step.status}]")).to_be_visible()
                    return
                case Summarise():
                    call(editor, "PATCH", api, summary=step.markdown)
                    last = step.markdown.replace("-", " ").split()[-1]
                    expect(page.locator("#summary .body")).to_contain_text(last)
                    return
                case Publish():
                    names = ("markdown", "title", "author", "lang", "tags", "key", "pinned")
                    said = {name: getattr(step, name) for name in names}
                    made = call(editor, "POST", f"{api}/posts", **said)
                    ids[step.name] = made["id"]
                case Revise():
                    said = {"markdown": step.markdown, "correction": step.correction}
                    made = call(editor, "PATCH", post, **said)
                case Retract():
                    said = {"note": step.reason, "keep_text": step.keep_text}
                    made = call(editor, "PUT", f"{post}/status", status="retracted", **said)
                case Pin() | Unpin():
                    made = call(editor, "PUT" if isinstance(step, Pin) else "DELETE", f"{post}/pin")
                case Key():
                    made = call(editor, "PUT", f"{post}/key")
            arrives(page, made)

        return do

    return [deed(step) for step in demo_day.day().steps]


def real_day() -> list[Deed]:
    """A day that was, and in the end two of its posts withdrawn."""
    lines = [json.loads(line) for line in REAL_DAY.read_text("utf-8").splitlines()]
    made: list[str] = []

    def publish(said: dict[str, Any]) -> Deed:
        def do(editor: httpx.Client, api: str, page: Page) -> None:
            words = {name: said[name] for name in ("title", "author", "tags") if said.get(name)}
            body = {name: said[name] for name in ("markdown", "html", "body") if name in said}
            post = call(
                editor, "POST", f"{api}/posts", published_at=said.get("at"), **words, **body
            )
            made.append(post["id"])
            arrives(page, post)

        return do

    def withdraw(editor: httpx.Client, api: str, page: Page) -> None:
        post = made.pop(len(made) // 2)
        arrives(page, call(editor, "PUT", f"{api}/posts/{post}/status", status="retracted"))

    return [*(publish(line) for line in lines if "blog" not in line), withdraw, withdraw]


def without(screen: Screen, withheld: set[str]) -> Screen:
    """What was on screen, without a word of what was withdrawn since."""

    def blank(post: Screen) -> Screen:
        if post["id"] not in withheld:
            return post
        words = {"title": "", "body": "", "correction": "", "author": "", "tags": []}
        return post | words | {"gap": "Withdrawn later", "times": post["times"][:1]}

    def unnamed(key: list[str]) -> list[str]:
        if key[0] not in withheld:
            return key
        clock = key[-1].split(" ")[0]
        return [*key[:-1], f"{clock} Update" if len(key) > 2 else "Update"]

    return screen | {
        "posts": [blank(post) for post in screen["posts"]],
        "pinned": [blank(post) for post in screen["pinned"]],
        "keys": [unnamed(key) for key in screen["keys"]],
    }


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(sample_day, id="sample"),
        pytest.param(
            real_day,
            id="real",
            marks=pytest.mark.skipif(not REAL_DAY.exists(), reason="the real day is not here"),
        ),
    ],
)
def test_at_every_position_the_page_is_what_a_connected_reader_had_on_screen(
    site: Server, browser: Browser, editor: httpx.Client, day: Callable[[], list[Deed]]
) -> None:
    slug = day.__name__.replace("_", "-")
    api, path = f"/api/blogs/{slug}", f"/blogs/{slug}"
    blog = {"slug": slug, "title": "A day", "standfirst": "As it was.", "visibility": "public"}
    call(editor, "POST", "/api/blogs", **blog)
    screens: dict[str, Screen] = {}
    with watched(browser, site.url) as (context, _):
        reader = context.new_page()
        reader.goto(path)
        for deed in day():
            deed(editor, api, reader)
            screens[editor.get(api).json()["position"]] = reader.evaluate(LOOK)
        withdrawn = editor.get(f"{api}/posts?status=retracted").raise_for_status().json()["posts"]
        withheld = {post["id"] for post in withdrawn}
        assert withheld
        then = context.new_page()
        for position, screen in screens.items():
            then.goto(f"{path}?at={position}")
            assert then.evaluate(LOOK) == without(screen, withheld), position


def test_a_past_page_stands_still_and_leads_back(
    site: Server, browser: Browser, editor: httpx.Client
) -> None:
    api = "/api/blogs/still"
    blog = {"slug": "still", "title": "A day", "visibility": "public", "time_zone": "Europe/Rome"}
    call(editor, "POST", "/api/blogs", **blog)
    call(editor, "POST", f"{api}/posts", title="The bell", markdown="It rings.")
    position = editor.get(api).json()["position"]
    with watched(browser, site.url) as (context, _):
        page = context.new_page()
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        page.goto(f"/blogs/still?at={position}")
        expect(page.locator("#past")).to_contain_text("This page as it was:")
        call(editor, "POST", f"{api}/posts", title="The gate", markdown="It opens.")
        page.get_by_role("link", name="Oldest first").click()
        expect(page.locator("#past")).to_be_visible()
        expect(page.locator("#posts h2")).to_have_text(["The bell"])
        page.locator("#posts a.permalink").click()
        expect(page.locator("#past")).to_be_visible()
        expect(page.locator("#posts h2")).to_have_text(["The bell"])
        assert sockets == []
        page.go_back()
        page.get_by_role("link", name="To the page as it is now").click()
        expect(page.locator("#posts h2")).to_have_text(["The gate", "The bell"])
        expect(page.locator("#past")).to_have_count(0)
