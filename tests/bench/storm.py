"""Everybody loses the server at once: it is killed, starts again, and all come back."""

import contextlib
import threading
import time

import msgspec

from server.settings import Settings
from tests.bench.crowd import Crowd
from tests.bench.crowd.terms import Report
from tests.bench.options import Options
from tests.bench.ours import Ours, ours
from tests.bench.table import Row, tell

LIMIT = 60.0
"""Seconds after which those who are not back are given up."""
BEFORE = 6
"""Seconds the readers are there first: more than the client calls a failure."""


def rows(options: Options) -> list[Row]:
    """Seconds from SIGKILL until all are back and have every post, with posts all the while."""
    with ours(LIVEBLOG_ACCEPTS=str(Settings().accepts)) as server:  # this is what it is there for
        server.post()
        terms = msgspec.structs.replace(server.stage.terms(options.readers), returning=True)
        with Crowd(terms) as crowd:
            crowd.opened()
            crowd.mark()
            for _ in range(BEFORE):
                server.post()
                time.sleep(1)
            begun = len(server.published) - BEFORE
            killed, restarted = _storm(server, crowd, options.readers)
            time.sleep(2.5)
            report = crowd.report()
    published = len(server.published) - begun
    seconds = report.settled / 1e9 - killed
    back = f"{seconds:.1f} s"
    if report.ready < options.readers:
        back = f"only {report.ready:,} in {LIMIT:.0f} s"
    tell(f"  {back}, of which the server took {restarted:.1f} to start; {report}")
    return [
        Row(
            f"{options.readers:,} readers lose the server: all back",
            back,
            f"its own start {restarted:.1f} s",
            _exact(report, published),
            "15 s",
            "8 s",
            f"{published} posts published before and meanwhile, {server.refused} times one had to "
            f"be sent again; {report.closed:,} connections and attempts lost, {_codes(report)}",
        )
    ]


def _storm(server: Ours, crowd: Crowd, readers: int) -> tuple[float, float]:
    """Kill, start again, post twice a second until all are back; when, and how long it took."""
    killed = time.monotonic()
    server.kill()
    over = threading.Event()
    posting = threading.Thread(target=_post_until, args=(server, over))
    posting.start()
    try:
        server.restart()
        restarted = time.monotonic() - killed
        _until_all_are_back(crowd, readers, killed)
    finally:
        over.set()
        posting.join()
    return killed, restarted


def _until_all_are_back(crowd: Crowd, readers: int, killed: float) -> None:
    told = 0
    while (ready := crowd.ready()) < readers and time.monotonic() - killed < LIMIT:
        if (second := int(time.monotonic() - killed)) > told:
            tell(f"  after {second} s {ready:,} are back")
            told = second
        time.sleep(0.05)


def _post_until(server: Ours, over: threading.Event) -> None:
    with contextlib.suppress(TimeoutError):  # then not all are back, which is what will be told
        while not over.wait(0.5):
            server.post_surely()


def _exact(report: Report, published: int) -> str:
    lost = report.missing + (published - report.posts) * report.ready
    return f"{lost} missing, {report.doubled} doubled"


def _codes(report: Report) -> str:
    told = {code: times for code, times in report.codes.items() if code}
    return ", ".join(f"{code} ({times:,})" for code, times in told.items()) or "no code"
