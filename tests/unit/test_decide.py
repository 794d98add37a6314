"""Which wish may happen when, as which facts, and what a refusal says."""

import pytest
from msgspec.structs import replace

from events.appearance import Appearance, Logo, Restyle, Translation, check
from events.blog import PostStatus
from events.commands import (
    CannotFollow,
    ChangeBlog,
    ChangeBlogStatus,
    ChangePostStatus,
    Command,
    DeleteBlog,
    MarkKey,
    Nonsense,
    NoSuchPost,
    PinPost,
    PublishDue,
    RevisePost,
    Stale,
    WritePost,
)
from events.document import Paragraph, Text
from events.facts import (
    BlogAppearanceChanged,
    BlogCreated,
    BlogDeleted,
    BlogDetails,
    BlogDetailsChanged,
    BlogPastClosed,
    BlogPastOpened,
    BlogSlugChanged,
    BlogStatus,
    BlogStatusChanged,
    BlogSummarised,
    BlogSummary,
    BlogVisibilityChanged,
    Event,
    Note,
    PostContent,
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
from tests.story import A_BLOG, NOON, Story, given, minute, says

A_POST = WritePost("gate", title="The gate opens", body=says("Mind the step."), author="Ann")
A_DRAFT = WritePost("gate", title="The gate opens", status="draft")
SAID = PostContent("The gate opens", says("Mind the step."), "Ann")


def becomes(status: str, **details: object) -> ChangePostStatus:
    return ChangePostStatus("gate", status, **details)  # type: ignore[arg-type]


# --- the blog ----------------------------------------------------------------------------------


def test_a_blog_is_created() -> None:
    given(A_BLOG).then(
        BlogCreated("fair", "en", "UTC", "draft", content=BlogDetails("The summer fair", ""))
    )


def test_a_blog_is_created_once() -> None:
    given(A_BLOG).refuses(A_BLOG, CannotFollow, "the blog is there already")
    given(A_BLOG, DeleteBlog()).refuses(A_BLOG, CannotFollow, "the blog is there already")


@pytest.mark.parametrize(
    "command",
    [ChangeBlog(title="x"), ChangeBlogStatus("live"), DeleteBlog(), A_POST, PinPost("gate", True)],
    ids=lambda command: type(command).__name__,
)
def test_nothing_happens_to_a_blog_that_is_not_there(command: Command) -> None:
    Story().refuses(command, CannotFollow, "the blog is not there")
    if not isinstance(command, DeleteBlog):
        given(A_BLOG, DeleteBlog()).refuses(command, CannotFollow, "the blog is deleted")


def test_a_blog_is_deleted_and_once_is_enough() -> None:
    given(A_BLOG).when(DeleteBlog()).then(BlogDeleted()).when(DeleteBlog()).then()


def test_an_appearance_changes_by_its_parts_and_what_is_left_out_stays() -> None:
    english = Translation("en", "https://example.org/en")
    given(A_BLOG).when(ChangeBlog(appearance=Restyle(accent="#0a7d55"))).then(
        BlogAppearanceChanged(Appearance(accent="#0a7d55"))
    ).when(ChangeBlog(title="The fair", appearance=Restyle(translations=(english,)))).then(
        BlogDetailsChanged("en", "UTC", content=BlogDetails("The fair", "")),
        BlogAppearanceChanged(Appearance(accent="#0a7d55", translations=(english,))),
    ).when(ChangeBlog(appearance=Restyle(accent="#0a7d55", translations=(english,)))).then()


def test_a_blog_may_begin_with_an_appearance() -> None:
    looks = Restyle(accent="#0a7d55", embed_hosts=("https://example.org",))
    given(replace(A_BLOG, appearance=looks)).then(
        BlogCreated("fair", "en", "UTC", "draft", content=BlogDetails("The summer fair", "")),
        BlogAppearanceChanged(looks.of(Appearance())),
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (Restyle(accent="red"), "$.appearance.accent"),
        (Restyle(accent="#0A7D55"), "$.appearance.accent"),
        (Restyle(accent="#0a7d5"), "$.appearance.accent"),
        (Restyle(imprint="javascript:alert(1)"), "$.appearance.imprint"),
        (Restyle(privacy="/privacy"), "$.appearance.privacy"),
        (Restyle(accessibility="https://a@b.example"), "$.appearance.accessibility"),
        (
            Restyle(translations=(Translation("e", "https://example.org"),)),
            "$.appearance.translations[0].language",
        ),
        (
            Restyle(translations=(Translation("en", "ftp://example.org"),)),
            "$.appearance.translations[0].url",
        ),
        (
            Restyle(translations=(Translation("en", "https://a.example"),) * 2),
            "$.appearance.translations[1].language",
        ),
        (
            Restyle(
                translations=tuple(Translation(f"a{n:03}", "https://a.example") for n in range(21))
            ),
            "$.appearance.translations",
        ),
        (Restyle(embed_hosts=("example.org",)), "$.appearance.embed_hosts[0]"),
        (Restyle(embed_hosts=("*", "https://a.example/")), "$.appearance.embed_hosts[1]"),
        (Restyle(embed_hosts=("https://*",)), "$.appearance.embed_hosts[0]"),
        (Restyle(embed_hosts=("https://a.*.example",)), "$.appearance.embed_hosts[0]"),
        (
            Restyle(embed_hosts=("https://a.example; script-src *",)),
            "$.appearance.embed_hosts[0]",
        ),
        (Restyle(embed_hosts=("https://a.example 'none'",)), "$.appearance.embed_hosts[0]"),
        (
            Restyle(embed_hosts=("https://" + "a." * 200 + "example",)),
            "$.appearance.embed_hosts[0]",
        ),
        (Restyle(embed_hosts=("*",) * 21), "$.appearance.embed_hosts"),
    ],
)
def test_a_fault_of_an_appearance_is_named_with_its_place(change: Restyle, path: str) -> None:
    assert next(fault.path for fault in check(change)) == path


