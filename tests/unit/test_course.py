"""What happened when: the marks of a day, and the way from a time to a position and back."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from events.commands import ChangeBlog, MarkKey, PinPost, RevisePost, WritePost
from events.entry import Entry
from events.facts import BlogStatusChanged
from events.position import START, Position
from events.timeline import BLOG, Change, Timeline
from server.past import course as of_course
from server.past.course import Course, Courses, microseconds, time_of
from server.tail import Behind
from tests.cinema import Cinema, shown
from tests.story import A_BLOG, NOON, Story, fold, given, minute, position
from tests.unit.test_timeline import DAYS, lived, post, restore, retract


async def course_of(story: Story) -> Course:
    cinema = await shown(story)
    return await cinema.courses.of(cinema.loaded)


async def marked(story: Story) -> list[str]:
    """Each mark: its kind, and of which post it is."""
    return [f"{mark.kind} {mark.post}".strip() for mark in (await course_of(story)).marks()]


async def test_each_kind_of_change_has_its_mark() -> None:
    day = given(A_BLOG, post("one"), RevisePost("one", title="One"), retract("one"), restore("one"))
    day.when(PinPost("one", True), MarkKey("one", True), MarkKey("one", False))
    day.when(ChangeBlog(title="The fair"))
    assert await marked(day) == [
        "blog",
        "post one",
        "edit one",
        "retract one",
        "post one",
        "edit one",
        "key one",
        "edit one",
        "blog",
    ]


async def test_a_post_that_is_a_key_event_from_the_beginning_has_two_marks_of_one_position() -> (
    None
):
    day = given(A_BLOG, post("one", key=True), post("two"))
    assert await marked(day) == ["blog", "post one", "key one", "post two"]
    course = await course_of(day)
    assert len(course) == 3
    assert [mark.seq for mark in course.marks()] == [1, 2, 2, 3]


async def test_what_is_private_has_no_mark() -> None:
    day = given(A_BLOG, WritePost("draft", title="T", status="draft"), post("one"))
    day.when(RevisePost("draft", title="Better"), ChangeBlog(visibility="unlisted"))
    assert await marked(day) == ["blog", "post one"]


async def test_a_moment_is_a_time_or_a_position_and_leads_to_the_last_change_up_to_it() -> None:
    course = await course_of(
        given(A_BLOG, post("one"), WritePost("draft", title="T", status="draft"), post("two"))
    )
    for moment, public in (
        (START, START),
        (position(2), position(2)),
        (position(3), position(2)),
        (minute(-1), START),
        (minute(0), position(1)),
        (minute(1.5), position(2)),
        (minute(99), position(4)),
    ):
        assert course.public(moment) == public
    assert course.time(minute(-1)) == course.time(START) == microseconds(NOON)
    assert course.time(position(3)) == microseconds(minute(1))
    assert course.time(minute(1.5)) == microseconds(minute(1.5))
    assert course.time(minute(99)) == microseconds(minute(3))


async def test_positions_go_on_through_epochs() -> None:
    day = given(A_BLOG, post("one")).moves().when(post("two")).moves().when(post("three"))
    course = await course_of(day)
    assert [course.position(index) for index in range(4)] == [
        entry.position for entry in day.entries
    ]
    assert course.epochs == day.blog.epochs


def test_times_never_go_back_whatever_a_log_says() -> None:
    course = Course()
    for seq, late in enumerate((0, 60, -60, 30), 1):
        at = NOON + timedelta(seconds=late)
        entry = Entry(position(seq), at, at, "ann", "key", (BlogStatusChanged("live"),))
        course.add(entry, [Change(BLOG, position(seq), START)], appeared=False)
    seconds = [(time_of(at) - NOON).total_seconds() for at in course.times]
    assert seconds == [0, 60, 60, 60]


async def test_of_very_many_marks_neighbours_of_a_kind_are_told_as_one() -> None:
    day = given(A_BLOG)
    for n in range(40):
        day.when(post(f"{n:02}", key=n % 4 == 0))
    day.when(retract("03"))
    course = await course_of(day)
    assert len(course.marks()) == 52
    marks = course.marks(20)
    assert 6 < len(marks) <= 20
    assert {mark.kind for mark in marks} == {"blog", "post", "key", "retract"}
    assert [mark.seq for mark in marks] == sorted(mark.seq for mark in marks)
    assert (marks[0].kind, marks[-1].kind) == ("blog", "retract")
    assert marks[-1].post == "03"  # which stands for itself alone
    assert {mark.post for mark in marks if mark.kind == "post"} == {""}


@for_all(st.lists(st.sampled_from(["post", "edit", "blog", "retract"]), max_size=200), st.data())
def test_marks_are_bounded(kinds: list[str], data: Any) -> None:
    course = Course()
    for seq, kind in enumerate(kinds, 1):
        change = Change(BLOG if kind == "blog" else f"p{seq}", position(seq), START)
        entry = Entry(position(seq), NOON, NOON, "ann", "key", ())
        course.add(entry, [change], appeared=kind == "post")
    most = data.draw(st.integers(10, 220))
    assert len(course.marks(most)) <= max(most, 0)


# --- as the blog goes on -------------------------------------------------------------------------


async def test_a_course_is_carried_on_and_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cinema = await shown(given(A_BLOG, post("one"), post("two")))
    course = await cinema.courses.of(cinema.loaded)
    read: list[Position] = []
    real = cinema.log.read

    async def counted(blog: str, after: Position, limit: int = 500) -> Any:
        read.append(after)
        return await real(blog, after, limit)

    monkeypatch.setattr(cinema.log, "read", counted)
    assert await cinema.courses.of(cinema.loaded) is course
    assert read == []
    await cinema.goes_on(retract("one"), post("three"))
    assert await cinema.courses.of(cinema.loaded) is course
    assert [mark.kind for mark in course.marks()] == ["blog", "post", "post", "retract", "post"]
    assert course.through == position(5)


async def test_a_log_that_is_ahead_of_the_process_is_not_told_of() -> None:
    cinema = await shown(given(A_BLOG, post("one")))
    cinema.story.when(post("two"))
    await cinema.log.restore("fair", cinema.story.stored, None)
    course = await cinema.courses.of(cinema.loaded)
    assert course.through == position(2)
    await cinema.catches_up()
    assert len(await cinema.courses.of(cinema.loaded)) == 3


async def test_a_log_that_lost_entries_is_behind_and_nobody_waits_for_ever() -> None:
    cinema = await shown(given(A_BLOG, post("one"), post("two")))
    other = await shown(given(A_BLOG))
    with pytest.raises(Behind):
        await Courses(other.log, other.past).of(cinema.loaded)


async def test_another_log_under_the_same_name_has_a_course_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cinema = await shown(given(A_BLOG, post("one"), post("two")))
    before = await cinema.courses.of(cinema.loaded)
    other: Cinema = await shown(given(A_BLOG).moves().when(post("one")))
    cinema.loaded.replace(other.loaded)
    monkeypatch.setattr(cinema.log, "read", other.log.read)
    after = await cinema.courses.of(cinema.loaded)
    assert after is not before
    assert [after.position(index) for index in range(2)] == [
        entry.position for entry in other.story.entries
    ]


async def test_of_many_long_courses_the_longest_unused_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(of_course, "KEPT", 5)
    cinema = await shown(given(A_BLOG, post("one"), post("two")))
    first = await cinema.courses.of(cinema.loaded)
    other = await shown(Story("other").when(A_BLOG, post("one"), post("two")))
    await cinema.log.restore("other", other.story.stored, None)
    await cinema.courses.of(other.loaded)
    again = await cinema.courses.of(cinema.loaded)
    assert again is not first
    assert again.marks() == first.marks()


@for_all(DAYS)
@settings(max_examples=50, deadline=None)
def test_the_course_of_any_day_is_the_timelines(steps: Any) -> None:
    day = lived(steps)
    course, timeline, told = Course(), Timeline(), []
    for count, entry in enumerate(day.entries, 1):
        blog, _ = fold(day.entries[:count])
        shown_before = len(timeline.posts)
        changes = timeline.apply(blog, entry)
        course.add(entry, changes, appeared=len(timeline.posts) > shown_before)
        told += [(change.position, microseconds(entry.at)) for change in changes]
        at = timeline.position
        assert course.public(entry.position) == course.public(entry.at) == at
    assert [course.position(i) for i in range(len(course))] == [where for where, _ in told]
    assert list(course.times) == [at for _, at in told]
