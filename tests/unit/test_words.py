"""The words of the pages: catalogues that say the same, tags that fall back, times that read."""

import json
import re
from datetime import UTC, datetime
from string import Formatter
from zoneinfo import ZoneInfo, available_timezones

import pytest
from babel import Locale, localedata
from hypothesis import given as for_all
from hypothesis import strategies as st
from markupsafe import Markup

from events.accept import is_lang
from server.render import clock, day, days
from server.words import CATALOGUES, DEFAULT, common, direction, language, preferred

TRANSLATED = ("ar", "de", "en", "es", "fr", "nl")
AFTERNOON = datetime(2025, 6, 24, 14, 5, tzinfo=UTC)
NBSP = "\u00a0"

tags = st.one_of(
    st.sampled_from([name.replace("_", "-") for name in localedata.locale_identifiers()]),
    st.from_regex(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}", fullmatch=True),
    st.text(max_size=40),
)
moments = st.datetimes(timezones=st.just(UTC))
zones = st.sampled_from(sorted(available_timezones()))


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def sentences(tag: str) -> dict[str, str]:
    return {name: said for name, said in CATALOGUES[tag].items() if isinstance(said, str)}


def counted(tag: str) -> dict[str, dict[str, str]]:
    return {name: said for name, said in CATALOGUES[tag].items() if isinstance(said, dict)}


# The catalogues


def test_the_languages_that_are_promised_are_there() -> None:
    assert tuple(sorted(CATALOGUES)) == TRANSLATED


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_catalogue_says_what_the_english_one_says(tag: str) -> None:
    assert sentences(tag).keys() == sentences(DEFAULT).keys()
    assert counted(tag).keys() == counted(DEFAULT).keys()
    for name, said in sentences(tag).items():
        assert said.strip() == said != "", name
        assert placeholders(said) == placeholders(sentences(DEFAULT)[name]), name


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_number_finds_the_form_that_its_language_has_for_it(tag: str) -> None:
    needed = Locale.parse(tag).plural_form.tags | {"other"}
    assert counted(tag)
    for name, forms in counted(tag).items():
        assert forms.keys() == needed, name
        assert placeholders(forms["other"]) == {"count"}, name
        # Only a form that is of one number alone may name it in words.
        of_many = needed - {"zero", "one", "two"}
        assert all(placeholders(forms[each]) == {"count"} for each in of_many), name


@pytest.mark.parametrize("tag", [tag for tag in TRANSLATED if tag != DEFAULT])
def test_a_translation_is_not_the_english_again(tag: str) -> None:
    english = sentences(DEFAULT)
    same = {name for name, said in sentences(tag).items() if said == english[name]}
    borrowed = {"live", "link", "update", "moment", "privacy"}  # as newsrooms there say it too
    assert same <= borrowed


# Which language


@pytest.mark.parametrize(
    ("tag", "words", "towards"),
    [
        ("en", "en", "ltr"),
        ("en-GB", "en", "ltr"),
        ("nl-BE", "nl", "ltr"),
        ("NL", "nl", "ltr"),
        ("de-CH-1996", "de", "ltr"),
        ("ar-MA", "ar", "rtl"),
        ("ar-Latn", "ar", "ltr"),
        ("ar-x-town", "ar", "rtl"),
        ("zh-yue-Hant", "en", "ltr"),
        ("da", "en", "ltr"),
        ("he", "en", "rtl"),
        ("az-Arab", "en", "rtl"),
        ("ur-Latn-PK", "en", "ltr"),
        ("und-Hebr", "en", "rtl"),
        ("und", "en", "auto"),
        ("x-klingon", "en", "auto"),
    ],
)
def test_a_language_finds_its_catalogue_or_a_wider_one(tag: str, words: str, towards: str) -> None:
    assert language(tag).words == words
    assert language(tag).direction == direction(tag) == towards


def test_words_in_another_language_than_around_them_say_so() -> None:
    assert language("nl-BE").lang("nl") == ""
    assert language("nl").lang("fr-CA") == ' lang="nl"'
    assert language("da").lang("da") == ' lang="en"'


def test_a_post_runs_the_way_of_its_language_or_as_it_begins_where_nobody_said() -> None:
    assert language("en").writing("") == "auto"
    assert language("en").writing("fa") == "rtl"
    assert language("ar").writing("") == "rtl"
    assert language("ar").writing("en") == "ltr"
    assert language("ar").writing("qqq") == "auto"


