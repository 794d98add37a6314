"""The body of a post: typed blocks, and what is true of every body that is accepted.

The JSON of these types is the node form of a ProseMirror document, so a rich text editor reads and
writes it as it is: `{"type", "attrs"?, "content"?}`, and text with `marks`. A body is the array of
blocks. Only shapes, bounds and walks over a body live here; reading markup is `markup`, writing
HTML is `html`.

Decoding refuses a wrong shape. `check` refuses what the shape cannot say (addresses, lengths,
missing alt texts) and must be asked wherever a body comes from outside. All structs are frozen
trees, so the garbage collector need not track them (`gc=False`).
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct
from msgspec.structs import replace

MAX_TEXT = 256 * 1024  # characters in a body, attributes and addresses included
MAX_NODES = 5_000  # blocks, list items and inline pieces in a body
MAX_DEPTH = 8  # lists and quotes inside one another
MAX_URL = 2_048  # characters
MAX_FAULTS = 50  # a list longer than this helps nobody
MAX_LENGTHS = {  # characters of one attribute
    "alt": 1_000,
    "caption": 2_000,
    "credit": 500,
    "title": 300,
    "description": 1_000,
    "provider": 100,
    "source": 300,
}

WIDTHS = (320, 640, 960, 1600)
"""The widths in pixels that a picture is also kept in, where it is wider itself."""

Ext = Literal["", "jpg", "png", "webp", "avif", "gif"]
MediaId = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", min_length=64, max_length=64)]


class _Attrs(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The attributes of a node."""


class _Node(_Attrs, frozen=True, tag_field="type", tag=""):
    """A node or a mark, told from others by its `type`."""


# --- marks -------------------------------------------------------------------------------------


class Bold(_Node, frozen=True, tag="bold"):
    pass


class Italic(_Node, frozen=True, tag="italic"):
    pass


class Strike(_Node, frozen=True, tag="strike"):
    pass


class Code(_Node, frozen=True, tag="code"):
    pass


class LinkAttrs(_Attrs, frozen=True):
    href: str


class Link(_Node, frozen=True, tag="link"):
    attrs: LinkAttrs


class LangAttrs(_Attrs, frozen=True):
    lang: Annotated[str, Meta(min_length=1)]


class Lang(_Node, frozen=True, tag="lang"):
    """Text in another language than the post's (a BCP 47 tag)."""

    attrs: LangAttrs


Mark = Bold | Italic | Strike | Code | Link | Lang
Marks = tuple[Mark, ...]

# --- inline ------------------------------------------------------------------------------------


class Text(_Node, frozen=True, tag="text"):
    text: Annotated[str, Meta(min_length=1)]
    marks: Marks = ()


class HardBreak(_Node, frozen=True, tag="hard_break"):
    """A new line. Editors put marks on it; they mean nothing."""

    marks: Marks = ()


Inline = Text | HardBreak
Content = tuple[Inline, ...]

# --- blocks ------------------------------------------------------------------------------------


class Paragraph(_Node, frozen=True, tag="paragraph"):
    content: Content = ()


class HeadingAttrs(_Attrs, frozen=True):
    level: Annotated[int, Meta(ge=2, le=4)] = 2


class Heading(_Node, frozen=True, tag="heading"):
    attrs: HeadingAttrs = HeadingAttrs()
    content: Content = ()


class ListItem(_Node, frozen=True, tag="list_item"):
    content: "tuple[Block, ...]" = ()


class BulletList(_Node, frozen=True, tag="bullet_list"):
    content: tuple[ListItem, ...] = ()


class NumberedAttrs(_Attrs, frozen=True):
    start: Annotated[int, Meta(ge=0, le=999_999_999)] = 1


class NumberedList(_Node, frozen=True, tag="numbered_list"):
    attrs: NumberedAttrs = NumberedAttrs()
    content: tuple[ListItem, ...] = ()


class QuoteAttrs(_Attrs, frozen=True):
    """`source` says who or what is quoted, `cite` is its address, `lang` the quote's language."""

    lang: str = ""
    source: str = ""
    cite: str = ""


class Quote(_Node, frozen=True, tag="quote"):
    attrs: QuoteAttrs = QuoteAttrs()
    content: "tuple[Block, ...]" = ()


