"""The buckets that say how fast one asker may write."""

import pytest

from server.web.limits import KEPT, Buckets
from server.web.problems import Problem


def test_a_burst_passes_and_the_next_one_is_told_to_wait() -> None:
    buckets = Buckets(rate=1, burst=3)
    for _ in range(3):
        buckets.take("ann", now=0)
    with pytest.raises(Problem) as refused:
        buckets.take("ann", now=0)
    assert refused.value.status == 429
    assert refused.value.response().headers["retry-after"] == "1"


def test_a_bucket_fills_again_with_time_and_no_further_than_its_burst() -> None:
    buckets = Buckets(rate=1, burst=2)
    for _ in range(2):
        buckets.take("ann", now=0)
    for _ in range(2):
        buckets.take("ann", now=1000)
    with pytest.raises(Problem):
        buckets.take("ann", now=1000)


def test_one_asker_does_not_empty_the_bucket_of_another() -> None:
    buckets = Buckets(rate=1, burst=1)
    buckets.take("ann", now=0)
    buckets.take("bob", now=0)
    with pytest.raises(Problem):
        buckets.take("ann", now=0)


def test_no_more_buckets_are_kept_than_bounded() -> None:
    buckets = Buckets(rate=1, burst=1)
    for number in range(KEPT + 50):
        buckets.take(str(number), now=0)
    assert len(buckets._buckets) == KEPT