def test_a_page_of_several_blogs_speaks_what_they_have_in_common() -> None:
    assert common(["ar", "ar"]) == "ar"
    assert common(["nl-BE"]) == "nl-BE"
    assert common(["nl-BE", "nl"]) == "nl"
    assert common(["nl", "de"]) == common([]) == "en"


@pytest.mark.parametrize(
    ("tag", "name"),
    [("ar", "العربية"), ("nl-BE", "Nederlands (België)"), ("und", "und"), ("qqq", "qqq")],
)
def test_a_language_is_called_what_it_calls_itself(tag: str, name: str) -> None:
    assert language(tag).name == name


# What is said


def test_what_is_put_into_a_sentence_is_escaped_and_markup_stays() -> None:
    say = language("fr")
    assert say("edited", time="<3") == f"modifié{NBSP}: &lt;3"
    assert say("edited", time=Markup("<time>14:05</time>")) == f"modifié{NBSP}: <time>14:05</time>"
    with pytest.raises(KeyError):
        say("no such sentence")


def test_a_script_gets_the_plural_forms_as_json() -> None:
    assert json.loads(language("en-GB").forms("new_updates")) == {
        "one": "{count} new update",
        "other": "{count} new updates",
    }


# Times


@pytest.mark.parametrize(
    ("tag", "shown_day", "shown_clock"),
    [
        ("en", "24 June 2025", "14:05"),
        ("en-US", "June 24, 2025", f"2:05{NBSP}PM"),
        ("nl", "24 juni 2025", "14:05"),
        ("de", "24. Juni 2025", "14:05"),
        ("fr", "24 juin 2025", "14:05"),
        ("es", "24 de junio de 2025", "14:05"),
        ("ar", "24 يونيو 2025", f"2:05{NBSP}م"),
        ("ar-MA", "24 يونيو 2025", "14:05"),
        ("da", "24. juni 2025", "14.05"),
        ("zh-Hant-TW", "2025年6月24日", "下午2:05"),
        ("qqq", "24 June 2025", "14:05"),
    ],
)
def test_a_time_reads_as_its_language_writes_it(tag: str, shown_day: str, shown_clock: str) -> None:
    assert day(AFTERNOON, "UTC", tag) == shown_day
    assert clock(AFTERNOON, "UTC", tag) == shown_clock


def test_a_time_is_that_of_the_blogs_zone() -> None:
    late = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    assert (day(late, "Europe/Berlin", "de"), clock(late, "Europe/Berlin", "de")) == (
        "1. Januar 2026",
        "00:30",
    )


@for_all(moments, zones, tags)
def test_any_moment_reads_in_any_zone_and_language(moment: datetime, zone: str, tag: str) -> None:
    shown = clock(moment, zone, tag)
    assert re.search(r"\d", shown)
    assert not re.search(r"[^\S\u00a0]", shown)
    assert day(moment, zone, tag)


@for_all(moments, zones)
def test_plain_english_is_written_as_always(moment: datetime, zone: str) -> None:
    try:
        there = moment.astimezone(ZoneInfo(zone))
    except OverflowError:
        there = moment
    assert clock(moment, zone) == f"{there.hour:02}:{there.minute:02}"
    assert day(moment, zone) == f"{there.day} {there:%B} {there.year}"


@for_all(tags)
def test_any_tag_has_a_language_that_can_be_asked_for(tag: str) -> None:
    spoken = language(tag)
    assert spoken.words in CATALOGUES
    assert is_lang(spoken.locale.partition("-u-")[0])
    assert spoken.direction in {"ltr", "rtl", "auto"}


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("pt-BR, pt;q=0.9, es;q=0.7", "es"),
        ("ja", "en"),
        ("*", "en"),
        ("", "en"),
        (", ;q=1,,nl", "nl"),
    ],
)
def test_who_reads_several_languages_is_spoken_to_in_the_first_that_we_speak(
    accepted: str, tag: str
) -> None:
    assert preferred(accepted) == tag


def test_a_list_names_a_day_above_the_first_post_of_it() -> None:
    evening = datetime(2025, 6, 24, 23, 30, tzinfo=UTC)  # already the 25th in Amsterdam
    listed = [evening, None, AFTERNOON, AFTERNOON]
    named = ["25 June 2025", "24 June 2025", "", ""]
    assert days(listed, "Europe/Amsterdam") == named
    named = ["24 June 2025", "", "", "25 June 2025"]
    assert days(listed[::-1], "Europe/Amsterdam", oldest_first=True) == named
    assert days([None, None], "UTC") == ["", ""]
