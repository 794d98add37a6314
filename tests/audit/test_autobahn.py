"""Autobahn's testsuite against the websocket that readers are on."""

import pytest

from tests.audit.autobahn import CASES, TABLE, Case, run, table


@pytest.fixture(scope="module")
def cases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    cases = run(tmp_path_factory.mktemp("autobahn"))
    request.config.stash[TABLE] = table(cases)
    return cases


@pytest.mark.parametrize("section", CASES)
def test_no_case_of_a_section_fails(cases: list[Case], section: str) -> None:
    run = [case for case in cases if case.section == section]
    complaints = [case.complaint for case in run if case.verdict == "FAILED"]
    assert not complaints, "\n".join(complaints)
    assert len(run) == CASES[section], "not every case was run"


def test_every_offer_of_compression_is_taken(cases: list[Case]) -> None:
    assert [case.id for case in cases if case.verdict == "UNIMPLEMENTED"] == []
