"""What happened on one blog, told as the commands of another, comes to the same."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from msgspec.structs import asdict, replace

from events.appearance import Restyle
from events.blog import Blog, Post, evolve
from events.commands import (
    ChangeBlog,
    ChangeBlogStatus,
    ChangePostStatus,
    Command,
    DeleteBlog,
    PublishDue,
    RevisePost,
    WritePost,
)
from events.facts import (
    BlogCreated,
    BlogDetailsChanged,
    BlogStatusChanged,
    PostCorrected,
    PostDrafted,
    PostKeyMarked,
    PostPinned,
    PostPublished,
    PostRevised,
)
from events.position import START
from events.retelling import Retelling, Wish, erased
from tests.story import A_BLOG, Story, given, minute, says
from tests.unit.test_timeline import DAYS, Step, lived, post, retract

GAP = "Withdrawn later"
PRIVATE = ("id", "position", "created_by", "changed_by", "order")
"""What is the other blog's own in every copy of a post."""


def nothing(_: str) -> bool:
    return False


def as_it_was(time: datetime) -> datetime:
    return time


def retelling(
    withheld: Callable[[str], bool] = nothing, time: Callable[[datetime], datetime] = as_it_was
) -> Retelling:
    return Retelling("copy", lambda post: f"copy of {post}", time, withheld, GAP)


def wishes(day: Story, how: Retelling) -> list[Wish]:
    before, told = Blog("fair"), []
    for entry in day.entries:
        told += how.wishes(entry, before)
        before = evolve(before, entry)
    return told


def retold(day: Story, how: Retelling | None = None) -> Story:
    """The other blog, after every command."""
    copy = Story("copy")
    for wish in wishes(day, how or retelling()):
        copy.clock = wish.now
        copy.when(wish.command, by="replay")
    return copy


def commands(day: Story) -> list[Command]:
    return [wish.command for wish in wishes(day, retelling())]


def view(each: Post) -> dict[str, Any]:
    shown = {name: value for name, value in asdict(each).items() if name not in PRIVATE}
    return shown | {"place": each.order.partition("-")[0]}


def views(day: Story) -> dict[str, dict[str, Any]]:
    """Every post the desk has, drafts too, in the order they were written."""
    return {id.removeprefix("copy of "): view(each) for id, each in day.blog.posts.items()}


def details(blog: Blog) -> Blog:
    return replace(blog, id="", slug="", position=START, prepared=START, posts={}, epochs=[])


def page(day: Story) -> list[str]:
    return [id.removeprefix("copy of ") for id in day.page]


@for_all(DAYS)
def test_any_day_retold_is_the_same_day(steps: list[Step]) -> None:
    day = lived(steps)
    copy = retold(day)
    assert views(copy) == views(day)
    assert page(copy) == page(day)
    assert [entry.at for entry in copy.entries] == [entry.at for entry in day.entries]
    assert [entry.position.seq for entry in copy.entries] == [*range(1, len(day.entries) + 1)]
    assert details(copy.blog) == details(day.blog)
    assert copy.blog.prepared.seq == day.blog.prepared.seq


@settings(deadline=None)
@for_all(DAYS)
def test_of_what_was_withdrawn_no_word_is_told_and_the_page_is_the_same(
    steps: list[Step],
) -> None:
    day = lived(steps)
    gone = {
        each.id
        for each in day.blog.posts.values()
        if each.status == "retracted" and not each.keep_text
    }
    copy = retold(day, retelling(gone.__contains__))
    assert page(copy) == page(day)
    told, was = views(copy), views(day)
    assert {id: told[id] for id in told if id not in gone} == {
        id: was[id] for id in was if id not in gone
    }
    for entry in copy.entries:
        for event in entry.events:
            if isinstance(event, PostDrafted | PostRevised | PostCorrected):
                said = msgspec.json.encode(event.content).decode()
                assert (GAP in said) == (event.post.removeprefix("copy of ") in gone)


@for_all(DAYS)
def test_told_faster_the_page_is_in_the_same_order(steps: list[Step]) -> None:
    day = lived(steps)
    later = minute(100_000)
    copy = retold(day, retelling(time=lambda time: later + (time - minute(0)) / 10))
    assert page(copy) == page(day)
    lasted = (day.entries[-1].at - day.entries[0].at) / 10
    assert copy.entries[-1].at - copy.entries[0].at == lasted
    assert copy.entries[0].at == later