class ImageAttrs(_Attrs, frozen=True):
    """A picture of ours. `ext`, `width` and `height` (pixels) are the server's to fill in."""

    media: MediaId
    alt: str = ""
    decorative: bool = False
    caption: str = ""
    credit: str = ""
    ext: Ext = ""
    width: Annotated[int, Meta(ge=0, le=100_000)] = 0
    height: Annotated[int, Meta(ge=0, le=100_000)] = 0


class Image(_Node, frozen=True, tag="image"):
    attrs: ImageAttrs


class VideoAttrs(_Attrs, frozen=True):
    url: str
    title: str = ""


class Video(_Node, frozen=True, tag="video"):
    attrs: VideoAttrs


class LinkCardAttrs(_Attrs, frozen=True):
    url: str
    title: str = ""
    description: str = ""


class LinkCard(_Node, frozen=True, tag="link_card"):
    attrs: LinkCardAttrs


class EmbedAttrs(_Attrs, frozen=True):
    url: str
    title: str = ""
    provider: str = ""


class Embed(_Node, frozen=True, tag="embed"):
    attrs: EmbedAttrs


class Divider(_Node, frozen=True, tag="divider"):
    pass


Block = (
    Paragraph
    | Heading
    | BulletList
    | NumberedList
    | Quote
    | Image
    | Video
    | LinkCard
    | Embed
    | Divider
)
Body = tuple[Block, ...]

# --- walks -------------------------------------------------------------------------------------


def bodies(block: Block) -> tuple[Body, ...]:
    """The bodies directly inside a block: a quote's one, one for each item of a list."""
    match block:
        case Quote(content=content):
            return (content,)
        case BulletList(content=items) | NumberedList(content=items):
            return tuple(item.content for item in items)
        case _:
            return ()


def images(body: Body) -> Iterator[Image]:
    """Every image block, in reading order."""
    for block in body:
        if isinstance(block, Image):
            yield block
        for inner in bodies(block):
            yield from images(inner)


def with_images(body: Body, change: Callable[[Image], Image]) -> Body:
    """The body with every image block replaced by what `change` makes of it."""

    def changed(block: Block) -> Block:
        match block:
            case Image():
                return change(block)
            case Quote(content=content):
                return replace(block, content=with_images(content, change))
            case BulletList(content=items) | NumberedList(content=items):
                inner = (replace(item, content=with_images(item.content, change)) for item in items)
                return replace(block, content=tuple(inner))
            case _:
                return block

    return tuple(changed(block) for block in body)


def plain_text(body: Body) -> str:
    """The words alone, a line for each paragraph, heading, list entry, caption or card title."""
    return "\n".join(line for block in body for line in _lines(block) if line)


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(content=content) | Heading(content=content):
            yield "".join(each.text if isinstance(each, Text) else "\n" for each in content)
        case Image(attrs=image):
            yield image.caption
        case Video(attrs=card) | LinkCard(attrs=card) | Embed(attrs=card):
            yield card.title
        case _:
            for inner in bodies(block):
                yield plain_text(inner)


# --- what is accepted --------------------------------------------------------------------------


class Fault(Struct, frozen=True):
    """What is wrong (`message`) and where (`path`, a JSON path such as `$.body[3].attrs.alt`)."""

    path: str
    message: str


_CONTROLS = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)]
_UNFIT = dict.fromkeys([*_CONTROLS, 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)])


def fit(text: str) -> str:
    """The text without the characters that HTML or XML cannot carry: controls and the like."""
    return text.translate(_UNFIT)


def is_lang(tag: str) -> bool:
    """Whether `tag` has the form of a BCP 47 language tag, `en` or `zh-Hant-TW`."""
    first, *rest = tag.split("-")
    return (
        tag.isascii()
        and len(tag) <= 35
        and first.isalpha()
        and 2 <= len(first) <= 8
        and all(part.isalnum() and len(part) <= 8 for part in rest)
    )


def is_web(url: str) -> bool:
    """Whether `url` is an absolute http or https address that says plainly where it leads.

    Not so: blanks, invisible or control characters, backslashes; a user name before the host, or
    `%` in it, behind which browsers find other characters.
    """
    return _scheme(url) in ("http", "https")


def is_link(url: str) -> bool:
    """Whether text may link to `url`: a web address as in `is_web`, or `mailto:`."""
    return _scheme(url) in ("http", "https", "mailto")


