"""What the state of a blog and its posts is after which facts; the desk and the history of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from events import desk
from events.appearance import Appearance, Logo, Restyle
from events.blog import Blog, Post, evolve, place_of
from events.commands import (
    ChangeBlog,
    ChangeBlogStatus,
    ChangePostStatus,
    Command,
    DeleteBlog,
    MarkKey,
    PinPost,
    PublishDue,
    RevisePost,
    WritePost,
)
from events.document import Image, ImageAttrs
from events.entry import Stored, load
from events.facts import (
    BlogCreated,
    BlogDetailsChanged,
    Event,
    PostCorrected,
    PostDrafted,
    PostKeyCleared,
    PostKeyMarked,
    PostPinned,
    PostPublished,
    PostRestored,
    PostRetracted,
    PostReturned,
    PostRevised,
    PostScheduled,
    PostSubmitted,
    PostTimeSet,
    PostUnpinned,
)
from events.history import versions
from events.position import START, Position
from events.timeline import BLOG, Timeline
from tests.story import A_BLOG, EPOCH, NOON, Story, fold, given, minute, position, says
from tests.unit.test_timeline import DAYS, Step, lived

A_POST = WritePost("gate", title="The gate opens", body=says("Come in."), author="Ann")
A_DRAFT = WritePost("gate", title="The gate opens", status="draft")
LATER = minute(600)


def becomes(status: str, **details: object) -> ChangePostStatus:
    return ChangePostStatus("gate", status, **details)  # type: ignore[arg-type]


# --- the blog ----------------------------------------------------------------------------------


def test_a_blog_begins() -> None:
    blog = given(A_BLOG).blog
    assert (blog.slug, blog.title, blog.status, blog.visibility) == (
        "fair",
        "The summer fair",
        "upcoming",
        "draft",
    )
    assert (blog.position, blog.at, blog.created_at) == (position(1), NOON, NOON)
    assert blog.exists
    assert not Blog("fair").exists


def test_a_blog_is_what_its_last_changes_say() -> None:
    blog = given(
        A_BLOG,
        ChangeBlog(title="The fair", standfirst="All day", language="de", time_zone="Europe/Rome"),
        ChangeBlog(slug="the-fair"),
        ChangeBlogStatus("live"),
        ChangeBlogStatus("paused"),
    ).blog
    assert (blog.title, blog.standfirst, blog.language, blog.time_zone) == (
        "The fair",
        "All day",
        "de",
        "Europe/Rome",
    )
    assert (blog.slug, blog.status, blog.visibility) == ("the-fair", "paused", "public")
    assert not blog.show_viewers


def test_a_blog_shows_its_viewers_for_as_long_as_it_says_so() -> None:
    day = given(A_BLOG, ChangeBlog(show_viewers=True), ChangeBlog(title="The fair"))
    assert day.blog.show_viewers
    assert not day.when(ChangeBlog(show_viewers=False)).blog.show_viewers


def test_the_past_of_a_blog_is_open_to_all_until_it_says_otherwise() -> None:
    day = given(A_BLOG)
    assert day.blog.past_public
    assert not day.when(ChangeBlog(past_public=False)).blog.past_public
    assert [change.id for change in day.changes] == [BLOG]
    assert day.when(ChangeBlog(past_public=True)).blog.past_public


@settings(deadline=None, max_examples=30)
@for_all(DAYS)
def test_readers_come_in_at_the_last_public_position_of_the_draft(steps: list[Step]) -> None:
    blog, timeline, prepared = Blog("fair"), Timeline(), START
    for entry in lived(steps).entries:
        blog = evolve(blog, entry)
        timeline.apply(blog, entry)
        if blog.visibility == "draft":
            prepared = timeline.position
            assert blog.opened == START
        else:
            assert blog.opened == prepared


def test_a_blog_looks_as_it_last_said() -> None:
    day = given(A_BLOG, ChangeBlog(appearance=Restyle(accent="#0a7d55")), ChangeBlog(title="Fair"))
    assert day.blog.appearance == Appearance(accent="#0a7d55")
    assert [change.id for change in day.changes] == [BLOG]
    assert day.when(ChangeBlog(appearance=Restyle(accent=""))).blog.appearance == Appearance()


def test_a_logo_is_shown_although_the_post_that_had_it_was_withdrawn() -> None:
    body = (Image(ImageAttrs("5f" * 32, ext="png", alt="A bell")),)
    day = given(A_BLOG, WritePost("bell", body=body), ChangePostStatus("bell", "retracted"))
    assert desk.withdrawn_pictures(day.blog) == ({"5f" * 32}, set())
    day.when(ChangeBlog(appearance=Restyle(logo=Logo("5f" * 32, "png", 40, 30))))
    assert desk.withdrawn_pictures(day.blog) == (set(), {"5f" * 32})


def test_a_withdrawn_post_takes_along_what_it_showed_in_any_version() -> None:
    first, second = (Image(ImageAttrs(each * 64, ext="png", alt="A bell")) for each in "ab")
    day = given(A_BLOG, WritePost("bell", body=(first,)), RevisePost("bell", body=(second,)))
    assert desk.withdrawn_pictures(day.blog) == (set(), {"a" * 64, "b" * 64})
    day.when(ChangePostStatus("bell", "retracted"))
    assert desk.withdrawn_pictures(day.blog) == ({"a" * 64, "b" * 64}, set())
    day.when(WritePost("other", body=(first,)), RevisePost("other", body=says("It rang.")))
    assert desk.withdrawn_pictures(day.blog) == ({"b" * 64}, {"a" * 64})


def test_a_deleted_blog_is_no_more_and_its_log_is() -> None:
    blog = given(A_BLOG, A_POST, DeleteBlog()).blog
    assert (blog.deleted, blog.exists, blog.position) == (True, False, position(3))
    assert list(blog.posts) == ["gate"]


# --- posts -------------------------------------------------------------------------------------


def test_a_published_post_says_who_what_and_when() -> None:
    post = given(A_BLOG, WritePost("gate", title="T", tags=("a",), lang="fr", key=True)).post(
        "gate"
    )
    assert post == Post(
        id="gate",
        created_by="ann",
        created_at=minute(1),
        version=1,
        position=position(2),
        changed_by="ann",
        changed_at=minute(1),
        status="published",
        title="T",
        tags=("a",),
        lang="fr",
        key=True,
        order=f"{int(minute(1).timestamp() * 1000):012x}-0000000002",
        published_at=minute(1),
        first_published_at=minute(1),
    )


def test_a_version_is_an_entry_whatever_happened_in_it() -> None:
    day = given(A_BLOG, A_POST, PinPost("gate", True), ChangeBlog(title="The fair"))
    day.when(RevisePost("gate", title="Open", correction="It is.", key=True), by="bea")
    post = day.post("gate")
    assert (post.version, post.position, post.changed_by, post.changed_at) == (
        3,
        position(5),
        "bea",
        minute(4),
    )
    assert (post.created_by, post.created_at) == ("ann", minute(1))


def test_a_draft_has_no_place_until_it_is_published() -> None:
    day = given(A_BLOG, A_DRAFT, RevisePost("gate", title="Open"))
    post = day.post("gate")
    assert (post.order, post.published_at, post.first_published_at, post.edited_at) == (
        "",
        None,
        None,
        None,
    )
    day.when(becomes("published"))
    assert day.post("gate").first_published_at == minute(3)
    assert day.post("gate").edited_at is None


def test_only_a_revision_of_what_is_public_is_an_edit() -> None:
    day = given(A_BLOG, A_POST, PinPost("gate", True), MarkKey("gate", True))
    day.when(RevisePost("gate", published_at=None))
    assert day.post("gate").edited_at is None
    day.when(RevisePost("gate", title="Open"))
    assert day.post("gate").edited_at == minute(5)


def test_the_last_correction_stands() -> None:
    day = given(A_BLOG, A_POST, RevisePost("gate", title="Open", correction="Wrong word."))
    day.when(RevisePost("gate", title="Opened"))
    assert day.post("gate").correction == "Wrong word."
    day.when(RevisePost("gate", correction="Wrong again."))
    assert day.post("gate").correction == "Wrong again."


def test_a_retraction_takes_the_pin_and_keeps_the_place_and_the_key() -> None:
    day = given(A_BLOG, A_POST, PinPost("gate", True), MarkKey("gate", True))
    order = day.post("gate").order
    day.when(becomes("retracted", note="It was closed.", keep_text=True))
    post = day.post("gate")
    assert (post.status, post.reason, post.keep_text, post.pinned, post.key, post.order) == (
        "retracted",
        "It was closed.",
        True,
        False,
        True,
        order,
    )
    day.when(becomes("published"))
    post = day.post("gate")
    assert (post.status, post.pinned, post.key, post.order) == ("published", False, True, order)
    assert (post.published_at, post.first_published_at) == (minute(1), minute(1))


ASIDE: dict[str, tuple[Command, ...]] = {
    "scheduled": (A_DRAFT, becomes("scheduled", publish_at=LATER)),
    "retracted": (A_DRAFT, becomes("retracted", note="No news.", keep_text=True)),
    "withdrawn": (A_POST, becomes("retracted", note="Not so.", keep_text=True)),
}


@pytest.mark.parametrize(
    ("aside", "wanted"),
    [
        ("scheduled", "draft"),
        ("scheduled", "submitted"),
        ("scheduled", "published"),
        ("scheduled", "retracted"),
        ("retracted", "draft"),
        ("retracted", "published"),
        ("withdrawn", "published"),
    ],
)
def test_what_belongs_to_a_status_goes_with_it(aside: str, wanted: str) -> None:
    post = given(A_BLOG, *ASIDE[aside], becomes(wanted)).post("gate")
    assert (post.status, post.publish_at, post.reason, post.keep_text) == (wanted, None, "", False)


def test_a_scheduled_post_waits_for_the_last_time_it_was_given() -> None:
    day = given(A_BLOG, A_DRAFT, becomes("scheduled", publish_at=LATER))
    day.when(becomes("scheduled", publish_at=minute(700)))
    assert day.post("gate").publish_at == minute(700)


def test_a_post_that_was_given_out_never_changes() -> None:
    day = given(A_BLOG, A_POST)
    given_out = day.post("gate")
    day.when(RevisePost("gate", title="Open", pinned=True), becomes("retracted"))
    assert (given_out.title, given_out.pinned, given_out.status) == (
        "The gate opens",
        False,
        "published",
    )
    assert given_out is not day.post("gate")


@for_all(st.integers(0, 4_102_444_800_000), st.integers(0, 999))
def test_a_place_is_its_time_to_the_millisecond(milliseconds: int, beyond: int) -> None:
    time = datetime(1970, 1, 1, tzinfo=UTC)
    time += timedelta(milliseconds=milliseconds, microseconds=beyond)
    assert place_of(time) == f"{milliseconds:012x}"


def test_a_time_before_1970_has_a_place_too() -> None:
    assert place_of(datetime(1912, 6, 23, tzinfo=UTC)) == "0" * 12


# --- any log can be folded ---------------------------------------------------------------------


def test_an_erased_content_leaves_its_place_empty() -> None:
    day = given(A_BLOG, A_POST, RevisePost("gate", title="Open", correction="Wrong word."))
    erased = []
    for stored in day.stored:
        content = json.loads(stored.content)
        content["contents"] = [None] * len(content["contents"])
        erased.append(load(Stored(stored.position, stored.head, json.dumps(content).encode())))
    blog, _ = fold(erased)
    post = blog.posts["gate"]
    assert (blog.title, post.title, post.body, post.correction) == ("", "", (), "")
    assert (post.status, post.version, post.order) == ("published", 2, day.post("gate").order)


EVENTS: list[Event] = [
    PostDrafted("x"),
    PostSubmitted("x"),
    PostReturned("x"),
    PostScheduled("x", LATER),
    PostPublished("x", None),
    PostRevised("x"),
    PostCorrected("x"),
    PostRetracted("x"),
    PostRestored("x"),
    PostPinned("x"),
    PostUnpinned("x"),
    PostKeyMarked("x"),
    PostKeyCleared("x"),
    PostTimeSet("x", LATER),
    BlogDetailsChanged("en", "UTC"),
    BlogCreated("x", "en", "UTC", "draft"),
]


@for_all(st.lists(st.lists(st.sampled_from(EVENTS), min_size=1, max_size=3), max_size=8))
def test_any_facts_in_any_order_can_be_folded(entries: list[list[Event]]) -> None:
    day = Story()
    for events in entries:
        day.happens(*events)
    assert day.blog.position.seq == len(entries)


def test_two_folds_of_one_log_are_equal() -> None:
    day = given(A_BLOG, A_POST, PinPost("gate", True), becomes("retracted"))
    assert fold(day.entries) == fold(load(stored) for stored in day.stored)
    assert fold(day.entries) == (day.blog, day.timeline)


# --- cursors -----------------------------------------------------------------------------------


def test_a_log_holds_its_own_positions_and_no_others() -> None:
    day = given(A_BLOG, A_POST, PinPost("gate", True)).moves()
    day.when(PinPost("gate", False), MarkKey("gate", True)).moves().moves()
    day.when(MarkKey("gate", False))
    held = [entry.position for entry in day.entries]
    assert held == [
        Position(EPOCH + n, seq) for n, seq in zip((0, 0, 0, 1, 1, 3), range(1, 7), strict=True)
    ]
    around = {
        Position(epoch, seq) for epoch in (0, 1, *range(EPOCH - 1, EPOCH + 5)) for seq in range(9)
    }
    assert sorted(each for each in around if day.blog.holds(each)) == [START, *held]


def test_a_blog_in_which_nothing_happened_holds_its_start_alone() -> None:
    assert Blog("fair").holds(START)
    assert not Blog("fair").holds(position(1))


# --- desk and history --------------------------------------------------------------------------


def a_desk() -> Story:
    day = given(A_BLOG).when(WritePost("ann's", title="T", status="draft"))
    day.when(WritePost("bea's", title="T", status="draft"), by="bea")
    day.when(WritePost("seen", title="T"), by="bea")
    day.when(WritePost("gone", title="T"), ChangePostStatus("gone", "retracted"))
    return day.when(RevisePost("ann's", title="U"))


def test_the_desk_has_every_post_the_latest_changed_first() -> None:
    blog = a_desk().blog
    assert [post.id for post in desk.posts(blog)] == ["ann's", "gone", "seen", "bea's"]
    assert [post.id for post in desk.posts(blog, status="draft")] == ["ann's", "bea's"]


def test_a_contributor_has_what_he_wrote_and_what_is_public() -> None:
    blog = a_desk().blog
    assert [post.id for post in desk.posts(blog, own="bea")] == ["seen", "bea's"]
    assert [post.id for post in desk.posts(blog, own="ann")] == ["ann's", "gone", "seen"]
    assert [post.id for post in desk.posts(blog, own="ann", status="draft")] == ["ann's"]


def test_due_posts_come_in_the_order_of_their_times() -> None:
    day = given(A_BLOG)
    for name, at in (("late", 90), ("soon", 60), ("sent", 61), ("never", 62)):
        day.when(WritePost(name, title="T", status="scheduled", publish_at=minute(at)))
    day.when(PublishDue("sent", minute(61)), ChangePostStatus("never", "draft"))
    assert [(at, post.id) for at, post in desk.scheduled(day.blog)] == [
        (minute(60), "soon"),
        (minute(90), "late"),
    ]
    assert desk.due(day.blog, minute(59.9)) == []
    assert [post.id for post in desk.due(day.blog, minute(60))] == ["soon"]
    assert [post.id for post in desk.due(day.blog, minute(99))] == ["soon", "late"]


def test_the_history_has_every_version_and_what_made_it() -> None:
    day = given(A_BLOG, A_POST, WritePost("other", title="T"), ChangeBlog(title="The fair"))
    day.when(RevisePost("gate", title="Open", correction="Wrong word."), becomes("retracted"))
    told = versions("fair", day.entries, "gate")
    assert [(each.post.version, each.post.title, each.events) for each in told] == [
        (1, "The gate opens", ("PostDrafted", "PostPublished")),
        (2, "Open", ("PostRevised", "PostCorrected")),
        (3, "Open", ("PostRetracted",)),
    ]
    assert [each.post.status for each in told] == ["published", "published", "retracted"]
    assert versions("fair", day.entries, "none") == []


# --- old logs ----------------------------------------------------------------------------------


def test_the_golden_corpus_folds() -> None:
    blog, timeline = Blog("fair"), Timeline()
    folder = Path(__file__).parents[1] / "corpus" / "entries"
    for file in sorted(folder.glob("*.json"), key=lambda file: file.stem.partition("-")[2]):
        golden = json.loads(file.read_text("utf-8"))
        head, content = golden["head"].encode(), golden["content"].encode()
        entry = load(Stored(Position.parse(golden["position"]), head, content))
        blog = evolve(blog, entry)
        timeline.apply(blog, entry)
    assert (blog.title, blog.slug, blog.deleted) == ("Das Fest", "fest", True)
    assert blog.show_viewers
    assert not blog.past_public
    assert {post.id: (post.title, post.author, post.status) for post in blog.posts.values()} == {
        "p1": ("Open all day", "", "published"),
        "p2": ("Bientôt", "", "published"),
        "p3": ("All at once", "Ann Field", "retracted"),
        "p4": ("", "", "published"),
        "p-9": ("Der Umzug", "", "draft"),
    }
    assert blog.summary == ()
    assert [post.id for post in timeline.walk()] == ["p4", "p2", "p1"]
    assert [post.id for post in timeline.pins()] == ["p1"]
