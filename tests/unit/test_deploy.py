"""What docs/deploy.md tells and what is handed out with it, held to what the servers really do.

Nothing here runs the application; each test reads what is in the repository.
"""

import re
from pathlib import Path

import pytest

from server.door.uvicorn_server import patience
from server.settings import BadSetting, Settings, load
from server.workers import SPARE

ROOT = Path(__file__).parents[2]
TOLD = (ROOT / "docs" / "deploy.md").read_text()
ROWS = re.findall(r"^\| (`LIVEBLOG_.*) \|$", TOLD, re.MULTILINE)
OF_READERS = {
    name.strip(" `"): (unset.strip(), takes.strip())
    for name, unset, takes, _ in (row.split("|") for row in ROWS if row.count("|") == 3)
}


def test_every_setting_is_told_and_none_that_there_is_not() -> None:
    told = [name for row in ROWS for name in re.findall(r"`LIVEBLOG_(\w+)`", row.split("|")[0])]
    assert sorted(told) == sorted(name.upper() for name in Settings.__struct_fields__)


@pytest.mark.parametrize("name", OF_READERS)
def test_what_a_setting_is_if_unset_is_what_is_told(name: str) -> None:
    unset, _ = OF_READERS[name]
    assert unset == f"{getattr(Settings(), name.removeprefix('LIVEBLOG_').lower()):g}"


@pytest.mark.parametrize("name", OF_READERS)
def test_a_setting_takes_what_is_told_and_no_more(name: str) -> None:
    _, takes = OF_READERS[name]
    least, *most = re.findall(r"[\d.]+", takes)
    load({}, {name: least})
    for bound in most:
        load({}, {name: bound})
        with pytest.raises(BadSetting, match=name):
            load({}, {name: str(float(bound) + 1)})


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("docker-compose.yml", r"^  stop_grace_period: (\d+)s"),
        ("deploy/liveblog.service", r"^TimeoutStopSec=(\d+)$"),
        ("docs/deploy.md", r"both say (\d+) seconds"),
    ],
)
def test_a_server_is_waited_for_as_long_as_it_may_take_to_end(file: str, says: str) -> None:
    [seconds] = re.findall(says, (ROOT / file).read_text(), re.MULTILINE)
    longest = patience(Settings())
    assert int(seconds) >= longest + longest + SPARE, "it ends, and then a worker that hangs"
    assert f"{longest} by default" in TOLD
