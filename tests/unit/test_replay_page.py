"""Where a moment lies in a day, as the replay's page and its links have it."""

from datetime import UTC, datetime, timedelta

import pytest

from events.blog import Blog, evolve
from events.commands import ChangePostStatus, RevisePost, WritePost
from events.timeline import Timeline
from server.past.course import Course
from server.web.replay_page import Asked, Recording, moment_of
from tests.story import A_BLOG, NOON, Story, minute, position, says

FRACTION = timedelta(microseconds=123_400)
"""What the clock of a newsroom has beyond the minute."""
SOON = timedelta(microseconds=600)


def course_of(story: Story) -> Course:
    course, blog, timeline = Course(), Blog(story.blog.id), Timeline()
    for entry in story.entries:
        shown = len(timeline.posts)
        blog = evolve(blog, entry)
        course.add(entry, timeline.apply(blog, entry), len(timeline.posts) > shown)
    return course


@pytest.fixture
def course() -> Course:
    """A blog at noon, a post a minute later, an edit, and a withdrawal; none on a millisecond."""
    story = Story()
    story.clock += FRACTION
    story.when(
        A_BLOG,
        WritePost("gate", title="The gate", status="published"),
        RevisePost("gate", body=says("It is open.")),
        ChangePostStatus("gate", "retracted"),
    )
    return course_of(story)


def shown(number: float) -> datetime:
    """That minute, as addresses tell it: to the millisecond by which it has happened."""
    return minute(number) + timedelta(milliseconds=124)


def test_a_day_begins_with_its_first_post(course: Course) -> None:
    moment = moment_of(course, None)
    assert (moment.at, moment.begin, moment.end) == (shown(1), shown(1), shown(3))
    assert (moment.before, moment.after) == (None, shown(2))


def test_the_address_of_an_event_is_not_the_event_before_itself(course: Course) -> None:
    moment = moment_of(course, shown(2))
    assert (moment.before, moment.at, moment.after) == (shown(1), shown(2), shown(3))


@pytest.mark.parametrize(
    ("at", "before", "after"),
    [
        (minute(-60), None, shown(0)),
        (minute(1.5), shown(1), shown(2)),
        (minute(2) + FRACTION - SOON, shown(1), shown(2)),
        (minute(90), shown(3), None),
    ],
)
def test_any_moment_has_its_neighbours(
    course: Course, at: datetime, before: datetime | None, after: datetime | None
) -> None:
    moment = moment_of(course, at)
    assert (moment.before, moment.after) == (before, after)


def test_a_position_is_the_time_of_its_change(course: Course) -> None:
    assert moment_of(course, position(3)).at == shown(2)


def test_a_time_to_come_is_now_and_says_so(course: Course) -> None:
    far = datetime(2999, 1, 1, tzinfo=UTC)
    moment = moment_of(course, far)
    assert moment.to_come == far
    assert NOON < moment.at < far
    assert moment_of(course, minute(5)).to_come is None


def test_a_blog_without_a_post_begins_where_it_was_opened() -> None:
    moment = moment_of(course_of(Story().when(A_BLOG)), None)
    assert (moment.at, moment.before, moment.after) == (NOON, None, None)


def test_a_link_to_another_moment_keeps_the_rest_of_the_address() -> None:
    recording = Recording("http://127.0.0.1:8000/day.mp4?x=1&y=2", -90.5)
    assert Asked(None, 60.0, Recording()).to(NOON) == "?at=2025-06-24T12:00:00.000Z"
    assert Asked(None, 0.5, recording).to(NOON) == (
        "?at=2025-06-24T12:00:00.000Z&speed=0.5"
        "&media=http:%2F%2F127.0.0.1:8000%2Fday.mp4%3Fx%3D1%26y%3D2&offset=-90.5"
    )
    assert (recording.host, recording.origin) == ("127.0.0.1:8000", "http://127.0.0.1:8000")
