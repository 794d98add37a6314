"""The turnstile: so many a second come in, in the order they came; the clock is the test's."""

import asyncio

import pytest

from server.push.turnstile import Turnstile


class Door:
    """A turnstile, who has come in through it, and the clock it looks at."""

    def __init__(self, rate: float) -> None:
        self.now = 0.0
        self.inside: list[int] = []
        self.turnstile = Turnstile(rate, clock=lambda: self.now)

    def arrive(self, *visitors: int) -> None:
        for visitor in visitors:
            self.turnstile.arrive(lambda visitor=visitor: self.inside.append(visitor))  # type: ignore[misc] # bound now

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.turnstile.turn()


async def test_a_burst_of_a_tenth_of_a_second_comes_in_at_once_and_the_others_wait() -> None:
    door = Door(rate=20)
    door.arrive(*range(5))
    assert door.inside == [0, 1]
    assert door.turnstile.waiting == 3


async def test_those_who_wait_come_in_at_the_rate_and_in_the_order_they_came() -> None:
    door = Door(rate=20)
    door.arrive(*range(6))
    door.passes(0.06)
    assert door.inside == [0, 1, 2]
    door.passes(0.1)
    assert door.inside == [0, 1, 2, 3, 4]
    door.passes(0.06)
    assert door.inside == [0, 1, 2, 3, 4, 5]
    assert door.turnstile.waiting == 0


async def test_nobody_overtakes_those_who_wait_though_there_is_a_token() -> None:
    door = Door(rate=20)
    door.arrive(0, 1, 2)
    door.now += 10
    door.arrive(3)
    assert door.inside == [0, 1]
    door.turnstile.turn()
    assert door.inside == [0, 1, 2, 3]


async def test_a_quiet_hour_saves_up_no_more_than_the_burst() -> None:
    door = Door(rate=20)
    door.now += 3600
    door.arrive(*range(10))
    assert door.inside == [0, 1]


async def test_even_the_slowest_door_lets_one_in_at_once() -> None:
    door = Door(rate=1)
    door.arrive(0, 1)
    assert door.inside == [0]
    door.passes(1)
    assert door.inside == [0, 1]


async def test_no_rate_is_no_bound() -> None:
    door = Door(rate=0)
    door.arrive(*range(1000))
    assert door.inside == [*range(1000)]


async def test_who_waits_is_let_in_by_time_alone() -> None:
    inside = asyncio.Event()
    turnstile = Turnstile(50)
    for _ in range(5 + 1):
        turnstile.arrive(lambda: None)
    turnstile.arrive(inside.set)
    async with asyncio.timeout(30):
        await inside.wait()


async def test_who_fails_at_the_door_does_not_shut_it_for_the_others() -> None:
    def stumble() -> None:
        raise ValueError("stumbled")

    door = Door(rate=20)
    door.arrive(0, 1)
    door.turnstile.arrive(stumble)
    door.arrive(2)
    with pytest.raises(ValueError, match="stumbled"):
        door.passes(0.05)
    assert door.turnstile.waiting == 1
    came = asyncio.Event()
    door.turnstile.arrive(came.set)
    door.now += 1  # from here on the turnstile's own timer turns it
    async with asyncio.timeout(30):
        await came.wait()
    assert door.inside == [0, 1, 2]


async def test_who_has_gone_takes_nobodys_turn() -> None:
    door = Door(rate=20)
    door.arrive(0, 1)
    for visitor in range(100, 200):
        door.turnstile.arrive(lambda visitor=visitor: door.inside.append(visitor), lambda: True)  # type: ignore[misc] # bound now
    door.arrive(2)
    door.passes(0.06)
    assert door.inside == [0, 1, 2]
    assert door.turnstile.waiting == 0


async def test_a_task_waits_for_its_turn_like_everybody() -> None:
    door = Door(rate=20)
    door.arrive(0, 1)
    first, second = (asyncio.create_task(door.turnstile.passed()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    door.passes(0.06)
    await second
