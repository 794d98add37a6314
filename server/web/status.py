"""For whoever runs the server: is it alive, can it serve, and what is it doing."""

import json

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from server.site import Site


async def healthz(_: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """Whether to send readers here. Without its log it serves from memory: ready but degraded."""
    site: Site = request.app.state.site
    tail = site.tail
    ready = tail.caught_up
    body = {"ready": ready, "degraded": tail.degraded or None, "blogs": len(tail.loaded)}
    return Response(json.dumps(body), 200 if ready else 503, media_type="application/json")


async def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    tail = request.app.state.site.tail
    readers = sum(len(loaded.feed.readers) for loaded in tail.loaded.values())
    lines = [
        "# TYPE liveblog_readers gauge",
        f"liveblog_readers {readers}",
        "# TYPE liveblog_loaded_blogs gauge",
        f"liveblog_loaded_blogs {len(tail.loaded)}",
        "# TYPE liveblog_degraded gauge",
        f"liveblog_degraded {int(bool(tail.degraded))}",
    ]
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


ROUTES = [
    Route("/healthz", healthz),
    Route("/readyz", readyz),
    Route("/metrics", metrics),
]
