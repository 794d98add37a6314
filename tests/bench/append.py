"""Our append beside a bare XADD of the same bytes."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path

from redis.asyncio import Redis

from server.settings import Settings
from server.site import Site, running
from server.storage.log import Request
from tests.bench.day import written
from tests.bench.options import Options
from tests.bench.table import Row

BLOG = "00000000-0000-0000-0000-000000000001"
PAIRS = 400


def rows(_: Options) -> list[Row]:
    return asyncio.run(_measure())


async def _measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with running(Settings(data=Path(folder))) as site:
            ours, bare = await _in_turn(site)
    made = []
    for name, share, must, reach in (("p50", 0.5, "1.6 x", "1.2 x"), ("p99", 0.99, "", "")):
        mine, theirs = _percentile(ours, share), _percentile(bare, share)
        made.append(
            Row(
                f"append {name}",
                f"{mine:.2f} ms",
                f"XADD {theirs:.2f} ms",
                f"{mine / theirs:.2f} x",
                must,
                reach,
            )
        )
    return made


async def _in_turn(site: Site) -> tuple[list[float], list[float]]:
    """Milliseconds of each, entry by entry, over the same connections."""
    redis: Redis = site.redis
    ours, bare = [], []
    for number, (before, stored) in enumerate(written(BLOG, PAIRS)):
        request = Request("bench", str(number), str(number), datetime.now(UTC))
        ours.append(await _timed(site.log.append(BLOG, before, stored, request)))
        fields: dict[bytes | str, bytes | str] = {"h": stored.head, "c": stored.content}
        bare.append(await _timed(redis.xadd("bare", fields)))  # type: ignore[arg-type]
    return ours, bare


async def _timed(write: Awaitable[object]) -> float:
    started = time.perf_counter()
    await write
    return (time.perf_counter() - started) * 1000


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]
