"""The day printed as it happened: the log's public changes, a line each."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from events.blog import Blog, evolve
from events.document import plain_text
from events.entry import Entry, load
from events.timeline import BLOG, Change, Timeline
from server.log import Log, entries
from server.render import clock, day


async def lines(log: Log, blog_id: str, speed: float | None = None) -> AsyncIterator[str]:
    """Lines of text; with a speed, paced as many times as fast as it happened."""
    blog, timeline = Blog(blog_id), Timeline()
    before: datetime | None = None
    shown_day = ""
    async for stored in entries(log, blog_id):
        entry = load(stored)
        blog = evolve(blog, entry)
        changes = timeline.apply(blog, entry)
        if speed and before:
            await asyncio.sleep((entry.at - before).total_seconds() / speed)
        before = entry.at
        today = day(entry.at, blog.time_zone)
        if changes and today != shown_day:
            shown_day = today
            yield f"--- {today}"
        for change in changes:
            yield _line(blog, entry, change)


def _line(blog: Blog, entry: Entry, change: Change) -> str:
    time = clock(entry.at, blog.time_zone)
    if change.id == BLOG:
        return f"{time}  [{blog.status}] {blog.title}"
    if change.post is None:
        return f"{time}  - withdrawn {change.id}"
    post = change.post
    mark = "+" if post.version == 1 else "~"
    said = post.title or plain_text(post.body).partition("\n")[0][:100]
    badges = "".join(
        f" ({badge})" for badge, worn in (("key", post.key), ("pinned", post.pinned)) if worn
    )
    note = f"  correction: {post.correction}" if post.correction and mark == "~" else ""
    return f"{time}  {mark} {said}{badges}{note}"
