"""Markdown -> blocks, by walking the tree that markdown-it makes.

CommonMark with `~~strike~~`, without raw HTML (it is shown as the text it is) and without indented
code (indented words are words). What Markdown has no words for is written so:

    ![alt](media:<id> "caption")    a picture of ours; `/media/<id>.jpg` is read too
    [woorden](lang:nl)              text in another language
    ```video                        a fence, in it `key: value` lines; so too `link`, `embed`,
    url: https://...                `image`, and `quote` as the first thing inside a `>` quote
    title: ...                      (lang, source, cite)
    ```
    ```block                        any block at all, as its JSON
    {"type": ...}
    ```
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from events.accept import is_lang
from events.document import (
    MAX_DEPTH,
    Block,
    Body,
    Bold,
    BulletList,
    Code,
    Divider,
    Embed,
    EmbedAttrs,
    Image,
    ImageAttrs,
    Italic,
    Lang,
    LangAttrs,
    LinkCard,
    LinkCardAttrs,
    Mark,
    Marks,
    NumberedAttrs,
    NumberedList,
    QuoteAttrs,
    Strike,
    Video,
    VideoAttrs,
)
from events.flow import Flow, link
from events.inline import with_mark

MAX_LEVEL = 4 * MAX_DEPTH  # a list counts twice in the parser, which drops what is deeper

Line = int
"""A line of the source, counted from 1."""

_Made = TypeVar("_Made")

_MARKS: dict[str, Mark] = {"strong": Bold(), "em": Italic(), "s": Strike()}
_JSON = msgspec.json.Decoder(Block)


def _card(node: type[Block], attrs: type) -> Callable[[dict[str, str]], Block]:
    def made(values: dict[str, str]) -> Block:
        return node(msgspec.convert(values, attrs, strict=False))

    return made


DIRECTIVES: dict[str, Callable[[dict[str, str]], Block]] = {
    "image": _card(Image, ImageAttrs),
    "video": _card(Video, VideoAttrs),
    "link": _card(LinkCard, LinkCardAttrs),
    "embed": _card(Embed, EmbedAttrs),
}


class _Parser(MarkdownIt):
    """Leaves addresses as they were written: `flow` judges them, and nothing hides in between."""

    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 - their name
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - their name
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 - their name
        return link


_PARSER = _Parser("commonmark", {"html": False, "maxNesting": MAX_LEVEL + 8})
_PARSER.enable("strikethrough").disable("code")


class Misread(Exception):
    """A notation of ours, wrongly used. Carries the line and what is wrong there."""

    def __init__(self, line: Line, message: str) -> None:
        super().__init__(message)
        self.line = line


def read(text: str) -> list[tuple[Line, Block]]:
    """The blocks of a Markdown text, each with the line it begins at. Raises `Misread`."""
    tokens = _PARSER.parse(text)
    for token in tokens:
        if token.level > MAX_LEVEL and token.map:
            raise Misread(token.map[0] + 1, f"lies in more than {MAX_DEPTH} lists and quotes")
    placed: list[tuple[Line, Block]] = []
    for node in SyntaxTreeNode(tokens).children:
        flow = Flow()
        _block(node, flow)
        placed.extend((_line(node), block) for block in flow.end())
    return placed


def _line(node: SyntaxTreeNode) -> Line:
    return node.map[0] + 1 if node.map else 1


def _body(nodes: list[SyntaxTreeNode]) -> Body:
    flow = Flow()
    for node in nodes:
        _block(node, flow)
    return flow.end()


def _block(node: SyntaxTreeNode, flow: Flow) -> None:
    match node.type:
        case "heading":
            flow.heading(int(node.tag[1:]))
            _inlines(node, flow, ())
            flow.end_heading()
        case "bullet_list":
            flow.items([_body(item.children) for item in node.children], BulletList)
        case "ordered_list":
            start = int(node.attrs.get("start", 1))
            make = partial(NumberedList, NumberedAttrs(start))
            flow.items([_body(item.children) for item in node.children], make)
        case "blockquote":
            _quote(node.children, flow)
        case "fence":
            _fence(node, flow)
        case "hr":
            flow.block(Divider())
        case _:  # a paragraph
            _inlines(node, flow, ())
            flow.cut()


def _quote(children: list[SyntaxTreeNode], flow: Flow) -> None:
    attrs = QuoteAttrs()
    if children and children[0].type == "fence" and children[0].info.strip() == "quote":
        attrs = _understood(children[0], lambda values: msgspec.convert(values, QuoteAttrs))
        children = children[1:]
    flow.quote(attrs, _body(children))


def _fence(node: SyntaxTreeNode, flow: Flow) -> None:
    kind = node.info.strip()
    if kind == "block":
        try:
            flow.block(_JSON.decode(node.content))
        except (msgspec.DecodeError, RecursionError) as error:
            raise Misread(_line(node), f"the block is not one: {error}") from error
    elif kind in DIRECTIVES:
        flow.block(_understood(node, DIRECTIVES[kind]))
    else:
        flow.code(node.content)


def _understood(node: SyntaxTreeNode, made: Callable[[dict[str, str]], _Made]) -> _Made:
    """What a fence of `key: value` lines says."""
    values = {}
    for n, line in enumerate(node.content.splitlines(), start=_line(node) + 1):
        key, colon, value = line.partition(":")
        if not colon and line.strip():
            raise Misread(n, f"a line of `{node.info.strip()}` reads `key: value`")
        if line.strip():
            values[key.strip()] = value.strip()
    try:
        return made(values)
    except msgspec.ValidationError as error:
        raise Misread(_line(node), f"`{node.info.strip()}`: {error}") from error


def _inlines(node: SyntaxTreeNode, flow: Flow, marks: Marks) -> None:
    for child in node.children:
        _inline(child, flow, marks)


def _inline(node: SyntaxTreeNode, flow: Flow, marks: Marks) -> None:
    match node.type:
        case "text":
            flow.text(node.content, marks)
        case "strong" | "em" | "s":
            _inlines(node, flow, with_mark(marks, _MARKS[node.type]))
        case "code_inline":
            flow.text(node.content, with_mark(marks, Code()))
        case "link":
            _inlines(node, flow, _linked(str(node.attrs.get("href", "")), marks))
        case "image":
            alt = "".join(_words(child) for child in node.children)
            image = ImageAttrs("", alt=alt, caption=str(node.attrs.get("title", "")))
            flow.picture(str(node.attrs.get("src", "")), marks, image)
        case "softbreak":
            flow.text(" ", marks)
        case "hardbreak":
            flow.line_break()
        case _:  # inline, the wrapper
            _inlines(node, flow, marks)


def _linked(href: str, marks: Marks) -> Marks:
    scheme, _, lang = href.partition(":")
    if scheme == "lang" and is_lang(lang):
        return with_mark(marks, Lang(LangAttrs(lang)))
    return link(href, marks)


def _words(node: SyntaxTreeNode) -> str:
    """The alt text of an image is inline content; its words are what it says."""
    if node.type in ("softbreak", "hardbreak"):
        return " "
    return node.content or "".join(_words(child) for child in node.children)
