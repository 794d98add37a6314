"""Readers over server-sent events: the way round a proxy that blocks sockets, and its price."""

import msgspec

from tests.bench import fanout, memory
from tests.bench.options import Options
from tests.bench.ours import ours
from tests.bench.table import Row

READERS = 1_000


def rows(options: Options) -> list[Row]:
    """The same two figures over SSE and over the websocket, in turn."""
    readers = min(READERS, options.readers)
    figures = {}
    for transport in ("sse", "websocket"):
        with ours() as server:
            server.post()
            terms = msgspec.structs.replace(server.stage.terms(readers), transport=transport)
            cost = memory.per_reader(server.stage, terms)
            turn = fanout.watch(server.stage, terms, options.messages)
        figures[transport] = turn.report, cost / 1000
    (report, cost), (socket_report, socket_cost) = figures["sse"], figures["websocket"]
    return [
        Row(
            f"SSE: fan-out p99, {readers:,} readers",
            report.late,
            f"websocket {socket_report.late}",
            report.beside(socket_report),
        ),
        Row(
            f"SSE: memory a reader, {readers:,}",
            f"{cost:.1f} KB",
            f"websocket {socket_cost:.1f} KB",
            f"{cost / socket_cost:.2f} x",
        ),
    ]
