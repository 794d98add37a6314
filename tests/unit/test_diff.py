"""What became of a text: told to the character, readable, and in bounded time."""

from itertools import pairwise

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from events.diff import STEPS, Diff, diff

words = st.sampled_from(
    ["the", "ferry", "left", "at", "nine", "ten", "مرحبا", "船", "3.5", "(so)", "it's"]
)
marks = st.sampled_from([" ", "  ", ", ", ". ", "\n", "\n\n", "\t", ""])
texts = st.one_of(
    st.lists(st.tuples(words, marks).map("".join), max_size=40).map("".join),
    st.text(max_size=60),
)


def marked(told: Diff) -> str:
    """A diff as one line: [-went-] and {+came+}."""
    forms = {"same": "{}", "removed": "[-{}-]", "inserted": "{{+{}+}}"}
    return "".join(forms[piece.op].format(piece.text) for piece in told)


def before(told: Diff) -> str:
    return "".join(piece.text for piece in told if piece.op != "inserted")


def after(told: Diff) -> str:
    return "".join(piece.text for piece in told if piece.op != "removed")


@for_all(texts, texts, st.sampled_from([0, 3, 30, STEPS]))
@settings(max_examples=500)
def test_a_diff_is_both_texts_to_the_character(old: str, new: str, steps: int) -> None:
    told = diff(old, new, steps)
    assert (before(told), after(told)) == (old, new)
    assert all(piece.text for piece in told)
    assert all(one.op != other.op for one, other in pairwise(told))


@for_all(texts)
def test_a_text_that_stayed_is_told_as_the_same(text: str) -> None:
    assert marked(diff(text, text)) == text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "Rain.", "{+Rain.+}"),
        ("Rain.", "", "[-Rain.-]"),
        ("It left at nine.", "It left at ten.", "It left at [-nine-]{+ten+}."),
        ("Forty people", "Forty people, two in costume", "Forty people{+, two in costume+}"),
        ("It costs 3.5 euros", "It costs 3.7 euros", "It costs [-3.5-]{+3.7+} euros"),
        ("One.\nTwo.", "Zero.\nOne.\nTwo.", "{+Zero.\n+}One.\nTwo."),
        ("One. Two.", "One.\nTwo.", "One.[- -]{+\n+}Two."),
        ("船は九時に出た", "船は十時に出た", "船は[-九-]{+十+}時に出た"),
        # A crumb that stayed by chance is told with what changed around it.
        (
            "we heard from the harbour that it sank",
            "they told us the crew says they swam",
            "[-we heard from the harbour that it sank-]{+they told us the crew says they swam+}",
        ),
    ],
)
def test_words_are_what_changes(old: str, new: str, told: str) -> None:
    assert marked(diff(old, new)) == told


def test_a_paragraph_that_went_leaves_the_others_whole() -> None:
    old = "The gate opens at nine.\nThe band plays at ten.\nThe last bus leaves at eleven."
    new = "The gate opens at nine.\nThe last bus leaves at twelve."
    told = (
        "The gate opens at nine.\nThe[- band plays at ten.\nThe-] last bus leaves at "
        "[-eleven-]{+twelve+}."
    )
    assert marked(diff(old, new)) == told


def test_a_long_text_is_compared_in_bounded_steps_and_a_small_change_in_it_is_found() -> None:
    long = "\n".join(f"Word {n} of many, and some that all lines have." for n in range(6_000))
    assert len(long) > 200_000
    changed = long.replace("Word 17 of", "Word seventeen of").replace("Word 5900 of", "Word x of")
    went = [piece.text for piece in diff(long, changed) if piece.op == "removed"]
    assert went == ["17", "5900"]


def test_what_would_take_too_many_steps_is_told_as_a_whole() -> None:
    old = "Stays.\n" + "one two " * 20_000 + "\nStays too."
    new = "Stays.\n" + "two two one " * 15_000 + "\nStays too."
    assert [piece.op for piece in diff(old, new)] == ["same", "removed", "inserted", "same"]
