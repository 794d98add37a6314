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


class Attrs(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The attributes of a node."""


class _Node(Attrs, frozen=True, tag_field="type", tag=""):
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


class LinkAttrs(Attrs, frozen=True):
    href: str


class Link(_Node, frozen=True, tag="link"):
    attrs: LinkAttrs


class LangAttrs(Attrs, frozen=True):
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


class HeadingAttrs(Attrs, frozen=True):
    level: Annotated[int, Meta(ge=2, le=4)] = 2


class Heading(_Node, frozen=True, tag="heading"):
    attrs: HeadingAttrs = HeadingAttrs()
    content: Content = ()


class ListItem(_Node, frozen=True, tag="list_item"):
    content: "tuple[Block, ...]" = ()


class BulletList(_Node, frozen=True, tag="bullet_list"):
    content: tuple[ListItem, ...] = ()


class NumberedAttrs(Attrs, frozen=True):
    start: Annotated[int, Meta(ge=0, le=999_999_999)] = 1


class NumberedList(_Node, frozen=True, tag="numbered_list"):
    attrs: NumberedAttrs = NumberedAttrs()
    content: tuple[ListItem, ...] = ()


class QuoteAttrs(Attrs, frozen=True):
    """`source` says who or what is quoted, `cite` is its address, `lang` the quote's language."""

    lang: str = ""
    source: str = ""
    cite: str = ""


class Quote(_Node, frozen=True, tag="quote"):
    attrs: QuoteAttrs = QuoteAttrs()
    content: "tuple[Block, ...]" = ()


class ImageAttrs(Attrs, frozen=True):
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


class VideoAttrs(Attrs, frozen=True):
    """`captions` and `transcript` are addresses: of a WebVTT file, and of a page with the words."""

    url: str
    title: str = ""
    captions: str = ""
    transcript: str = ""


class Video(_Node, frozen=True, tag="video"):
    attrs: VideoAttrs


class LinkCardAttrs(Attrs, frozen=True):
    url: str
    title: str = ""
    description: str = ""


class LinkCard(_Node, frozen=True, tag="link_card"):
    attrs: LinkCardAttrs


class EmbedAttrs(Attrs, frozen=True):
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
