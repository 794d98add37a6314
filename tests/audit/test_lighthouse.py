"""Lighthouse gives our pages all it has for accessibility, best practices and being found."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.audit.lighthouse import Absent, judged
from tests.process import Server
from tests.showcase import Showcase

USED: Final = ("accessibility", "best-practices")
ALL: Final = (*USED, "seo")
PAGES: Final = {
    "/": ALL,
    "/blogs/fair": ALL,
    "/blogs/fair/posts/{post}": ALL,
    "/blogs/fair/record": ALL,
    # Not to be found, so they say noindex: what is to be found is the page, which has it all.
    "/blogs/fair/replay": USED,
    "/blogs/fair/embed": USED,
}


@pytest.fixture(scope="module")
def showcase(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Showcase]:
    with Server(tmp_path_factory.mktemp("lighthouse") / "data") as server:
        yield Showcase(server)


@pytest.mark.parametrize("path", PAGES)
def test_lighthouse_gives_a_page_all_it_has(showcase: Showcase, path: str) -> None:
    try:
        verdict = judged(showcase.address(path), *PAGES[path])
    except Absent as absent:
        pytest.fail(str(absent), pytrace=False)
    assert verdict.scores == dict.fromkeys(PAGES[path], 1.0), "\n".join(verdict.faults)
