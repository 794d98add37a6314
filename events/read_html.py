"""HTML -> blocks: sanitised by nh3, then the tree that lexbor makes of it is walked.

Elements come to the block they mean; a `div` or a table's row is a paragraph; what means nothing
here keeps its words. `lang` on an element marks its words. Nothing is fetched: a frame becomes an
embed card, a video a video card, a foreign picture a link.
"""

from functools import partial

import nh3
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser, LexborNode

from events.accept import fit, is_lang, is_web
from events.document import (
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
    Mark,
    Marks,
    NumberedAttrs,
    NumberedList,
    Paragraph,
    Quote,
    QuoteAttrs,
    Strike,
    Text,
    Video,
    VideoAttrs,
)
from events.flow import Flow, link
from events.inline import with_mark

MAX_DEPTH = 100  # elements inside one another
MAX_TAGS = 10_000
MAX_STYLED = 250_000

_MARKS: dict[str, Mark] = {
    **dict.fromkeys(("b", "strong"), Bold()),
    **dict.fromkeys(("i", "em", "cite", "dfn", "var"), Italic()),
    **dict.fromkeys(("s", "strike", "del"), Strike()),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), Code()),
}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SECTIONS = ("section", "article", "header", "footer", "main", "aside", "nav", "details", "form")
_TABLES = ("table", "caption", "thead", "tbody", "tfoot", "tr", "dl", "dt", "dd")
_OTHERS = ("p", "div", "figcaption", "figure", "address", "summary", "fieldset", "center", "li")
_PARAGRAPHS = {*_SECTIONS, *_TABLES, *_OTHERS}
_INLINE = ("a", "span", "q", "br", "td", "th")
_BLOCKS = ("ul", "ol", "blockquote", "pre", "hr", "img", "iframe", "video", "source", "track")
_ATTRIBUTES = {
    "*": {"lang"},
    "a": {"href"},
    "blockquote": {"cite"},
    "iframe": {"src", "title"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "source": {"src"},
    "track": {"src", "kind"},
    "video": {"src", "title"},
}
_SANITISER = nh3.Cleaner(
    tags={*_MARKS, *_HEADINGS, *_PARAGRAPHS, *_INLINE, *_BLOCKS},
    clean_content_tags={"script", "style", "title", "noscript", "template"},
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto", "media"},
    link_rel=None,
)
# Elements that a tree builder opens again in every paragraph after them while they are not closed.
_REOPENED = frozenset(
    ("b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u")
)


class TooTangled(Exception):
    """Markup whose tree would take more time or memory than a post is worth. Says which bound."""


def read(html: str) -> Body:
    """The blocks of an HTML fragment or document. Raises `TooTangled`."""
    _bound(html)
    tree = LexborHTMLParser(f"<div>{_SANITISER.clean(html)}</div>", is_fragment=True)
    return _body(tree.root, (), 0) if tree.root else ()


def _bound(html: str) -> None:
    """Refuses what makes tree builders slow, by counts that no trick can make too low.

    Their time grows with the square of the elements left open, and what is reopened in each
    paragraph multiplies: three alike are the most, but attributes make them differ.
    """
    tags = html.count("<")
    if tags > MAX_TAGS:
        raise TooTangled(f"has {tags:,} tags; at most {MAX_TAGS:,}")
    styled = sum(_is_styled(piece) for piece in html.split("<"))
    if tags * styled > MAX_STYLED:
        raise TooTangled(f"has {styled:,} bold, italic or font tags with attributes; remove these")


def _is_styled(piece: str) -> bool:
    """Whether what follows a `<` may be one of these with an attribute."""
    tag = piece[:8].partition(">")[0].lower()
    name = (tag[:1] + tag[1:].replace("/", " ")).split()[:1]  # `/` first: the element's end
    return name != [tag] and not _REOPENED.isdisjoint(name)


def _body(node: LexborNode, marks: Marks, depth: int) -> Body:
    flow = Flow()
    _children(node, flow, marks, depth)
    return flow.end()


def _children(node: LexborNode, flow: Flow, marks: Marks, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise TooTangled(f"has elements more than {MAX_DEPTH} deep inside one another")
    for child in node.iter(include_text=True):
        if child.is_text_node:
            flow.text(child.text_content or "", marks)
        elif child.tag == "blockquote":
            flow.quote(_quote(child), _body(child, _unmarked(marks), depth + 1))
        else:
            _element(child, flow, _with_lang(child, marks), depth + 1)


def _element(node: LexborNode, flow: Flow, marks: Marks, depth: int) -> None:  # noqa: C901 - a table
    match node.tag:
        case "a":
            _children(node, flow, link(_attribute(node, "href").strip(), marks), depth)
        case tag if tag in _MARKS:
            _children(node, flow, with_mark(marks, _MARKS[tag]), depth)
        case "br":
            flow.line_break()
        case "figure":
            _figure(node, flow, marks, depth)
        case tag if tag in _PARAGRAPHS:
            flow.cut()
            _children(node, flow, marks, depth)
            flow.cut()
        case tag if tag in _HEADINGS:
            flow.heading(int(tag[1]))
            _children(node, flow, marks, depth)
            flow.end_heading()
        case "ul":
            flow.items(_items(node, marks, depth), BulletList)
        case "ol":
            make = partial(NumberedList, NumberedAttrs(_start(node)))
            flow.items(_items(node, marks, depth), make)
        case "hr":
            flow.block(Divider())
        case "pre":
            flow.code(node.text())
        case "img":
            image = ImageAttrs("", alt=fit(_attribute(node, "alt")), decorative=_says_nothing(node))
            flow.picture(_attribute(node, "src"), marks, image)
        case "iframe" | "video":
            _player(node, flow, marks, depth)
        case "q":
            flow.text("“", marks)
            _children(node, flow, marks, depth)
            flow.text("”", marks)
        case "td" | "th":
            flow.text(" | " if node.prev else "", marks)
            _children(node, flow, marks, depth)
        case _:
            _children(node, flow, marks, depth)


def _attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


def _with_lang(node: LexborNode, marks: Marks) -> Marks:
    lang = _attribute(node, "lang").strip()
    return with_mark(marks, Lang(LangAttrs(lang))) if is_lang(lang) else marks


def _unmarked(marks: Marks) -> Marks:
    """A quote has a language of its own."""
    return tuple(mark for mark in marks if not isinstance(mark, Lang))


def _quote(node: LexborNode) -> QuoteAttrs:
    lang, cite = _attribute(node, "lang").strip(), _attribute(node, "cite").strip()
    return QuoteAttrs(lang=lang if is_lang(lang) else "", cite=cite if is_web(cite) else "")


def _start(node: LexborNode) -> int:
    start = _attribute(node, "start").strip()
    return int(start) if start.isascii() and start.isdecimal() and len(start) <= 9 else 1


def _says_nothing(node: LexborNode) -> bool:
    """`alt=""` is how HTML says that a picture is decorative; no `alt` says nothing."""
    return "alt" in node.attributes and not _attribute(node, "alt").strip()


def _items(node: LexborNode, marks: Marks, depth: int) -> list[Body]:
    """The items of a list. What stands between them, a list say, belongs to the one before."""
    items: list[Body] = []
    for child in node.iter(include_text=True):
        if child.tag == "li":
            items.append(_body(child, _with_lang(child, marks), depth))
            continue
        flow = Flow()
        if child.is_text_node:
            flow.text(child.text_content or "", marks)
        else:
            _element(child, flow, _with_lang(child, marks), depth + 1)
        if between := flow.end():
            items[-1:] = [(*items[-1], *between)] if items else [between]
    return items


def _player(node: LexborNode, flow: Flow, marks: Marks, depth: int) -> None:
    """A frame or a video as a card; without an address of the web, the words inside it."""
    source = node.css_first("source")
    url = _attribute(node, "src") or (_attribute(source, "src") if source else "")
    title = " ".join(fit(_attribute(node, "title")).split())
    if not is_web(url.strip()):
        _children(node, flow, marks, depth)
    elif node.tag == "video":
        flow.block(Video(VideoAttrs(url.strip(), title, _captions(node))))
    else:
        flow.block(Embed(EmbedAttrs(url.strip(), title)))


def _captions(node: LexborNode) -> str:
    """The address of a video's first captions; without a kind a track is one of subtitles."""
    for track in node.css("track"):
        address = _attribute(track, "src").strip()
        if _attribute(track, "kind").lower() in ("", "captions", "subtitles") and is_web(address):
            return address
    return ""


def _figure(node: LexborNode, flow: Flow, marks: Marks, depth: int) -> None:
    """A figure's caption goes to its picture or quote; beside anything else it is a paragraph."""
    caption: Body = ()
    if element := node.css_first("figcaption"):
        caption = _body(element, marks, depth)
        element.decompose()
    words = " ".join(_words(block) for block in caption)
    blocks = _body(node, marks, depth)
    match blocks:
        case (Image(attrs=image),) if words:
            blocks = (Image(replace(image, caption=words)),)
        case (Quote(attrs=quote, content=content),) if words:
            blocks = (Quote(replace(quote, source=words), content),)
        case _:
            blocks = (*blocks, *caption)
    for block in blocks:
        flow.block(block)


def _words(block: Block) -> str:
    content = block.content if isinstance(block, Paragraph) else ()
    return "".join(each.text if isinstance(each, Text) else " " for each in content)
