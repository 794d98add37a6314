"""What clients may send: JSON bodies with their bounds, and how they become commands' parts."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, overload
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from events import summary
from events.accept import Fault, check, fit, is_lang
from events.appearance import (
    MAX_HOST,
    MAX_HOSTS,
    MAX_TRANSLATIONS,
    Logo,
    Restyle,
    Translation,
)
from events.appearance import check as check_appearance
from events.blog import PostStatus
from events.document import MAX_URL, Block, Body, Image, images, with_images
from events.facts import BlogStatus, Visibility
from events.markup import from_html, from_markdown
from server.media import Media
from server.web.problems import invalid

YEARS = range(1970, 2200)
"""Of the times that a post may show."""

Line = Annotated[str, Meta(max_length=300)]
Text = Annotated[str, Meta(max_length=2_000)]
Markup = Annotated[str, Meta(max_length=512 * 1024)]
Slug = Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Tag = Annotated[str, Meta(min_length=1, max_length=60)]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=20)]
Lang = Annotated[str, Meta(max_length=35)]
Time = Annotated[datetime, Meta(tz=True)]
Url = Annotated[str, Meta(max_length=MAX_URL)]
Colour = Annotated[str, Meta(max_length=7)]
Host = Annotated[str, Meta(max_length=MAX_HOST)]
Summary = Annotated[str, Meta(max_length=summary.MAX_SOURCE)]
"""Markdown: see `events.summary`."""


class NewLogo(Struct, frozen=True, forbid_unknown_fields=True):
    """An uploaded picture, by its id."""

    media: Line
    alt: Line = ""


class NewTranslation(Struct, frozen=True, forbid_unknown_fields=True):
    language: Lang
    url: Url


class Looks(Struct, frozen=True, forbid_unknown_fields=True):
    """An appearance, or a change of one: what is left out stays, "" and null take away."""

    accent: Colour | UnsetType = UNSET
    logo: NewLogo | UnsetType | None = UNSET
    imprint: Url | UnsetType = UNSET
    privacy: Url | UnsetType = UNSET
    accessibility: Url | UnsetType = UNSET
    translations: (
        Annotated[tuple[NewTranslation, ...], Meta(max_length=MAX_TRANSLATIONS)] | UnsetType
    ) = UNSET
    embed_hosts: Annotated[tuple[Host, ...], Meta(max_length=MAX_HOSTS)] | UnsetType = UNSET


class NewBlog(Struct, frozen=True, forbid_unknown_fields=True):
    slug: Slug
    title: Annotated[str, Meta(min_length=1, max_length=300)]
    standfirst: Text = ""
    language: Lang = "en"
    time_zone: Line = "UTC"
    visibility: Visibility = "draft"
    show_viewers: bool = False
    past_public: bool = True
    summary: Summary = ""
    appearance: Looks = Looks()


class BlogPatch(Struct, frozen=True, forbid_unknown_fields=True):
    slug: Slug | UnsetType = UNSET
    title: Annotated[str, Meta(min_length=1, max_length=300)] | UnsetType = UNSET
    standfirst: Text | UnsetType = UNSET
    language: Lang | UnsetType = UNSET
    time_zone: Line | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    show_viewers: bool | UnsetType = UNSET
    past_public: bool | UnsetType = UNSET
    summary: Summary | UnsetType = UNSET
    appearance: Looks = Looks()


class StatusOfBlog(Struct, frozen=True, forbid_unknown_fields=True):
    status: BlogStatus


class _Said(Struct, frozen=True, forbid_unknown_fields=True):
    """At most one of `body`, `markdown`, `html`."""

    body: tuple[Block, ...] | UnsetType = UNSET
    markdown: Markup | UnsetType = UNSET
    html: Markup | UnsetType = UNSET
    title: Line | UnsetType = UNSET
    author: Line | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    lang: Lang | UnsetType = UNSET
    published_at: Time | UnsetType | None = UNSET
    pinned: bool | UnsetType = UNSET
    key: bool | UnsetType = UNSET


class NewPost(_Said, frozen=True, forbid_unknown_fields=True):
    """`status` defaults to `published` where the role may, else `draft`."""

    status: Literal["draft", "submitted", "scheduled", "published"] | UnsetType = UNSET
    publish_at: Time | None = None


class PostPatch(_Said, frozen=True, forbid_unknown_fields=True):
    correction: Text = ""


class StatusOfPost(Struct, frozen=True, forbid_unknown_fields=True):
    status: PostStatus
    note: Text = ""
    publish_at: Time | None = None
    keep_text: bool = False


def check_blog(blog: NewBlog | BlogPatch) -> None:
    """What types cannot say of a blog's details; raises a 422 problem."""
    faults = []
    if not isinstance(blog.time_zone, UnsetType) and not is_zone(blog.time_zone):
        faults.append(Fault("$.time_zone", "is not a time zone such as Europe/Amsterdam"))
    if not isinstance(blog.language, UnsetType) and not is_lang(blog.language):
        faults.append(Fault("$.language", "is not a language tag such as en or nl-BE"))
    if faults:
        raise invalid(faults)


