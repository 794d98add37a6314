"""What a blog knows of its own coverage: when it began and ended, when a post came back."""

from events.commands import ChangeBlogStatus, ChangePostStatus, PinPost, WritePost
from tests.story import A_BLOG, given, minute


def test_coverage_begins_when_a_blog_first_goes_live() -> None:
    story = given(A_BLOG)
    assert story.blog.started_at is None
    story.when(ChangeBlogStatus("live"), ChangeBlogStatus("paused"), ChangeBlogStatus("live"))
    assert story.blog.started_at == minute(1)


def test_coverage_has_ended_only_while_the_blog_has() -> None:
    story = given(A_BLOG, ChangeBlogStatus("live"), ChangeBlogStatus("ended"))
    over = story.blog.ended_at
    again = story.when(ChangeBlogStatus("live")).blog
    assert (over, again.started_at, again.ended_at) == (minute(2), minute(1), None)


def test_a_post_knows_when_it_was_brought_back() -> None:
    story = given(A_BLOG, WritePost("gate", title="The gate opens"))
    story.when(ChangePostStatus("gate", "retracted"))
    assert story.post("gate").restored_at is None
    story.when(ChangePostStatus("gate", "published"), PinPost("gate", pinned=True))
    assert story.post("gate").restored_at == minute(3)