def test_an_appearance_in_order_has_no_faults() -> None:
    change = Restyle(
        accent="#0a7d55",
        logo=Logo("ab" * 32, "png", 40, 30, "The Bell"),
        imprint="https://example.org/imprint",
        translations=(Translation("nl-BE", "https://example.org/nl"),),
        embed_hosts=("http://127.0.0.1:8000", "https://*.example.org", "https://a-b.example", "*"),
    )
    assert check(change) == []
    assert check(Restyle(accent="", logo=None, imprint="", translations=(), embed_hosts=())) == []


def test_details_change_and_what_is_left_out_stays() -> None:
    story = given(A_BLOG).when(ChangeBlog(standfirst="All day on the green"))
    story.then(
        BlogDetailsChanged(
            "en", "UTC", content=BlogDetails("The summer fair", "All day on the green")
        )
    )
    story.when(ChangeBlog(language="de", time_zone="Europe/Berlin")).then(
        BlogDetailsChanged(
            "de", "Europe/Berlin", content=BlogDetails("The summer fair", "All day on the green")
        )
    )


def test_a_blog_shows_its_viewers_from_when_it_says_so_and_through_other_changes() -> None:
    details = BlogDetails("The summer fair")
    story = given(A_BLOG).when(ChangeBlog(show_viewers=True))
    story.then(BlogDetailsChanged("en", "UTC", True, details))
    story.when(ChangeBlog(show_viewers=True)).then()
    story.when(ChangeBlog(title="The fair")).then(
        BlogDetailsChanged("en", "UTC", True, BlogDetails("The fair"))
    )
    story.when(ChangeBlog(show_viewers=False)).then(
        BlogDetailsChanged("en", "UTC", False, BlogDetails("The fair"))
    )
    given(replace(A_BLOG, show_viewers=True)).then(
        BlogCreated("fair", "en", "UTC", "draft", True, details)
    )


def test_the_past_is_closed_and_opened_by_facts_of_its_own() -> None:
    story = given(A_BLOG).when(ChangeBlog(past_public=True)).then()
    story.when(ChangeBlog(past_public=False)).then(BlogPastClosed())
    story.when(ChangeBlog(past_public=False)).then()
    story.when(ChangeBlog(past_public=True)).then(BlogPastOpened())
    given(replace(A_BLOG, past_public=False)).then(
        BlogCreated("fair", "en", "UTC", "draft", content=BlogDetails("The summer fair")),
        BlogPastClosed(),
    )


def test_a_summary_takes_the_place_of_the_one_before_it() -> None:
    first, second = ((Paragraph((Text(words),)),) for words in ("It rains.", "It is dry."))
    story = given(A_BLOG).when(ChangeBlog(summary=first)).then(BlogSummarised(BlogSummary(first)))
    story.when(ChangeBlog(summary=first, title="The summer fair")).then()
    story.when(ChangeBlog(summary=second)).then(BlogSummarised(BlogSummary(second)))
    story.when(ChangeBlog(summary=())).then(BlogSummarised(BlogSummary()))
    given(replace(A_BLOG, summary=first)).then(
        BlogCreated("fair", "en", "UTC", "draft", content=BlogDetails("The summer fair")),
        BlogSummarised(BlogSummary(first)),
    )


