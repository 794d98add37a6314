"""A Valkey of the test's own on a loopback port, to be stopped, killed and started again."""

import signal
import socket
import subprocess
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from server.storage.embedded import find_server
from server.storage.keeper import SETTINGS

PATIENCE = 120.0
"""Seconds a condition may take on a loaded machine."""
_SHIPPED = (
    "appendonly",
    "appendfsync",
    "aof-use-rdb-preamble",
    "aof-load-truncated",
    "save",
    "maxmemory-policy",
)
"""The settings that decide what survives are those of the embedded server."""


class Valkey:
    """One server process and its folder; `arguments` are more settings of it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._arguments = arguments
        folder.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        """Start it on what its folder holds; returns once it has loaded that."""
        settings = {
            **{name: SETTINGS[name] for name in _SHIPPED},
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.folder),
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen(
            [find_server(), *words, *self._arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self.process.poll() is None, "valkey has ended"
            assert time.monotonic() < deadline, "valkey does not answer"
            time.sleep(0.01)

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, which also ends a paused one."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def _answers(self) -> bool:
        with Redis(port=self.port, socket_timeout=1) as redis:
            try:
                return bool(redis.ping())
            except RedisError:
                return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
