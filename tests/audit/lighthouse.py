"""Lighthouse, set upon an address: its scores, and what lowered them.

As its own defaults have it: a phone of the middle range on a slow line, simulated. The Chromium it
starts is that of our other tests, which asks nobody but loopback.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.e2e.browser import FLAGS, UNCONFINED, program

PROGRAM: Final = Path(sys.prefix, "judges", "node_modules", "lighthouse", "cli", "index.js")
PATIENCE: Final = 180.0
"""Seconds it may take on a loaded machine."""


class Absent(RuntimeError):
    """It is not installed; the message says how to get it."""


@dataclass(frozen=True)
class Verdict:
    """`scores` from 0 to 1 by category; `faults`, a line each, are what lowered one of them, and
    `doubts` what Lighthouse says of its own circumstances."""

    scores: dict[str, float]
    faults: list[str]
    doubts: list[str]


def judged(url: str, *categories: str) -> Verdict:
    """What Lighthouse says of a page: `accessibility`, `best-practices`, `seo`, `performance`.

    Raises Absent, and RuntimeError where it could not judge.
    """
    node = shutil.which("node", path=os.pathsep.join([f"{sys.prefix}/bin", os.environ["PATH"]]))
    if not node or not PROGRAM.exists():
        raise Absent("Lighthouse is not installed: say make audit or make bench")
    with tempfile.TemporaryDirectory() as home:
        report = Path(home, "report.json")
        command = [node, str(PROGRAM), url, "--quiet", "--no-enable-error-reporting"]
        command += ["--output=json", f"--output-path={report}"]
        command += [f"--only-categories={','.join(categories)}"]
        command += [f"--chrome-flags={_flags()}"]
        environment = os.environ | {"CHROME_PATH": program(), "HOME": home}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        if done.returncode:
            raise RuntimeError(f"Lighthouse failed at {url}: {done.stderr[-2000:]}")
        return _verdict(json.loads(report.read_bytes()))


def _flags() -> str:
    """Chromium's flags in one line, as a shell would read it."""
    flags = ["--headless=new", *UNCONFINED, *FLAGS]
    return " ".join(f'"{flag}"' if " " in flag else flag for flag in flags)


def _verdict(report: dict[str, Any]) -> Verdict:
    categories = report["categories"]
    refs = [ref for each in categories.values() for ref in each["auditRefs"]]
    counted = {ref["id"] for ref in refs if ref["weight"]}
    return Verdict(
        {name: float(each["score"]) for name, each in categories.items()},
        [
            f"{name}: {audit['title']} {audit.get('displayValue', '')} {_items(audit)}"
            for name, audit in report["audits"].items()
            if name in counted and audit["score"] is not None and audit["score"] < 1
        ],
        [doubt.partition(". ")[0] for doubt in report["runWarnings"]],
    )


def _items(audit: dict[str, Any]) -> str:
    items = audit.get("details", {}).get("items", [])
    return json.dumps(items, ensure_ascii=False)[:1000]
