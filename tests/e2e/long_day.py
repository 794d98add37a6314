"""The demo's day as if it had just been: nine hours of it, all behind us.

`python -m tests.e2e.long_day DATA` plays it into a data directory and prints the blog's slug. In a
process of its own, since Playwright keeps the event loop of a test's thread.
"""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from server import settings
from server.demo.day import day
from server.demo.rounds import _Stage, current
from server.site import opened

STRETCH: Final = 80
"""Times as long as the demo takes for it."""


def long_day(data: Path) -> str:
    """The path of a new blog, in which the day has been."""
    command = [sys.executable, "-m", "tests.e2e.long_day", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return f"/blogs/{done.stdout.strip()}"


async def play(data: Path) -> str:
    told = day()
    steps = tuple(replace(step, wait=step.wait * STRETCH) for step in told.steps)
    async with opened(settings.load({"data": data})) as site:
        await _Stage(site, replace(told, steps=steps, live=len(steps)), 1).play()
        slug = await current(site.redis)
    assert slug
    return slug


if __name__ == "__main__":
    print(asyncio.run(play(Path(sys.argv[1]))))
