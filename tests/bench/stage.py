"""What a crowd can watch: a server of ours or of somebody else, with one change a second."""

import contextlib
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.bench import machine
from tests.bench.crowd.terms import Terms


class Stage(NamedTuple):
    """A running server. `post` sends one change; None where it sends one a second by itself."""

    port: int
    pid: int
    path: str
    post: Callable[[], None] | None = None
    greeted: bool = False
    tls: bool = False
    since: str = ""

    def terms(self, readers: int) -> Terms:
        """An ordinary crowd of this stage."""
        return Terms(
            port=self.port,
            path=self.path,
            since=self.since,
            readers=readers,
            greeted=self.greeted,
            tls=self.tls,
        )


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    command: list[str],
    port: int,
    environment: dict[str, str] | None = None,
    core: list[int] = machine.SERVER,
) -> Iterator[int]:
    """A program on the server's core, once it listens on its port: its pid. Killed at the end."""
    with machine.on(core):
        process = subprocess.Popen(
            command,
            cwd=machine.CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # Caddy's greeting; what fails can be run by hand
        )
    try:
        _wait(process, command, port)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def python(module: str, *arguments: object) -> list[str]:
    """The command that runs one of our modules."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def _wait(process: subprocess.Popen[bytes], command: list[str], port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise RuntimeError(f"does not listen on {port}: {shlex.join(command)}")
