"""What of WCAG 2.2 AA can be tried in a browser and axe cannot see: docs/accessibility.md has all.

Targets, reflow, larger and wider text, the way a keyboard takes, motion, forced colours.
"""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import watched
from tests.e2e.conftest import Site
from tests.newsroom import Newsroom
from tests.showcase import AUDIENCE, DESK, NOT_THERE, OUTSIDE, Showcase

FOCUSABLE: Final = "a[href], button, input, select, textarea, summary, iframe, [tabindex]"
SHOWN: Final = "each.checkVisibility({visibilityProperty: true}) && !each.disabled"

SMALL: Final = f"""() => [...document.querySelectorAll({FOCUSABLE!r})]
  .filter((each) => {SHOWN} && !each.matches(".skip"))
  .filter((each) => getComputedStyle(each).display !== "inline"
    || each.parentElement.innerText.trim() === each.innerText.trim())
  .map((each) => [each, each.type === "checkbox" && each.closest("label") || each])
  .map(([each, pressed]) => [each, pressed.getBoundingClientRect()])
  .filter(([, {{ width, height }}]) => width < 24 || height < 24)
  .map(([each, {{ width, height }}]) => `${{width}} x ${{height}}: ${{each.outerHTML}}`)"""
"""What can be pressed and is smaller than 24 pixels; words in a sentence may be (WCAG 2.5.8)."""

LOST: Final = """() => [
  ...(document.documentElement.scrollWidth > innerWidth ? ["the page scrolls sideways"] : []),
  ...[...document.querySelectorAll("body *")].filter((each) => {
    const { overflowX, overflowY, display } = getComputedStyle(each);
    const heard = each.closest(".unseen, .hidden, .skip") || each.clientWidth < 2;
    return !heard && !each.matches("input") && display !== "inline" && each.checkVisibility() && (
      (/hidden|clip/.test(overflowX) && each.scrollWidth > each.clientWidth + 1) ||
      (/hidden|clip/.test(overflowY) && each.scrollHeight > each.clientHeight + 1));
  }).map((each) => `cut off: ${each.outerHTML.slice(0, 90)}`)]"""
"""What of a page cannot be read without moving it sideways, or at all."""

STYLE: Final = """(text) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  document.adoptedStyleSheets = [sheet];
}"""
SPACED: Final = """
  * { line-height: 1.5 !important; letter-spacing: .12em !important; }
  * { word-spacing: .16em !important; }
  p { margin-block-end: 2em !important; }"""
"""The metrics of WCAG 1.4.12."""
LARGE: Final = "html { font-size: 212.5%; }"
"""Twice what client/styles/page.css has."""

FOCUSED: Final = """() => {
  const each = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(each);
  const { left, right, top, bottom } = each.getBoundingClientRect();
  const x = (Math.max(left, 0) + Math.min(right, innerWidth)) / 2;
  const y = (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2;
  return {
    name: each === document.body ? "" : each.outerHTML.slice(0, 120),
    index: [...document.querySelectorAll(FOCUSABLE)].indexOf(each),
    ring: outlineStyle === "none" ? 0 : parseFloat(outlineWidth),
    seen: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth
      && (each.contains(document.elementFromPoint(x, y)) || each.matches(".card > a")),
  };
}""".replace("FOCUSABLE", repr(FOCUSABLE))
"""Where the focus is, how thick the line around it, and whether it can be seen there."""


