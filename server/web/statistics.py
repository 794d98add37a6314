"""The numbers of a blog as the desk shows them: small plots, and tables that say the same.

Whichever version of the projection answers is shown; it is decided here what of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from msgspec import Struct

from events.blog import Blog
from events.projection import Projection
from events.statistics import OTHERS, PostsADay, Tally, WordsADay, time_of
from server.render import local
from server.site import Site
from server.tail import Loaded
from server.web.problems import Problem

DAYS: Final = 14
"""Days that are shown: the latest of which there are posts."""
NAMED: Final = 5
"""Authors that are shown by name: those with the most words on these days."""
WIDTH: Final = 320
"""Of a plot, in its own units, the numbers beside the bars not counted in."""
WAIT: Final = 5.0
"""Seconds the first look at a large blog waits for what it asked for."""

SPANS: Final = (
    *("within 5 minutes", "within 15 minutes", "within an hour"),
    *("within 6 hours", "within a day", "later"),
)
"""The spans of MINUTES, in words; what fell into the one before does not count again."""

Table = dict[date, dict[str, Tally]]
"""By day of the blog's zone, and author."""


class Numbers(Struct, frozen=True):
    """What the desk's script puts in its place, and what it was made from.

    `newer`: another version is on its way, so it is worth asking again.
    """

    schema: int
    newer: bool
    position: str
    html: str


class Part(Struct, frozen=True):
    """A piece of a bar: of which series, and where it is."""

    series: int
    name: str
    count: int
    x: float
    width: float


class Bar(Struct, frozen=True):
    name: str
    count: int
    parts: tuple[Part, ...]


async def shown(site: Site, loaded: Loaded) -> Numbers:
    """The numbers as they are now; raises Problem where nothing answers yet."""
    projected = site.projections.of(loaded)
    try:
        async with asyncio.timeout(WAIT):
            await projected.there.wait()
    except TimeoutError:
        raise Problem(503, "the posts are still being counted; ask again in a moment") from None
    answers = projected.answers
    assert answers, "there was waited for, and nothing was awaited since"
    html = site.templates.get_template("desk_numbers.html").render(
        **_values(answers, loaded.blog), written=_written
    )
    return Numbers(answers.schema, projected.wanted, str(loaded.position), html)


def _values(answers: Projection, blog: Blog) -> dict[str, object]:
    match answers:
        case PostsADay():
            days = _by_day(((q, "", Tally(n)) for q, n in answers.posts.items()), blog)
            bars = [
                (_written(day), [("posts", _sum(of.values()).posts)]) for day, of in days.items()
            ]
            return {"version": 1, "days": days, "bars": _bars(bars), "names": []}
        case WordsADay():
            told = ((quarter, author, n) for (quarter, author), n in answers.tallies.items())
            days = _few_names(_by_day(told, blog))
            names = _most_words(days)
            bars = [
                (_written(day), [(name, of[name].words) for name in names if name in of])
                for day, of in days.items()
            ]
            corrections = list(zip(SPANS, answers.corrections, strict=True))
            return {
                "version": 2,
                "days": days,
                "names": names,
                "bars": _bars(bars, names),
                "corrections": corrections,
                "spans": _bars([(span, [("", count)]) for span, count in corrections]),
            }
        case _:
            raise Problem(500, f"version {answers.schema} of the numbers has no form here")


def _written(day: date) -> str:
    """As the desk says it, which speaks English."""
    return f"{day.day} {day:%B %Y}"


def _by_day(told: Iterable[tuple[int, str, Tally]], blog: Blog) -> Table:
    """The latest days, oldest first, with what each author has."""
    days: defaultdict[date, defaultdict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    day_of: dict[int, date] = {}
    for quarter, author, tally in told:
        if (day := day_of.get(quarter)) is None:
            day = day_of[quarter] = local(time_of(quarter), blog.time_zone).date()
        name = "others" if author == OTHERS else author or "no author"
        days[day][name] = _sum((days[day][name], tally))
    return {day: dict(days[day]) for day in sorted(days)[-DAYS:]}


def _few_names(days: Table) -> Table:
    """The same with the lesser authors as one."""
    named = set(_most_words(days)[:NAMED])
    few: Table = {}
    for day, of in days.items():
        few[day] = {}
        for author, tally in of.items():
            name = author if author in named else "others"
            few[day][name] = _sum((few[day].get(name, Tally()), tally))
    return few


def _most_words(days: Table) -> list[str]:
    """The authors, those with the most words first, the others last of all."""
    words: defaultdict[str, int] = defaultdict(int)
    for of in days.values():
        for author, tally in of.items():
            words[author] += tally.words
    return sorted(words, key=lambda name: (name == "others", -words[name], name))


def _sum(tallies: Iterable[Tally]) -> Tally:
    counts = list(tallies)
    return Tally(sum(each.posts for each in counts), sum(each.words for each in counts))


def _bars(
    rows: list[tuple[str, list[tuple[str, int]]]], names: list[str] | None = None
) -> list[Bar]:
    """Rows of named counts as bars, the longest of them WIDTH long."""
    most = max((sum(count for _, count in row) for _, row in rows), default=0) or 1

    def parts(row: list[tuple[str, int]]) -> Iterator[Part]:
        x = 0.0
        for name, count in row:
            width = count / most * WIDTH
            yield Part(names.index(name) if names else 0, name, count, round(x, 1), round(width, 1))
            x += width

    return [Bar(name, sum(count for _, count in row), tuple(parts(row))) for name, row in rows]
