"""The numbers of a blog: what is counted where, by both versions, and that it stays bounded."""

from collections import Counter

import pytest
from hypothesis import given as for_all

from events.blog import Blog, Post, evolve
from events.commands import ChangePostStatus, RevisePost, WritePost
from events.facts import PostRestored
from events.projection import Version
from events.statistics import (
    AUTHORS,
    MINUTES,
    OTHERS,
    PostsADay,
    Tally,
    WordsADay,
    time_of,
    words_of,
)
from tests.story import A_BLOG, NOON, Story, given, minute, says
from tests.unit.test_timeline import DAYS, Step, lived, post, restore, retract


def projected(day: Story, version: Version) -> object:
    """A version folded over a whole day."""
    blog, made = Blog("fair"), version()
    for entry in day.entries:
        blog = evolve(blog, entry)
        made.apply(blog, entry)
    return made


def words(day: Story) -> WordsADay:
    made = projected(day, WordsADay)
    assert isinstance(made, WordsADay)
    return made


def posts(day: Story) -> PostsADay:
    made = projected(day, PostsADay)
    assert isinstance(made, PostsADay)
    return made


def by(name: str, author: str, *said: str) -> WritePost:
    return WritePost(name, body=says(*said), author=author)


def test_posts_count_in_the_quarter_of_an_hour_they_were_first_published_in() -> None:
    day = given(A_BLOG, post("one"), post("two")).passes(15).when(post("three"))
    counted = {time_of(quarter): count for quarter, count in posts(day).posts.items()}
    assert counted == {NOON: 2, minute(15): 1}


def test_a_draft_counts_once_it_is_out_and_a_withdrawn_post_no_more_until_it_is_back() -> None:
    day = given(A_BLOG, WritePost("one", title="One", status="draft"))
    assert (posts(day).posts, words(day).tallies) == ({}, {})
    day.when(ChangePostStatus("one", "published")).passes(60).when(retract("one"))
    assert (posts(day).posts, words(day).tallies) == ({}, {})
    day.when(restore("one"))
    assert {time_of(quarter): n for quarter, n in posts(day).posts.items()} == {NOON: 1}


def test_words_are_their_authors_and_a_revision_counts_with_what_it_says_now() -> None:
    day = given(
        A_BLOG, by("a", "Ann", "One two."), by("b", "Bea", "Three."), by("c", "Ann", "Four")
    )
    assert sums(day) == {"Ann": Tally(2, 3), "Bea": Tally(1, 1)}
    day.when(RevisePost("b", body=says("Three and more."), author="Cem"))
    assert sums(day) == {"Ann": Tally(2, 3), "Cem": Tally(1, 3)}


def sums(day: Story) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for (_, author), tally in words(day).tallies.items():
        before = found.get(author, Tally())
        found[author] = Tally(before.posts + tally.posts, before.words + tally.words)
    return found


def test_a_correction_counts_by_the_time_since_the_first_publication() -> None:
    day = given(A_BLOG, post("one"))
    for minutes in (4, 14, 50, 5 * 60, 23 * 60, 25 * 60):
        day.clock = minute(1 + minutes)
        day.when(RevisePost("one", correction=f"Wrong for {minutes} minutes."))
    assert words(day).corrections == [1, 1, 1, 1, 1, 1]
    assert len(MINUTES) + 1 == 6


def test_a_correction_at_the_very_end_of_a_span_belongs_to_it() -> None:
    day = given(A_BLOG, post("one")).passes(4)
    assert words(day.when(RevisePost("one", correction="Now right."))).corrections[0] == 1


@pytest.mark.parametrize(
    ("title", "text", "count"),
    [
        ("Title", "and text", 3),
        ("", "It’s 3.5 km -- or 1,000 feet!", 6),
        ("", "well-known", 1),
        ("", "夏祭りです", 5),
        ("", "Open 夏 today", 3),
        ("", "مهرجان الصيف", 2),
        ("", "… — !", 0),
    ],
)
def test_words_are_counted_as_people_do(title: str, text: str, count: int) -> None:
    assert words_of(Post("a", "ann", NOON, title=title, body=says(text))) == count


def test_authors_beyond_the_first_hundred_are_one() -> None:
    day = given(A_BLOG, *(by(f"{n}", f"Author {n}", "Word.") for n in range(AUTHORS + 3)))
    day.when(by("again", "Author 7", "Word."), RevisePost(f"{AUTHORS}", body=says("Two words.")))
    found = sums(day)
    assert len(words(day).authors) == AUTHORS
    assert (found[OTHERS], found["Author 7"]) == (Tally(3, 4), Tally(2, 2))
    day.when(*(retract(f"{n}") for n in range(AUTHORS, AUTHORS + 3)))
    assert OTHERS not in sums(day)


def test_what_was_restored_without_ever_being_published_counts_too() -> None:
    day = given(A_BLOG, WritePost("one", title="One", status="draft")).happens(PostRestored("one"))
    assert list(sums(day).values()) == [Tally(1, 1)]


@for_all(DAYS)
def test_any_history_counts_exactly_the_posts_that_stand(steps: list[Step]) -> None:
    day = lived(steps)
    standing = [each for each in day.blog.posts.values() if each.public]
    assert sum(posts(day).posts.values()) == len(standing)
    assert posts(day).counted.keys() == {each.id for each in standing}
    authors = Counter(each.author for each in standing)
    assert {author: tally.posts for author, tally in sums(day).items()} == authors
    assert sum(tally.words for tally in sums(day).values()) == sum(map(words_of, standing))
