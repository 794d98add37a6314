"""`python -m tests.bench [ROW...]`: measures this machine and prints one table."""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    append,
    deflate,
    fanout,
    first_page,
    fold,
    growth,
    handshakes,
    idle,
    lighthouse,
    machine,
    memory,
    past,
    proxied,
    replay,
    script,
    sse,
    stalled,
    storm,
    sweep,
    verify,
)
from tests.bench.options import Options
from tests.bench.table import Row, show, tell

ROWS: dict[str, Callable[[Options], list[Row]]] = {
    "fanout": fanout.rows,
    "growth": growth.rows,
    "sweep": sweep.rows,
    "memory": memory.rows,
    "handshakes": handshakes.rows,
    "storm": storm.rows,
    "stalled": stalled.rows,
    "deflate": deflate.rows,
    "sse": sse.rows,
    "proxied": proxied.rows,
    "socket": idle.rows,
    "append": append.rows,
    "fold": fold.folds,
    "cold": fold.cold,
    "verify": verify.rows,
    "replay": replay.rows,
    "frames": replay.frames,
    "past": past.rows,
    "script": script.rows,
    "page": first_page.rows,
    "lighthouse": lighthouse.rows,
}
ALONE = {"append", "fold", "cold", "verify", "frames", "past", "script", "lighthouse"}
"""Rows without a crowd: nothing shares the machine with them, so they may use all of it."""


def main() -> None:
    names, options = _asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    machine.allow_open_files()
    rows: list[Row] = []
    failed = False
    for name in names:
        started = time.monotonic()
        tell(f"{name} ...")
        try:
            with machine.on([] if name in ALONE else machine.LOAD):
                rows += ROWS[name](options)
        except (OSError, RuntimeError, AssertionError) as error:
            failed = True
            rows.append(Row(name, "FAILED", note=str(error)))
        tell(f"{name}: {time.monotonic() - started:.0f} s")
    show(rows)
    sys.exit(failed)


def _asked() -> tuple[list[str], Options]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=" ".join(ROWS))
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--messages", type=int, default=8)
    parser.add_argument("--beside", default="", help="only these peers, by a part of their names")
    parser.add_argument("--plot", type=Path, help="where `growth` or `past` draws, an SVG")
    asked = parser.parse_args()
    if unknown := set(asked.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    beside = tuple(filter(None, asked.beside.split(",")))
    return asked.rows or list(ROWS), Options(
        asked.readers, asked.runs, asked.messages, beside, asked.plot
    )


if __name__ == "__main__":
    main()
