"""What the tests of faults share: a data directory, and a Redis that everything is set to use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.storage import Valkey


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def valkey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """A Valkey that servers and commands of this test use instead of the embedded one."""
    # Whoever follows it need not wait, as it does by itself, for others that may come to do so too.
    valkey = Valkey(tmp_path / "valkey", "--repl-diskless-sync-delay", "0")
    monkeypatch.setenv("LIVEBLOG_REDIS_URL", valkey.url)
    yield valkey
    valkey.kill()
