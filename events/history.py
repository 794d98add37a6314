"""The history: every version of a post, folded from the log."""

from collections.abc import Iterable

from msgspec import Struct

from events.blog import Blog, Post, evolve
from events.entry import Entry
from events.facts import BlogEvent


class Version(Struct, frozen=True):
    """A post as it stood after one entry, and the names of the events that made it so."""

    post: Post
    events: tuple[str, ...]


def versions(blog_id: str, entries: Iterable[Entry], post_id: str) -> list[Version]:
    """The versions of one post, oldest first; empty where the log has no such post."""
    blog, found = Blog(blog_id), []
    for entry in entries:
        blog = evolve(blog, entry)
        names = tuple(
            type(event).__name__
            for event in entry.events
            if not isinstance(event, BlogEvent) and event.post == post_id
        )
        if names:
            found.append(Version(blog.posts[post_id], names))
    return found
