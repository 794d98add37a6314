"""What the audience sees, in which order, and what a reader at any position has missed."""

from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from msgspec import UNSET

from events.commands import (
    ChangeBlog,
    ChangeBlogStatus,
    ChangePostStatus,
    Command,
    MarkKey,
    PinPost,
    PublishDue,
    Refused,
    RevisePost,
    WritePost,
)
from events.position import START, Position
from events.timeline import BLOG, KEYS, Timeline
from server.push.feed import Feed
from server.render import Articles, templates
from server.tail import Loaded
from tests.audience import Listener, Page, at_once
from tests.story import A_BLOG, Story, fold, given, minute, position

RENDER = Articles(templates())


def post(name: str, shown: datetime | None = None, **details: bool | str) -> WritePost:
    """A published post, of the time it is written unless one is given."""
    return WritePost(name, title=name, published_at=shown or UNSET, **details)  # type: ignore[arg-type]


def untimed(name: str) -> WritePost:
    return WritePost(name, title=name, published_at=None)


def retract(name: str, keep_text: bool = False) -> ChangePostStatus:
    return ChangePostStatus(name, "retracted", keep_text=keep_text)


def restore(name: str) -> ChangePostStatus:
    return ChangePostStatus(name, "published")


# --- the order of the page ---------------------------------------------------------------------


def test_the_newest_time_is_on_top() -> None:
    assert given(A_BLOG, post("one"), post("two"), post("three")).page == ["three", "two", "one"]


def test_a_post_of_an_earlier_time_goes_below() -> None:
    assert given(A_BLOG, post("now"), post("before", minute(-30))).page == ["now", "before"]


def test_equal_times_keep_the_order_of_the_log() -> None:
    day = given(A_BLOG, *(post(name, minute(60)) for name in ("one", "two", "three")))
    assert day.page == ["three", "two", "one"]


def test_a_post_without_a_time_stays_between_its_neighbours() -> None:
    day = given(A_BLOG, post("one", minute(-20)), untimed("between"), post("two", minute(-10)))
    assert day.page == ["two", "between", "one"]


def test_several_posts_without_a_time_keep_their_order_between_neighbours_of_equal_time() -> None:
    times = post("one", minute(5)), untimed("a"), untimed("b"), post("two", minute(5))
    assert given(A_BLOG, *times).page == ["two", "b", "a", "one"]


def test_the_first_post_of_all_may_have_no_time() -> None:
    assert given(A_BLOG, untimed("first"), post("second")).page == ["second", "first"]


def test_a_moved_time_moves_the_post_and_a_lost_time_leaves_it() -> None:
    day = given(A_BLOG, post("one"), post("two"), post("three"))
    day.when(RevisePost("three", published_at=minute(1.5)))
    assert day.page == ["two", "three", "one"]
    day.when(RevisePost("three", published_at=None))
    assert day.page == ["two", "three", "one"]


def test_a_restored_post_is_back_in_its_place() -> None:
    day = given(A_BLOG, post("one"), post("two"), post("three"), retract("two"))
    assert day.page == ["three", "one"]
    assert day.when(restore("two")).page == ["three", "two", "one"]


def test_the_order_goes_on_under_a_new_epoch() -> None:
    day = given(A_BLOG, *(post(f"{n}", minute(60)) for n in range(3))).moves()
    assert day.when(post("3", minute(60))).page == ["3", "2", "1", "0"]


@for_all(st.lists(st.none() | st.integers(-5, 5), max_size=12))
def test_timed_posts_stand_by_time_and_then_by_log(shown: list[int | None]) -> None:
    day = given(A_BLOG)
    for number, at in enumerate(shown):
        name = f"{number:02}"
        day.when(untimed(name) if at is None else post(name, minute(at / 10_000)))
    timed = [(at, f"{number:02}") for number, at in enumerate(shown) if at is not None]
    expected = [name for _, name in sorted(timed, reverse=True)]
    assert [name for name in day.page if shown[int(name)] is not None] == expected


# --- pages, pins, keys -------------------------------------------------------------------------


