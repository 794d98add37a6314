"""A blog's colour can be read wherever it comes to stand, whatever it is."""

import re
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from server.web.theme import CONTRAST, DARK, LIGHT, contrast, theme_of

STYLES = Path(__file__).parents[2] / "client/styles/page.css"
colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@for_all(colours)
def test_every_colour_has_readable_variants(accent: str) -> None:
    theme = theme_of(accent)
    assert all(contrast(theme.light, ground) >= CONTRAST for ground in (*LIGHT, "#ffffff"))
    assert all(contrast(theme.dark, ground) >= CONTRAST for ground in (*DARK, "#000000"))


@pytest.mark.parametrize("accent", ["#ffffff", "#000000", "#808080", "#ffff00", "#0000ff"])
def test_the_ends_of_the_colours_too(accent: str) -> None:
    test_every_colour_has_readable_variants.hypothesis.inner_test(accent)  # type: ignore[attr-defined]


def test_a_colour_that_can_be_read_is_left_as_it_is() -> None:
    assert theme_of("#b3261e").light == "#b3261e"
    assert theme_of("#ff8a7a").dark == "#ff8a7a"
    assert theme_of("#b3261e").dark != "#b3261e"


def test_the_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


def test_the_grounds_are_those_of_the_pages() -> None:
    styles = STYLES.read_text("utf-8")
    grounds = re.findall(r"--(?:paper|raised): (#[0-9a-f]{6});", styles)
    assert tuple(grounds[:4]) == (*LIGHT, *DARK)
