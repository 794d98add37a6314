"""One change to every reader, ours and the peers' in turn: how late it is for the last of them."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.bench import peers
from tests.bench.crowd import Crowd
from tests.bench.crowd.terms import Report, Terms
from tests.bench.options import Options
from tests.bench.ours import ours
from tests.bench.peers import Peer
from tests.bench.stage import Stage
from tests.bench.table import Row, tell

WARM = 2
SETTLING = 0.5
"""Seconds after the last one: a report counts what is older than a second."""


class Turn(NamedTuple):
    """One crowd's measurement: how fast it came in, and what it heard."""

    rate: float
    report: Report
    exact: bool


def watch(stage: Stage, terms: Terms, messages: int) -> Turn:
    """Open a crowd and let `messages` changes go by, one a second, after two that do not count."""
    with Crowd(terms) as crowd:
        opened = crowd.opened()
        _changes(stage, WARM)
        crowd.mark()
        _changes(stage, messages)
        time.sleep(SETTLING)
        report = crowd.report()
        exact = not (report.missing or report.doubled or report.closed)
        if stage.post:
            exact = exact and report.posts == messages
        return Turn(opened.rate, report, exact)


def _changes(stage: Stage, number: int) -> None:
    due = time.monotonic()
    for _ in range(number):
        if stage.post:
            stage.post()
        due += 1
        time.sleep(max(0.0, due - time.monotonic()))


class Contest(NamedTuple):
    """Medians over the runs: milliseconds and handshakes a second by contestant, "" is ours."""

    p99: dict[str, float]
    typical: dict[str, float]
    rate: dict[str, float]
    exact: bool
    frame: int

    def late(self, name: str) -> str:
        """A contestant's p99, and in brackets that of the median change."""
        return f"{self.p99[name]:.0f} ms ({self.typical[name]:.0f})"

    def ratio(self, name: str) -> str:
        """Ours to another's: of both figures."""
        whole, typical = (each[""] / each[name] for each in (self.p99, self.typical))
        return f"{whole:.2f} x ({typical:.2f})"


def contest(readers: int, runs: int, messages: int, beside: list[Peer]) -> Contest:
    """Ours and each peer in turn, with frames of the same length; all of it `runs` times."""
    turns: dict[str, list[Turn]] = {}
    frame = 0
    for run in range(runs):
        with ours() as server:
            server.post()
            turn = watch(server.stage, server.stage.terms(readers), messages)
            frame = server.frame_size()
        _tell(run, readers, "ours", turn)
        turns.setdefault("", []).append(turn)
        for peer in beside:
            with peer.start(frame) as stage:
                turn = watch(stage, stage.terms(readers), messages)
            _tell(run, readers, peer.name, turn)
            turns.setdefault(peer.name, []).append(turn)
    return _medians(turns, frame)


def _tell(run: int, readers: int, name: str, turn: Turn) -> None:
    report = turn.report
    tell(
        f"  run {run + 1}, {readers:,} readers, {name}: p50 {report.p50:.0f} p95 {report.p95:.0f} "
        f"p99 {report.p99:.0f} ({report.typical:.0f}) max {report.worst:.0f} ms, "
        f"{turn.rate:,.0f} handshakes/s, {report.posts} changes, "
        f"missing {report.missing}, doubled {report.doubled}, closed {report.closed}, "
        f"crowd's core {report.load:.0%}"
    )


def _medians(turns: dict[str, list[Turn]], frame: int) -> Contest:
    def of(figure: Callable[[Turn], float]) -> dict[str, float]:
        return {name: statistics.median(map(figure, each)) for name, each in turns.items()}

    return Contest(
        of(lambda turn: turn.report.p99),
        of(lambda turn: turn.report.typical),
        of(lambda turn: turn.rate),
        all(turn.exact for turn in turns[""]),
        frame,
    )


def rows(options: Options) -> list[Row]:
    """Ours beside each peer that is here; what must be is said beside the limit."""
    beside = options.peers()
    result = contest(options.readers, options.runs, options.messages, beside)
    what, note = f"fan-out p99, {options.readers:,} readers", _note(result, options)
    mine = result.late("")
    if not beside:
        return [Row(what, mine, note=note)]
    made = []
    for peer in beside:
        promised = ("1.3 x", "1.1 x") if peer is peers.limit_here() else ("", "")
        theirs = f"{peer.name} {result.late(peer.name)}"
        made.append(Row(what, mine, theirs, result.ratio(peer.name), *promised, note))
    return made


def _note(result: Contest, options: Options) -> str:
    opened = ", ".join(f"{name or 'ours'} {rate:,.0f}" for name, rate in result.rate.items())
    absent = "".join(f"; not beside: {peer.missing}" for peer in peers.ALL if peer.missing)
    return (
        f"medians of {options.runs} runs of {options.messages} changes, one a second, frames of "
        f"{result.frame} bytes; ours from before the durable POST, the others from before their "
        "loop; "
        f"{'nothing' if result.exact else 'SOMETHING'} missing, doubled or closed; "
        f"handshakes/s: {opened}{absent}"
    )
