"""Blocks -> Markdown, for an editor who edits as text what was written as blocks or HTML.

Nothing is lost: each block is written, read again, and compared. Where Markdown has no words for
it (two marks that touch inside a word, say), other spellings are tried, and the last is a fence
with the block's JSON. The notation is told in `read_markdown`.
"""

from collections.abc import Callable, Iterator
from html import unescape
from itertools import chain

import msgspec
from msgspec.structs import replace

from events.document import (
    Block,
    Body,
    Bold,
    BulletList,
    Code,
    Content,
    Divider,
    Embed,
    HardBreak,
    Heading,
    Image,
    ImageAttrs,
    Italic,
    Lang,
    Link,
    LinkCard,
    ListItem,
    Mark,
    NumberedList,
    Paragraph,
    Quote,
    QuoteAttrs,
    Strike,
    Text,
    Video,
    with_images,
)
from events.inline import nested, tidied
from events.read_markdown import Misread, read

_SPECIAL = str.maketrans({char: "\\" + char for char in "\\`*_[]"})
_AT_START = ("#", ">", "-", "+", "=")
_SPELLINGS = (
    ("*", True, True),
    ("*", True, False),
    ("_", True, False),
    ("*", False, False),
    ("_", False, False),
)
_FENCES = {Image: "image", Video: "video", LinkCard: "link", Embed: "embed"}


def to_markdown(body: Body) -> str:
    """Markdown that `from_markdown` reads as this body again: as `tidy` makes it."""
    return "".join(f"{text}\n\n" for text in _spelled(tidy(body)))[:-1]


def tidy(body: Body) -> Body:
    """The body without what nobody sees: empty blocks, blanks at ends, what the server fills in."""
    blocks = (_tidy(block) for block in with_images(body, _bare))
    return tuple(block for block in blocks if block is not None)


def _bare(image: Image) -> Image:
    return Image(replace(image.attrs, ext="", width=0, height=0))


def _tidy(block: Block) -> Block | None:
    match block:
        case Paragraph(content=content) | Heading(content=content):
            tidy_content = tidied(content)
            return replace(block, content=tidy_content) if tidy_content else None
        case BulletList(content=items) | NumberedList(content=items):
            bodies = (tidy(item.content) for item in items)
            kept = tuple(ListItem(body) for body in bodies if body)
            return replace(block, content=kept) if kept else None
        case Quote(content=content):
            body = tidy(content)
            return replace(block, content=body) if body else None
        case _:
            return block


def _spelled(body: Body) -> Iterator[str]:
    """Each block in the first spelling that reads as the block again."""
    turn = 0
    for n, block in enumerate(body):
        turn = 1 - turn if n and type(block) is type(body[n - 1]) else 0
        texts = (_Spelling(turn, *spelling).block(block) for spelling in _SPELLINGS)
        yield next((text for text in texts if _reads_as(text, block)), _json(block))


def _reads_as(text: str, block: Block) -> bool:
    try:
        return [read_block for _, read_block in read(text)] == [block]
    except Misread:
        return False


def _json(block: Block) -> str:
    return _fence("block", msgspec.json.encode(block).decode())


def _fence(kind: str, content: str) -> str:
    ticks = "```"
    while ticks in content:
        ticks += "`"
    return f"{ticks}{kind}\n{content}\n{ticks}"


