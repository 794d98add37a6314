"""How the lateness grows with the readers: ours and the peers, and a picture of it."""

from tests.bench import fanout, machine, peers
from tests.bench.options import Options
from tests.bench.plot import Series, svg
from tests.bench.table import Row

SIZES = (1_000, 5_000, 10_000, 15_000)
SPARE = 500
"""Open files of a process that are no readers."""
RUNS, MESSAGES = 1, 5


def rows(options: Options) -> list[Row]:
    """A row a size; the ratio is to the first of the peers, the limit."""
    beside = options.peers()
    sizes = [size for size in SIZES if size <= machine.allow_open_files() - SPARE]
    runs, messages = min(options.runs, RUNS), min(options.messages, MESSAGES)
    contests = {size: fanout.contest(size, runs, messages, beside) for size in sizes}
    if options.plot:
        names = ["", *(peer.name for peer in beside)]
        options.plot.write_text(
            svg(
                "p99 of the median change to every reader",
                "readers",
                "ms",
                [
                    Series(
                        name or "Liveblog", [(size, contests[size].typical[name]) for size in sizes]
                    )
                    for name in names
                ],
            )
        )
    return [_row(size, contests[size], beside) for size in sizes]


def _row(size: int, contest: fanout.Contest, beside: list[peers.Peer]) -> Row:
    theirs = ", ".join(f"{peer.name} {contest.late(peer.name)}" for peer in beside)
    return Row(
        f"growth: fan-out p99, {size:,} readers",
        contest.late(""),
        theirs,
        contest.ratio(beside[0].name) if beside else "",
    )
