"""The desk: everything an editor sees, drafts and withdrawn posts included."""

from collections.abc import Iterator
from datetime import datetime

from events.blog import Blog, Post, PostStatus


def posts(
    blog: Blog, *, own: str | None = None, status: PostStatus | None = None
) -> Iterator[Post]:
    """Posts, the latest changed first; `own` keeps what that actor wrote and what is public."""
    for post in sorted(blog.posts.values(), key=lambda post: post.position, reverse=True):
        if own is not None and not (post.public or post.created_by == own):
            continue
        if status is None or post.status == status:
            yield post


def withdrawn_pictures(blog: Blog) -> tuple[set[str], set[str]]:
    """Ids of pictures: those only withdrawn posts show or showed, and those that may be shown."""
    gone: set[str] = set()
    shown = {blog.appearance.logo.media} if blog.appearance.logo else set()
    for post in blog.posts.values():
        withheld = post.status == "retracted" and not post.keep_text
        (gone if withheld else shown).update(post.pictures)
    return gone - shown, shown


def due(blog: Blog, now: datetime) -> list[Post]:
    """Scheduled posts whose time has come, the earliest first."""
    return [post for at, post in scheduled(blog) if at <= now]


def scheduled(blog: Blog) -> list[tuple[datetime, Post]]:
    """Every scheduled post with its time, the earliest first."""
    waiting = [
        (post.publish_at, post)
        for post in blog.posts.values()
        if post.status == "scheduled" and post.publish_at is not None
    ]
    return sorted(waiting, key=lambda pair: pair[0])
