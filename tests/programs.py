"""Programs that tests and bench run beside ours: the system's, else those that `make` unpacked."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

UNPACKED: Final = Path(sys.prefix) / "debian" / "usr"
"""Debian's nginx and Caddy, unpacked and not installed: nothing starts by itself."""
_FOLDERS: Final = (UNPACKED / "bin", UNPACKED / "sbin", "/usr/sbin", "/usr/local/sbin")
_PATH: Final = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, _FOLDERS)])


def program(name: str) -> str | None:
    """Where a program is; None where it is not to be had."""
    return shutil.which(name, path=_PATH)
