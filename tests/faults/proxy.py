"""A proxy in front of Redis that lets an append through and swallows its reply."""

import asyncio
import contextlib


class Proxy:
    """Forwards connections to a loopback port; used as an asynchronous context manager.

    `lose` is how many of the next appends (EVALSHA) get no reply: the connection is closed once
    the server has answered, so they were executed. `lost` counts those.
    """

    def __init__(self, port: int) -> None:
        self.lose = 0
        self.lost = 0
        self._port = port
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        writers = [back]
        try:
            replies, forth = await asyncio.open_connection("127.0.0.1", self._port)
            writers.append(forth)
            await self._exchange(client, back, replies, forth)
        except (OSError, asyncio.CancelledError):
            pass  # one side has gone, or the test is over: both are closed
        finally:
            for writer in writers:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _exchange(
        self,
        client: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        replies: asyncio.StreamReader,
        forth: asyncio.StreamWriter,
    ) -> None:
        """Pass bytes both ways until one side ends or a reply is lost."""
        losing = False

        async def requests() -> None:
            nonlocal losing
            while data := await client.read(65536):
                if self.lose and b"EVALSHA" in data:
                    self.lose -= 1
                    losing = True
                forth.write(data)

        async def answers() -> None:
            while data := await replies.read(65536):
                if losing:
                    self.lost += 1
                    return
                back.write(data)

        ways = [asyncio.create_task(requests()), asyncio.create_task(answers())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
