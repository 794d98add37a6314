"""Runs of text and their marks: brought into one form, and nested for writers.

Only what every reader and writer of inline content shares lives here. The one form ("tidy") is
what makes two readings of the same words equal: see `tidied`.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby, repeat

from events.document import (
    Bold,
    Code,
    Content,
    HardBreak,
    Inline,
    Italic,
    Lang,
    Link,
    Mark,
    Marks,
    Strike,
    Text,
)

_ORDER = (Link, Lang, Bold, Italic, Strike, Code)  # how marks stand in a tidy text
_BLANKS = str.maketrans("\t\n\r\f", "    ")
_BREAK = HardBreak()


def with_mark(marks: Marks, mark: Mark) -> Marks:
    """The marks and one more, which replaces another of its kind."""
    kept = [each for each in marks if type(each) is not type(mark)]
    return tuple(sorted((*kept, mark), key=_rank))


def _rank(mark: Mark) -> int:
    return _ORDER.index(type(mark))


def tidied(pieces: Iterable[Inline]) -> Content:
    """The same words in the one form: equal neighbours joined, marks in order, blanks single.

    A blank carries only the marks that the words on both sides share, and none stands at an end
    or beside a hard break; nor does a hard break stand at an end. Code keeps its blanks.
    """
    atoms = [atom for piece in pieces for atom in _atoms(piece)]
    placed = _trimmed(list(_placed(atoms)))
    content: list[Inline] = []
    for marks, group in groupby(placed, lambda atom: atom.marks if type(atom) is Text else None):
        if marks is None:
            content.extend(group)
        else:
            text = "".join(atom.text for atom in group if isinstance(atom, Text))
            content.append(Text(text, marks))
    return tuple(content)


def _atoms(piece: Inline) -> Iterator[Inline]:
    """A piece as words, code and single blanks apart."""
    if isinstance(piece, HardBreak):
        yield _BREAK
        return
    marks = tuple(sorted(piece.marks, key=_rank))
    text = piece.text.translate(_BLANKS)
    if _is_code(marks):
        yield Text(text, marks)
        return
    if text.startswith(" "):
        yield Text(" ", marks)
    if words := [word for word in text.split(" ") if word]:
        yield Text(" ".join(words), marks)
        if text.endswith(" "):
            yield Text(" ", marks)


def _is_code(marks: Marks) -> bool:
    return any(type(mark) is Code for mark in marks)


def _is_blank(atom: Inline) -> bool:
    return isinstance(atom, Text) and atom.text == " " and not _is_code(atom.marks)


def _placed(atoms: list[Inline]) -> Iterator[Inline]:
    """The atoms, each run of blanks made one that carries what both of its sides share."""
    before: Inline = _BREAK
    blank: Text | None = None
    for atom in atoms:
        if _is_blank(atom):
            blank = blank or (atom if isinstance(atom, Text) else None)
            continue
        if blank and isinstance(before, Text) and isinstance(atom, Text):
            shared = (m for m in blank.marks if m in before.marks and m in atom.marks)
            yield Text(" ", tuple(shared))
        yield atom
        before, blank = atom, None


def _trimmed(atoms: list[Inline]) -> list[Inline]:
    while atoms and isinstance(atoms[-1], HardBreak):
        atoms.pop()
    start = 0
    while start < len(atoms) and isinstance(atoms[start], HardBreak):
        start += 1
    return atoms[start:]


Step = tuple[str, Mark | None, str]
"""What a writer does next: ("open" | "close", mark, "") or ("text" | "break", None, text)."""


def nested(content: Content) -> Iterator[Step]:
    """Inline content as steps in which marks are opened and closed like brackets.

    The mark that lasts longest is opened first, so a link with one bold word stays one link.
    Marks that go on after a hard break stay open over it, others are closed before it.
    """
    opened: list[Mark] = []
    breaks = 0
    for piece, lasting in zip(content, _lasting(content), strict=True):
        if isinstance(piece, HardBreak):
            breaks += 1
            continue
        keep = 0
        while keep < len(opened) and opened[keep] in piece.marks:
            keep += 1
        while len(opened) > keep:
            yield "close", opened.pop(), ""
        yield from repeat(("break", None, ""), breaks)
        breaks = 0
        for mark in lasting:
            if mark not in opened:
                opened.append(mark)
                yield "open", mark, ""
        yield "text", None, piece.text
    while opened:
        yield "close", opened.pop(), ""
    yield from repeat(("break", None, ""), breaks)


def _lasting(content: Content) -> list[Marks]:
    """For each piece its marks, the longest lasting first."""
    ends: dict[Mark, int] = {}
    found: list[Marks] = []
    for n in range(len(content) - 1, -1, -1):
        piece = content[n]
        if isinstance(piece, Text):
            ends = {mark: ends.get(mark, n) for mark in piece.marks}
            found.append(tuple(sorted(ends, key=lambda mark: (-ends[mark], _rank(mark)))))
        else:
            found.append(())
    return found[::-1]
