"""Readers that never read, among many that do."""

import time
from typing import NamedTuple

import msgspec

from tests.bench import machine
from tests.bench.crowd import Crowd
from tests.bench.crowd.terms import Report
from tests.bench.options import Options
from tests.bench.ours import Ours, ours
from tests.bench.table import Row, tell

SHARE = 10
"""One reader in so many stalls."""
FILL = 16
FILLING = "The mill wheel turns again after forty years. " * 170
"""Posts of 8 kB, first: they fill what the kernel keeps for each reader (some 40 kB)."""
FOREVER, SELDOM = "600", "120"
"""Seconds until a stalled reader would be sent away, and between pings: here they must stay."""


class _Turn(NamedTuple):
    report: Report
    grown: int
    full: int


def rows(options: Options) -> list[Row]:
    """The others' p99 beside the same crowd without those who stall; what the process grew by."""
    count = options.readers // SHARE
    others = options.readers - count
    without = _turn(others, 0, options.messages)
    with_them = _turn(others + count, count, options.messages)
    report = with_them.report
    grown = (with_them.grown - without.grown) / count / 1000
    return [
        Row(
            f"{count:,} readers that never read: others' p99",
            report.late,
            f"without them {without.report.late}",
            report.beside(without.report),
            "1.3 x",
            "1.1 x",
            f"{others:,} others, {report.missing} missing, {report.doubled} doubled; "
            f"{with_them.full:,} of those that stall had a full connection at the end; the server "
            f"grew by {grown:.1f} KB for each of them beyond what the others cost",
        )
    ]


def _turn(readers: int, stalled: int, messages: int) -> _Turn:
    with ours(LIVEBLOG_STALL=FOREVER, LIVEBLOG_PING=SELDOM) as server:
        server.post()
        terms = msgspec.structs.replace(server.stage.terms(readers), stalled=stalled)
        with Crowd(terms) as crowd:
            crowd.opened()
            time.sleep(1)
            before = machine.resident(server.pid)
            for _ in range(FILL):
                server.post(FILLING)
                time.sleep(0.5)
            report = _measured(server, crowd, messages)
            turn = _Turn(
                report, machine.resident(server.pid) - before, machine.full_sockets(server.port)
            )
    tell(f"  {stalled:,} stall: p99 {report.p99:.0f} ms, {turn.full:,} full; {report}")
    return turn


def _measured(server: Ours, crowd: Crowd, messages: int) -> Report:
    crowd.mark()
    for _ in range(messages):
        due = time.monotonic() + 1
        server.post()
        time.sleep(max(0.0, due - time.monotonic()))
    time.sleep(0.5)
    return crowd.report()
