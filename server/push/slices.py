"""Long loops that let others through: what is done to ten thousand, some milliseconds at a time."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")

SLICE: Final = 0.004
"""Seconds of work after which the loop turns, and handshakes, pings and other blogs get through."""
HANDFUL: Final = 64
"""How many are done between two looks at the clock."""

Soon = Callable[[Callable[[], None]], object]
"""Has something called after what the loop has to do now."""


def on_the_loop(run: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_soon(run)


def _nothing() -> None:
    pass


def in_slices(
    each: Iterable[T],
    do: Callable[[Sequence[T]], None],
    done: Callable[[], None] = _nothing,
    soon: Soon = on_the_loop,
) -> None:
    """Do something to all, a handful at a time, the first slice at once; then say it is done."""
    left = iter(each)

    def slice_() -> None:
        until = time.perf_counter() + SLICE
        while handful := tuple(islice(left, HANDFUL)):
            do(handful)
            if time.perf_counter() > until:
                soon(slice_)
                return
        done()

    slice_()
