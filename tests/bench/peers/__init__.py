"""Who stands beside us: each sends a frame like ours to as many readers, once a second."""

import contextlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.bench.peers import limit, nchan
from tests.bench.stage import Stage, free_port, python, running
from tests.programs import program


class Peer(NamedTuple):
    """`start` takes the bytes of a frame's payload; `missing` says why it cannot run here."""

    name: str
    start: Callable[[int], contextlib.AbstractContextManager[Stage]]
    missing: str = ""


def _module(name: str) -> Callable[[int], contextlib.AbstractContextManager[Stage]]:
    @contextlib.contextmanager
    def start(size: int) -> Iterator[Stage]:
        port = free_port()
        with running(python(f"tests.bench.peers.{name}", port, size), port) as pid:
            yield Stage(port, pid, "/")

    return start


def _nchan_missing() -> str:
    if program("nginx") is None:
        return "no nginx here"
    return "" if nchan.MODULE else "nginx here has no nchan (Debian: libnginx-mod-nchan)"


LIMIT = Peer("C send loop", limit.start, limit.missing())
BARE = Peer("socket.send loop", _module("bare"))
STARLETTE = Peer("Starlette send_text", _module("ordinary"))
NCHAN = Peer("nginx nchan", nchan.start, _nchan_missing())

ALL = (LIMIT, BARE, STARLETTE, NCHAN)


def limit_here() -> Peer:
    """What stands for the limit on this machine: the C loop where it can be had."""
    return BARE if LIMIT.missing else LIMIT