class _Spelling:
    """One way to write blocks. Short forms come first, they do not always carry.

    `turn`: a list right after another of its kind takes the other marker. `italic`: its marker.
    `fenced`: lines of code go into a fence. `bare`: an address that is its own text stands alone.
    """

    def __init__(self, turn: int, italic: str, fenced: bool, bare: bool) -> None:
        self.turn = turn
        self.fenced = fenced
        self.bare = bare
        self.signs: dict[type[Mark], str] = {Bold: "**", Italic: italic, Strike: "~~"}

    def blocks(self, body: Body) -> Iterator[str]:
        outer = self.turn
        self.turn = 0
        for n, block in enumerate(body):
            self.turn = 1 - self.turn if n and type(block) is type(body[n - 1]) else 0
            yield self.block(block)
        self.turn = outer

    def block(self, block: Block) -> str:
        match block:
            case Paragraph(content=content) if self.fenced and _is_code(content):
                return _fence("", "".join(_raw(piece) for piece in content))
            case Paragraph(content=content):
                return self.inline(content)
            case Heading(attrs=attrs, content=content):
                return f"{'#' * attrs.level} {_unclosed(self.inline(content))}"
            case BulletList(content=items):
                sign = "-*"[self.turn]
                return self.items(items, lambda _: f"{sign} ")
            case NumberedList(attrs=numbered, content=items):
                sign = ".)"[self.turn]
                return self.items(items, lambda n: f"{numbered.start + n}{sign} ")
            case Quote(attrs=quote, content=body):
                said = [_directive("quote", quote)] if quote != QuoteAttrs() else []
                return _prefixed("\n\n".join([*said, *self.blocks(body)]), "> ", ">")
            case Image(attrs=ImageAttrs(decorative=False, caption="", credit="") as image):
                return f"![{_escaped(image.alt)}](media:{image.media})"
            case Divider():
                return "***"
            case _:
                return _directive(_FENCES[type(block)], block.attrs)

    def items(self, items: tuple[ListItem, ...], sign: Callable[[int], str]) -> str:
        gap = "\n" if all(_is_tight(item.content) for item in items) else "\n\n"
        texts = (gap.join(self.blocks(item.content)) for item in items)
        return gap.join(_hung(text, sign(n)) for n, text in enumerate(texts))

    def inline(self, content: Content) -> str:
        out: list[str] = []
        marks: list[Mark] = []
        for step, mark, text in nested(content):
            if step == "open" and mark is not None:
                marks.append(mark)
                out.append(self.opening(mark))
            elif step == "close" and mark is not None:
                marks.remove(mark)
                self.close(mark, out)
            elif step == "break":
                out.append("\\\n")
            elif any(isinstance(each, Code) for each in marks):
                out.append(_ticked(text))
            else:
                at_start = not out or out[-1] == "\\\n"
                out.append(_escaped(text, at_start=at_start))
        return "".join(out)

    def opening(self, mark: Mark) -> str:
        return "[" if isinstance(mark, Link | Lang) else self.signs.get(type(mark), "")

    def close(self, mark: Mark, out: list[str]) -> None:
        match mark:
            case Link(attrs=link) if self.bare and out[-2:] == ["[", _escaped(link.href)]:
                out[-2:] = [link.href]
            case Link(attrs=link) if set(link.href) & set("()*_"):
                out.append(f"](<{link.href}>)")
            case Link(attrs=link):
                out.append(f"]({link.href})")
            case Lang(attrs=lang):
                out.append(f"](lang:{lang.lang})")
            case _:
                out.append(self.signs.get(type(mark), ""))


def _is_tight(body: Body) -> bool:
    """A paragraph, and lists below it: what needs no empty lines."""
    lists = (BulletList, NumberedList)
    return bool(body) and type(body[0]) is Paragraph and all(type(b) in lists for b in body[1:])


def _is_code(content: Content) -> bool:
    """Lines of nothing but code."""
    texts = [piece for piece in content if isinstance(piece, Text)]
    return len(texts) < len(content) and all(text.marks == (Code(),) for text in texts)


def _raw(piece: Text | HardBreak) -> str:
    return piece.text if isinstance(piece, Text) else "\n"


def _escaped(text: str, *, at_start: bool = False) -> str:
    if unescape(text) != text:
        text = text.replace("&", "\0")
    text = text.translate(_SPECIAL).replace("~~", "\\~\\~").replace("\0", "\\&")
    if ":" in text or "@" in text:
        text = text.replace("<", "\\<")  # else it begins no autolink
    if text.endswith("!"):
        text = text[:-1] + "\\!"  # a link may follow, and make an image of it
    if not at_start:
        return text
    number = text.split(" ", 1)[0]
    if number[-1:] in (".", ")") and number[:-1].isdecimal():
        return f"{number[:-1]}\\{text[len(number) - 1 :]}"
    return "\\" + text if text.startswith(_AT_START) else text


def _unclosed(heading: str) -> str:
    """A heading's text whose last `#` is not taken for the mark that may close a heading."""
    return heading[:-1] + "\\#" if heading.endswith("#") else heading


def _ticked(code: str) -> str:
    ticks = "`"
    while ticks in code:
        ticks += "`"
    pad = " " if (code[0] in "` " and code[-1] in "` ") or "`" in (code[0], code[-1]) else ""
    return f"{ticks}{pad}{code}{pad}{ticks}"


def _directive(kind: str, attrs: msgspec.Struct) -> str:
    values = msgspec.to_builtins(attrs).items()
    lines = (f"{key}: {'true' if value is True else value}" for key, value in values)
    return _fence(kind, "\n".join(lines))


def _prefixed(text: str, prefix: str, bare: str) -> str:
    return "\n".join(prefix + line if line else bare for line in text.split("\n"))


def _hung(text: str, sign: str) -> str:
    """An item's lines, the first behind its sign, the others under it."""
    first, *rest = text.split("\n")
    indent = " " * len(sign)
    return "\n".join(chain([sign + first], (indent + line if line else "" for line in rest)))
