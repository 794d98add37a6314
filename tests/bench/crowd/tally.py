"""What a crowd has heard since the last mark, and the figures that follow from it."""

import time
from array import array
from collections import Counter, defaultdict

from tests.bench.crowd.reader import Reader
from tests.bench.crowd.terms import Report

SETTLED = 1_000_000_000
"""Nanoseconds after which a change should have reached everybody."""
SHARES = (0.5, 0.95, 0.99, 1)


class Tally:
    """Counts; `codes` are those of lost connections, 0 where none was given."""

    def __init__(self) -> None:
        self.codes: Counter[int] = Counter()
        self.settled = 0
        self.mark([])

    def mark(self, readers: list[Reader]) -> None:
        """Begin to measure: what was sent before counts no more."""
        self._began, self._cpu = time.monotonic(), time.process_time()
        self._late: defaultdict[int, array[int]] = defaultdict(lambda: array("q"))
        self.wire = self.compressed = 0
        for reader in readers:
            reader.heard.clear()

    def hear(self, reader: Reader, sent: int) -> None:
        """A reader has heard the change that was sent then."""
        now = time.monotonic_ns()
        reader.heard.append(sent)
        self._late[sent].append(now - sent)
        self.settled = now

    def report(self, readers: list[Reader], ready: int) -> Report:
        """Of the changes sent since the mark, but for those that are still under way."""
        begin, end = self._began * 1e9, time.monotonic_ns() - SETTLED
        sent = {moment for moment in self._late if begin <= moment < end}
        late = sorted(each for moment in sent for each in self._late[moment])
        p50, p95, p99, worst = (_percentile(late, share) for share in SHARES)
        each = sorted(_percentile(sorted(self._late[moment]), 0.99) for moment in sent) or [0.0]
        missing, doubled = _faults(readers, sent)
        return Report(
            ready=ready,
            closed=self.codes.total(),
            codes=dict(self.codes),
            posts=len(sent),
            missing=missing,
            doubled=doubled,
            p50=p50,
            p95=p95,
            p99=p99,
            worst=worst,
            typical=each[len(each) // 2],
            settled=self.settled,
            load=(time.process_time() - self._cpu) / (time.monotonic() - self._began),
            wire=self.wire,
            compressed=self.compressed,
        )


def _percentile(late: list[int], share: float) -> float:
    """In ms, of sorted ns."""
    return late[int((len(late) - 1) * share)] / 1e6 if late else 0.0


def _faults(readers: list[Reader], sent: set[int]) -> tuple[int, int]:
    """How often a reader has not heard one of these changes, and how often one again."""
    missing = doubled = 0
    for reader in readers:
        if not reader.stalled:
            heard = [moment for moment in reader.heard if moment in sent]
            missing += len(sent) - len(set(heard))
            doubled += len(heard) - len(set(heard))
    return missing, doubled
