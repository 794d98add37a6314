"""A body as HTML, by an allow-list: what is not written here cannot appear, all else is escaped.

Only the writing of a body's own markup lives here; cards are written in `cards`, the article
around it is a template's work.
Safe for any body that can be decoded, also one that `document.check` would refuse: addresses are
judged again, since a log may be restored from a file that others wrote.
"""

from html import escape

from events import cards
from events.accept import is_lang, is_link, is_web
from events.cards import AUTO, PLAIN, REL, Words
from events.document import (
    WIDTHS,
    Block,
    Body,
    Bold,
    BulletList,
    Code,
    Content,
    Divider,
    Embed,
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
)
from events.inline import nested

SIZES = "(min-width: 46rem) 44rem, 100vw"
_TAGS: dict[type[Mark], str] = {Bold: "strong", Italic: "em", Strike: "s", Code: "code"}


def render(
    body: Body, *, heading_base: int = 3, media: str = "/media/", words: Words = PLAIN
) -> str:
    """The body as HTML.

    The first heading becomes `h{heading_base}` whatever its level, deeper ones follow without a
    gap, as an outline must. `media` is what the address of a picture starts with: the root's path
    for pages, an absolute address for feeds. Nothing in it is fetched from elsewhere before a
    click: videos and embeds are cards that say where they lead, and pictures links to their
    largest file.
    """
    writer = _Writer(heading_base, media, words)
    writer.body(body, AUTO)
    return "".join(writer.out)


class _Writer:
    def __init__(self, heading_base: int, media: str, words: Words) -> None:
        self.out: list[str] = []
        self.media = media
        self.words = words
        self.heading_base = heading_base
        self.outline: list[int] = []  # the levels of the headings we are under, ascending

    def body(self, body: Body, direction: str) -> None:
        """The blocks. `direction` is for each of them, or empty where the parent decides it."""
        for block in body:
            self.block(block, direction)

    def block(self, block: Block, direction: str) -> None:
        match block:
            case Paragraph(content=content):
                self.element("p", content, direction)
            case Heading(attrs=attrs, content=content):
                self.element(self.heading(attrs.level), content, direction)
            case BulletList(content=items):
                self.items("ul", "", items, direction)
            case NumberedList(attrs=numbered, content=items):
                start = "" if numbered.start == 1 else f' start="{numbered.start}"'
                self.items("ol", start, items, direction)
            case Quote(attrs=quote, content=content):
                self.quote(quote, content)
            case Image(attrs=image):
                self.image(image)
            case Video(attrs=video):
                self.out.append(cards.of_video(video, self.words))
            case LinkCard(attrs=link):
                self.out.append(cards.of_link(link))
            case Embed(attrs=embed):
                self.out.append(cards.of_embed(embed, self.words))
            case Divider():
                self.out.append("<hr>")

    def element(self, tag: str, content: Content, direction: str) -> None:
        if content:
            self.out.append(f"<{tag}{direction}>")
            self.inline(content)
            self.out.append(f"</{tag}>")

    def heading(self, level: int) -> str:
        while self.outline and self.outline[-1] >= level:
            self.outline.pop()
        self.outline.append(level)
        return f"h{min(self.heading_base + len(self.outline) - 1, 6)}"

    def items(self, tag: str, start: str, items: tuple[ListItem, ...], direction: str) -> None:
        """A list. Its direction is decided once, so that markers and indents agree."""
        self.out.append(f"<{tag}{start}{direction}>")
        for item in items:
            self.out.append("<li>")
            self.item(item.content)
            self.out.append("</li>")
        self.out.append(f"</{tag}>")

    def item(self, body: Body) -> None:
        """What an item says; a single paragraph needs no `p`, with lists below it neither."""
        lists = (BulletList, NumberedList)
        if body and isinstance(body[0], Paragraph) and all(isinstance(b, lists) for b in body[1:]):
            self.inline(body[0].content)
            self.body(body[1:], "")
        else:
            self.body(body, "")

    def quote(self, attrs: QuoteAttrs, body: Body) -> None:
        cite = attrs.cite if is_web(attrs.cite) else ""
        lang = f' lang="{attrs.lang}"' if is_lang(attrs.lang) else ""
        address = f' cite="{escape(cite)}"' if cite else ""
        if attrs.source:
            self.out.append('<figure class="quote">')
        self.out.append(f"<blockquote{lang}{address}{AUTO}>")
        self.body(body, "")
        self.out.append("</blockquote>")
        if attrs.source:
            source = escape(attrs.source)
            said = f'<a href="{escape(cite)}" rel="{REL}">{source}</a>' if cite else source
            self.out.append(f"<figcaption{AUTO}>{said}</figcaption></figure>")

    def image(self, image: ImageAttrs) -> None:
        # A picture that says nothing would be a link without a name.
        name = f' aria-label="{escape(self.words.enlarge)}"' if image.decorative else ""
        self.out.append(f'<figure class="image"><a href="{self.address(image)}"{name}>')
        self.out.append(f"<img{self.source(image)}></a>")
        if image.caption or image.credit:
            credit = (
                f' <small class="credit">{escape(image.credit)}</small>' if image.credit else ""
            )
            caption = escape(image.caption)
            self.out.append(f"<figcaption{AUTO}>{caption}{credit}</figcaption>")
        self.out.append("</figure>")

    def address(self, image: ImageAttrs) -> str:
        """Of the picture in its largest form."""
        return escape(self.media + image.media) + (f".{image.ext}" if image.ext else "")

    def source(self, image: ImageAttrs) -> str:
        """The attributes of `img`: its address and widths, its size so that nothing jumps."""
        stem, ext = escape(self.media + image.media), f".{image.ext}" if image.ext else ""
        alt = "" if image.decorative else escape(image.alt)
        parts = [f' src="{self.address(image)}"']
        if narrower := [width for width in WIDTHS if width < image.width]:
            kept = [f"{stem}-{width}{ext} {width}w" for width in narrower]
            srcset = ", ".join([*kept, f"{stem}{ext} {image.width}w"])
            parts.append(f' srcset="{srcset}" sizes="{SIZES}"')
        if image.width and image.height:
            parts.append(f' width="{image.width}" height="{image.height}"')
        parts.append(f' alt="{alt}" loading="lazy" decoding="async"')
        return "".join(parts)

    def inline(self, content: Content) -> None:
        if len(content) == 1 and isinstance(content[0], Text) and not content[0].marks:
            self.out.append(escape(content[0].text))  # most paragraphs
            return
        for step, mark, text in nested(content):
            if mark is not None:
                self.out.append(_opening(mark) if step == "open" else _closing(mark))
            else:
                self.out.append("<br>" if step == "break" else escape(text))


def _opening(mark: Mark) -> str:
    match mark:
        case Link(attrs=link):
            return f'<a href="{escape(link.href)}" rel="{REL}">' if is_link(link.href) else "<a>"
        case Lang(attrs=lang):
            tag = f' lang="{lang.lang}"' if is_lang(lang.lang) else ""
            return f"<span{tag}{AUTO}>"
        case _:
            return f"<{_TAGS[type(mark)]}>"


def _closing(mark: Mark) -> str:
    match mark:
        case Link():
            return "</a>"
        case Lang():
            return "</span>"
        case _:
            return f"</{_TAGS[type(mark)]}>"
