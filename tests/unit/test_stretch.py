"""Pages of a blog: whoever follows their links from anywhere comes to every post, and once."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from events.blog import Post
from events.commands import ChangePostStatus, WritePost
from events.timeline import PAGE, Timeline
from server.web.problems import Problem
from server.web.stretch import AROUND, TAGS, Asked, Sort, Stretch, asked_of, of_page, of_post
from server.web.stretch import tags_of as offered
from tests.story import A_BLOG, Story, given, minute

SIZE: Final = 3
"""Posts of a page here: many pages of few posts."""
NAMES: Final = ("red", "a & b", "ä")

minutes = st.integers(0, 20)
"""Few, so that posts share them."""
said = st.tuples(minutes, st.sets(st.sampled_from(NAMES)), st.booleans())
days = st.lists(said, max_size=25)
tags = st.sampled_from(("", *NAMES))
sorts = st.sampled_from(("newest", "oldest"))


def day_of(written: list[tuple[int, set[str], bool]]) -> Timeline:
    """The timeline of posts with these times and tags; some were withdrawn."""
    day = given(A_BLOG)
    for number, (time, tags, withdrawn) in enumerate(written):
        name = f"{number}"
        day.when(WritePost(name, title=name, published_at=minute(time), tags=tuple(sorted(tags))))
        if withdrawn:
            day.when(ChangePostStatus(name, "retracted"))
    return day.timeline


def listed(timeline: Timeline, asked: Asked) -> list[Post]:
    """All that a list has, in its order."""
    posts = timeline.walk(newest_first=asked.sort == "newest")
    return [post for post in posts if not asked.tag or asked.tag in post.tags]


def read(query: str) -> Asked:
    """What a link asks for, as the page that it leads to reads it."""
    return asked_of(QueryParams(parse_qsl(query.removeprefix("?"))))


def follow(
    timeline: Timeline, page: Stretch, *, up: bool = False, size: int = SIZE
) -> Iterator[Stretch]:
    """The pages below one, or above."""
    while (query := page.back if up else page.on) is not None:
        page = of_page(timeline, read(query), size)
        yield page


def posts_of(*pages: Stretch) -> list[Post]:
    return [post for page in pages for post in page.posts]


@for_all(days, tags, sorts)
def test_from_the_first_page_down_every_post_comes_once_and_in_order(
    written: list[tuple[int, set[str], bool]], tag: str, sort: Sort
) -> None:
    timeline, asked = day_of(written), Asked(tag=tag, sort=sort)
    first = of_page(timeline, asked, SIZE)
    pages = [first, *follow(timeline, first)]
    assert posts_of(*pages) == listed(timeline, asked)
    assert all(len(page.posts) == SIZE for page in pages[:-1])
    assert first.back is None


@for_all(days, tags, sorts, st.data())
def test_from_any_page_down_comes_all_that_is_below_it(
    written: list[tuple[int, set[str], bool]], tag: str, sort: Sort, data: st.DataObject
) -> None:
    timeline = day_of(written)
    # Also at a post that has no such tag, and between two posts.
    order = data.draw(st.sampled_from([*timeline.orders, "0", "f" * 30]))
    older, newer = Asked(before=order, tag=tag), Asked(after=order, tag=tag, sort="oldest")
    asked = older if sort == "newest" else newer
    page = of_page(timeline, asked, SIZE)
    below = [
        post
        for post in listed(timeline, asked)
        if (post.order < order if sort == "newest" else post.order > order)
    ]
    assert posts_of(page, *follow(timeline, page)) == below


@for_all(days, tags, st.data())
def test_from_any_page_up_comes_all_that_is_above_it(
    written: list[tuple[int, set[str], bool]], tag: str, data: st.DataObject
) -> None:
    timeline = day_of(written)
    order = data.draw(st.sampled_from([*timeline.orders, "0", "f" * 30]))
    page = of_page(timeline, Asked(before=order, tag=tag), SIZE)
    pages = list(follow(timeline, page, up=True))
    seen = {post.id: post for post in posts_of(*pages[::-1], page)}
    everything = listed(timeline, Asked(tag=tag))
    assert list(seen.values()) == everything[: len(seen)]
    assert len(seen) >= sum(post.order >= order for post in everything)
    # Only the first page may hold what was seen on the way: it is whole.
    on_the_way = posts_of(page, *pages[:-1])
    assert len({post.id for post in on_the_way}) == len(on_the_way)


@for_all(st.integers(1, 80), st.data())
def test_a_link_to_a_post_begins_with_it_and_leads_to_all_others(
    count: int, data: st.DataObject
) -> None:
    timeline = story(*[()] * count).timeline
    post = data.draw(st.sampled_from(list(timeline.walk())))
    page = of_post(timeline, post)
    assert page.posts[0] == post
    down = posts_of(page, *follow(timeline, page, size=PAGE))
    assert down == [each for each in timeline.walk() if each.order <= post.order]
    up = posts_of(*follow(timeline, page, up=True, size=PAGE))
    assert {each.id for each in (*up, *down)} == set(timeline.posts)


def story(*posts: tuple[str, ...]) -> Story:
    """Posts with these tags, a minute apart."""
    day = given(A_BLOG)
    for number, tags in enumerate(posts):
        day.when(WritePost(f"{number}", title=f"{number}", tags=tags))
    return day


def test_a_page_without_neighbours_has_no_links() -> None:
    page = of_page(story((), (), ()).timeline, Asked(), SIZE)
    assert (page.back, page.on) == (None, None)


def test_an_empty_blog_has_one_empty_page() -> None:
    assert of_page(Timeline(), Asked()) == Stretch([], None, None)


def test_a_permalink_shows_its_post_and_some_below() -> None:
    timeline = story(*[()] * 30).timeline
    page = of_post(timeline, timeline.posts["20"])
    assert [post.id for post in page.posts] == [str(number) for number in range(20, 10, -1)]
    assert len(page.posts) == AROUND


def test_the_most_used_tags_are_offered_and_the_chosen_one() -> None:
    many = [tuple(f"tag {n:02}" for n in range(TAGS + 5) if n % 7 != turn % 7) for turn in range(5)]
    timeline = story(*many, ("seldom",)).timeline
    assert len(offered(timeline)) == TAGS
    assert "seldom" not in offered(timeline)
    assert "seldom" in offered(timeline, "seldom")
    assert offered(timeline) == sorted(offered(timeline), key=str.casefold)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sort=best", "sort"),
        ("before=<>", "before"),
        (f"after={'a' * 41}", "after"),
        ("before=0&after=0", "exclude"),
        (f"tag={'x' * 201}", "tag"),
    ],
)
def test_what_cannot_be_asked_is_told_by_its_name(query: str, names: str) -> None:
    with pytest.raises(Problem, match=names):
        read(query)
