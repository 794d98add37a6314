"""The Nu HTML checker, which is the W3C's: what it has against a document."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest

JAR: Final = Path(sys.prefix, "judges", "node_modules", "vnu-jar", "build", "dist", "vnu.jar")
JAVAS: Final = (str(Path(sys.prefix, "bin", "java")), "java")
"""The one from a wheel is there only where the system had none."""
PATIENCE: Final = 120.0
"""Seconds it may take on a loaded machine."""


def complaints(files: Iterable[Path]) -> list[str]:
    """The errors in these files; what they are their names' endings say."""
    named = [str(file) for file in files]
    assert named
    java = next(filter(None, map(shutil.which, JAVAS)), None)
    if not java or not JAR.exists():
        pytest.fail("the HTML checker or its Java is not installed: say make audit", pytrace=False)
    command = [java, "-jar", str(JAR), "--also-check-css", "--also-check-svg"]
    options = ["--format", "json", "--stdout", "--exit-zero-always"]
    done = subprocess.run(
        [*command, *options, *named], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    messages = json.loads(done.stdout)["messages"]
    return [_told(message) for message in messages if message["type"] != "info"]


def _told(message: dict[str, Any]) -> str:
    place = f"{message['url'].rpartition('/')[2]}:{message.get('lastLine', 0)}"
    around = " ".join(message.get("extract", "").split())
    return f"{place} {message['type']}: {message['message']} | {around}"
