"""Time travel: the page of a blog as it was at any of 100,000 entries, and a picture of its cost.

What is timed is a whole answer to `GET /blogs/{blog}?at=`, from the application's door to its
page, warm: the snapshots are there. The picture has a line a log: the cost grows with the distance
to the nearest snapshot, and little with the log. It shows the time of the processor, which other
work on the machine moves less.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import httpx

from events.blog import Blog, evolve
from events.commands import ChangePostStatus, Command, CreateBlog, RevisePost, WritePost
from events.decide import decide
from events.document import Body
from events.entry import Entry, Stored, store
from events.markup import from_markdown
from server.app import app
from server.commands import new_salt
from server.door.uvicorn_server import COLLECT
from server.past.albums import EVERY
from server.settings import Settings
from server.site import Site
from server.storage.log import Head, Tip, beginning
from tests.bench.day import TEXT
from tests.bench.options import Options
from tests.bench.plot import Series, svg
from tests.bench.table import Row, tell

SIZES: Final = (100_000, 30_000, 10_000)
"""Entries of the logs; of each, three in ten are new posts."""
NEW: Final = 0.3
RECENT: Final = 50
"""Posts that most changes are made to: the newest."""
MOMENTS: Final = 500
SAMPLES: Final = 25
DISTANCES: Final = range(0, EVERY, EVERY // 10)
TAGS: Final = {"sport": 5, "rare": 400}
"""One post in so many has the tag, about."""
BEGUN: Final = datetime(2025, 6, 24, 6, tzinfo=UTC)


def long_day(entries: int) -> Iterator[Stored]:
    """A log, an entry a second. The same each time, but for its salts."""
    dice, body = Random(entries), from_markdown(TEXT)
    blog, tip, ids = Blog("long"), beginning(1), list[str]()
    for number in range(entries):
        at = BEGUN + timedelta(seconds=number)
        command = _wish(blog, ids, number, body, dice)
        if isinstance(command, WritePost):
            ids.append(command.post)
        entry = Entry(tip.following, at, at, "bench", f"{number}", tuple(decide(blog, command, at)))
        stored = store(entry, tip.digest, new_salt, "f")
        yield stored
        blog = evolve(blog, entry)
        tip = Tip(Head(entry.position, 1), stored.digest)


def _wish(blog: Blog, ids: list[str], number: int, body: Body, dice: Random) -> Command:
    """Every command makes an entry."""
    if number == 0:
        return CreateBlog("long", "A long day", visibility="public")
    if number < RECENT or dice.random() < NEW:
        id, key = f"0000{number:06}-0000-4000-8000-000000000000", dice.random() < 0.01
        tags = tuple(tag for tag, share in TAGS.items() if number % share == 0)
        return WritePost(id, title=f"Post {number}", body=body, author="Ann", key=key, tags=tags)
    post = blog.posts[dice.choice(ids if dice.random() < 0.02 else ids[-RECENT:])]
    if post.status == "retracted":
        return ChangePostStatus(post.id, "published")
    if dice.random() < 0.02:
        return ChangePostStatus(post.id, "retracted")
    return RevisePost(post.id, title=f"Post {number}, revised")


def rows(options: Options) -> list[Row]:
    """The longest log; with `plot` also the shorter ones, for the picture."""
    return asyncio.run(_rows(options))


async def _rows(options: Options) -> list[Row]:
    series, measured = [], list[Row]()
    for size in SIZES if options.plot else SIZES[:1]:
        async with _served(size) as client:
            moments = Random(1).sample(range(size), MOMENTS)
            for tag in ("", *TAGS):
                what = f"page of the tag {tag}" if tag else "page"
                costs = [await _page(client, moment, tag) for moment in moments]
                measured.append(_row(what, size, costs))
            if options.plot:
                points = [(float(far), await _at(client, size, far)) for far in DISTANCES]
                series.append(Series(f"{size:,} entries", points))
    if options.plot:
        title = "The page at any moment of the past"
        across = "entries from the nearest snapshot to the moment"
        options.plot.write_text(svg(title, across, "ms of the processor, median", series))
    return measured


class Cost(NamedTuple):
    """Milliseconds of one page: on the clock, and of the processor (this process alone)."""

    took: float
    used: float


def _row(what: str, size: int, costs: list[Cost]) -> Row:
    took, used = (sorted(each) for each in zip(*costs, strict=True))
    middle, late = len(costs) // 2, len(costs) * 99 // 100
    figures = f"p50 {took[middle]:.1f} ms, p99 {took[late]:.1f} ms"
    note = f"of the processor p50 {used[middle]:.1f} ms, p99 {used[late]:.1f} ms"
    return Row(f"time travel, {what}, {size:,} entries", figures, must="p99 50 ms", note=note)


async def _at(client: httpx.AsyncClient, size: int, distance: int) -> float:
    """The median cost of moments that lie so far behind a snapshot."""
    marks = Random(2).choices(range(size // 2 // EVERY, size // EVERY - 1), k=SAMPLES)
    entries = [mark * EVERY + distance - 1 for mark in marks]  # the first is entry 0
    return statistics.median([(await _page(client, entry)).used for entry in entries])


async def _page(client: httpx.AsyncClient, entry: int, tag: str = "") -> Cost:
    """The cost of the page as it was when an entry was the newest."""
    at = (BEGUN + timedelta(seconds=entry)).isoformat().replace("+00:00", "Z")
    began, before = time.perf_counter(), time.process_time()
    answer = await client.get(f"/blogs/long?at={at}{f'&tag={tag}' if tag else ''}")
    cost = Cost((time.perf_counter() - began) * 1000, (time.process_time() - before) * 1000)
    assert answer.status_code == 200, answer.text
    return cost


@asynccontextmanager
async def _served(size: int) -> AsyncIterator[httpx.AsyncClient]:
    """A server in this process with such a log, and its snapshots made."""
    with tempfile.TemporaryDirectory() as folder:
        application = app(Settings(data=Path(folder)))
        gc.freeze()
        gc.set_threshold(*COLLECT)  # as in a server
        async with application.router.lifespan_context(application):
            site: Site = application.state.site
            blog = f"00000000-0000-0000-0000-{size:012}"
            tell(f"  {size:,} entries ...")
            await _write(site, blog, size)
            transport = httpx.ASGITransport(application)
            async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
                await client.get("/blogs/long")  # the blog is loaded
                await site.past.albums.make(blog)
                yield client


async def _write(site: Site, blog: str, size: int) -> None:
    batch: list[Stored] = []
    for stored in long_day(size):
        batch.append(stored)
        if len(batch) == 1_000:
            await site.log.restore(blog, batch, None)
            batch.clear()
    await site.log.restore(blog, batch, 2)
    await site.index.claim("long", blog)
    await site.index.add(blog, "long")
