"""A real server in a process of its own, for tests that look at it from outside or kill it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

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
    """`liveblog serve` on a free port; `kill` is SIGKILL, `stop` is SIGTERM, as the block's end."""

    def __init__(self, data: Path, *arguments: str, port: int = 0, **environment: str) -> None:
        self.data = data
        self._tokens: dict[str, str] = {}
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

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

    def token(self, role: str = "admin", *, fresh: bool = False) -> str:
        """The token of that role; a `fresh` one is somebody else's, with a pace of its own."""
        if fresh:
            return liveblog("token", "create", "--role", role, data=self.data)
        if role not in self._tokens:
            self._tokens[role] = self.token(role, fresh=True)
        return self._tokens[role]

    def client(self, role: str = "admin", *, fresh: bool = False) -> httpx.Client:
        """A client that speaks with the token of that role, or with a fresh one."""
        headers = {"authorization": f"Bearer {self.token(role, fresh=fresh)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            if self.process.stdout:
                self.process.stdout.close()
