"""Autobahn's fuzzing client: how it is set upon an echo of ours, and what it reports."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

CLIENT: Final = Path(sys.prefix, "autobahn", "bin", "wstest")
"""In an environment of its own, since it is a Python 2.7's."""
PATIENCE: Final = 1200.0
"""Seconds that a part of the cases may take on a loaded machine."""

CASES: Final = {
    "1": 16,
    "2": 11,
    "3": 7,
    "4": 10,
    "5": 20,
    "6": 145,
    "7": 37,
    "10": 1,
    "12": 90,
    "13": 126,
}
"""How many cases a section has in the pinned version. 9 measures speed and judges nothing; 8 and
11 are empty."""
PARTS: Final = (
    *([f"12.{kind}.*"] for kind in range(1, 6)),
    *([f"13.{kind}.*"] for kind in range(1, 8)),
    [f"{section}.*" for section in CASES if int(section) < 12],
)
"""What goes on at once, as far as there are cores; the slow ones come first."""

FINE: Final = ("OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED")
"""Verdicts that are none against us. Non-strict: allowed, but later than it could have been.
Informational: the RFC leaves it open. Unimplemented: an extension that is offered is declined."""
COLUMNS: Final = (*FINE, "FAILED")

TABLE: Final = pytest.StashKey[str]()
"""The summary, which is printed when all is done."""


@dataclass(frozen=True)
class Case:
    """A case that was run: both verdicts, and the file that tells how it went."""

    id: str
    behavior: str
    closing: str
    report: Path

    @property
    def section(self) -> str:
        return self.id.split(".")[0]

    @property
    def verdict(self) -> str:
        """One of COLUMNS."""
        fine = self.behavior in FINE and self.closing in FINE
        return self.behavior if fine else "FAILED"

    @property
    def complaint(self) -> str:
        """What was wanted, and what was seen instead."""
        told: dict[str, Any] = json.loads(self.report.read_bytes())
        return (
            f"{self.id} {self.behavior}, its close {self.closing}\n"
            f"  does:  {_plain(told['description'])}\n"
            f"  wants: {_plain(told['expectation'])} Any of {told['expected']},"
            f" closed as in {told['expectedClose']}\n"
            f"  saw:   {told['result']} {told['resultClose']} {told['received']},"
            f" close code {told['remoteCloseCode']} {told['remoteCloseReason'] or ''}\n"
            f"  more:  {self.report}"
        )


def run(folder: Path) -> list[Case]:
    """Run all CASES; what they leave stays in the folder. Some minutes on two cores."""
    if not CLIENT.exists():
        pytest.fail("Autobahn's testsuite is not installed: say make audit", pytrace=False)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        folders = [folder / str(number) for number in range(len(PARTS))]
        return [case for cases in pool.map(_run_part, PARTS, folders) for case in cases]


def _run_part(cases: list[str], folder: Path) -> list[Case]:
    folder.mkdir()
    spec = folder / "spec.json"
    with _echo(folder / "echo.log") as port:
        server = {"agent": "liveblog", "url": f"ws://127.0.0.1:{port}"}
        spec.write_text(json.dumps({"servers": [server], "cases": cases, "outdir": "reports"}))
        with (folder / "client.log").open("wb") as log:
            command = [str(CLIENT), "--mode", "fuzzingclient", "--spec", spec.name]
            subprocess.run(
                command, cwd=folder, stdout=log, stderr=log, timeout=PATIENCE, check=True
            )
    return _reported(folder / "reports")


@contextlib.contextmanager
def _echo(log: Path) -> Iterator[int]:
    """The port of an echo in a process of its own, which may say nothing but that."""
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-m", "tests.audit.echo"], stdout=subprocess.PIPE, stderr=said
        ) as process,
    ):
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()
    assert not log.read_text(), f"the echo complained: {log.read_text()}"


def _reported(folder: Path) -> list[Case]:
    judged = json.loads((folder / "index.json").read_bytes())["liveblog"]
    return [
        Case(id, case["behavior"], case["behaviorClose"], folder / case["reportfile"])
        for id, case in judged.items()
    ]


def table(cases: list[Case]) -> str:
    """How many cases of each section ended how."""
    lines = [("section", "cases", *map(str.lower, COLUMNS))]
    for section in CASES:
        verdicts = Counter(case.verdict for case in cases if case.section == section)
        counts = [verdicts.total(), *(verdicts[column] for column in COLUMNS)]
        lines.append((section, *map(str, counts)))
    return "\n".join("".join(f"{cell:>15}" for cell in line) for line in lines)


def _plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())
