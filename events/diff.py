"""What became of a text: the words that went, came and stayed. Pure, and bounded in its steps.

Paragraphs are compared first, then the words of those that differ, both by E. W. Myers, "An O(ND)
Difference Algorithm and Its Variations" (1986). Where that would take more than STEPS, what is left
to compare is told as a whole: all of it went, all of it came.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import Final, Literal, NamedTuple

from msgspec import Struct

STEPS: Final = 100_000
"""Comparisons of one diff: some 50 ms, and words enough for a post that was half rewritten."""
CRUMB: Final = 3
"""Words that stayed between two changes are told with them, where they are at most so many."""

Op = Literal["same", "removed", "inserted"]


class Piece(Struct, frozen=True, array_like=True):
    """A stretch of text and what became of it. In JSON: `["removed", "nine "]`."""

    op: Op
    text: str


Diff = tuple[Piece, ...]


class Hunk(NamedTuple):
    """Neighbouring tokens of both texts; `same` where their words are the same."""

    old: Sequence[str]
    new: Sequence[str]
    same: bool


class Match(NamedTuple):
    """`size` tokens that are the same, at `i` of the old ones and `j` of the new."""

    i: int
    j: int
    size: int


_EDGE = r".,;:!?…\"'“”„‘’«»()\[\]،؛؟。、"
_ALONE = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"  # of scripts that put no blanks between words
_WORD = re.compile(
    rf"\s*(?:[{_ALONE}]|[{_EDGE}]+|[^\s{_EDGE}{_ALONE}]+(?:[{_EDGE}]+[^\s{_EDGE}{_ALONE}]+)*)|\s+"
)
"""A word with the blanks before it; marks are words of their own at its edges, not inside."""


def diff(before: str, after: str, steps: int = STEPS) -> Diff:
    """How `before` became `after`. The same and the removed are `before`, the same and the
    inserted `after`, to the character; no two neighbours have the same op, none is empty."""
    left = _Steps(steps)
    return tuple(_joined(_pieces(before, after, left)))


def _pieces(before: str, after: str, left: "_Steps") -> Iterator[Piece]:
    for lines in _hunks(_lines(before), _lines(after), left):
        if lines.same:
            yield Piece("same", "".join(lines.old))
            continue
        old, new = (_WORD.findall("".join(side)) for side in (lines.old, lines.new))
        for words in _whole(list(_hunks(old, new, left, str.lstrip))):
            yield from _told(words)


def _lines(text: str) -> list[str]:
    """Each with the line feed before it, so that one more is one more, wherever it comes."""
    first, *others = text.split("\n")
    return [*([first] if first else []), *(f"\n{line}" for line in others)]


def _told(hunk: Hunk) -> Iterator[Piece]:
    if not hunk.same:
        yield Piece("removed", "".join(hunk.old))
        yield Piece("inserted", "".join(hunk.new))
        return
    for old, new in zip(hunk.old, hunk.new, strict=True):
        if old != new:  # the same word after other blanks
            word = old.lstrip()
            yield Piece("removed", old.removesuffix(word))
            yield Piece("inserted", new.removesuffix(word))
            yield Piece("same", word)
        else:
            yield Piece("same", old)


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Neighbours made one; between two that stayed, what went comes before what came."""
    same, went, came = "", "", ""
    for piece in pieces:
        match piece.op:
            case "removed":
                went += piece.text
            case "inserted":
                came += piece.text
            case _ if went != came:
                yield from _turn(same, went, came)
                same, went, came = piece.text, "", ""
            case _:
                same, went, came = same + went + piece.text, "", ""
    yield from _turn(same, went, came)


def _turn(same: str, went: str, came: str) -> Iterator[Piece]:
    """What stayed, went and came; a blank that both begin with has stayed."""
    pairs = takewhile(
        lambda pair: pair[0] == pair[1] and pair[0].isspace(), zip(went, came, strict=False)
    )
    blanks = "".join(blank for blank, _ in pairs)
    turn: dict[Op, str] = {
        "same": same + blanks,
        "removed": went.removeprefix(blanks),
        "inserted": came.removeprefix(blanks),
    }
    yield from (Piece(op, text) for op, text in turn.items() if text)