def test_pages_are_turned_in_both_directions() -> None:
    timeline = given(A_BLOG, *(post(name) for name in "abcde")).timeline
    first = timeline.newest(2)
    assert [each.id for each in first] == ["e", "d"]
    assert [each.id for each in timeline.newest(2, before=first[-1].order)] == ["c", "b"]
    assert [each.id for each in timeline.oldest(2)] == ["a", "b"]
    assert [each.id for each in timeline.oldest(9, after=first[-1].order)] == ["e"]
    assert timeline.newest(2, before=timeline.orders[0]) == []
    assert [each.id for each in timeline.walk(newest_first=False)] == list("abcde")


def test_a_page_goes_on_below_a_post_that_was_withdrawn_meanwhile() -> None:
    day = given(A_BLOG, *(post(name) for name in "abcd"))
    below = day.post("c").order
    day.when(retract("c"))
    assert [each.id for each in day.timeline.newest(2, before=below)] == ["b", "a"]


def test_pinned_posts_and_key_events_stand_by_their_place() -> None:
    day = given(A_BLOG, post("old", minute(-9), pinned=True, key=True), post("new", pinned=True))
    assert [each.id for each in day.timeline.pins()] == ["new", "old"]
    assert [each.id for each in day.timeline.key_events()] == ["old"]
    day.when(MarkKey("new", True), PinPost("new", False))
    assert [each.id for each in day.timeline.pins()] == ["old"]
    assert [each.id for each in day.timeline.key_events()] == ["new", "old"]


def test_a_withdrawn_post_is_neither_pinned_nor_a_key_event_and_comes_back_as_key_alone() -> None:
    day = given(A_BLOG, post("one", pinned=True, key=True), retract("one"))
    assert (day.timeline.pins(), day.timeline.key_events()) == ([], [])
    day.when(restore("one"))
    assert day.timeline.pins() == []
    assert [each.id for each in day.timeline.key_events()] == ["one"]


def test_only_so_many_key_events_are_listed_the_newest() -> None:
    day = given(A_BLOG, *(post(f"{n:03}", key=True) for n in range(KEYS + 2)))
    listed = [each.id for each in day.timeline.key_events()]
    assert listed == [f"{n:03}" for n in range(KEYS + 1, 1, -1)]


# --- what changes in public --------------------------------------------------------------------


