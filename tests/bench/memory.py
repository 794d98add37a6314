"""What a connected reader costs the server's process in memory: ours, and two peers'."""

import time

import msgspec

from tests.bench import machine, peers
from tests.bench.crowd import Crowd
from tests.bench.crowd.terms import Terms
from tests.bench.options import Options
from tests.bench.ours import ours
from tests.bench.stage import Stage
from tests.bench.table import Row, tell

FRAME = 600
NOTE = (
    "growth of the process' RSS from the first half of the readers, who stay, to all of them, each "
    "connected, resumed and given two changes; what the kernel keeps for the sockets is not in it"
)


def per_reader(stage: Stage, terms: Terms) -> float:
    """Bytes of RSS that each of the second half takes: the first has used up what lay free."""
    half = msgspec.structs.replace(terms, readers=terms.readers // 2)
    with Crowd(half) as first:
        first.opened()
        _two_changes(stage)
        before = machine.resident(stage.pid)
        with Crowd(half) as second:
            second.opened()
            _two_changes(stage)
            return (machine.resident(stage.pid) - before) / half.readers


def rows(options: Options) -> list[Row]:
    """A row beside each peer whose readers are more than a socket."""
    readers = options.readers
    with ours() as server:
        server.post()
        mine = per_reader(server.stage, server.stage.terms(readers)) / 1000
    tell(f"  ours {mine:.1f} KB")
    made = [Row(f"memory a reader, {readers:,}", f"{mine:.1f} KB", "", "", "6 KB", "4 KB", NOTE)]
    for peer in (peers.STARLETTE, peers.NCHAN):
        if not peer.missing:
            with peer.start(FRAME) as stage:
                theirs = per_reader(stage, stage.terms(readers)) / 1000
            beside = f"{peer.name} {theirs:.1f} KB"
            made.append(Row(made[0].what, made[0].ours, beside, f"{mine / theirs:.2f} x"))
    return made


def _two_changes(stage: Stage) -> None:
    for _ in range(2):
        if stage.post:
            stage.post()
        time.sleep(1.2)