def test_details_slug_and_visibility_change_in_one_entry() -> None:
    given(A_BLOG).when(ChangeBlog(title="The fair", slug="the-fair", visibility="public")).then(
        BlogDetailsChanged("en", "UTC", content=BlogDetails("The fair", "")),
        BlogSlugChanged("the-fair"),
        BlogVisibilityChanged("public"),
    )


@pytest.mark.parametrize(
    "command",
    [
        ChangeBlog(),
        ChangeBlog(title="The summer fair", language="en", slug="fair", visibility="draft"),
        ChangeBlog(show_viewers=False),
        ChangeBlogStatus("upcoming"),
    ],
)
def test_a_blog_that_is_so_already_makes_no_entry(command: Command) -> None:
    given(A_BLOG).when(command).then()


def test_a_blog_that_was_live_cannot_be_a_draft_again() -> None:
    back = ChangeBlog(visibility="draft")
    given(A_BLOG, ChangeBlog(visibility="public")).when(back).then(BlogVisibilityChanged("draft"))
    given(A_BLOG, ChangeBlogStatus("live")).refuses(
        back, CannotFollow, "the visibility is public; draft, once it has been live, cannot follow"
    )


def test_going_live_opens_a_draft_to_the_public_and_leaves_any_other_visibility() -> None:
    given(A_BLOG).when(ChangeBlogStatus("live")).then(
        BlogStatusChanged("live"), BlogVisibilityChanged("public")
    )
    given(A_BLOG, ChangeBlog(visibility="restricted")).when(ChangeBlogStatus("live")).then(
        BlogStatusChanged("live")
    )


BLOG_STATUSES: dict[BlogStatus, tuple[BlogStatus, ...]] = {
    "upcoming": (),
    "live": ("live",),
    "paused": ("live", "paused"),
    "ended": ("live", "ended"),
}
BLOG_MAY_BECOME = {
    ("upcoming", "live"),
    ("live", "paused"),
    ("live", "ended"),
    ("paused", "live"),
    ("paused", "ended"),
    ("ended", "live"),
}


@pytest.mark.parametrize("wanted", BLOG_STATUSES)
@pytest.mark.parametrize("now", BLOG_STATUSES)
def test_the_table_of_blog_statuses(now: BlogStatus, wanted: BlogStatus) -> None:
    story = given(A_BLOG, ChangeBlog(visibility="public"))
    story.when(*(ChangeBlogStatus(status) for status in BLOG_STATUSES[now]))
    assert story.blog.status == now
    if now == wanted:
        story.when(ChangeBlogStatus(wanted)).then()
    elif (now, wanted) in BLOG_MAY_BECOME:
        story.when(ChangeBlogStatus(wanted)).then(BlogStatusChanged(wanted))
    else:
        story.refuses(
            ChangeBlogStatus(wanted), CannotFollow, f"the blog is {now}; {wanted} cannot follow"
        )


# --- writing -----------------------------------------------------------------------------------


def test_a_post_is_published_at_the_time_it_is_written() -> None:
    given(A_BLOG).when(A_POST).then(
        PostDrafted("gate", content=SAID), PostPublished("gate", minute(1))
    )


def test_a_post_is_written_with_tags_and_language_pinned_and_key() -> None:
    post = WritePost("gate", title="T", tags=("news",), lang="fr", pinned=True, key=True)
    given(A_BLOG).when(post).then(
        PostDrafted("gate", ("news",), "fr", PostContent("T")),
        PostPublished("gate", minute(1)),
        PostPinned("gate"),
        PostKeyMarked("gate"),
    )


@pytest.mark.parametrize("shown", [minute(-90), None])
def test_a_post_is_published_with_a_time_of_its_own_or_none(shown: object) -> None:
    post = WritePost("gate", title="T", published_at=shown)  # type: ignore[arg-type]
    story = given(A_BLOG).when(post)
    assert story.post("gate").published_at == shown


@pytest.mark.parametrize(
    ("post", "follows"),
    [
        (WritePost("gate", title="T", status="draft"), []),
        (WritePost("gate", title="T", status="submitted"), [PostSubmitted("gate")]),
        (
            WritePost("gate", title="T", status="scheduled", publish_at=minute(60)),
            [PostScheduled("gate", minute(60))],
        ),
    ],
    ids=lambda value: getattr(value, "status", ""),
)
def test_a_post_starts_as(post: WritePost, follows: list[Event]) -> None:
    given(A_BLOG).when(post).then(PostDrafted("gate", content=PostContent("T")), *follows)


@pytest.mark.parametrize("status", ["retracted", "shouted", ""])
def test_a_post_cannot_start_as_anything_else(status: str) -> None:
    given(A_BLOG).refuses(
        WritePost("gate", title="T", status=status), CannotFollow, f"the post is new; {status}"
    )