@pytest.mark.parametrize(
    "private",
    [
        WritePost("new", title="T", status="draft"),
        RevisePost("draft", title="Better"),
        PinPost("draft", True),
        ChangePostStatus("draft", "submitted"),
        ChangePostStatus("draft", "scheduled", publish_at=minute(600)),
        retract("draft"),
        ChangeBlog(visibility="unlisted"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_is_private_moves_nothing_in_public(private: Command) -> None:
    day = given(A_BLOG, WritePost("draft", title="T", status="draft"), post("one"))
    before = day.timeline.position
    day.when(private)
    assert day.blog.position == position(4)
    assert (day.changes, day.timeline.position) == ([], before)


def test_a_change_says_what_it_follows_in_public() -> None:
    day = given(A_BLOG, post("one"), WritePost("draft", title="T", status="draft"), post("two"))
    [change] = day.changes
    assert (change.id, change.position, change.after) == ("two", position(4), position(2))
    assert change.post == day.post("two")


def test_a_draft_is_first_seen_when_it_is_published() -> None:
    day = given(A_BLOG, WritePost("draft", title="T", status="draft"), restore("draft"))
    [change] = day.changes
    assert (change.id, change.post) == ("draft", day.post("draft"))
    assert day.page == ["draft"]


def test_a_retraction_is_a_change_without_a_post() -> None:
    for keep_text in (False, True):
        [change] = given(A_BLOG, post("one"), retract("one", keep_text)).changes
        assert (change.id, change.post) == ("one", None)


def test_the_blogs_own_details_are_one_change_an_entry() -> None:
    day = given(A_BLOG, ChangeBlog(title="The fair", slug="the-fair", visibility="public"))
    assert [(change.id, change.after) for change in day.changes] == [(BLOG, position(1))]


def test_what_was_missed_is_said_once_in_the_order_of_the_last_change() -> None:
    day = given(A_BLOG, post("one"), post("two"), post("three"))
    day.when(RevisePost("one", title="One"), retract("two"), RevisePost("one", title="1"))
    assert [change.id for change in day.timeline.since(position(3))] == ["three", "two", "one"]
    assert [change.id for change in day.timeline.since(position(5))] == ["two", "one"]
    assert day.timeline.since(position(7)) == []
    assert [change.id for change in day.timeline.since(START)] == [BLOG, "three", "two", "one"]


# --- every position of any history -------------------------------------------------------------


DUE = minute(600)


class Step(NamedTuple):
    """One wish of a random day. `number` says which post, `shown` which time; see `wish`."""

    what: str
    number: int
    shown: int | None
    flag: bool


NEW = {"write": "published", "draft": "draft", "submit": "submitted", "schedule": "scheduled"}
OLD = ("publish", "due", "revise", "correct", "time", "retract", "pin", "key")
OTHER = ("rename", "status", "visibility", "epoch")
TAGS = ("red", 'a "ü" \\ b')
STEP = st.builds(
    Step,
    st.sampled_from([*OTHER, *NEW, *OLD, *OLD]),
    st.integers(0, 11),
    st.none() | st.integers(-3, 3),
    st.booleans(),
)
# Long ones, since most faults need a post to be changed several times.
DAYS = st.lists(STEP, min_size=12, max_size=50)


def wish(day: Story, step: Step) -> Command:
    """The command of a step on the day as it stands; it may be refused."""
    shown = None if step.shown is None else minute(step.shown)
    posts = list(day.blog.posts)
    if status := NEW.get(step.what):
        id, pinned, key = f"p{len(posts)}", step.number == 0, step.number == 1
        if status == "published":
            at = shown if step.flag else UNSET
            tags = TAGS[: step.number % 3]
            return WritePost(id, title=id, published_at=at, pinned=pinned, key=key, tags=tags)
        return WritePost(id, title=id, status=status, publish_at=DUE, pinned=pinned, key=key)
    if step.what in OLD:
        return change(posts[step.number % len(posts)] if posts else "none", step, shown)
    match step.what:
        case "rename":
            return ChangeBlog(title=f"Fair {step.number}")
        case "status":
            return ChangeBlogStatus(("live", "paused", "ended")[step.number % 3])
        case _:
            return ChangeBlog(visibility="unlisted" if step.flag else "public")


def change(name: str, step: Step, shown: datetime | None) -> Command:
    """The command of a step that is done to a post."""
    match step.what:
        case "publish":
            return ChangePostStatus(name, "published")
        case "due":
            return PublishDue(name, DUE)
        case "retract":
            return ChangePostStatus(name, "retracted", keep_text=step.flag)
        case "revise":
            return RevisePost(name, title=f"{name} {step.number}", tags=TAGS[step.number % 2 :])
        case "correct":
            return RevisePost(name, title=f"{name} corrected", correction="It was wrong.")
        case "time":
            return RevisePost(name, published_at=shown, pinned=step.flag)
        case "pin":
            return PinPost(name, step.flag)
        case _:
            return MarkKey(name, step.flag)


class Moment(NamedTuple):
    """The audience's view at one position of a history, as a page that was loaded then."""

    position: Position
    snapshot: list[bytes]
    details: tuple[str, str]

    def page(self, posts: int) -> Page:
        """A client that loaded a first page of so many posts, and stands at that position."""
        page = Page().receive(self.snapshot).only(posts)
        page.position, page.details = self.position, self.details
        return page


def loaded_blog() -> Loaded:
    return Loaded("fair", RENDER, 0, at_once)


def look(blog: Loaded) -> Moment:
    answer = blog.feed.answer(None, "json")
    return Moment(blog.position, answer, (blog.blog.title, blog.blog.standfirst))


def lived(steps: list[Step]) -> Story:
    """A day that begins with a few posts; what is refused of the steps did not happen."""
    day = given(A_BLOG, post("p0"), untimed("p1"), post("p2"), post("p3", minute(1)))
    day.when(WritePost("p4", title="p4", status="draft"))
    for step in steps:
        if step.what == "epoch":
            day.moves()
            continue
        with suppress(Refused):
            day.when(wish(day, step))
        # PROTOCOL.md promises it: a link may break after any message, and nothing is passed over.
        assert len(day.changes) <= 1
    return day


def assert_shows(page: Page, now: Moment) -> None:
    """The client holds exactly what a page loaded now holds, as far as it has loaded."""
    truth = Page().receive(now.snapshot)
    assert not page.lost
    assert page.posts == {id: post for id, post in truth.posts.items() if post[1] >= page.floor}
    assert page.pinned == truth.pinned
    assert page.keys == truth.keys
    assert (page.details, page.status) == (now.details, truth.status)
    assert page.position == truth.position


@settings(deadline=None)
@for_all(DAYS, st.sampled_from([1, 2, 4, 30]), st.integers(0, 8))
def test_at_every_position_the_page_and_what_it_missed_are_the_page_now(
    steps: list[Step], posts: int, cut: int
) -> None:
    """Also if the connection breaks after any message of the answer, and the client returns."""
    day = lived(steps)
    blog, moments = loaded_blog(), []
    for stored in day.stored:
        blog.apply(stored)
        moments.append(look(blog))
    for moment in moments:
        answer = blog.feed.answer(moment.position, "json")
        assert_shows(moment.page(posts).receive(answer), moments[-1])
        broken = moment.page(posts).receive(answer[:1]).receive(answer[1 : 1 + cut])
        assert_shows(broken.receive(blog.feed.answer(broken.position, "json")), moments[-1])


@settings(deadline=None)
@for_all(DAYS, st.sampled_from([1, 3, 30]))
def test_from_every_position_the_live_frames_lead_without_a_gap_to_the_page_now(
    steps: list[Step], posts: int
) -> None:
    day = lived(steps)
    blog, listeners = loaded_blog(), []
    for stored in day.stored:
        blog.apply(stored)
        moment = look(blog)
        listeners.append(Listener(moment.page(posts)).joins(blog.feed, moment.position))
    for listener in listeners:
        assert_shows(listener.page, look(blog))


@settings(deadline=None)
@for_all(DAYS, st.data())
def test_a_reader_that_falls_behind_anywhere_is_caught_up_to_the_page_now(
    steps: list[Step], data: st.DataObject
) -> None:
    day = lived(steps)
    blog, listener = loaded_blog(), Listener()
    for stored in day.stored:
        blog.apply(stored)
        if not blog.feed.readers:
            listener.joins(blog.feed, None)
        if not listener.ready and data.draw(st.booleans(), "writable again"):
            listener.resumes(blog.feed)
        elif listener.ready:
            listener.ready = data.draw(st.booleans(), "takes more")
    listener.resumes(blog.feed)
    assert_shows(listener.page, look(blog))


@for_all(DAYS)
def test_the_timeline_is_what_a_fresh_look_at_the_posts_says(steps: list[Step]) -> None:
    day = lived(steps)
    public = [post for post in day.blog.posts.values() if post.public]
    public.sort(key=lambda post: post.order, reverse=True)
    timeline = day.timeline
    assert list(timeline.walk()) == public
    assert timeline.pins() == [post for post in public if post.pinned]
    assert timeline.key_events() == [post for post in public if post.key]
    assert len(set(timeline.orders)) == len(public)
    assert fold(day.entries) == (day.blog, timeline)


def test_one_missed_frame_is_noticed() -> None:
    """The check of `after` that the properties rest on can fail."""
    day = given(A_BLOG, post("one"), post("two"), post("three"))
    blog, listener = loaded_blog(), Listener()
    for stored in day.stored[:2]:
        blog.apply(stored)
    listener.joins(blog.feed, None)
    listener.loses = True
    blog.apply(day.stored[2])
    listener.loses = False
    blog.apply(day.stored[3])
    assert listener.page.lost


def test_a_page_of_thirty_posts_ends_at_its_last() -> None:
    day = given(A_BLOG, *(post(f"{n:02}") for n in range(40)))
    feed = Feed(day.blog, day.timeline, RENDER)
    page = Page().receive(feed.answer(None, "json"))
    assert page.shown == [f"{n:02}" for n in range(39, 9, -1)]
    day.when(RevisePost("05", title="Old", pinned=True), RevisePost("20", published_at=minute(-9)))
    day.when(post("older", minute(-30)), post("40"))
    page.receive(feed.answer(position(41), "json"))
    assert page.shown == [f"{n:02}" for n in range(40, 9, -1) if n != 20]
    assert list(page.pinned) == ["05"]


def test_an_empty_timeline_answers() -> None:
    timeline = Timeline()
    assert (timeline.newest(), timeline.oldest(), timeline.pins(), timeline.since(START)) == (
        [],
        [],
        [],
        [],
    )