def _whole(hunks: list[Hunk]) -> Iterator[Hunk]:
    """The hunks, a crumb between two larger changes taken into them: it reads better in one."""
    kept: list[Hunk] = []
    for number, hunk in enumerate(hunks):
        around = hunks[max(0, number - 1) : number + 2]
        crumb = hunk.same and len(around) == 3 and len(hunk.old) <= CRUMB
        if crumb and all(_size(each) > 2 * len(hunk.old) for each in (around[0], around[2])):
            hunk = hunk._replace(same=False)
        if kept and not (kept[-1].same or hunk.same):
            last = kept.pop()
            hunk = Hunk([*last.old, *hunk.old], [*last.new, *hunk.new], same=False)
        kept.append(hunk)
    return iter(kept)


def _size(hunk: Hunk) -> int:
    return max(len(hunk.old), len(hunk.new))


class _Spent(Exception):
    pass


class _Steps:
    """What is left of the comparisons; raises _Spent."""

    def __init__(self, count: int) -> None:
        self._count = count

    def take(self, count: int) -> None:
        self._count -= count
        if self._count < 0:
            raise _Spent


def _hunks(
    old: Sequence[str], new: Sequence[str], left: _Steps, key: Callable[[str], str] = str
) -> Iterator[Hunk]:
    """Both sequences from the beginning to the end, in turns the same and not."""
    try:
        matches = _matches([key(each) for each in old], [key(each) for each in new], left)
    except _Spent:
        matches = []
    ends = [Match(0, 0, 0), *matches, Match(len(old), len(new), 0)]
    for before, match in pairwise(ends):
        gap = slice(before.i + before.size, match.i), slice(before.j + before.size, match.j)
        if old[gap[0]] or new[gap[1]]:
            yield Hunk(old[gap[0]], new[gap[1]], same=False)
        if match.size:
            i, j, size = match
            yield Hunk(old[i : i + size], new[j : j + size], same=True)


def _matches(a: Sequence[str], b: Sequence[str], left: _Steps) -> list[Match]:
    """What both have, in order: their common ends, and in between by Myers. Raises _Spent."""
    shorter = min(len(a), len(b))
    head = next((n for n in range(shorter) if a[n] != b[n]), shorter)
    rest = shorter - head
    tail = next((n for n in range(rest) if a[-1 - n] != b[-1 - n]), rest)
    middle_a, middle_b = a[head : len(a) - tail], b[head : len(b) - tail]
    found = [Match(0, 0, head)]
    if middle_a and middle_b:
        found += [
            Match(head + i, head + j, size) for i, j, size in _middle(middle_a, middle_b, left)
        ]
    return [*found, Match(len(a) - tail, len(b) - tail, tail)]


def _middle(a: Sequence[str], b: Sequence[str], left: _Steps) -> list[Match]:
    """The greedy algorithm: for each number of edits, how far each diagonal k = x - y reaches."""
    furthest, trace = {1: 0}, []
    for edits in range(len(a) + len(b) + 1):
        trace.append(furthest)
        furthest = {}
        for k in range(-edits, edits + 1, 2):
            start = _start(trace[-1], k)
            x = start
            while x < len(a) and x - k < len(b) and a[x] == b[x - k]:
                x += 1
            left.take(1 + x - start)
            furthest[k] = x
            if x >= len(a) and x - k >= len(b):
                return _traced(trace, k, x)
    raise AssertionError("the last number of edits is that of deleting one and inserting the other")


def _start(furthest: dict[int, int], k: int) -> int:
    """Where diagonal k is entered: from above, or from the left."""
    above, beside = furthest.get(k + 1, -1), furthest.get(k - 1, -1)
    return max(above, beside + 1)


def _traced(trace: list[dict[int, int]], k: int, x: int) -> list[Match]:
    """The matches on the way to the end, found backwards."""
    found = []
    for furthest in reversed(trace):
        start = _start(furthest, k)
        if x > start:
            found.append(Match(start, start - k, x - start))
        k += 1 if furthest.get(k + 1, -1) == start else -1
        x = furthest.get(k, 0)
    return found[::-1]
