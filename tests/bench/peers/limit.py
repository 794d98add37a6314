"""The limit where it can be had: a C program that calls send() once a connection."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import machine
from tests.bench.stage import Stage, free_port, running

SOURCE = machine.SHARED / "tools" / "limit.c"


def missing() -> str:
    """Why it cannot be measured here; empty if it can."""
    if not SOURCE.exists():
        return "no ../shared/tools/limit.c beside this checkout"
    return "" if shutil.which("gcc") else "no gcc here"


@contextlib.contextmanager
def start(size: int) -> Iterator[Stage]:
    """Build it and let it send a payload of so many bytes once a second."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "limit"
        subprocess.run(["gcc", "-O2", "-w", "-o", program, SOURCE], check=True)
        port = free_port()
        with running([str(program), str(port), str(size), "1"], port) as pid:
            yield Stage(port, pid, "/")
