"""A log's chain walked as `liveblog verify` walks it, beside bare SHA-256 of the same bytes."""

import hashlib
import statistics
import time
from collections.abc import Callable

from events.blog import Blog
from events.entry import Stored
from server.transfer.archive_file import Seen
from tests.bench.day import written
from tests.bench.options import Options
from tests.bench.table import Row

BLOG = "00000000-0000-0000-0000-000000000003"
POSTS = 5_000
TIMES = 5


def rows(_: Options) -> list[Row]:
    """Events a second that are checked against the chain, and those that are only digested."""
    stored = [stored for _, stored in written(BLOG, POSTS)]
    events = sum(each.head.count(b'"type":"Post') for each in stored) + 1
    verified, digested = _median(_verify, stored), _median(_digest, stored)
    size = sum(len(each.head) + len(each.content) for each in stored)
    return [
        Row(
            "verify, events a second",
            f"{events / verified:,.0f}",
            f"SHA-256 {events / digested:,.0f}",
            f"{verified / digested:.1f} x",
            note=f"{len(stored):,} entries of {size // len(stored):,} bytes: each is read, held "
            "to its place, its neighbour and the digests of its contents, and folded",
        )
    ]


def _verify(stored: list[Stored]) -> None:
    seen = Seen(Blog(BLOG))
    for each in stored:
        seen.take(each)


def _digest(stored: list[Stored]) -> None:
    for each in stored:
        hashlib.sha256(each.head).digest()
        hashlib.sha256(each.content).digest()


def _median(walk: Callable[[list[Stored]], None], stored: list[Stored]) -> float:
    """Seconds for all of it."""
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        walk(stored)
        took.append(time.perf_counter() - started)
    return statistics.median(took)
