"""Who is counted as whom, and how many come in."""

import gc
import subprocess
import sys
import weakref

import pytest

from server.push.crowd import SPARE, Crowd, Full, household
from server.settings import Settings


def crowd(proxies: str = "", readers: int = 100, from_one: int = 2) -> Crowd:
    return Crowd(Settings(readers=readers, readers_per_address=from_one, proxies=proxies))


class Address(str):
    """One that can be looked for after it should be forgotten."""

    __slots__ = ("__weakref__",)


@pytest.mark.parametrize("said", ["198.51.100.7", "2001:db8::7", "somewhere"])
def test_whose_readers_have_gone_is_known_nowhere(said: str) -> None:
    address, here = Address(said), crowd("10.0.0.0/8")
    known = weakref.ref(address)
    assert here.behind(address, "10.0.0.1") is address
    here.leave(here.enter(here.counts(address)))
    del address
    gc.collect()
    assert known() is None


# Whose connection it is


def test_without_a_named_proxy_nobody_is_believed() -> None:
    assert crowd().behind("203.0.113.9", "198.51.100.1") == "203.0.113.9"


def test_a_named_proxy_says_for_whom_it_asks() -> None:
    assert crowd("10.0.0.0/8").behind("10.1.2.3", "198.51.100.1") == "198.51.100.1"


def test_of_a_chain_the_last_that_no_named_proxy_vouches_against_counts() -> None:
    said = "192.0.2.66, 198.51.100.1, 10.0.0.7"
    assert crowd("10.0.0.0/8").behind("10.1.2.3", said) == "198.51.100.1"


@pytest.mark.parametrize("forwarded", ["[2001:db8::7]:443", "[2001:db8::7]", "2001:db8::7"])
def test_a_forwarded_port_is_no_part_of_who_it_is(forwarded: str) -> None:
    assert crowd("10.0.0.1").behind("10.0.0.1", forwarded) == "2001:db8::7"


@pytest.mark.parametrize(
    ("host", "proxies", "counted"),
    [
        ("198.51.100.1", "", "198.51.100.1"),
        ("127.0.0.1", "", ""),
        ("127.9.9.9", "", ""),
        ("::1", "", ""),
        ("", "", ""),
        ("10.0.0.1", "10.0.0.1", ""),
        ("10.0.0.2", "10.0.0.1", "10.0.0.2"),
    ],
)
def test_ourselves_and_a_proxy_that_says_nothing_are_nobody_in_particular(
    host: str, proxies: str, counted: str
) -> None:
    assert crowd(proxies).counts(host) == counted


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:DB8::1", "2001:db8:0:0::2"),
    ],
)
def test_one_household_whatever_the_spelling(one: str, other: str) -> None:
    assert household(one) == household(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("198.51.100.1", "198.51.100.2"),
    ],
)
def test_two_households(one: str, other: str) -> None:
    assert household(one) != household(other)


# How many


def test_so_many_from_one_address_and_another_when_one_has_left() -> None:
    all_ = crowd(from_one=2)
    home = all_.enter("198.51.100.1")
    all_.enter("198.51.100.1")
    with pytest.raises(Full, match="too many readers from where you are"):
        all_.enter("198.51.100.1")
    all_.enter("198.51.100.2")
    assert all_.count == 3
    all_.leave(home)
    all_.enter("198.51.100.1")


def test_who_is_nobody_in_particular_has_no_bound_of_an_address() -> None:
    all_ = crowd(from_one=2)
    for _ in range(10):
        all_.enter("")
    assert all_.count == 10


def test_no_bound_of_an_address_where_none_is_set() -> None:
    all_ = crowd(from_one=0)
    for _ in range(10):
        all_.enter("198.51.100.1")
    assert all_.count == 10


def test_so_many_in_all_wherever_they_are_from() -> None:
    all_ = crowd(readers=2)
    homes = [all_.enter("198.51.100.1"), all_.enter("")]
    with pytest.raises(Full, match="as many readers as this process takes"):
        all_.enter("198.51.100.2")
    for home in homes:
        all_.leave(home)
    assert all_.count == 0
    all_.enter("198.51.100.2")


def test_who_is_refused_leaves_nothing_behind() -> None:
    all_ = crowd(from_one=1)
    home = all_.enter("198.51.100.1")
    with pytest.raises(Full):
        all_.enter("198.51.100.1")
    all_.leave(home)
    assert all_.count == 0
    assert not all_._from


FEW_FILES = f"""
import resource
from server.push.crowd import Crowd, Full, open_files
from server.settings import Settings

resource.setrlimit(resource.RLIMIT_NOFILE, (100, {SPARE} + 3))
crowd = Crowd(Settings(readers=1000))
try:
    while True:
        crowd.enter("")
except Full:
    print(open_files() - {SPARE}, crowd.count)
"""


def test_a_process_asks_for_the_files_it_may_have_and_takes_no_more_readers_than_they_allow() -> (
    None
):
    command = [sys.executable, "-c", FEW_FILES]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"3 3\n"
