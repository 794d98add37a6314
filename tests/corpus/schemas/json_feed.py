"""JSON Feed 1.1 (jsonfeed.org/version/1.1) as types: decoding by them is the check.

Unknown names are refused; the specification would have them begin with an underscore.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Address = Annotated[str, Meta(pattern=r"^https?://\S+$")]
Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")]
Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$")]
Some = Annotated[str, Meta(min_length=1)]


class Author(Struct, forbid_unknown_fields=True):
    """One of the three is required; we always give the name."""

    name: Some
    url: Address | None = None
    avatar: Address | None = None


class Attachment(Struct, forbid_unknown_fields=True):
    url: Address
    mime_type: Some
    title: str = ""
    size_in_bytes: int = 0
    duration_in_seconds: float = 0


class Item(Struct, forbid_unknown_fields=True):
    """`content_html` or `content_text` is required; we give the first."""

    id: Some
    content_html: str
    url: Address | None = None
    external_url: Address | None = None
    title: str = ""
    summary: str = ""
    image: Address | None = None
    banner_image: Address | None = None
    date_published: Time | None = None
    date_modified: Time | None = None
    authors: list[Author] = []
    tags: list[Some] = []
    language: Language | None = None
    attachments: list[Attachment] = []


class Hub(Struct, forbid_unknown_fields=True):
    type: str
    url: Address


class Feed(Struct, forbid_unknown_fields=True):
    version: Literal["https://jsonfeed.org/version/1.1"]
    title: str
    items: list[Item]
    home_page_url: Address | None = None
    feed_url: Address | None = None
    description: str = ""
    user_comment: str = ""
    next_url: Address | None = None
    icon: Address | None = None
    favicon: Address | None = None
    authors: list[Author] = []
    language: Language | None = None
    expired: bool = False
    hubs: list[Hub] = []


def read(document: bytes) -> Feed:
    """A feed; raises msgspec.ValidationError where it is none, AssertionError for an id twice."""
    feed = msgspec.json.decode(document, type=Feed)
    ids = [item.id for item in feed.items]
    assert len(set(ids)) == len(ids), "an id stands there twice"
    return feed
