"""axe-core finds nothing: WCAG 2.0 to 2.2 at A and AA and its best practice, on every page of ours.

Each page is looked at in light and dark, as wide as a desk and as narrow as a phone.
"""

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.showcase import AUDIENCE, DESK, NOT_THERE, OUTSIDE, Showcase

AXE: Final = Path(__file__).parents[2] / "client/node_modules/axe-core/axe.min.js"
OPTIONS: Final = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},  # off unless asked for, as 2.2 is young
    "resultTypes": ["violations"],
}
DESKTOP: Final[ViewportSize] = {"width": 1200, "height": 900}
PHONE: Final[ViewportSize] = {"width": 360, "height": 740}


def faults(page: Page) -> list[str]:
    """What axe has against the page in all its looks: rule, place and why."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text())
    found = []
    for size, viewport in {"desktop": DESKTOP, "phone": PHONE}.items():
        page.set_viewport_size(viewport)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            result = page.evaluate("options => axe.run(document, options)", OPTIONS)
            found += [f"{size}, {scheme}: {line}" for line in told(result["violations"])]
    page.set_viewport_size(DESKTOP)
    return found


def told(violations: list[Any]) -> list[str]:
    return [
        f"{violation['id']} at {node['target']}: {node['failureSummary']}\n  {node['html']}"
        for violation in violations
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("path", [*(AUDIENCE | NOT_THERE | OUTSIDE).values()])
def test_axe_has_nothing_against_a_page(visitor: Page, showcase: Showcase, path: str) -> None:
    visitor.goto(showcase.address(path))
    assert faults(visitor) == []


def test_axe_has_nothing_against_a_page_without_script(visitor: Page, showcase: Showcase) -> None:
    bare = visitor.context.new_page()
    bare.route("**/static/*.js", lambda route: route.fulfill(content_type="text/javascript"))
    bare.goto(showcase.address("/blogs/fair"))
    assert faults(bare) == []
    expect(bare.locator("#blog[data-link]")).to_have_count(0)
    bare.close()


def test_axe_has_nothing_against_what_a_page_says_to_a_reader(
    visitor: Page, showcase: Showcase
) -> None:
    visitor.goto(showcase.address("/blogs/fair"))
    expect(visitor.locator("#blog[data-link]")).to_be_attached()
    # All of what may lie over the page, as if all of it had to be said at once.
    visitor.evaluate(
        "document.querySelectorAll('.float').forEach((each) => { each.hidden = false; })"
    )
    visitor.evaluate("document.getElementById('new').textContent = '3 new updates'")
    visitor.evaluate(
        "document.querySelectorAll('#connection *').forEach((e) => { e.hidden = false })"
    )
    expect(visitor.locator("#connection [data-when=waiting]")).to_be_visible()
    assert faults(visitor) == []


@pytest.mark.parametrize("path", [*DESK.values()])
def test_axe_has_nothing_against_the_desk(admin: Page, showcase: Showcase, path: str) -> None:
    admin.goto(showcase.address(path))
    admin.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    assert faults(admin) == []


def test_axe_has_nothing_against_a_post_being_edited(admin: Page, showcase: Showcase) -> None:
    admin.goto(showcase.address("/desk/fair"))
    post = admin.locator("#posts > li").nth(3)
    post.get_by_role("button", name="Retract …").click()
    post.get_by_role("button", name="Correct").click()
    for button in ("Picture …", "Schedule …"):
        admin.locator("#new").get_by_role("button", name=button).click()
    expect(post.get_by_role("textbox", name="Title")).to_be_visible()
    assert faults(admin) == []