def summary_of(text: str | UnsetType) -> Body | UnsetType:
    """The summary that is wanted; "" takes it away. Raises `Unreadable`."""
    return text if isinstance(text, UnsetType) else summary.from_text(text)


async def restyle_of(looks: Looks, media: Media) -> Restyle:
    """The change that is wanted, its logo measured; raises a 422 problem."""
    hosts, translations = looks.embed_hosts, looks.translations
    change = Restyle(
        accent=looks.accent if isinstance(looks.accent, UnsetType) else looks.accent.lower(),
        logo=await asyncio.to_thread(_logo_of, looks.logo, media),
        imprint=looks.imprint,
        privacy=looks.privacy,
        accessibility=looks.accessibility,
        translations=translations
        if isinstance(translations, UnsetType)
        else tuple(Translation(each.language, each.url) for each in translations),
        embed_hosts=hosts
        if isinstance(hosts, UnsetType)
        else tuple(dict.fromkeys(host.lower() for host in hosts)),
    )
    if faults := check_appearance(change):
        raise invalid(faults)
    return change


def _logo_of(wanted: NewLogo | UnsetType | None, media: Media) -> Logo | UnsetType | None:
    if wanted is None or isinstance(wanted, UnsetType):
        return wanted
    picture = media.find(wanted.media)
    if picture is None:
        message = f"names the picture {wanted.media[:80]}, which was not uploaded"
        raise invalid([Fault("$.appearance.logo.media", message)])
    return Logo(picture.id, picture.ext, picture.width, picture.height, line(wanted.alt))


def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


async def body_of(said: NewPost | PostPatch, media: Media) -> Body | UnsetType:
    """The body in whichever form it was sent, its pictures measured; raises 422 problems.

    Off the event loop: the worst text within the bounds takes a parser most of a second.
    """
    return await asyncio.to_thread(_body_of, said, media)


def _body_of(said: NewPost | PostPatch, media: Media) -> Body | UnsetType:
    forms = [name for name in ("body", "markdown", "html") if getattr(said, name) is not UNSET]
    if len(forms) > 1:
        raise invalid([Fault(f"$.{forms[1]}", f"is one too many: {forms[0]} is there already")])
    if said.lang is not UNSET and said.lang and not is_lang(said.lang):
        raise invalid([Fault("$.lang", "is not a language tag such as en or nl-BE")])
    if not isinstance(said.markdown, UnsetType):
        body: Body = from_markdown(said.markdown)
    elif not isinstance(said.html, UnsetType):
        body = from_html(said.html)
    elif not isinstance(said.body, UnsetType):
        body = said.body
        if faults := check(body):
            raise invalid(list(faults))
    else:
        return UNSET
    return measured(body, media, f"$.{forms[0]}")


def measured(body: Body, media: Media, path: str) -> Body:
    """The body with every picture's kind and size from the store; 422 for one it does not have."""
    sizes = {image.attrs.media: media.find(image.attrs.media) for image in images(body)}
    for id, picture in sizes.items():
        if picture is None:
            raise invalid([Fault(path, f"names the picture {id[:80]}, which was not uploaded")])

    def measure(image: Image) -> Image:
        picture = sizes[image.attrs.media]
        assert picture is not None
        attrs = replace(image.attrs, ext=picture.ext, width=picture.width, height=picture.height)
        return replace(image, attrs=attrs)

    return with_images(body, measure)


def post_id(blog: str, actor: str, key: str) -> str:
    """The id a new post gets: a client that chose the key knows it before the answer."""
    return str(uuid.uuid5(uuid.UUID(blog), f"{actor}\n{key}"))


@overload
def line(text: str) -> str: ...
@overload
def line(text: str | UnsetType) -> str | UnsetType: ...
def line(text: str | UnsetType) -> str | UnsetType:
    """A title, a byline or a note, without what HTML and XML cannot carry."""
    return text if isinstance(text, UnsetType) else fit(text).strip()


def given(value: str | UnsetType) -> str:
    return "" if isinstance(value, UnsetType) else line(value)


def tags_of(tags: Sequence[str] | UnsetType) -> tuple[str, ...]:
    return (
        () if isinstance(tags, UnsetType) else tuple(dict.fromkeys(filter(None, map(line, tags))))
    )


def utc(time: datetime | UnsetType | None, path: str) -> datetime | UnsetType | None:
    """A time as the log keeps it: UTC, to the millisecond; 422 at `path` outside YEARS."""
    if time is None or isinstance(time, UnsetType):
        return time
    if time.year not in YEARS:
        raise invalid([Fault(path, f"lies outside the years {YEARS.start} to {YEARS.stop - 1}")])
    moment = time.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
