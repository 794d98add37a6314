"""How fast readers come in who say where they were."""

import statistics
import time

from tests.bench.crowd import Crowd
from tests.bench.options import Options
from tests.bench.ours import ours
from tests.bench.table import Row, tell

LEAVING = 2.0
"""Seconds in which the server may forget those who have left."""


def rows(options: Options) -> list[Row]:
    """Handshakes a second, each counted with its `hello`; at most 256 are under way at once."""
    rates = []
    with ours() as server:
        server.post()
        for _ in range(options.runs):
            with Crowd(server.stage.terms(options.readers)) as crowd:
                opened = crowd.opened()
            rates.append(opened.rate)
            tell(f"  {opened.ready:,} in {opened.seconds:.1f} s: {opened.rate:,.0f} a second")
            time.sleep(LEAVING)
    rate = statistics.median(rates)
    what = "handshakes with resume, a second a core"
    return [Row(what, f"{rate:,.0f}", must="1,500", reach="3,000")]
