"""What Lighthouse's performance says of our pages, on the phone that it simulates."""

import statistics
import tempfile
from pathlib import Path

from tests.audit.lighthouse import Verdict, judged
from tests.bench.options import Options
from tests.bench.table import Row
from tests.process import Server
from tests.showcase import Showcase

PAGES = {"page": "/blogs/fair", "permalink": "/blogs/fair/posts/{post}", "front page": "/"}


def rows(options: Options) -> list[Row]:
    """A row a page: the median of the runs."""
    with tempfile.TemporaryDirectory() as data, Server(Path(data, "data")) as server:
        showcase = Showcase(server)
        return [
            _row(name, [_judged(showcase.address(path)) for _ in range(options.runs)])
            for name, path in PAGES.items()
        ]


def _judged(url: str) -> Verdict:
    return judged(url, "performance")


def _row(name: str, verdicts: list[Verdict]) -> Row:
    score = statistics.median(each.scores["performance"] for each in verdicts)
    doubts = sorted({doubt for each in verdicts for doubt in each.doubts})
    return Row(
        f"Lighthouse performance, {name}", f"{score:.2f}", must="0.95", note="; ".join(doubts)
    )
