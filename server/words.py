"""How the audience's pages speak: words from the catalogues, times and directions as CLDR has them.

A catalogue is `catalogues/<language>.toml`: a sentence a name, or a table of plural forms
(https://cldr.unicode.org/index/cldr-spec/plural-rules) where a number decides. Braces name what is
put in: `{count}`, `{time}`. English has every name; a new word is written there first, then in all
the others (tests/unit/test_words.py sees to it).

In a template: `{% set say = language(blog.language) %}`, then `{{ say("pinned") }}`.

A page's script has no words of its own, it shows or fills in what the page says:
* one of several sentences: each in a `<span data-when="...">`, all but one hidden;
* a sentence it may need: `<span data-say="...">` in #words, hidden;
* one with a number: there too, with `data-forms="{{ say.forms("new_updates") }}"`, a JSON object.
  The form is that of `Intl.PluralRules(data-words)`, else `other`; `{count}` is the number's place.
`data-words` (the catalogue's language) and `data-locale` (for `Intl`: the blog's language, whatever
the catalogue) stand on `main`. `toLocaleTimeString(data-locale, {timeStyle: "short", timeZone})`,
its blanks made no-break spaces, is `Language.clock`.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import get_timezone_location
from markupsafe import Markup

DEFAULT: Final = "en"
"""The language of who has none of the catalogues."""
CLDR: Final = {"en": "en-GB"}
"""The locale of a tag where CLDR would take another: English by itself is not American here."""
RIGHT_TO_LEFT: Final = {
    *("adlm", "arab", "aran", "hebr", "mand", "mend"),
    *("nkoo", "rohg", "samr", "syrc", "thaa", "yezi"),
}
"""Scripts (ISO 15924) of living languages that run from right to left."""

_SCRIPT = re.compile(r"[a-z]{2,8}(?:-[a-z]{3}){0,3}-([a-z]{4})(?:-|$)")

Catalogue = dict[str, str | dict[str, str]]

CATALOGUES: Final[dict[str, Catalogue]] = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path(__file__).with_name("catalogues").glob("*.toml"))
}


class Language:
    """The words, times and direction of pages in a language. Get one from `language`.

    `tag` is the language as it was named, `words` that of the catalogue, `locale` is for scripts'
    `Intl`, `direction` what an element's `dir` takes.
    """

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.words = next((each for each in _wider(tag) if each in CATALOGUES), DEFAULT)
        self.direction = direction(tag)
        self._catalogue = CATALOGUES[DEFAULT] | CATALOGUES[self.words]
        self._cldr = _cldr(tag) or Locale.parse(CLDR[DEFAULT], sep="-")
        name = str(self._cldr).replace("_", "-")
        # As Babel writes: the Gregorian calendar and ASCII digits, which newsrooms use everywhere.
        self.locale = f"{name}-u-ca-gregory-nu-latn"

    @property
    def name(self) -> str:
        """What the language calls itself: `Deutsch`, `português (Brasil)`; its tag if unknown."""
        cldr = _cldr(self.tag)
        known = cldr and (cldr.display_name if "-" in self.tag else cldr.language_name)
        return known or self.tag

    def lang(self, around: str) -> Markup:
        """The attribute of an element whose words are the catalogue's, where it is of need.

        `around` is the language of what it stands in.
        """
        theirs = self.words == _family(around)
        return Markup() if theirs else Markup(' lang="{}"').format(self.words)

    def __call__(self, name: str, **values: object) -> Markup:
        """The sentence of a name, escaped; a KeyError where it or a value is missing."""
        sentence = self._catalogue[name]
        assert isinstance(sentence, str), f"{name} has plural forms"
        return Markup.escape(sentence).format(**values)

    def forms(self, name: str) -> str:
        """The plural forms of a name, as a JSON object for `data-forms`."""
        return json.dumps(self._catalogue[name], ensure_ascii=False)

    def writing(self, lang: str) -> str:
        """What `dir` takes for words in `lang`, or of whoever wrote them if that is empty.

        Nobody said that those of a right-to-left blog are anything else, and they may well begin
        with a Latin name, which `auto` would go by.
        """
        return direction(lang) if lang else "rtl" if self.direction == "rtl" else "auto"

    def clock(self, time: datetime) -> str:
        """The time of day, `14:05` or `2:05 PM`, which never breaks into two lines."""
        shown = self._cldr.time_formats["short"].apply(time, self._cldr)
        return re.sub(r"\s", "\u00a0", shown)

    def day(self, time: datetime) -> str:
        """`24 June 2025`."""
        shown: str = self._cldr.date_formats["long"].apply(time, self._cldr)
        return shown

    @lru_cache(256)  # noqa: B019 - languages are kept anyway
    def place(self, zone: str) -> str:
        """The city that a time zone is named after: `New York` of `America/New_York`."""
        return get_timezone_location(zone, locale=self._cldr, return_city=True)


@lru_cache(256)
def language(tag: str) -> Language:
    """How to speak to the readers of a language, whatever tag: exact, else wider, else English."""
    return Language(tag)


@lru_cache(256)
def direction(tag: str) -> str:
    """`ltr` or `rtl`; `auto` for a language that nothing is known of."""
    named = _SCRIPT.match(tag.lower())
    if named:
        return "rtl" if named[1] in RIGHT_TO_LEFT else "ltr"
    locale = _cldr(tag)
    return locale.text_direction if locale else "auto"


def common(tags: Iterable[str]) -> str:
    """The one language that all of these are, else English: of a page about several blogs."""
    named = set(tags)
    if len(named) > 1:
        named = {_family(tag) for tag in named}
    return named.pop() if len(named) == 1 else DEFAULT


def preferred(accepted: str) -> str:
    """Of our catalogues the one that an Accept-Language wants most (RFC 9110, 12.5.4), or English.

    Weights are left to the order, in which browsers send their languages anyway.
    """
    named = (part.partition(";")[0].strip() for part in accepted[:400].split(","))
    return next((each for tag in named for each in _wider(tag) if each in CATALOGUES), DEFAULT)


def _family(tag: str) -> str:
    """The language alone, without script, country and the like."""
    return tag.lower().partition("-")[0]


def _cldr(tag: str) -> Locale | None:
    for wider in _wider(tag):
        try:
            return Locale.parse(CLDR.get(wider, wider), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None


def _wider(tag: str) -> Iterator[str]:
    """The tag and what it is a kind of: `nl-be`, `nl` (RFC 4647, section 3.4)."""
    parts = tag.lower().split("-")
    while parts and parts != ["und"]:
        yield "-".join(parts)
        parts.pop()
