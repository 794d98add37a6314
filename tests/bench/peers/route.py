"""A bare Starlette route: it answers everything with the same bytes. `PORT FILE`.

The file is an HTTP answer, head and body; the route has its headers, as many and the same.
"""

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

# What uvicorn writes by itself, here as there.
_UVICORNS = {"date", "transfer-encoding", "connection"}


def application(answer: bytes) -> Starlette:
    """One route, at the path that a blog has."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = (line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:])
    headers = {name: value for name, value in lines if name not in _UVICORNS}

    async def page(_: Request) -> Response:
        return Response(body, headers=headers)

    return Starlette(routes=[Route("/blogs/{blog}", page)])


if __name__ == "__main__":
    uvicorn.run(
        application(Path(sys.argv[2]).read_bytes()),
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