def _scheme(url: str) -> str:
    """The scheme of an address that is sound, else nothing."""
    if len(url) > MAX_URL or not url.isprintable() or " " in url or "\\" in url:
        return ""
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it raises what urlsplit lets pass
    except ValueError:
        return ""
    if parts.scheme == "mailto":
        return "mailto" if "@" in parts.path and not parts.netloc else ""
    return parts.scheme if parts.hostname and not set("@%") & set(parts.netloc) else ""


def check(body: Body, at: str = "$.body") -> list[Fault]:
    """What is wrong with a body from outside; an empty list if it is accepted.

    `at` is the JSON path of the body in the request. At most `MAX_FAULTS` are told.
    """
    check = _Check()
    check.blocks(body, at, 0)
    if check.nodes > MAX_NODES:
        check.fault(at, f"has {check.nodes:,} blocks and pieces; at most {MAX_NODES:,}")
    if check.chars > MAX_TEXT:
        check.fault(at, f"has {check.chars:,} characters; at most {MAX_TEXT:,}")
    return check.faults[:MAX_FAULTS]


class _Check:
    """One pass over a body, gathering faults and totals."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.nodes = 0
        self.chars = 0

    def fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(path, message))

    def blocks(self, body: Body, path: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            self.fault(path, f"lies in more than {MAX_DEPTH} lists and quotes")
            return
        self.nodes += len(body)
        for n, block in enumerate(body):
            self.block(block, f"{path}[{n}]", depth)

    def block(self, block: Block, path: str, depth: int) -> None:
        match block:
            case Paragraph(content=content) | Heading(content=content):
                self.inline(content, f"{path}.content")
            case BulletList(content=items) | NumberedList(content=items):
                self.nodes += len(items)
                for n, item in enumerate(items):
                    self.blocks(item.content, f"{path}.content[{n}].content", depth + 1)
            case Quote(attrs=attrs, content=body):
                self.attrs(attrs, f"{path}.attrs")
                self.blocks(body, f"{path}.content", depth + 1)
            case Image(attrs=image):
                self.attrs(image, f"{path}.attrs")
                if not image.alt.strip() and not image.decorative:
                    message = "a picture needs a text for those who cannot see it, or `decorative`"
                    self.fault(f"{path}.attrs.alt", message)
            case Video(attrs=card) | LinkCard(attrs=card) | Embed(attrs=card):
                self.attrs(card, f"{path}.attrs")
            case Divider():
                pass

    def inline(self, content: Content, path: str) -> None:
        self.nodes += len(content)
        for n, piece in enumerate(content):
            if isinstance(piece, Text):
                self.text(piece.text, f"{path}[{n}].text")
            if piece.marks:
                self.marks(piece.marks, f"{path}[{n}].marks")

    def marks(self, marks: Marks, path: str) -> None:
        if len({type(mark) for mark in marks}) < len(marks):
            self.fault(path, "names a mark twice")
        for n, mark in enumerate(marks):
            if isinstance(mark, Link | Lang):
                self.attrs(mark.attrs, f"{path}[{n}].attrs")

    def attrs(self, attrs: _Attrs, path: str) -> None:
        for name in attrs.__struct_fields__:
            value = getattr(attrs, name)
            if not isinstance(value, str):
                continue
            self.text(value, f"{path}.{name}")
            if message := _wrong(name, value):
                self.fault(f"{path}.{name}", message)

    def text(self, text: str, path: str) -> None:
        self.chars += len(text)
        if fit(text) != text:
            self.fault(path, "has control characters")


def _wrong(name: str, value: str) -> str:
    """What is wrong with an attribute, by its name; nothing if it is fine."""
    if name == "href" and not is_link(value):
        return f"not an absolute http, https or mailto address of at most {MAX_URL:,} characters"
    if (name == "url" or (name == "cite" and value)) and not is_web(value):
        return f"not an absolute http or https address of at most {MAX_URL:,} characters"
    if name == "lang" and value and not is_lang(value):
        return "not a language tag such as `nl` or `pt-BR`"
    if len(value) > (most := MAX_LENGTHS.get(name, MAX_TEXT)):
        return f"has {len(value):,} characters; at most {most:,}"
    return ""
