"""The way past a transport: what of asyncio it stands on, and what it does once all is over."""

import asyncio
import socket

import pytest

from server.push.websocket import straight


async def accepted() -> tuple[asyncio.Transport, socket.socket]:
    """The server's end of a connection on loopback, and the client's."""
    loop = asyncio.get_running_loop()
    made: asyncio.Future[asyncio.Transport] = loop.create_future()

    class Door(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            made.set_result(transport)

    server = await loop.create_server(Door, "127.0.0.1", 0)
    client = socket.create_connection(server.sockets[0].getsockname())
    transport = await made
    server.close()
    return transport, client


async def test_asyncio_still_has_a_socket_inside_the_one_it_shows() -> None:
    """Were it gone, frames would be written to the descriptor: right, and a tenth slower."""
    transport, client = await accepted()
    way = straight(transport)
    assert isinstance(way, socket.socket)
    assert way.send(b"good morning") == 12
    assert client.recv(100) == b"good morning"
    transport.close()
    client.close()


async def test_what_is_over_is_not_written_to_whoever_has_its_number_now() -> None:
    transport, client = await accepted()
    way = straight(transport)
    assert way
    transport.abort()
    await asyncio.sleep(0)  # one turn of the loop closes it
    assert transport.get_extra_info("socket").fileno() == -1
    somebody, else_ = socket.socketpair()
    with pytest.raises(OSError, match="Bad file descriptor"):
        way.send(b"not for you")
    for each in (client, somebody, else_):
        each.close()
