"""Gathers text and blocks, in the order a reader of markup meets them, into a body.

What Markdown and HTML have in common lives here: a picture or card inside a paragraph cuts it in
two, an unsafe link keeps its words, a foreign picture becomes a link, a bare address too.
"""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from events.accept import fit, is_link, is_web
from events.document import (
    MAX_URL,
    Block,
    Body,
    Code,
    Content,
    HardBreak,
    Heading,
    HeadingAttrs,
    Image,
    ImageAttrs,
    Inline,
    Link,
    LinkAttrs,
    ListItem,
    Marks,
    Paragraph,
    Quote,
    QuoteAttrs,
    Text,
)
from events.inline import tidied, with_mark

_CODE: Marks = (Code(),)
_ENDS_ADDRESS = frozenset(' \t\r\n\f<>"“”«»')
_NOT_LAST = frozenset(".,:;!?*_~'’‘)]}|")
_SCHEMES = ("http://", "https://")


class Flow:
    """Text, breaks and blocks in; a body out (`end`). Empty paragraphs come to nothing."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._pieces: list[Inline] = []
        self._make: Callable[[Content], Block] = Paragraph

    def text(self, text: str, marks: Marks) -> None:
        """Words; an http(s) address among them becomes a link, except in code and in links."""
        text = fit(text)
        if "://" not in text or any(isinstance(mark, Link | Code) for mark in marks):
            self._put(text, marks)
            return
        for part, url in _addresses(text):
            self._put(part, with_mark(marks, Link(LinkAttrs(url))) if url else marks)

    def _put(self, text: str, marks: Marks) -> None:
        if text:
            self._pieces.append(Text(text, marks))

    def line_break(self) -> None:
        self._pieces.append(HardBreak())

    def code(self, text: str) -> None:
        """Lines of code: a paragraph, each line marked as code."""
        self.cut()
        for n, line in enumerate(fit(text).expandtabs(4).splitlines()):
            if n:
                self.line_break()
            self._put(line, _CODE)
        self.cut()

    def picture(self, src: str, marks: Marks, image: ImageAttrs) -> None:
        """A picture of ours as a block, by the media id in `src`; another as a link to it."""
        src = src.strip()
        if media := media_id(src):
            self.block(Image(replace(image, media=media)))
        else:
            foreign = Link(LinkAttrs(src))
            in_link = any(isinstance(mark, Link) for mark in marks)
            words = image.alt.strip() or (src if is_web(src) else "")
            self._put(
                fit(words), with_mark(marks, foreign) if is_web(src) and not in_link else marks
            )

    def block(self, block: Block) -> None:
        self.cut()
        self._blocks.append(block)

    def heading(self, level: int) -> None:
        """Until `end_heading` text is a heading's; a level outside 2 to 4 is clamped."""
        self.cut()
        attrs = HeadingAttrs(min(max(level, 2), 4))
        self._make = lambda content: Heading(attrs, content)

    def quote(self, attrs: QuoteAttrs, body: Body) -> None:
        if body:
            self.block(Quote(attrs, body))

    def items(self, bodies: list[Body], make: Callable[[tuple[ListItem, ...]], Block]) -> None:
        """A list, without its empty items; none of them, no list."""
        if items := tuple(ListItem(body) for body in bodies if body):
            self.block(make(items))

    def cut(self) -> None:
        """Ends the paragraph or heading at hand, if there is one."""
        if content := tidied(self._pieces):
            self._blocks.append(self._make(content))
        self._pieces.clear()

    def end_heading(self) -> None:
        self.cut()
        self._make = Paragraph

    def end(self) -> Body:
        self.cut()
        return tuple(self._blocks)


def link(href: str, marks: Marks) -> Marks:
    """The marks with a link to `href`, if it is one we would follow."""
    return with_mark(marks, Link(LinkAttrs(href))) if is_link(href) else marks


def media_id(src: str) -> str:
    """The media id in `media:<id>` or `/media/<id>.<ext>`, else nothing."""
    for start in ("media:", "/media/"):
        if src.startswith(start):
            media, rest = src[len(start) :][:64], src[len(start) + 64 :]
            if len(media) == 64 and set(media) <= set("0123456789abcdef") and rest[:1] in "-.":
                return media
    return ""


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    """The text in parts, each with its address where it is one."""
    done = 0
    start = text.find("http")
    while start >= 0:
        end = start
        while end < len(text) and text[end] not in _ENDS_ADDRESS:
            end += 1
        url = _without_tail(text[start:end])
        if text.startswith(_SCHEMES, start) and not text[start - 1 : start].isalnum() and url:
            yield text[done:start], ""
            yield url, url
            done = start + len(url)
        start = text.find("http", end)
    yield text[done:], ""


def _without_tail(url: str) -> str:
    """An address without the punctuation of the sentence; a bracket it opened itself stays."""
    if len(url) > MAX_URL:
        return ""
    while url[-1:] in _NOT_LAST:
        if url.endswith(")") and url.count("(") >= url.count(")"):
            break
        url = url[:-1]
    return url if is_web(url) else ""
