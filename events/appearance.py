"""What a blog looks like and leads to: its colour, logo, legal pages, translations, embedders.

Here are the facts' own words and what is accepted of them. What a page makes of a colour is not
decided here.
"""

import re
from collections.abc import Iterator
from typing import Final, TypeVar

from msgspec import UNSET, Struct, UnsetType

from events.accept import Fault, is_lang, is_web
from events.document import MAX_URL

MAX_TRANSLATIONS: Final = 20
MAX_HOSTS: Final = 20
MAX_HOST: Final = 300
"""Characters of a host that may embed a blog: a name has at most 253."""
ANY_HOST: Final = "*"
"""Among the hosts that may embed a blog: all of them."""
LINKS: Final = ("imprint", "privacy", "accessibility")

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"https?://(?:\*\.)?{_LABEL}(?:\.{_LABEL})*(?::[1-9][0-9]{{0,4}})?")

T = TypeVar("T")


class Logo(Struct, frozen=True, omit_defaults=True):
    """A stored picture, sizes in pixels; without `alt` it is decoration beside the title."""

    media: str
    ext: str
    width: int
    height: int
    alt: str = ""


class Translation(Struct, frozen=True):
    """The same coverage in another language, at an address of its own."""

    language: str
    url: str


class Appearance(Struct, frozen=True, omit_defaults=True):
    """All of it. A text is "" and a logo None where the blog has none.

    `accent` is `#rrggbb` in small letters. `embed_hosts` are origins such as `https://example.org`
    or `https://*.example.org`, or ANY_HOST; this site itself may always embed its blogs.
    """

    accent: str = ""
    logo: Logo | None = None
    imprint: str = ""
    privacy: str = ""
    accessibility: str = ""
    translations: tuple[Translation, ...] = ()
    embed_hosts: tuple[str, ...] = ()


class Restyle(Struct, frozen=True):
    """A change of an appearance; what is UNSET stays as it is."""

    accent: str | UnsetType = UNSET
    logo: Logo | UnsetType | None = UNSET
    imprint: str | UnsetType = UNSET
    privacy: str | UnsetType = UNSET
    accessibility: str | UnsetType = UNSET
    translations: tuple[Translation, ...] | UnsetType = UNSET
    embed_hosts: tuple[str, ...] | UnsetType = UNSET

    def of(self, before: Appearance) -> Appearance:
        """The appearance after the change."""
        return Appearance(
            accent=_or(self.accent, before.accent),
            logo=_or(self.logo, before.logo),
            imprint=_or(self.imprint, before.imprint),
            privacy=_or(self.privacy, before.privacy),
            accessibility=_or(self.accessibility, before.accessibility),
            translations=_or(self.translations, before.translations),
            embed_hosts=_or(self.embed_hosts, before.embed_hosts),
        )


def check(change: Restyle, at: str = "$.appearance") -> list[Fault]:
    """What is wrong with a change from outside; an empty list if it is accepted."""
    return [Fault(f"{at}.{path}", message) for path, message in _wrongs(change.of(Appearance()))]


def _wrongs(wanted: Appearance) -> Iterator[tuple[str, str]]:
    if wanted.accent and not _COLOUR.fullmatch(wanted.accent):
        yield "accent", "is not a colour such as #b3261e"
    for name in LINKS:
        if (url := getattr(wanted, name)) and not is_web(url):
            yield name, f"is not an http or https address of at most {MAX_URL:,} characters"
    yield from _wrong_translations(wanted.translations)
    yield from _wrong_hosts(wanted.embed_hosts)


def _wrong_translations(translations: tuple[Translation, ...]) -> Iterator[tuple[str, str]]:
    if len(translations) > MAX_TRANSLATIONS:
        yield "translations", f"has {len(translations)} entries; at most {MAX_TRANSLATIONS}"
    languages: set[str] = set()
    for n, each in enumerate(translations[:MAX_TRANSLATIONS]):
        if not is_lang(each.language):
            yield f"translations[{n}].language", "is not a language tag such as en or nl-BE"
        elif each.language.lower() in languages:
            yield f"translations[{n}].language", "is named twice"
        if not is_web(each.url):
            message = f"is not an http or https address of at most {MAX_URL:,} characters"
            yield f"translations[{n}].url", message
        languages.add(each.language.lower())


def _wrong_hosts(hosts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if len(hosts) > MAX_HOSTS:
        yield "embed_hosts", f"has {len(hosts)} entries; at most {MAX_HOSTS}"
    for n, host in enumerate(hosts[:MAX_HOSTS]):
        if host != ANY_HOST and (len(host) > MAX_HOST or not _HOST.fullmatch(host)):
            message = "is not an origin such as https://example.org or https://*.example.org"
            yield f"embed_hosts[{n}]", f"{message}, nor * for all"


def _or(wanted: T | UnsetType, present: T) -> T:
    return present if isinstance(wanted, UnsetType) else wanted