def opened(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(address)
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")


def assert_fits(page: Page, address: str) -> None:
    """Nothing is lost at 320 pixels, in wider or larger text, or too small to be pressed."""
    opened(page, address, 320)
    assert page.evaluate(SMALL) == []
    assert page.evaluate(LOST) == []
    page.evaluate(STYLE, SPACED)
    assert page.evaluate(LOST) == []
    opened(page, address, 1280)
    assert page.evaluate(SMALL) == []
    page.evaluate(STYLE, LARGE)
    assert page.evaluate(LOST) == []


@pytest.mark.parametrize("path", [*(AUDIENCE | NOT_THERE | OUTSIDE).values()])
def test_a_page_can_be_read_narrow_spaced_and_large(
    visitor: Page, showcase: Showcase, path: str
) -> None:
    assert_fits(visitor, showcase.address(path))


@pytest.mark.parametrize("path", [*DESK.values()])
def test_the_desk_can_be_read_narrow_spaced_and_large(
    admin: Page, showcase: Showcase, path: str
) -> None:
    assert_fits(admin, showcase.address(path))


def walked(page: Page) -> Iterator[dict[str, Any]]:
    """Every place the Tab key comes to, until it leaves the page or is at its beginning again."""
    been: set[int] = set()
    while True:
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if not focused["name"] or focused["index"] in been:
            return
        been.add(focused["index"])
        yield focused


@pytest.mark.parametrize(
    ("path", "ready"),
    [
        ("/", "main"),
        ("/blogs/fair", "#blog[data-link]"),
        ("/blogs/souq", "#blog[data-link]"),
        ("/blogs/fair/embed", "#blog[data-link]"),
        ("/blogs/fair/posts/{post}", "#blog[data-link]"),
        ("/blogs/fair/replay", "#player:has(#play:not([hidden])) #moment:enabled"),
        ("/blogs/fair/record", "main"),
    ],
)
def test_a_keyboard_comes_to_everything_in_its_order_sees_where_it_is_and_leaves(
    visitor: Page, showcase: Showcase, path: str, ready: str
) -> None:
    visitor.set_viewport_size({"width": 1000, "height": 700})
    visitor.goto(showcase.address(path))
    expect(visitor.locator(ready)).to_be_visible()
    wanted = visitor.locator(FOCUSABLE).evaluate_all(
        f"all => all.flatMap((each, index) => {SHOWN} && each.tabIndex >= 0 ? [index] : [])"
    )
    steps = [*walked(visitor)]
    assert [step["index"] for step in steps] == wanted
    assert [step["name"] for step in steps if step["ring"] < 2] == []
    assert [step["name"] for step in steps if not step["seen"]] == []


def test_a_keyboard_skips_to_the_updates(visitor: Page, showcase: Showcase) -> None:
    visitor.goto(showcase.address("/blogs/fair"))
    visitor.keyboard.press("Tab")
    skip = visitor.get_by_role("link", name="Skip to the updates")
    expect(skip).to_be_focused()
    visitor.keyboard.press("Enter")
    visitor.keyboard.press("Tab")
    expect(visitor.locator("#posts .permalink").first).to_be_focused()


def test_a_keyboard_folds_the_pinned_posts_and_pauses_the_page(
    visitor: Page, showcase: Showcase
) -> None:
    visitor.goto(showcase.address("/blogs/fair"))
    details = visitor.locator("#pinned details")
    expect(details).to_have_attribute("open", "")
    visitor.locator("#pinned summary").press("Enter")
    expect(details).not_to_have_attribute("open", "")
    pause = visitor.get_by_role("button", name="Pause live updates")
    pause.press("Space")
    expect(pause).to_have_attribute("aria-pressed", "true")
    pause.press("Space")
    expect(pause).to_have_attribute("aria-pressed", "false")


def test_nothing_moves_for_who_asked_for_less_motion(site: Site, browser: Browser) -> None:
    with (
        Newsroom(site, "calm") as room,
        watched(browser, site.url, reduced_motion="reduce") as (context, _),
    ):
        room.turns("live").writes("The first.", title="First")
        page = context.new_page()
        page.goto(room.path)
        expect(page.locator("#blog[data-link]")).to_be_attached()
        room.writes("The second.", title="Second")
        expect(page.locator("#posts h2").first).to_have_text("Second")
        moving = page.evaluate(
            """() => document.getAnimations().flatMap((each) => each.effect.getKeyframes())
              .filter((frame) => "transform" in frame || "translate" in frame || "opacity" in frame)
              .length"""
        )
        assert moving == 0


def ground(element: Locator) -> Any:
    """The colour behind an element, without its opacity, which is 0 where it has none."""
    return element.evaluate(
        "each => getComputedStyle(each).backgroundColor.match(/[0-9]+/g).slice(0, 3)"
    )


def test_forced_colours_leave_what_is_chosen_apart_from_what_is_not(
    visitor: Page, showcase: Showcase
) -> None:
    visitor.emulate_media(forced_colors="active")
    visitor.goto(showcase.address("/blogs/fair"))
    tools = visitor.locator("#tools")
    chosen = ground(tools.get_by_role("link", name="Newest first"))
    assert chosen != ground(tools.get_by_role("link", name="Oldest first"))
    pause = visitor.get_by_role("button", name="Pause live updates")
    before = ground(pause)
    pause.press("Space")
    expect(pause).to_have_attribute("aria-pressed", "true")
    assert ground(pause) == chosen != before
    pause.press("Space")
    visitor.emulate_media(forced_colors="none")


def test_a_day_at_the_desk_by_keyboard_never_loses_its_place(
    admin: Page, showcase: Showcase
) -> None:
    admin.goto(showcase.address("/desk/soon"))
    new = admin.locator("#new")
    new.get_by_role("textbox", name="Title").press_sequentially("Open")
    new.get_by_role("button", name="Publish").press("Enter")
    post = admin.locator("#posts > li").first
    expect(post.locator("h3")).to_have_text("Open")
    expect(new.get_by_role("textbox", name="Title")).to_be_focused()
    post.get_by_role("button", name="Pin", exact=True).press("Enter")
    expect(post.get_by_role("button", name="Unpin")).to_be_focused()
    post.get_by_role("button", name="Edit").press("Enter")
    expect(post.get_by_role("textbox", name="Text, in Markdown")).to_be_focused()
    post.get_by_role("textbox", name="Title").press_sequentially("ed")
    post.get_by_role("button", name="Save").press("Enter")
    expect(post.get_by_role("button", name="Edit")).to_be_focused()
    post.get_by_role("button", name="Retract …").press("Enter")
    expect(post.get_by_role("button", name="Retract …")).to_have_attribute("aria-expanded", "true")
    expect(post.get_by_role("textbox", name="Reason")).to_be_focused()
    post.get_by_role("button", name="Retract", exact=True).press("Enter")
    expect(post.get_by_role("button", name="Restore")).to_be_focused()
    expect(post.get_by_role("button", name="Retract …")).to_be_hidden()
