"""What each role may do to a blog: the permits that guard the write path, and who may read."""

from msgspec import UNSET

from events.blog import Blog
from events.commands import (
    ChangePostStatus,
    Command,
    CreateBlog,
    DeleteBlog,
    NotAllowed,
    RevisePost,
    WritePost,
)
from server.access import Actor

_OWN = {"draft", "submitted"}
"""What a contributor may make of an own post."""


def permit(actor: Actor, command: Command, blog: Blog) -> None:
    """Raises NotAllowed, saying which role is needed."""
    match command:
        case CreateBlog():
            # A token confined to one blog makes no others.
            allowed = actor.reaches("admin") and not actor.blog
        case DeleteBlog():
            allowed = actor.reaches("admin", blog.id)
        case WritePost(status=status, pinned=False, key=False) if status in _OWN:
            allowed = actor.reaches("contributor", blog.id)
        case RevisePost(post=post) if _may_own(actor, blog, post):
            allowed = command.pinned is UNSET and command.key is UNSET
        case ChangePostStatus(post=post) if _may_own(actor, blog, post):
            allowed = command.status in _OWN
        case _:
            allowed = actor.reaches("editor", blog.id)
    if not allowed:
        raise NotAllowed(f"the role {actor.role} may not do this here")


def _may_own(actor: Actor, blog: Blog, post_id: str) -> bool:
    """Whether this is the actor's own post, not yet out of a contributor's hands."""
    post = blog.posts.get(post_id)
    return bool(
        actor.reaches("contributor", blog.id)
        and not actor.reaches("editor", blog.id)
        and post
        and post.created_by == actor.id
        and post.status in _OWN
    )


def may_read(actor: Actor | None, blog: Blog) -> bool:
    """Whether a blog is readable as the audience reads it."""
    if blog.deleted:
        return False
    match blog.visibility:
        case "public" | "unlisted":
            return True
        case "restricted":
            return bool(actor and actor.reaches("reader", blog.id))
        case _:
            return bool(actor and actor.reaches("contributor", blog.id))
