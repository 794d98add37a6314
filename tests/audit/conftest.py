"""When the audits are run, and what they print when they are done.

They take minutes and need tools of their own: only who names this folder or a file of it runs
them. So `pytest` and `make test` pass them by.
"""

from pathlib import Path

import pytest

from tests.audit.autobahn import TABLE

HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Whether a file of this folder is left out; None leaves it to others."""
    asked = (config.invocation_params.dir / arg.split("::")[0] for arg in config.args)
    return None if any(path.is_relative_to(HERE) for path in asked) else True


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if table := config.stash.get(TABLE, ""):
        terminalreporter.section("Autobahn's verdicts")
        terminalreporter.line(table)
