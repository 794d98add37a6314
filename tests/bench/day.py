"""A blog's log made by the write path's own encoding, without a server."""

from collections.abc import Iterator
from datetime import UTC, datetime

from events.blog import Blog, evolve
from events.commands import CreateBlog, WritePost
from events.decide import decide
from events.entry import Entry, Stored, store
from events.markup import from_markdown
from server.commands import new_salt
from server.storage.log import Head, Tip, beginning

TEXT = (
    "The ferry left at **nine** with forty people, two of them in *period dress*.\n\n"
    "- the queue reaches the bakery\n- the bell works again\n\n"
    "> Nobody here believed it would float, said the mechanic, and then it did.\n"
)


def written(blog: str, posts: int) -> Iterator[tuple[Tip, Stored]]:
    """Each entry with the tip it is appended to: the blog's creation, then so many posts."""
    now = datetime.now(UTC)
    body = from_markdown(TEXT)
    tip, state = beginning(int(now.timestamp() * 1000)), Blog(blog)
    for number in range(posts + 1):
        command = (
            WritePost(post=f"post-{number:06}", title=f"Post {number}", body=body)
            if number
            else CreateBlog(f"day-{blog[-1]}", "Day", visibility="public")
        )
        events = tuple(decide(state, command, now))
        entry = Entry(tip.following, now, now, "bench", str(number), events)
        stored = store(entry, tip.digest, new_salt, "f")
        yield tip, stored
        state = evolve(state, entry)
        tip = Tip(Head(entry.position, tip.head.epoch), stored.digest)
