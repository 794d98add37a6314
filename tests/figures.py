"""What the server at an address says of itself at /metrics."""

import time
from collections.abc import Callable
from typing import Final

import httpx

PATIENCE: Final = 30.0
"""Seconds that figures may take to come right on a loaded machine."""

Figures = dict[str, int]
"""By the name of the gauge, without its prefix."""


def figures(url: str) -> Figures:
    try:
        lines = httpx.get(f"{url}/metrics", timeout=PATIENCE).text.splitlines()
    except httpx.TransportError:
        # A worker that was just killed had taken the connection: once more, to another.
        lines = httpx.get(f"{url}/metrics", timeout=PATIENCE).text.splitlines()
    pairs = (line.split() for line in lines if not line.startswith("#"))
    return {name.removeprefix("liveblog_"): int(value) for name, value in pairs}


def comes_to(url: str, condition: Callable[[Figures], bool]) -> None:
    """Ask until the figures are so; a request and its answer are pace enough."""
    deadline = time.monotonic() + PATIENCE
    while not condition(now := figures(url)):
        if time.monotonic() > deadline:
            raise TimeoutError(str(now))


def nobody(now: Figures) -> bool:
    return now["readers"] == now["sockets"] == 0
