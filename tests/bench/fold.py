"""A log of 2,000 posts read back: how fast it folds, and how soon its first page is there."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from events.blog import Blog, evolve
from events.entry import Entry, load
from events.timeline import Timeline
from server.settings import Settings
from server.site import Site, running
from server.storage.log import entries
from server.tail import Tail
from tests.bench.day import written
from tests.bench.options import Options
from tests.bench.table import Row

BLOG = "00000000-0000-0000-0000-000000000002"
POSTS = 2_000
TIMES = 7


def folds(_options: Options) -> list[Row]:
    """Events a second through the fold alone, and with their decoding."""
    stored = [stored for _, stored in written(BLOG, POSTS)]
    decode, fold = [], []
    events = 0
    for _ in range(TIMES):
        started = time.perf_counter()
        decoded = [load(each) for each in stored]
        decode.append(time.perf_counter() - started)
        events = sum(len(entry.events) for entry in decoded)
        started = time.perf_counter()
        _fold(decoded)
        fold.append(time.perf_counter() - started)
    folded, read = statistics.median(fold), statistics.median(decode)
    return [
        Row("fold, events a second", f"{events / folded:,.0f}", must="150,000", reach="300,000"),
        Row("decode and fold, events a second", f"{events / (folded + read):,.0f}"),
    ]


def _fold(decoded: list[Entry]) -> None:
    blog, timeline = Blog(BLOG), Timeline()
    for entry in decoded:
        blog = evolve(blog, entry)
        timeline.apply(blog, entry)


def cold(_: Options) -> list[Row]:
    """A process that has never seen the blog: read, fold, and make its first page."""
    took = asyncio.run(_cold()) * 1000
    return [Row(f"{POSTS:,} posts, cold", f"{took:.0f} ms", must="200 ms", reach="80 ms")]


async def _cold() -> float:
    with tempfile.TemporaryDirectory() as folder:
        async with running(Settings(data=Path(folder))) as site:
            await site.log.restore(BLOG, [stored for _, stored in written(BLOG, POSTS)], epoch=2)
            assert len([each async for each in entries(site.log, BLOG)]) == POSTS + 1
            return statistics.median([await _first_page(site) for _ in range(TIMES)])


async def _first_page(site: Site) -> float:
    tail = Tail(site.log, site.articles)
    started = time.perf_counter()
    loaded = await tail.load(BLOG)
    loaded.feed.answer(None, "html")
    return time.perf_counter() - started
