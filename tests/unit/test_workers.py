"""A worker's place: taken again when its worker dies, whatever goes wrong with that."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest

from server.workers import LONGEST, LOOK, YOUNG, Place

KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


class Births:
    """Starts processes that end at once; `failing` times it fails, as a full machine does.

    `does`: the program of each, which ends by itself if it is none.
    """

    def __init__(self) -> None:
        self.born: list[subprocess.Popen[bytes]] = []
        self.failing = 0
        self.does = ""

    @property
    def count(self) -> int:
        return len(self.born)

    def __call__(self) -> subprocess.Popen[bytes]:
        if self.failing:
            self.failing -= 1
            raise BlockingIOError("no process more")
        worker = subprocess.Popen([sys.executable, "-S", "-c", self.does], stdin=subprocess.PIPE)
        worker.wait()
        self.born.append(worker)
        return worker


@pytest.fixture
def births() -> Iterator[Births]:
    births = Births()
    yield births
    for worker in births.born:
        assert worker.stdin
        worker.stdin.close()


def looks(place: Place, births: Births, since: float, seconds: float) -> list[float]:
    """Look as often as the supervisor does; when others were born."""
    born, now = [], since
    while now < since + seconds:
        before = births.count
        place.look(now)
        if births.count > before:
            born.append(now)
        now += LOOK
    return born


def test_one_that_has_lived_is_replaced_at_once(births: Births) -> None:
    place = Place(births, now=0)
    assert looks(place, births, YOUNG + 1, seconds=LOOK) == [YOUNG + 1]


def test_one_that_was_killed_is_replaced_at_once_however_young(births: Births) -> None:
    births.does = KILLED
    place = Place(births, now=0)
    assert looks(place, births, LOOK, seconds=3 * LOOK) == [LOOK, 2 * LOOK, 3 * LOOK]


def test_a_start_that_fails_is_tried_again(births: Births) -> None:
    place = Place(births, now=0)
    births.failing = 3
    [born, *_] = looks(place, births, YOUNG + 1, seconds=60)
    assert born > YOUNG + 1 + 3 * LOOK


def test_those_that_die_young_are_replaced_ever_more_slowly_and_never_given_up(
    births: Births,
) -> None:
    place = Place(births, now=0)
    born = [0.0, *looks(place, births, LOOK, seconds=6 * LONGEST)]
    pauses = [later - earlier for earlier, later in pairwise(born)]
    assert pauses[:3] == sorted(pauses[:3])
    assert pauses[3] > 4 * LOOK
    assert all(pause <= LONGEST + 2 * LOOK for pause in pauses)
    assert births.count < 15
