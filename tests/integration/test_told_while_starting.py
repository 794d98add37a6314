"""SIGTERM while a server or a worker of it is still starting: it ends, and does not serve on."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server.serve import bind
from server.settings import Settings
from tests.conftest import Storage
from tests.process import LIVEBLOG, PATIENCE

TELLS = Path("/proc/self/status").exists()
SIGTERM = 1 << (signal.SIGTERM - 1)

pytestmark = pytest.mark.skipif(not TELLS, reason="the system does not tell who heeds a signal")


def heeds(process: subprocess.Popen[bytes]) -> bool:
    """Whether it would not just die of the signal any more."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    [caught] = (line.split()[1] for line in lines if line.startswith("SigCgt:"))
    return bool(int(caught, 16) & SIGTERM)


def told_at_once(process: subprocess.Popen[bytes]) -> int:
    """Tell it to end at the first moment at which it listens; what it ends with."""
    try:
        deadline = time.monotonic() + PATIENCE
        while not heeds(process):
            assert process.poll() is None, "it has ended by itself"
            assert time.monotonic() < deadline, "it listens to nobody"
            time.sleep(0.001)
        process.send_signal(signal.SIGTERM)
        return process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_that_is_told_to_end_while_it_starts_ends(tmp_path: Path, workers: str) -> None:
    command = [*LIVEBLOG, "serve", "--port", "0", "--workers", workers]
    with subprocess.Popen(
        [*command, "--data", str(tmp_path / "data")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        assert told_at_once(server) == 0


def test_a_worker_that_is_told_to_end_while_it_starts_ends(
    tmp_path: Path, shared_storage: Storage
) -> None:
    settings = Settings(data=tmp_path / "data", port=0, redis_url=shared_storage.url)
    with (
        bind(settings) as bound,
        subprocess.Popen(
            [sys.executable, "-m", "server.workers", str(bound.fileno())],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[bound.fileno()],
            env=settings.environment(),
        ) as worker,
    ):
        assert told_at_once(worker) == 0
