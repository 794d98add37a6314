"""Compressed frames: the bytes of real posts, and that one is compressed once for everybody."""

import time

import msgspec

from server.demo.day import Publish, day
from tests.bench import machine
from tests.bench.crowd import Crowd
from tests.bench.options import Options
from tests.bench.ours import Ours, ours
from tests.bench.table import Row, tell
from tests.process import liveblog

FEW, MANY = 10, 1_000
CHANGES = 12
LONG = " ".join(f"Boat number {number} has left the upper lock." for number in range(180))
"""A post of 8 kB: to compress it takes some 200 µs, which a thousand times over would show."""
DAY = machine.SHARED / "days" / "nsdif-2025.jsonl"


def rows(options: Options) -> list[Row]:
    return [_bytes(), _once(min(MANY, options.readers))]


def _bytes() -> Row:
    """Bytes on the wire of every post of a day: what one reader gets who has seen none of it."""
    with ours() as server:
        slug, posts = _day(server)
        plain, deflated = (_wire(server, slug, deflate=deflate) for deflate in (False, True))
    which = "a real day" if DAY.exists() else "the demo day"
    return Row(
        "deflate: bytes a real post",
        f"{deflated / posts:,.0f}",
        f"plain {plain / posts:,.0f}",
        f"{deflated / plain:.0%}",
        "50 %",
        "40 %",
        f"the {posts} posts of {which}, as html, with their frames",
    )


def _day(server: Ours) -> tuple[str, int]:
    """Fill a blog with a day; its slug, and how many posts it has."""
    if DAY.exists():
        liveblog("import", str(DAY), data=server.data)
        return DAY.stem, len(DAY.read_bytes().splitlines()) - 1
    posts = [step for step in day().steps if isinstance(step, Publish)]
    for post in posts:
        server.write({"title": post.title, "markdown": post.markdown, "author": post.author})
    return "day", len(posts)


def _wire(server: Ours, slug: str, *, deflate: bool) -> int:
    """Bytes of the posts: what a reader receives from the beginning on, but for the greeting."""
    first, last = server.ends(slug)
    from_first, greeting = (
        _received(server, f"/blogs/{slug}/live", since, deflate=deflate) for since in (first, last)
    )
    return from_first - greeting


def _received(server: Ours, path: str, since: str, *, deflate: bool) -> int:
    terms = msgspec.structs.replace(server.stage.terms(1), path=path, since=since, deflate=deflate)
    with Crowd(terms) as crowd:
        crowd.opened()
        time.sleep(0.5)
        return crowd.report().wire


def _once(many: int) -> Row:
    """Processor time a change: were each reader's frame compressed, it would grow with them."""
    with ours() as server:
        server.post()
        cost = {
            (readers, deflate): _processor(server, readers, deflate=deflate)
            for readers in (FEW, many)
            for deflate in (False, True)
        }
    more = {readers: cost[readers, True] - cost[readers, False] for readers in (FEW, many)}
    tell(f"  processor ms a change: {cost}")
    return Row(
        f"deflate: processor time a change, {many:,} readers",
        f"{cost[many, True]:.1f} ms",
        f"plain {cost[many, False]:.1f} ms",
        f"{cost[many, True] / cost[many, False]:.2f} x",
        "once",
        "once",
        f"posts of {len(LONG):,} bytes; compression adds {more[FEW]:+.1f} ms for {FEW} readers and "
        f"{more[many]:+.1f} ms for {many:,}",
    )


def _processor(server: Ours, readers: int, *, deflate: bool) -> float:
    terms = msgspec.structs.replace(server.stage.terms(readers), deflate=deflate)
    with Crowd(terms) as crowd:
        crowd.opened()
        server.post(LONG)
        time.sleep(0.5)
        before = machine.processor(server.pid)
        for _ in range(CHANGES):
            server.post(LONG)
            time.sleep(0.1)
        time.sleep(0.5)
        spent = machine.processor(server.pid) - before
        if deflate and not crowd.report().compressed:
            tell("  the server has compressed nothing")
    return spent / CHANGES * 1000
