"""What is accepted: the bounds of a body, the addresses and tags in it, and what is wrong where."""

from urllib.parse import urlsplit

from msgspec import Struct

from events.document import (
    MAX_DEPTH,
    MAX_FAULTS,
    MAX_LENGTHS,
    MAX_NODES,
    MAX_TEXT,
    MAX_URL,
    Attrs,
    Block,
    Body,
    BulletList,
    Content,
    Divider,
    Embed,
    Heading,
    Image,
    Lang,
    Link,
    LinkCard,
    Marks,
    NumberedList,
    Paragraph,
    Quote,
    Text,
    Video,
)


class Fault(Struct, frozen=True):
    """What is wrong (`message`) and where (`path`, a JSON path such as `$.body[3].attrs.alt`)."""

    path: str
    message: str


_ADDRESSES = ("cite", "captions", "transcript")
"""Attributes that hold an address of the web or nothing."""
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

    def attrs(self, attrs: Attrs, path: str) -> None:
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
    if (name == "url" or (name in _ADDRESSES and value)) and not is_web(value):
        return f"not an absolute http or https address of at most {MAX_URL:,} characters"
    if name == "lang" and value and not is_lang(value):
        return "not a language tag such as `nl` or `pt-BR`"
    if len(value) > (most := MAX_LENGTHS.get(name, MAX_TEXT)):
        return f"has {len(value):,} characters; at most {most:,}"
    return ""
