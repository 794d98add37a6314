"""What more than one file here needs: our server where a test can turn its clocks."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from uvicorn.server import ServerState

from server.app import app
from server.door.http_protocol import HttpProtocol
from server.door.uvicorn_server import uvicorn_for
from server.settings import Settings
from server.site import Site
from tests.conftest import Storage


@pytest.fixture
async def here(
    redis: Redis,  # noqa: ARG001 - it empties the storage
    shared_storage: Storage,
    tmp_path: Path,
) -> AsyncIterator[tuple[Site, int]]:
    """Our server on the loop of the test, so that both see one order of events; and its port."""
    application = app(Settings(data=tmp_path, redis_url=shared_storage.url, accepts=0))
    config = uvicorn_for(application, Settings()).config
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    async with application.router.lifespan_context(application):
        listening = await loop.create_server(
            lambda: HttpProtocol(config=config, server_state=state, app_state={}), "127.0.0.1"
        )
        yield application.state.site, listening.sockets[0].getsockname()[1]
        listening.close()
        for connection in list(state.connections):
            connection.shutdown()
