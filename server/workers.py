"""The further processes of `liveblog serve --workers N`: started, replaced when one dies, ended.

Run as a program it is one of them: it accepts from the socket it inherits and tails for itself.
"""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

import structlog

from server import settings
from server.app import app
from server.door.uvicorn_server import log_to_stderr, patience, run, uvicorn_for
from server.settings import Settings

LOOK: Final = 0.5
"""Seconds between two looks at whether all are alive."""
YOUNG: Final = 5.0
"""Seconds after which a worker's death says nothing of how the next one will fare."""
LONGEST: Final = 30.0
"""Seconds between two tries at most, where none comes to anything."""
SPARE: Final = 5
"""Seconds a worker is given to end beyond those that its server may take."""

logger = structlog.get_logger("workers")


class Place:
    """One worker's place: when it dies, another takes it; ever more slowly, if they die young."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]], now: float) -> None:
        self._start = start
        self.worker = start()
        self._since = now
        self._pause = 0.0
        self._next: float | None = None
        """When another is to be started; None while there is one, as far as is known."""

    def look(self, now: float) -> None:
        """Whether all is well; else do something about it, if it is time to."""
        if self._next is None and self.worker.poll() is not None:
            logger.warning("a worker died", pid=self.worker.pid, code=self.worker.returncode)
            _close(self.worker)
            # Killed from outside it says nothing of how the next one will fare either.
            killed = self.worker.returncode == -signal.SIGKILL
            self._wait(now, young=now - self._since < YOUNG and not killed)
        if self._next is not None and now >= self._next:
            self._fill(now)

    def _fill(self, now: float) -> None:
        try:
            self.worker = self._start()
        except OSError as error:
            logger.error("no worker could be started", error=str(error))
            self._wait(now, young=True)
        else:
            self._since, self._next = now, None

    def _wait(self, now: float, *, young: bool) -> None:
        self._pause = min(2 * self._pause or LOOK, LONGEST) if young else 0.0
        self._next = now + self._pause


class Workers:
    """`count` processes that share a listening socket with this one.

    Each holds the reading end of a pipe from here, so it ends when this process does, however.
    """

    def __init__(self, count: int, settings: Settings, bound: socket.socket) -> None:
        self._environment = settings.environment()
        self._bound = bound
        self._patience = patience(settings) + SPARE
        self._ending = False
        self._places = [Place(self._start, time.monotonic()) for _ in range(count)]

    def _start(self) -> subprocess.Popen[bytes]:
        descriptor = self._bound.fileno()
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "server.workers", str(descriptor)],
            stdin=subprocess.PIPE,
            pass_fds=[descriptor],
            env=self._environment,
        )

    async def keep(self) -> None:
        """Replace those that die, until the end."""
        while not self._ending:
            for place in self._places:
                place.look(time.monotonic())
            await asyncio.sleep(LOOK)

    def end(self) -> None:
        """Tell all of them to end in order; none is replaced any more."""
        if not self._ending:
            self._ending = True
            for place in self._places:
                place.worker.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """See to it that all have ended, by force where one does not."""
        self.end()
        for worker in [place.worker for place in self._places]:
            try:
                worker.wait(self._patience)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
            _close(worker)


def _close(worker: subprocess.Popen[bytes]) -> None:
    if worker.stdin:
        worker.stdin.close()


async def work(descriptor: int, wanted: Settings) -> None:
    """Serve on an inherited listening socket, until told or until the parent is gone."""
    server = uvicorn_for(app(wanted), wanted)
    server.heed()

    def orphaned() -> None:
        asyncio.get_running_loop().remove_reader(sys.stdin)
        server.should_exit = True

    asyncio.get_running_loop().add_reader(sys.stdin, orphaned)
    await server.serve(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    log_to_stderr()
    wanted = settings.load({})
    run(work(int(sys.argv[1]), wanted), wanted)
