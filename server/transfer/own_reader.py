"""A reader of our own application who sits in its process: what it is given is what readers are."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import unquote, urlsplit

from starlette.applications import Starlette
from starlette.types import Message

from server.app import app
from server.site import Site
from server.tail import Loaded
from server.web.kept import Kept

HOUR: Final = timedelta(hours=1)


class NotGiven(Exception):
    """An answer that is neither a page nor that there is none."""


class OwnReader:
    """A reader of the application who sits in its own process."""

    def __init__(self, application: Starlette, token: str) -> None:
        self._application = application
        self._headers = [(b"host", b"localhost"), (b"accept", b"text/html")]
        if token:
            self._headers.append((b"authorization", f"Bearer {token}".encode()))

    async def asks(self, address: str) -> bytes | None:
        """The body of an answer, None of a 404; raises NotGiven for any other."""
        parts = urlsplit(address)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": self._headers,
            "client": None,
            "server": None,
        }
        messages: list[Message] = []

        async def send(message: Message) -> None:
            messages.append(message)

        await self._application(scope, _nothing, send)
        status = messages[0]["status"]
        if status not in {200, 404}:
            raise NotGiven(f"{address} was answered with {status}")
        if status == 404:
            return None
        return b"".join(message.get("body", b"") for message in messages[1:])


async def _nothing() -> Message:
    """A body that is never sent and a reader who never leaves: nobody who asks waits for either."""
    never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return await never


@contextlib.asynccontextmanager
async def own_reader(site: Site, loaded: Loaded) -> AsyncIterator[OwnReader]:
    """One who may read the blog; where that takes a token, it is good for this time only."""
    application = app(site.settings)
    application.state.site, application.state.kept = site, Kept()
    if loaded.blog.visibility in {"public", "unlisted"}:
        yield OwnReader(application, "")
        return
    secret = await site.access.create_token(
        "reader", "static export", loaded.id, datetime.now(UTC) + HOUR
    )
    try:
        yield OwnReader(application, secret)
    finally:
        if actor := await site.access.by_token(secret):
            await site.access.revoke_token(actor.id)
