"""The record: every published change once, in its words, and nothing that may not be told."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.blog import Blog
from events.commands import (
    ChangeBlog,
    ChangeBlogStatus,
    ChangePostStatus,
    MarkKey,
    PinPost,
    RevisePost,
    WritePost,
)
from events.document import Bold, Image, ImageAttrs, Paragraph, Text
from events.facts import PostContent, PostRevised
from events.record import Deed, Part, recorded
from events.timeline import BLOG, Timeline
from server.past.as_it_was import Past
from server.past.course import Courses
from server.past.record import Page, Records
from server.storage.memory_log import MemoryLog
from server.tail import Loaded
from tests.story import A_BLOG, AN_OPEN_BLOG, Story, given, minute, position, says
from tests.unit.test_timeline import DAYS, Step, lived, loaded_blog

GATE = WritePost("gate", title="The gate", body=says("It opens at nine."), author="Ann")


def record(day: Story) -> list[Deed]:
    """All of it, oldest first, as it may be told at the end of the day."""
    blog, timeline, told = Blog("fair"), Timeline(), []
    for entry in day.entries:
        blog, deeds = recorded(blog, timeline, entry, day.blog)
        told += deeds
    return told


def parts(deed: Deed) -> dict[str, tuple[str, str]]:
    return {part.name: (part.before, part.after) for part in deed.parts}


# --- what is told ------------------------------------------------------------------------------


def test_a_publication_is_told_with_all_it_says() -> None:
    *_, deed = record(given(A_BLOG, GATE))
    assert (deed.post, deed.kinds, deed.title, deed.at) == (
        "gate",
        ("published",),
        "The gate",
        minute(1),
    )
    assert parts(deed) == {
        "title": ("", "The gate"),
        "body": ("", "It opens at nine."),
        "author": ("", "Ann"),
    }


def test_of_an_edit_what_changed_is_told_and_of_a_correction_its_note() -> None:
    day = given(A_BLOG, GATE, RevisePost("gate", body=says("It opens at ten.")))
    day.when(RevisePost("gate", title="The east gate", correction="It is the east gate."))
    *_, edit, correction = record(day)
    assert (edit.kinds, edit.note) == (("edited",), "")
    assert parts(edit) == {"body": ("It opens at nine.", "It opens at ten.")}
    assert (correction.kinds, correction.note) == (("corrected",), "It is the east gate.")
    assert parts(correction) == {"title": ("The gate", "The east gate")}


def test_a_note_is_told_with_its_correction_alone() -> None:
    day = given(A_BLOG, GATE, RevisePost("gate", title="Gate", correction="Shorter."))
    day.when(RevisePost("gate", title="The gate"), PinPost("gate", pinned=True))
    assert [deed.note for deed in record(day)] == ["", "", "Shorter.", "", ""]


def test_pins_key_marks_times_and_the_blogs_own_turns_are_told() -> None:
    day = given(AN_OPEN_BLOG, replace(GATE, pinned=True, key=True))
    day.when(
        MarkKey("gate", key=False),
        RevisePost("gate", published_at=minute(-5)),
        ChangeBlogStatus("live"),
        ChangeBlog(title="The fair", standfirst="All day.", slug="the-fair"),
    )
    opened, first, unkeyed, timed, live, described = record(day)
    assert parts(opened)["title"] == ("", "The summer fair")
    assert first.kinds == ("published", "pinned", "key")
    assert (unkeyed.kinds, unkeyed.parts) == (("unkeyed",), ())
    assert (timed.kinds, timed.times) == (("timed",), (minute(1), minute(-5)))
    assert (live.post, live.kinds) == (BLOG, ("live",))
    assert described.kinds == ("described", "moved")
    assert described.parts == (
        Part("title", "The summer fair", "The fair"),
        Part("standfirst", "", "All day."),
        Part("address", "fair", "the-fair"),
    )


def test_where_only_the_looks_of_the_words_changed_that_is_said() -> None:
    bold = (Paragraph((Text("It opens at nine.", (Bold(),)),)),)
    *_, deed = record(given(A_BLOG, GATE, RevisePost("gate", body=bold)))
    assert (deed.formatted, deed.parts) == (True, ())


def test_a_picture_is_told_by_what_it_shows() -> None:
    shown = (Image(ImageAttrs("a" * 64, alt="A tent", ext="png", width=9, height=9)),)
    *_, deed = record(given(A_BLOG, GATE, RevisePost("gate", body=(*GATE.body, *shown))))
    assert (parts(deed), deed.formatted) == ({"pictures": ("", "A tent")}, False)


# --- what is not -------------------------------------------------------------------------------


def test_of_a_draft_that_was_opened_only_what_was_done_is_told() -> None:
    day = given(A_BLOG, GATE, RevisePost("gate", title="Gate", correction="Not the gate."))
    assert [deed.words for deed in record(day)] == ["shown"] * 3  # for its editors alone
    day.when(ChangeBlog(title="The fair"), ChangeBlogStatus("live"))
    *prepared, live = record(day)
    assert [deed.kinds for deed in prepared] == [
        ("opened",),
        ("published",),
        ("corrected",),
        ("described",),
    ]
    assert {(deed.words, deed.title, deed.parts, deed.note) for deed in prepared} == {
        ("unopened", "", (), "")
    }
    assert (live.kinds, live.words) == (("live",), "shown")
    day.when(RevisePost("gate", title="The east gate"))
    *_, edit = record(day)
    assert parts(edit) == {"title": ("Gate", "The east gate")}


def test_what_was_not_public_is_not_in_it() -> None:
    day = given(A_BLOG, replace(GATE, status="draft"), RevisePost("gate", title="Secret draft"))
    day.when(ChangePostStatus("gate", "submitted"), RevisePost("gate", title="The gate"))
    day.when(ChangeBlog(visibility="unlisted"))
    assert [deed.kinds for deed in record(day)] == [("opened",)]
    day.when(ChangePostStatus("gate", "published"))
    *_, deed = record(day)
    assert (deed.kinds, parts(deed)["title"]) == (("published",), ("", "The gate"))


def test_of_a_withdrawn_post_no_version_has_its_words() -> None:
    day = given(A_BLOG, GATE, RevisePost("gate", title="East", correction="It is east."))
    day.when(ChangePostStatus("gate", "retracted", note="We were wrong."))
    deeds = record(day)[1:]
    assert [deed.kinds for deed in deeds] == [("published",), ("corrected",), ("withdrawn",)]
    for deed in deeds:
        assert (deed.words, deed.title, deed.note, deed.parts) == ("withheld", "", "", ())


def test_its_words_stay_where_the_editor_let_them_and_come_back_with_it() -> None:
    day = given(A_BLOG, GATE, ChangePostStatus("gate", "retracted", keep_text=True, note="Wrong."))
    _, first, withdrawn = record(day)
    assert (first.words, parts(first)["title"]) == ("shown", ("", "The gate"))
    assert (withdrawn.title, withdrawn.parts, withdrawn.note) == ("The gate", (), "")
    day.when(ChangePostStatus("gate", "published"), ChangePostStatus("gate", "retracted"))
    assert {deed.words for deed in record(day)[1:]} == {"withheld"}
    day.when(ChangePostStatus("gate", "published"))
    assert [deed.words for deed in record(day)[1:]] == ["shown"] * 5


def test_an_erased_text_is_told_as_erased_in_every_comparison_that_needs_it() -> None:
    day = given(A_BLOG, GATE)
    day.happens(PostRevised("gate", content=None))
    day.happens(PostRevised("gate", content=PostContent("Gate", says("At ten."))))
    day.when(RevisePost("gate", title="The gate"))
    told = [(deed.words, deed.title, len(deed.parts)) for deed in record(day)[1:]]
    assert told == [
        ("shown", "The gate", 3),
        ("erased", "", 0),
        ("erased", "", 0),
        ("shown", "The gate", 1),
    ]


@for_all(DAYS)
def test_the_record_of_any_history_is_every_public_change_once_and_tells_no_withheld_word(
    steps: list[Step],
) -> None:
    day = lived(steps)
    timeline, blog = Timeline(), Blog("fair")
    for entry in day.entries:
        blog, _ = recorded(blog, timeline, entry, day.blog)
    changes = [(deed.position, deed.post) for deed in record(day)]
    assert (blog.posts, timeline) == (day.blog.posts, day.timeline)
    assert {change.id: change.position for change in day.timeline.changes.values()} == {
        post: place for place, post in changes
    }
    assert len(set(changes)) == len(changes)
    for deed in record(day):
        assert deed.kinds
        now = day.blog.posts.get(deed.post)
        if now and now.status == "retracted" and not now.keep_text:
            assert (deed.title, deed.parts, deed.note) == ("", (), "")


# --- its pages ---------------------------------------------------------------------------------


async def pages(records: Records, loaded: Loaded, **asked: Any) -> list[Page]:
    """Every page, from the first one on."""
    found = [await records.page(loaded, 3, **asked)]
    while (on := found[-1].on) is not None:
        found.append(await records.page(loaded, 3, begin=on, **asked))
    return found


def positions(found: Iterable[Page]) -> list[tuple[int, int]]:
    return [each.deed.position for page in found for each in page.entries]


async def kept(day: Story) -> tuple[Records, Loaded]:
    log, loaded = MemoryLog(), loaded_blog()
    await log.restore("fair", day.stored, day.epoch)
    for stored in day.stored:
        loaded.apply(stored)
    past = Past(log)
    return Records(log, past, Courses(log, past)), loaded


@settings(deadline=None, max_examples=40)
@for_all(DAYS, st.booleans())
async def test_the_pages_of_any_record_are_all_of_it_in_either_order(
    steps: list[Step], newest: bool
) -> None:
    day = lived(steps)
    records, loaded = await kept(day)
    digests = {stored.position: stored.digest for stored in day.stored}
    whole = record(day)[::-1] if newest else record(day)
    found = await pages(records, loaded, newest=newest)
    assert [each.deed for page in found for each in page.entries] == whole
    assert all(digests[each.deed.position] == each.digest for p in found for each in p.entries)
    for id in day.timeline.posts:
        single = await pages(records, loaded, newest=newest, post=id)
        told = [each.deed for page in single for each in page.entries]
        assert told == [deed for deed in whole if deed.post == id]


@pytest.mark.parametrize("newest", [True, False])
async def test_the_way_back_leads_over_the_same_pages(newest: bool) -> None:
    day = given(A_BLOG, *(WritePost(f"p{n}", title=f"Post {n}") for n in range(9)))
    records, loaded = await kept(day)
    found = await pages(records, loaded, newest=newest)
    assert [page.first for page in found] == [True, False, False, False]
    back = [page.back for page in found]
    assert back[:2] == [None, None]  # from the second page to the one that needs no position
    assert back[2:] == [page.entries[0].deed.position for page in found[1:3]]
    again = await records.page(loaded, 3, begin=back[2], newest=newest)
    assert again == found[1]


async def test_a_page_of_long_texts_ends_early_and_the_next_goes_on() -> None:
    day = given(A_BLOG, *(WritePost(f"p{n}", title="x" * 600_000) for n in range(3)))
    records, loaded = await kept(day)
    for newest in (True, False):
        found = await pages(records, loaded, newest=newest)
        assert sorted(positions(found)) == [position(n) for n in range(1, 5)]
        assert max(len(page.entries) for page in found) <= 2


async def test_a_post_that_was_never_public_has_no_record() -> None:
    day = given(A_BLOG, replace(GATE, status="draft"))
    records, loaded = await kept(day)
    assert (await records.page(loaded, 3, post="gate")).entries == []


async def test_the_history_of_a_post_has_its_drafts_and_what_changed_in_each() -> None:
    day = given(A_BLOG, replace(GATE, status="draft")).when(
        RevisePost("gate", title="Gate"), by="bo"
    )
    day.when(ChangePostStatus("gate", "published"), WritePost("other", title="Other"))
    records, loaded = await kept(day)
    told = await records.history(loaded, "gate")
    assert [(each.version.post.changed_by, each.version.events) for each in told] == [
        ("ann", ("PostDrafted",)),
        ("bo", ("PostRevised",)),
        ("ann", ("PostPublished",)),
    ]
    assert [{part.name for part in each.version.parts} for each in told] == [
        {"title", "body", "author"},
        {"title"},
        set(),
    ]
    assert [each.digest for each in told] == [stored.digest for stored in day.stored[1:4]]
    assert await records.history(loaded, "none") == []
