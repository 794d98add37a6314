"""One post on an idle server, on its way from the editor's request to a reader's socket."""

import time

from tests.bench import machine
from tests.bench.crowd import Crowd
from tests.bench.day import TEXT
from tests.bench.options import Options
from tests.bench.ours import ours
from tests.bench.table import Row

POSTS = 200
PAUSE = 0.01


def rows(_options: Options) -> list[Row]:
    """From sending the POST to the frame at the only reader, beside an fsync in that folder."""
    with ours() as server, Crowd(server.stage.terms(1)) as crowd:
        crowd.opened()
        server.post(TEXT)
        crowd.mark()
        for _ in range(POSTS):
            server.post(TEXT)
            time.sleep(PAUSE)
        time.sleep(1.2)
        report = crowd.report()
        fsync = machine.fsync_p50(server.data)
    return [
        Row(
            "durable POST -> socket, idle, p50",
            f"{report.p50:.1f} ms",
            f"fsync {fsync:.2f} ms",
            f"{report.p50 - fsync:.1f} ms over",
            "8 ms over",
            "4 ms over",
        )
    ]
