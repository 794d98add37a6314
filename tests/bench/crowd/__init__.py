"""Our load generator: a process of its own that is a crowd of readers. This is its handle."""

import select
import subprocess
import sys
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec

from tests.bench import machine
from tests.bench.crowd.terms import Count, Opened, Report, Terms

Answer = TypeVar("Answer", Opened, Report, Count)
PATIENCE: Final = 120.0
"""Seconds in which a crowd must have come in."""


class Crowd:
    """Readers that connect at once; a context manager, at whose end all are gone."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        command = [sys.executable, "-m", "tests.bench.crowd", msgspec.json.encode(terms).decode()]
        with machine.on(machine.LOAD):
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                cwd=machine.CHECKOUT,
            )

    def opened(self, *, allow_lost: int = 0) -> Opened:
        """Wait until all have come in. Raises RuntimeError if more than `allow_lost` could not."""
        opened = self._hear(Opened, PATIENCE)
        if opened.ready < self.terms.readers - allow_lost:
            raise RuntimeError(f"{opened.ready:,} of {self.terms.readers:,} readers came in")
        return opened

    def mark(self) -> None:
        """Measure from here on."""
        self._say(b"mark\n")
        self._hear(Count, 30)

    def report(self) -> Report:
        self._say(b"report\n")
        return self._hear(Report, 30)

    def ready(self) -> int:
        """How many readers are open at this moment."""
        self._say(b"ready\n")
        return self._hear(Count, 30).ready

    def _say(self, word: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(word)

    def _hear(self, kind: type[Answer], patience: float) -> Answer:
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], patience)[0]:
            raise RuntimeError(f"the crowd has said nothing for {patience:.0f} s")
        return msgspec.json.decode(self._process.stdout.readline(), type=kind)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