def test_a_post_is_written_once() -> None:
    given(A_BLOG, A_POST).refuses(A_POST, CannotFollow, "the post is there already")


@pytest.mark.parametrize("title", ["", " \t"])
def test_a_post_says_something(title: str) -> None:
    given(A_BLOG).refuses(WritePost("gate", title=title), Nonsense, "needs a title or a body")
    given(A_BLOG, WritePost("gate", title="T")).refuses(
        RevisePost("gate", title=title), Nonsense, "needs a title or a body"
    )


def test_only_a_published_post_shows_a_time() -> None:
    draft = WritePost("gate", title="T", status="draft", published_at=NOON)
    given(A_BLOG).refuses(draft, Nonsense, "only a published post shows a time")
    given(A_BLOG, A_DRAFT).refuses(
        RevisePost("gate", published_at=NOON), Nonsense, "only a published post shows a time"
    )


# --- revising ----------------------------------------------------------------------------------


def test_a_revision_changes_what_is_given_and_leaves_the_rest() -> None:
    given(A_BLOG, A_POST).when(RevisePost("gate", title="The gate is open", tags=("news",))).then(
        PostRevised("gate", ("news",), "", PostContent("The gate is open", SAID.body, "Ann"))
    )


def test_a_correction_that_is_sent_twice_is_one() -> None:
    twice = RevisePost("gate", title="Gates", correction="There are two.")
    day = given(A_BLOG, A_POST).when(twice)
    day.when(twice).then()
    more = PostCorrected("gate", Note("Two, as we said."))
    day.when(RevisePost("gate", title="Gates", correction="Two, as we said.")).then(more)
    moved = RevisePost("gate", published_at=minute(-5), correction="Two, as we said.")
    day.when(moved).then(more, PostTimeSet("gate", minute(-5)))


def test_a_revision_can_be_a_public_correction() -> None:
    given(A_BLOG, A_POST).when(RevisePost("gate", author="Bea", correction="Wrong name.")).then(
        PostRevised("gate", content=PostContent(SAID.title, SAID.body, "Bea")),
        PostCorrected("gate", Note("Wrong name.")),
    )


def test_one_revision_can_do_everything_at_once() -> None:
    everything = RevisePost("gate", title="Open", published_at=minute(-5), pinned=True, key=True)
    given(A_BLOG, A_POST).when(everything).then(
        PostRevised("gate", content=PostContent("Open", SAID.body, "Ann")),
        PostTimeSet("gate", minute(-5)),
        PostPinned("gate"),
        PostKeyMarked("gate"),
    )


def test_a_shown_time_is_moved_and_taken_away() -> None:
    story = given(A_BLOG, A_POST)
    story.when(RevisePost("gate", published_at=None)).then(PostTimeSet("gate", None))
    story.when(RevisePost("gate", published_at=None)).then()


@pytest.mark.parametrize(
    "command",
    [
        RevisePost("gate"),
        RevisePost("gate", title=SAID.title, body=SAID.body, author="Ann", tags=(), lang=""),
        RevisePost("gate", pinned=False, key=False, published_at=minute(1)),
        PinPost("gate", False),
        MarkKey("gate", False),
        ChangePostStatus("gate", "published"),
    ],
)
def test_a_post_that_is_so_already_makes_no_entry(command: Command) -> None:
    given(A_BLOG, A_POST).when(command).then()


def test_only_a_published_post_is_corrected_in_public() -> None:
    given(A_BLOG, A_DRAFT).refuses(
        RevisePost("gate", title="U", correction="Wrong."), Nonsense, "only a published post"
    )


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (RevisePost("gate", title="U"), "a revision"),
        (PinPost("gate", True), "a pin"),
        (MarkKey("gate", True), "a key mark"),
    ],
)
def test_a_retracted_post_is_left_alone(command: Command, what: str) -> None:
    given(A_BLOG, A_POST, becomes("retracted")).refuses(
        command, CannotFollow, f"the post is retracted; {what} cannot follow"
    )


@pytest.mark.parametrize(
    "command",
    [
        RevisePost("gone", title="U"),
        ChangePostStatus("gone", "published"),
        PublishDue("gone", NOON),
        PinPost("gone", True),
        MarkKey("gone", True),
    ],
    ids=lambda command: type(command).__name__,
)
def test_there_is_no_such_post(command: Command) -> None:
    given(A_BLOG, A_POST).refuses(command, NoSuchPost, "there is no post gone in this blog")