def test_one_entry_is_one_command() -> None:
    day = given(A_BLOG, ChangeBlogStatus("live"))
    day.when(WritePost("a", "A", says("One."), pinned=True, key=True, published_at=minute(-5)))
    day.when(RevisePost("a", title="B", correction="Not A.", published_at=None, key=False))
    day.when(ChangeBlog(title="Fair", appearance=Restyle(accent="#123456"), past_public=False))
    _, live, written, revised, changed = commands(day)
    assert live == ChangeBlogStatus("live")
    assert written == WritePost(
        "copy of a", "A", says("One."), pinned=True, key=True, published_at=minute(-5)
    )
    assert revised == RevisePost(
        "copy of a",
        title="B",
        body=says("One."),
        author="",
        tags=(),
        lang="",
        correction="Not A.",
        published_at=None,
        key=False,
    )
    assert isinstance(changed, ChangeBlog)
    assert (changed.title, changed.past_public) == ("Fair", False)
    assert changed.appearance.accent == "#123456"


def test_the_other_keeps_its_own_slug_and_goes_on_living() -> None:
    day = given(A_BLOG, ChangeBlog(slug="the-fair"), post("one"))
    day.when(DeleteBlog())
    copy = retold(day)
    assert (copy.blog.slug, copy.blog.deleted, page(copy)) == ("copy", False, ["one"])


def test_a_scheduled_post_goes_out_when_it_did() -> None:
    day = given(A_BLOG, WritePost("a", "A", status="scheduled", publish_at=minute(2.5)))
    day.passes(1).when(PublishDue("a", minute(2.5)))
    assert commands(day)[-1] == PublishDue("copy of a", minute(2.5))
    assert views(retold(day)) == views(day)


def test_a_schedule_of_a_writer_whose_clock_was_behind_is_no_nonsense() -> None:
    day = given(A_BLOG, WritePost("a", "A", status="draft"))
    day.clock = minute(0.5)
    day.when(ChangePostStatus("a", "scheduled", publish_at=minute(0.75)))
    day.entries[-1] = replace(day.entries[-1], at=minute(1))
    assert retold(day).blog.posts["copy of a"].publish_at == minute(0.75)


def test_a_draft_that_went_out_under_another_time_shows_that_time() -> None:
    day = given(A_BLOG, WritePost("a", "A", status="draft"))
    day.happens(PostPublished("a", minute(-30)))
    assert retold(day).post("copy of a").published_at == minute(-30)


def test_an_entry_that_no_one_command_makes_is_told_as_several() -> None:
    day = given(A_BLOG)
    day.happens(PostDrafted("a"), PostPinned("a"), PostDrafted("b"), PostKeyMarked("b"))
    assert [type(each).__name__ for each in commands(day)[1:]] == ["WritePost", "WritePost"]


@pytest.mark.parametrize("gone", ["text", "note"])
def test_what_was_erased_is_said_to_be_and_leaves_a_gap(gone: str) -> None:
    day = given(A_BLOG, post("one"), RevisePost("one", title="1", correction="Not one."))
    kept = day.entries[-1]
    event = kept.events[0 if gone == "text" else 1]
    assert not erased(kept)
    event.content = None
    assert erased(kept)
    copy = retold(day).post("copy of one")
    assert (copy.title, copy.correction) == ((GAP, "Not one.") if gone == "text" else ("1", GAP))


def test_a_blog_whose_details_were_erased_has_a_gap_for_a_title() -> None:
    day = Story().happens(BlogCreated("fair", "en", "UTC", "public"), BlogStatusChanged("live"))
    day.happens(BlogDetailsChanged("nl", "UTC"))
    copy = retold(day).blog
    assert (copy.title, copy.language, copy.status) == (GAP, "nl", "live")


def test_a_withdrawal_keeps_its_reason() -> None:
    day = given(A_BLOG, post("one"), ChangePostStatus("one", "retracted", note="Wrong place."))
    copy = retold(day, retelling(lambda _: True)).post("copy of one")
    assert (copy.title, copy.reason, copy.status) == (GAP, "Wrong place.", "retracted")


def test_times_between_entries_are_kept() -> None:
    day = given(A_BLOG, post("one")).passes(60)
    day.when(retract("one"))
    first, *_, last = retold(day).entries
    assert last.at - first.at == timedelta(minutes=62)
