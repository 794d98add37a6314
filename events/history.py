"""The history: every version of a post, folded from the log. For the desk: drafts are in it too."""

from collections.abc import Iterable

from msgspec import Struct

from events import record
from events.blog import Blog, Post, evolve
from events.entry import Entry
from events.facts import BlogEvent
from events.record import Part


class Version(Struct, frozen=True):
    """A post as it stood after one entry, the names of the events that made it so, and the post
    as it stood before, None of the first."""

    post: Post
    events: tuple[str, ...]
    before: Post | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it says otherwise than the version before; all of it in the first."""
        return tuple(record.parts(self.before, self.post))

    @property
    def formatted(self) -> bool:
        """Whether more changed than words: emphasis, say, or the address of a link."""
        return record.formatted(self.before, self.post)


class History:
    """What the entries of a log make of one post, one after the other."""

    def __init__(self, blog_id: str, post_id: str) -> None:
        self._blog = Blog(blog_id)
        self._post = post_id

    def take(self, entry: Entry) -> Version | None:
        """The next entry of the log; what it made of the post, None where it did not touch it."""
        before = self._blog.posts.get(self._post)
        self._blog = evolve(self._blog, entry)
        names = tuple(
            type(event).__name__
            for event in entry.events
            if not isinstance(event, BlogEvent) and event.post == self._post
        )
        if not names:
            return None
        return Version(self._blog.posts[self._post], names, before)


def versions(blog_id: str, entries: Iterable[Entry], post_id: str) -> list[Version]:
    """The versions of one post, oldest first; empty where the log has no such post."""
    history = History(blog_id, post_id)
    return [version for entry in entries if (version := history.take(entry))]
