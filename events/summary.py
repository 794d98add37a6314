"""The summary of a blog: a few lines, with bold, italic, links and languages, and nothing else.

It is a body of its own and no post: it has no time, no author and no place in the order, and each
new one takes the place of the one before it in the box under the standfirst.
"""

from collections.abc import Iterator
from typing import Final

from events.accept import Fault
from events.document import Block, Body, BulletList, NumberedList, Paragraph, bodies, plain_text
from events.markup import Unreadable, from_markdown, to_markdown

MAX_LINES: Final = 8
"""Paragraphs and list entries."""
MAX_TEXT: Final = 1_500
"""Characters, without the addresses of links."""
MAX_SOURCE: Final = 10_000
"""Characters of Markdown."""


def from_text(markdown: str, at: str = "$.summary") -> Body:
    """The summary that a Markdown text means; () for none. Raises `Unreadable`, its faults at `at`.

    Lines can be listed with `-` or stand alone.
    """
    body = from_markdown(markdown, at)
    if faults := [Fault(at, message) for message in _wrongs(body)]:
        raise Unreadable(faults)
    return body


def to_text(summary: Body) -> str:
    """The Markdown that an editor goes on from."""
    return to_markdown(summary).strip()


def _wrongs(body: Body) -> Iterator[str]:
    lines = list(_lines(body))
    if any(not isinstance(line, Paragraph) for line in lines):
        yield "takes paragraphs and lists alone"
    if len(lines) > MAX_LINES:
        yield f"has {len(lines)} lines; at most {MAX_LINES}"
    if (chars := len(plain_text(body))) > MAX_TEXT:
        yield f"has {chars:,} characters; at most {MAX_TEXT:,}"


def _lines(body: Body) -> Iterator[Block]:
    """The blocks that say something, in lists too."""
    for block in body:
        if isinstance(block, BulletList | NumberedList):
            for inner in bodies(block):
                yield from _lines(inner)
        else:
            yield block
