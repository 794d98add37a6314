"""Replays: what a thousand viewers cost the live readers beside them, and how fast frames leave."""

import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from events.entry import Stored, load
from events.frames import Form
from events.position import START
from server.past.as_it_was import Past, moment
from server.past.course import Courses
from server.push.wire import Carriage
from server.render import Articles, templates
from server.replay.replaying import STEP, Replays
from server.replay.track import Tracks
from server.replay.viewing import Opening
from server.storage.memory_log import MemoryLog
from server.tail import Loaded
from tests.bench.crowd import Crowd
from tests.bench.crowd.terms import Report, Terms
from tests.bench.day import TEXT, written
from tests.bench.fanout import watch
from tests.bench.options import Options
from tests.bench.ours import Ours, ours
from tests.bench.table import Row, tell
from tests.process import liveblog

VIEWERS: Final = 1_000
SPEED: Final = 60
POSTS: Final = 2_000
DAY: Final = timedelta(hours=10)
"""In which the posts of the replayed day happened, evenly."""

BLOG: Final = "00000000-0000-0000-0000-000000000003"
TIMES: Final = 5


# --- beside the live readers ---------------------------------------------------------------------


def rows(options: Options) -> list[Row]:
    """The live readers' p99 with and without viewers of another blog in the same process."""
    turns = [_turn(options) for _ in range(options.runs)]
    without, beside = [turn.without for turn in turns], [turn.beside for turn in turns]
    wire = statistics.median(turn.wire for turn in turns)
    return [
        Row(
            f"{VIEWERS:,} replays at {SPEED}x beside {options.readers:,} readers: their p99",
            _late(beside),
            f"without them {_late(without)}",
            f"{_p99(beside) / _p99(without):.2f} x ({_typical(beside) / _typical(without):.2f})",
            "1.2 x",
            "1.1 x",
            f"medians of {options.runs} runs; the replayed day has {POSTS:,} posts in "
            f"{DAY.seconds // 3600} hours, its viewers were sent {wire / 1e6:.1f} MB a second; "
            f"missing {sum(each.missing for each in beside)}, doubled "
            f"{sum(each.doubled for each in beside)}, closed {sum(turn.lost for turn in turns)}",
        )
    ]


class _Turn(NamedTuple):
    without: Report
    beside: Report
    wire: float
    lost: int


def _turn(options: Options) -> _Turn:
    with ours() as server:
        path = _imported(server)
        without = watch(server.stage, server.stage.terms(options.readers), options.messages).report
        viewers = Terms(port=server.port, path=path, readers=VIEWERS, greeted=True)
        with Crowd(viewers) as crowd:
            crowd.opened()
            crowd.mark()
            began = time.monotonic()
            terms = server.stage.terms(options.readers)
            beside = watch(server.stage, terms, options.messages).report
            seen = crowd.report()
            wire = seen.wire / (time.monotonic() - began)
    tell(
        f"  p99 {without.p99:.0f} ({without.typical:.0f}) ms, with replays {beside.p99:.0f} "
        f"({beside.typical:.0f}) ms; {wire / 1e6:.1f} MB/s to the viewers, {seen.closed} lost, "
        f"their core {seen.load:.0%}"
    )
    return _Turn(without, beside, wire, seen.closed)


def _imported(server: Ours) -> str:
    """The address of the replay of a day that happened while nobody looked."""
    began = datetime.now(UTC) - 2 * DAY
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "day.jsonl"
        lines: list[object] = [{"blog": {"slug": "past", "title": "A day gone by"}}]
        for number in range(POSTS):
            at = began + DAY * number / POSTS
            lines.append({"title": f"Post {number}", "at": at, "markdown": TEXT})
        file.write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
        path = liveblog("import", "--as-happened", str(file), data=server.data)
    return f"{path}/replay/live?speed={SPEED}"


def _p99(reports: list[Report]) -> float:
    return statistics.median(report.p99 for report in reports)


def _typical(reports: list[Report]) -> float:
    return statistics.median(report.typical for report in reports)


def _late(reports: list[Report]) -> str:
    return f"{_p99(reports):.0f} ms ({_typical(reports):.0f})"


# --- beside the bare decode ----------------------------------------------------------------------


class _Screen:
    """Takes all it is sent at once."""

    carriage: Carriage = "plain"
    ready = True

    def __init__(self, form: Form) -> None:
        self.form: Form = form
        self.ended = False

    def send(self, data: bytes) -> None:
        self.ended = self.ended or b'"ended":true' in data

    def close(self, code: int, reason: str = "") -> None:
        raise RuntimeError(f"closed with {code} {reason}")


def frames(_: Options) -> list[Row]:
    """A whole log played as fast as it goes: to the first who comes, and to one who comes then."""
    stored = [stored for _, stored in written(BLOG, POSTS)]
    first, again, bare = [], [], []
    for _time in range(TIMES):
        bare.append(_decoded(stored))
        made, kept = asyncio.run(_played(stored))
        first.append(made)
        again.append(kept)
    decode, made, kept = (len(stored) / statistics.median(each) for each in (bare, first, again))
    note = (
        f"a log of {POSTS:,} posts, each frame its article and its websocket frame; the first "
        "viewer has them decoded, folded, rendered and encoded, the others are sent the same bytes"
    )
    beside = f"decode {decode:,.0f}"
    return [
        Row("replay, frames a second, first", f"{made:,.0f}", beside, f"{made / decode:.2f} x"),
        Row("replay, kept", f"{kept:,.0f}", beside, f"{kept / decode:.1f} x", note=note),
    ]


def _decoded(stored: list[Stored]) -> float:
    started = time.perf_counter()
    for each in stored:
        load(each)
    return time.perf_counter() - started


async def _played(stored: list[Stored]) -> tuple[float, float]:
    log, render = MemoryLog(), Articles(templates())
    await log.restore(BLOG, stored, None)
    loaded = Loaded(BLOG, render, 0)
    for each in stored:
        loaded.apply(each)
    past = Past(log)
    clock = [0.0]
    replays = Replays(Tracks(log, past, Courses(log, past), render), lambda: clock[0])

    async def play() -> float:
        screen = _Screen("html")
        started = time.perf_counter()
        replays.open(screen, Opening(loaded, moment, START, speed=600.0))
        while not screen.ended:
            if replays.fetches:
                await asyncio.wait(replays.fetches)
            clock[0] += STEP
            replays.turn()
        return time.perf_counter() - started

    return await play(), await play()
