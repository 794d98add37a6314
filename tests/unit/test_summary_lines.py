"""The summary of a blog: a few lines, bounded, read from Markdown and written as it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import summary
from events.html import render
from events.markup import Unreadable
from events.write_markdown import tidy

LINES = "- **Sailing:** ten times\n- [The queue](https://town.example/queue) is one trip long"


def faults(text: str) -> list[str]:
    with pytest.raises(Unreadable) as unreadable:
        summary.from_text(text)
    assert {fault.path for fault in unreadable.value.faults} == {"$.summary"}
    return [fault.message for fault in unreadable.value.faults]


def test_lines_with_marks_are_kept_as_they_were_written() -> None:
    body = summary.from_text(LINES)
    assert summary.to_text(body) == LINES
    assert render(body).startswith('<ul dir="auto"><li><strong>Sailing:</strong> ten times</li>')


def test_no_words_are_no_summary() -> None:
    assert summary.from_text(" \n\n ") == ()
    assert summary.to_text(()) == ""


@pytest.mark.parametrize(
    "text",
    [
        "## A heading",
        "> A quote",
        "***",
        "- In a list\n\n  > a quote",
        "```video\nurl: https://video.example/1\n```",
        f"![A picture](media:{'0' * 64})",
    ],
)
def test_other_blocks_are_refused(text: str) -> None:
    assert faults(text) == ["takes paragraphs and lists alone"]


def test_it_has_eight_lines_at_most_however_they_are_written() -> None:
    listed = "\n".join(f"- Line {n}" for n in range(7))
    summary.from_text(f"First.\n\n{listed}")
    assert faults(f"First.\n\nSecond.\n\n{listed}") == ["has 9 lines; at most 8"]
    nested = "- a\n  - b\n" * 5
    assert faults(nested) == ["has 10 lines; at most 8"]


def test_it_has_a_few_words_and_long_addresses_are_not_among_them() -> None:
    assert faults("word " * 400) == ["has 1,999 characters; at most 1,500"]
    summary.from_text(f"[Here](https://town.example/{'x' * 1_900})")


@given(st.lists(st.text("abc *_[]`<&\\-", min_size=1, max_size=30), max_size=8))
def test_what_is_accepted_comes_back_as_it_was(lines: list[str]) -> None:
    try:
        body = summary.from_text("\n".join(f"- {line}" for line in lines))
    except Unreadable:
        return
    assert summary.from_text(summary.to_text(body)) == tidy(body)
