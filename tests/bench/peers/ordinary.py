"""How it is ordinarily done: Starlette under uvicorn, `await send_text` in a loop. `PORT SIZE`."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.bench import machine
from tests.bench.peers.frame import text

readers: set[WebSocket] = set()


async def follow(websocket: WebSocket) -> None:
    await websocket.accept()
    readers.add(websocket)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        readers.discard(websocket)


async def publish(size: int) -> None:
    while True:
        await asyncio.sleep(1)
        message = text(size)
        for reader in tuple(readers):
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await reader.send_text(message)


def application(size: int) -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        publishing = asyncio.create_task(publish(size))
        yield
        publishing.cancel()

    return Starlette(routes=[WebSocketRoute("/", follow)], lifespan=lifespan)


if __name__ == "__main__":
    machine.allow_open_files()
    uvicorn.run(application(int(sys.argv[2])), port=int(sys.argv[1]), log_level="error")
