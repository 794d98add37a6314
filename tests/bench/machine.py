"""The machine under the measurement: its cores, its limits, and what a process uses of it."""

import contextlib
import os
import resource
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[2]
SHARED: Final = CHECKOUT.parent / "shared"
"""What lies beside the checkout where the project is made, and nowhere else: always optional."""

_CORES: Final = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else list[int]()
SERVER: Final = _CORES[:1]
LOAD: Final = _CORES[1:2] or SERVER


@contextlib.contextmanager
def on(cores: list[int]) -> Iterator[None]:
    """Run here, and start processes that stay here; where the system can pin, else anywhere."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_open_files() -> int:
    """Raise this process' limit, and its children's, as far as it goes; what it is then."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def resident(pid: int) -> int:
    """Bytes of memory that the process has (RSS), without what the kernel keeps for its sockets."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def processor(pid: int) -> float:
    """Seconds the process has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def fsync_p50(folder: Path) -> float:
    """Milliseconds of one small write and its fsync, in that directory."""
    times = []
    descriptor = os.open(folder / "probe", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(200):
        started = time.perf_counter()
        os.write(descriptor, b"x" * 512)
        os.fsync(descriptor)
        times.append((time.perf_counter() - started) * 1000)
    os.close(descriptor)
    return statistics.median(times)


def full_sockets(port: int) -> int:
    """Connections of that local port whose other side has not taken what was written to it."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ours = (line.split() for line in lines if f":{port:04X} " in line.split(": ")[1][:14])
    return sum(int(columns[4].split(":")[0], 16) > 0 for columns in ours)