def test_a_wish_based_on_an_older_version_is_stale() -> None:
    story = given(A_BLOG, A_POST, PinPost("gate", True))
    for stale in (RevisePost("gate", 1, title="U"), becomes("retracted", version=1)):
        story.refuses(stale, Stale, "it is at version 2, you edited 1")
    story.when(RevisePost("gate", 2, title="U")).when(becomes("retracted", version=3))
    assert story.post("gate").status == "retracted"


def test_a_pin_and_a_key_mark_go_up_and_down() -> None:
    story = given(A_BLOG, A_POST)
    story.when(PinPost("gate", True)).then(PostPinned("gate"))
    story.when(PinPost("gate", False)).then(PostUnpinned("gate"))
    story.when(MarkKey("gate", True)).then(PostKeyMarked("gate"))
    story.when(MarkKey("gate", False)).then(PostKeyCleared("gate"))


# --- the status of a post ----------------------------------------------------------------------

LATER = minute(600)
WAYS: dict[str, tuple[Command, ...]] = {
    "draft": (A_DRAFT,),
    "submitted": (A_DRAFT, becomes("submitted")),
    "scheduled": (A_DRAFT, becomes("scheduled", publish_at=LATER)),
    "published": (A_POST,),
    "retracted": (A_POST, becomes("retracted", note="Not so.")),
    "retracted unseen": (A_DRAFT, becomes("retracted", note="Not so.", keep_text=True)),
}
FACTS: dict[PostStatus, Event] = {
    "draft": PostReturned("gate"),
    "submitted": PostSubmitted("gate"),
    "scheduled": PostScheduled("gate", LATER),
    "published": PostPublished("gate", minute(2)),
    "retracted": PostRetracted("gate", True, Note("Not so.")),
}
MAY_BECOME: dict[str, set[PostStatus]] = {
    "draft": {"submitted", "scheduled", "published", "retracted"},
    "submitted": {"draft", "scheduled", "published", "retracted"},
    "scheduled": {"draft", "submitted", "scheduled", "published", "retracted"},
    "published": {"retracted"},
    "retracted": {"published"},
    "retracted unseen": {"draft", "published"},
}


@pytest.mark.parametrize("wanted", FACTS)
@pytest.mark.parametrize("now", WAYS)
def test_the_table_of_post_statuses(now: str, wanted: PostStatus) -> None:
    story = given(A_BLOG, *WAYS[now])
    story.clock = minute(2)
    command = becomes(wanted, note="Not so.", keep_text=True, publish_at=LATER)
    if wanted in MAY_BECOME[now]:
        restored = (now, wanted) == ("retracted", "published")
        story.when(command).then(PostRestored("gate") if restored else FACTS[wanted])
        assert story.post("gate").status == wanted
    elif story.post("gate").status == wanted:
        story.when(command).then()
    else:
        story.refuses(command, CannotFollow, f"{wanted} cannot follow")


def test_an_unknown_status_cannot_follow() -> None:
    given(A_BLOG, A_POST).refuses(becomes("shouted"), CannotFollow, "shouted cannot follow")


def test_what_the_audience_has_seen_cannot_be_a_draft_again() -> None:
    given(A_BLOG, A_POST, becomes("retracted")).refuses(
        becomes("draft"), CannotFollow, "the post is published before; draft cannot follow"
    )


@pytest.mark.parametrize(
    ("publish_at", "why"),
    [(None, "needs the time"), (minute(2), "in the future"), (minute(-1), "in the future")],
)
def test_a_post_is_scheduled_for_a_time_to_come(publish_at: object, why: str) -> None:
    story = given(A_BLOG, A_DRAFT)
    assert story.clock == minute(2)
    story.refuses(becomes("scheduled", publish_at=publish_at), Nonsense, why)
    new = WritePost("late", title="T", status="scheduled", publish_at=publish_at)  # type: ignore[arg-type]
    story.refuses(new, Nonsense, why)


def test_a_due_post_is_published_with_the_time_it_was_scheduled_for() -> None:
    story = given(A_BLOG, *WAYS["scheduled"]).passes(600)
    story.when(PublishDue("gate", LATER)).then(PostPublished("gate", LATER))
    story.when(PublishDue("gate", LATER)).then()


@pytest.mark.parametrize(
    "before",
    [
        becomes("draft"),
        becomes("published"),
        becomes("retracted"),
        becomes("scheduled", publish_at=minute(700)),
    ],
    ids=lambda command: command.status,
)
def test_a_due_post_that_no_longer_waits_for_that_time_is_left_alone(before: Command) -> None:
    given(A_BLOG, *WAYS["scheduled"], before).when(PublishDue("gate", LATER)).then()
