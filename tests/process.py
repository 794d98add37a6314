"""A real server in a process of its own, for tests that look at it from outside or kill it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

LIVEBLOG = [sys.executable, "-m", "server.cli"]
PATIENCE = 30.0
"""Seconds a start, or an answer, may take on a loaded machine."""


def liveblog(*arguments: str, data: Path, code: int = 0) -> str:
    """Run a command on a data directory; its output, once the exit code is as expected."""
    command = [*LIVEBLOG, *arguments, "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return (done.stdout if code == 0 else done.stderr).strip()


def first_line(process: subprocess.Popen[str]) -> str:
    """What a process says first; nothing, if it has nothing to say in time and so is ended."""
    assert process.stdout
    end = threading.Timer(2 * PATIENCE, process.kill)
    end.start()
    try:
        return process.stdout.readline()
    finally:
        end.cancel()


class Server:
    """`liveblog serve` on a free port; `kill` is SIGKILL, `stop` is SIGTERM."""

    def __init__(self, data: Path, *arguments: str, port: int = 0, **environment: str) -> None:
        self.data = data
        command = [*LIVEBLOG, "serve", "--data", str(data), "--port", str(port), *arguments]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            text=True,
            env=os.environ | environment,
        )
        try:
            self.url = self._address()
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _address(self) -> str:
        line = first_line(self.process)
        assert line.startswith("Page"), f"the server did not start: {line!r}"
        return line.split()[1].rstrip("/")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._is_ready():
            assert time.monotonic() < deadline, "the server is not ready"
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=PATIENCE).status_code == 200
        except httpx.TransportError:
            return False

    def token(self, role: str = "admin") -> str:
        return liveblog("token", "create", "--role", role, data=self.data)

    def client(self, role: str = "admin") -> httpx.Client:
        """A client that speaks with a new token of that role."""
        headers = {"authorization": f"Bearer {self.token(role)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()
        return code
