"""Markup -> body and back: what the API, the desk and the import ask.

Only the bounds and the faults live here; the reading is in `read_markdown` and `read_html`, the
writing in `write_markdown`.
"""

from collections.abc import Iterable

from events import read_html, read_markdown
from events.accept import Fault, check, fit
from events.document import MAX_TEXT, Block, Body
from events.write_markdown import to_markdown

__all__ = ["MAX_SOURCE", "Unreadable", "from_html", "from_markdown", "to_markdown"]

MAX_SOURCE = 2 * MAX_TEXT  # characters of markup

# What costs a parser most, by character. A text within the bounds takes well under a second; the
# time for brackets grows with the square of their number.
_MOST_IN_MARKDOWN = {"\n": 20_000, "*": 20_000, "_": 20_000, "`": 20_000, "[": 5_000}
_MOST_IN_HTML = {"&": 100_000}


class Unreadable(Exception):
    """Markup that makes no acceptable body. Carries the faults, never empty."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in self.faults))


def from_markdown(text: str, at: str = "$.markdown") -> Body:
    """The body that a Markdown text means; the notation is told in `read_markdown`.

    Raises `Unreadable`, its faults at the path `at`, each with its line.
    """
    _bound(text, at, _MOST_IN_MARKDOWN)
    try:
        placed = read_markdown.read(fit(text))
    except read_markdown.Misread as misread:
        raise Unreadable([Fault(at, f"line {misread.line}: {misread}")]) from misread
    return _checked([(f"line {line}", block) for line, block in placed], at)


def from_html(text: str, at: str = "$.html") -> Body:
    """The body that an HTML fragment or document means, see `read_html`.

    Raises `Unreadable`, its faults at the path `at`, each with the number of its block.
    """
    _bound(text, at, _MOST_IN_HTML)
    try:
        blocks = read_html.read(fit(text))
    except read_html.TooTangled as tangled:
        raise Unreadable([Fault(at, str(tangled))]) from tangled
    return _checked([(f"block {n}", block) for n, block in enumerate(blocks, start=1)], at)


def _bound(text: str, at: str, most_in: dict[str, int]) -> None:
    if len(text) > MAX_SOURCE:
        raise Unreadable([Fault(at, f"has {len(text):,} characters; at most {MAX_SOURCE:,}")])
    for char, most in most_in.items():
        if (count := text.count(char)) > most:
            name = "lines" if char == "\n" else f"`{char}`"
            raise Unreadable([Fault(at, f"has {count:,} {name}; at most {most:,}")])


def _checked(placed: list[tuple[str, Block]], at: str) -> Body:
    """The blocks as a body, if nothing is wrong with them."""
    body = tuple(block for _, block in placed)
    if not (faults := check(body, "")):
        return body
    raise Unreadable(_told(fault, placed, at) for fault in faults)


def _told(fault: Fault, placed: list[tuple[str, Block]], at: str) -> Fault:
    """A fault of the body as one of the source: the place there, and which attribute."""
    number = fault.path[1:].partition("]")[0]
    where = f"{placed[int(number)][0]}: " if number else ""
    attribute = f"{fault.path.rpartition('.')[2]}: " if ".attrs." in fault.path else ""
    return Fault(at, f"{where}{attribute}{fault.message}")
