"""For whoever runs the server: is it alive, can it serve, and what is it doing."""

import asyncio
import contextlib
import json
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from server.site import Site

EVERYWHERE = {"access-control-allow-origin": "*", "access-control-expose-headers": "date"}


async def healthz(_: Request) -> Response:
    """The process answers; its Date tells a page how wrong the reader's clock is.

    To pages in a sandboxed frame too, which are of no origin.
    """
    return PlainTextResponse("ok\n", headers=EVERYWHERE)


async def readyz(request: Request) -> Response:
    """Whether to send readers here. Without its log it serves from memory: ready but degraded."""
    site: Site = request.app.state.site
    tail = site.tail
    ready = tail.caught_up
    body = {"ready": ready, "degraded": tail.degraded or None, "blogs": len(tail.loaded)}
    return Response(json.dumps(body), 200 if ready else 503, media_type="application/json")


async def metrics(request: Request) -> Response:
    """Prometheus' text format; of this process."""
    site: Site = request.app.state.site
    gauges = {
        "readers": site.crowd.count,
        "sockets": len(site.pulse.connections),
        "handshakes_waiting": site.turnstile.waiting,
        "replays": len(site.replays.viewers),
        "replay_bytes": site.replays.kept,
        "loaded_blogs": len(site.tail.loaded),
        "projections_building": site.projections.building,
        "projections_failed": site.projections.failed,
        "degraded": int(bool(site.tail.degraded)),
        "tasks": len(asyncio.all_tasks()),
        "descriptors": _descriptors(),
    }
    lines = [
        f"# TYPE liveblog_{name} gauge\nliveblog_{name} {value}\n" for name, value in gauges.items()
    ]
    lines.append("# TYPE liveblog_projections gauge\n")
    lines += [
        f'liveblog_projections{{name="{name}",schema="{schema}"}} {blogs}\n'
        for (name, schema), blogs in site.projections.answering.items()
    ]
    lines += [
        "# TYPE liveblog_reader_messages_total counter\n",
        f"liveblog_reader_messages_total {site.crowd.said}\n",
    ]
    return PlainTextResponse("".join(lines), media_type="text/plain; version=0.0.4")


def _descriptors() -> int:
    """Open files of this process; 0 where the system does not say."""
    with contextlib.suppress(OSError):
        return sum(1 for _ in Path("/dev/fd").iterdir()) - 1  # less the one that looks
    return 0


ROUTES = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/metrics", metrics),
]
