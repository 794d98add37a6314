"""`decide`: may this wish happen now, and as which facts?

Raises a `Refused` that says what and why. An empty list means it is so already.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar, assert_never

from msgspec import UNSET, UnsetType

from events.appearance import Restyle
from events.blog import Blog, Post
from events.commands import (
    CannotFollow,
    ChangeBlog,
    ChangeBlogStatus,
    ChangePostStatus,
    Command,
    CreateBlog,
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
from events.document import Body
from events.facts import (
    BlogAppearanceChanged,
    BlogCreated,
    BlogDeleted,
    BlogDetails,
    BlogDetailsChanged,
    BlogPastClosed,
    BlogPastOpened,
    BlogSlugChanged,
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

T = TypeVar("T")

_BLOG_MAY_FOLLOW = {
    "upcoming": {"live"},
    "live": {"paused", "ended"},
    "paused": {"live", "ended"},
    "ended": {"live"},
}
_POST_MAY_FOLLOW = {
    "draft": {"submitted", "scheduled", "published", "retracted"},
    "submitted": {"draft", "scheduled", "published", "retracted"},
    "scheduled": {"draft", "submitted", "scheduled", "published", "retracted"},
    "published": {"retracted"},
    "retracted": {"draft", "published"},
}


def decide(blog: Blog, command: Command, now: datetime) -> list[Event]:
    """The facts that follow from a command on a blog at a time."""
    if isinstance(command, CreateBlog):
        return list(_create(blog, command))
    if blog.deleted and isinstance(command, DeleteBlog):
        return []
    _must_be_there(blog)
    match command:
        case ChangeBlog():
            return list(_change_blog(blog, command))
        case ChangeBlogStatus():
            return list(_change_blog_status(blog, command))
        case DeleteBlog():
            return [BlogDeleted()]
        case WritePost():
            return list(_write(blog, command, now))
        case RevisePost():
            return list(_revise(_post(blog, command.post, command.version), command))
        case ChangePostStatus():
            return list(_change_status(_post(blog, command.post, command.version), command, now))
        case PublishDue():
            return _publish_due(_post(blog, command.post), command)
        case PinPost():
            return list(_pin(_post(blog, command.post), command.pinned))
        case MarkKey():
            return list(_mark_key(_post(blog, command.post), command.key))
        case _:
            assert_never(command)


def _must_be_there(blog: Blog) -> None:
    if not blog.exists:
        raise CannotFollow("blog", "deleted" if blog.deleted else "not there", "a change")


def _post(blog: Blog, post_id: str, version: int | None = None) -> Post:
    post = blog.posts.get(post_id)
    if post is None:
        raise NoSuchPost(post_id)
    if version is not None and version != post.version:
        raise Stale(post.version, version)
    return post


def _create(blog: Blog, command: CreateBlog) -> Iterator[Event]:
    if blog.exists or blog.deleted:
        raise CannotFollow("blog", "there already", "its creation")
    details = BlogDetails(command.title, command.standfirst)
    yield BlogCreated(
        command.slug,
        command.language,
        command.time_zone,
        command.visibility,
        command.show_viewers,
        details,
    )
    yield from _restyle(blog, command.appearance)
    yield from _open_past(blog, command.past_public)
    yield from _summarise(blog, command.summary)


def _change_blog(blog: Blog, command: ChangeBlog) -> Iterator[Event]:
    title = _or(command.title, blog.title)
    standfirst = _or(command.standfirst, blog.standfirst)
    language = _or(command.language, blog.language)
    time_zone = _or(command.time_zone, blog.time_zone)
    show_viewers = _or(command.show_viewers, blog.show_viewers)
    before = (blog.title, blog.standfirst, blog.language, blog.time_zone, blog.show_viewers)
    if (title, standfirst, language, time_zone, show_viewers) != before:
        details = BlogDetails(title, standfirst)
        yield BlogDetailsChanged(language, time_zone, show_viewers, details)
    yield from _restyle(blog, command.appearance)
    yield from _open_past(blog, _or(command.past_public, blog.past_public))
    yield from _summarise(blog, _or(command.summary, blog.summary))
    if command.slug is not UNSET and command.slug != blog.slug:
        yield BlogSlugChanged(command.slug)
    if command.visibility is not UNSET and command.visibility != blog.visibility:
        if command.visibility == "draft" and blog.status != "upcoming":
            raise CannotFollow("visibility", blog.visibility, "draft, once it has been live,")
        yield BlogVisibilityChanged(command.visibility)


def _restyle(blog: Blog, change: Restyle) -> Iterator[Event]:
    appearance = change.of(blog.appearance)
    if appearance != blog.appearance:
        yield BlogAppearanceChanged(appearance)


def _summarise(blog: Blog, summary: Body) -> Iterator[Event]:
    if summary != blog.summary:
        yield BlogSummarised(BlogSummary(summary))


def _open_past(blog: Blog, public: bool) -> Iterator[Event]:
    if public != blog.past_public:
        yield BlogPastOpened() if public else BlogPastClosed()


def _change_blog_status(blog: Blog, command: ChangeBlogStatus) -> Iterator[Event]:
    if command.status == blog.status:
        return
    if command.status not in _BLOG_MAY_FOLLOW[blog.status]:
        raise CannotFollow("blog", blog.status, command.status)
    yield BlogStatusChanged(command.status)
    if command.status == "live" and blog.visibility == "draft":
        yield BlogVisibilityChanged("public")


def _write(blog: Blog, command: WritePost, now: datetime) -> Iterator[Event]:
    if command.post in blog.posts:
        raise CannotFollow("post", "there already", "its creation")
    if not (command.title.strip() or command.body):
        raise Nonsense("body", "a post needs a title or a body")
    if command.status != "published" and command.published_at is not UNSET:
        raise Nonsense("published_at", "only a published post shows a time")
    content = PostContent(command.title, command.body, command.author)
    yield PostDrafted(command.post, command.tags, command.lang, content)
    match command.status:
        case "draft":
            pass
        case "submitted":
            yield PostSubmitted(command.post)
        case "scheduled":
            yield _schedule(command.post, command.publish_at, now)
        case "published":
            shown = now if command.published_at is UNSET else command.published_at
            yield PostPublished(command.post, shown)
        case _:
            raise CannotFollow("post", "new", command.status)
    if command.pinned:
        yield PostPinned(command.post)
    if command.key:
        yield PostKeyMarked(command.post)


def _revise(post: Post, command: RevisePost) -> Iterator[Event]:
    if post.status == "retracted":
        raise CannotFollow("post", "retracted", "a revision")
    if command.correction and not post.public:
        raise Nonsense("correction", "only a published post can be corrected in public")
    content = PostContent(
        _or(command.title, post.title),
        _or(command.body, post.body),
        _or(command.author, post.author),
    )
    if not (content.title.strip() or content.body):
        raise Nonsense("body", "a post needs a title or a body")
    tags, lang = _or(command.tags, post.tags), _or(command.lang, post.lang)
    said = PostContent(post.title, post.body, post.author)
    revised = (content, tags, lang) != (said, post.tags, post.lang)
    if revised:
        yield PostRevised(post.id, tags, lang, content)
    moved = command.published_at is not UNSET and command.published_at != post.published_at
    # Said again of the same post, as by a form that is sent twice, it corrects nothing.
    if command.correction and (revised or moved or command.correction != post.correction):
        yield PostCorrected(post.id, Note(command.correction))
    if command.published_at is not UNSET and moved:
        if not post.public:
            raise Nonsense("published_at", "only a published post shows a time")
        yield PostTimeSet(post.id, command.published_at)
    if command.pinned is not UNSET:
        yield from _pin(post, command.pinned)
    if command.key is not UNSET:
        yield from _mark_key(post, command.key)


def _change_status(post: Post, command: ChangePostStatus, now: datetime) -> Iterator[Event]:
    if command.status == post.status != "scheduled":
        return
    if command.status not in _POST_MAY_FOLLOW[post.status]:
        raise CannotFollow("post", post.status, command.status)
    match command.status:
        case "draft":
            if post.first_published_at is not None:
                raise CannotFollow("post", "published before", "draft")
            yield PostReturned(post.id)
        case "submitted":
            yield PostSubmitted(post.id)
        case "scheduled":
            yield _schedule(post.id, command.publish_at, now)
        case "published" if post.first_published_at is not None:
            yield PostRestored(post.id)
        case "published":
            yield PostPublished(post.id, now)
        case "retracted":
            yield PostRetracted(post.id, command.keep_text, Note(command.note))


def _schedule(post_id: str, publish_at: datetime | None, now: datetime) -> PostScheduled:
    if publish_at is None:
        raise Nonsense("publish_at", "a scheduled post needs the time it goes out")
    if publish_at <= now:
        raise Nonsense("publish_at", "the time of a scheduled post lies in the future")
    return PostScheduled(post_id, publish_at)


def _publish_due(post: Post, command: PublishDue) -> list[Event]:
    if post.status != "scheduled" or post.publish_at != command.publish_at:
        return []
    return [PostPublished(post.id, command.publish_at)]


def _pin(post: Post, pinned: bool) -> Iterator[Event]:
    if post.status == "retracted":
        raise CannotFollow("post", "retracted", "a pin")
    if pinned != post.pinned:
        yield PostPinned(post.id) if pinned else PostUnpinned(post.id)


def _mark_key(post: Post, key: bool) -> Iterator[Event]:
    if post.status == "retracted":
        raise CannotFollow("post", "retracted", "a key mark")
    if key != post.key:
        yield PostKeyMarked(post.id) if key else PostKeyCleared(post.id)


def _or(wanted: T | UnsetType, present: T) -> T:
    return present if isinstance(wanted, UnsetType) else wanted
