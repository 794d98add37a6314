"""What we stand on in uvicorn beyond its documented side: every internal by name, and how it acts.

The pinned minor is 0.54. When another fails here, the sentence says what has changed and which
module of ours was built on it.
"""

import asyncio
import gc
import inspect
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from socket import create_server
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware, _TrustedHosts
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.app import app
from server.door.http_protocol import HttpProtocol
from server.door.uvicorn_server import COLLECT, Server, uvicorn_for
from server.push.crowd import Proxies
from server.settings import Settings
from tests.contract.raw_socket import ping, request

Seen = list["Watched"]


class Watched(HttpToolsProtocol):
    """uvicorn's protocol, which tells of every websocket handshake that comes to it."""

    seen: Seen

    def handle_websocket_upgrade(self) -> None:
        self.seen.append(self)


class Handed(asyncio.Protocol):
    """Whom a transport is handed over to."""

    def __init__(self) -> None:
        self.heard = asyncio.Queue[bytes]()

    def data_received(self, data: bytes) -> None:
        self.heard.put_nowait(data)


class Visitor:
    """A client in this loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @property
    def address(self) -> tuple[str, int]:
        address: tuple[str, int] = self.writer.get_extra_info("sockname")
        return address


class House:
    """uvicorn serving in this loop, with a protocol of its own kind."""

    def __init__(self, server: uvicorn.Server, port: int, seen: Seen) -> None:
        self.server, self.port, self.seen = server, port, seen

    @asynccontextmanager
    async def visitor(self, says: bytes) -> AsyncIterator[Visitor]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(says)
        try:
            yield Visitor(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def asked(self) -> Watched:
        """The protocol to which a handshake has come; the only one."""
        await until(lambda: bool(self.seen), "no handshake comes to handle_websocket_upgrade()")
        return self.seen.pop()


async def until(is_so: Callable[[], bool], else_: str) -> None:
    """Give the loop its turns until it is so."""
    try:
        async with asyncio.timeout(10):
            while not is_so():  # noqa: ASYNC110 - uvicorn sets flags, no events
                await asyncio.sleep(0.005)
    except TimeoutError:
        pytest.fail(else_)


@asynccontextmanager
async def serving(application: Any, **options: Any) -> AsyncIterator[House]:
    seen: Seen = []
    protocol = type("Protocol", (Watched,), {"seen": seen})
    config = uvicorn.Config(
        application, **{"http": protocol, "log_config": None, "lifespan": "off"} | options
    )
    server = uvicorn.Server(config)
    with create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.create_task(server.serve(sockets=[listening]))
        await until(
            lambda: server.started, "Server.started is not set any more (serve.py waits for it)"
        )
        try:
            yield House(server, listening.getsockname()[1], seen)
        finally:
            server.should_exit = True
            async with asyncio.timeout(10):
                await running


# --- HttpToolsProtocol: server/door/handshake.py --------------------------------------------------


async def test_a_handshake_comes_with_what_is_read_of_it() -> None:
    application = Starlette()
    asked = request("/blogs/a%20b/live?since=1-2&as=json", x_Weather="Fine")
    async with serving(application) as house, house.visitor(asked) as visitor:
        http = await house.asked()
        assert http.url == b"/blogs/a%20b/live?since=1-2&as=json", "url: path and query as sent"
        assert http.scope["method"] == "GET", "scope holds the method by now"
        assert (b"sec-websocket-version", b"13") in http.headers, "headers: pairs, lower case"
        assert (b"x-weather", b"Fine") in http.headers, "headers: values as sent"
        assert http.client == visitor.address, "client: the peer's host and port"
        assert http.config.app is application, "config.app: the application as we gave it"
        state = house.server.server_state
        assert http.connections is state.connections, "connections: the server's own set"
        assert http in http.connections, "it is among them until we take it out"
        assert http.tasks is state.tasks, "tasks: the server's own set, waited for at the end"
        assert isinstance(http.transport, asyncio.Transport)
        assert http.transport.get_protocol() is http
        http.transport.abort()


async def test_the_application_is_the_one_we_gave_also_behind_proxies() -> None:
    application = Starlette()
    behind = {"proxy_headers": True, "forwarded_allow_ips": ["10.0.0.0/8"]}
    async with serving(application, **behind) as house, house.visitor(request("/")):
        http = await house.asked()
        assert http.config.app is application, "config.app is wrapped: site is found through it"
        http.transport.abort()


async def test_who_is_handed_over_is_let_go_of() -> None:
    """Ten thousand readers have nothing of uvicorn's left, or memory says so."""
    async with serving(Starlette()) as house, house.visitor(request("/")) as visitor:
        http = await house.asked()
        handed, transport = Handed(), http.transport
        http.connections.discard(http)
        del http.parser
        transport.set_protocol(handed)
        gone = weakref.ref(http)
        gc.disable()
        try:
            del http
            assert gone() is None, "something holds the protocol beside parser and transport"
        finally:
            gc.enable()
        assert not house.server.server_state.tasks, "a task is left of the handshake"
        visitor.writer.write(b"to whom it may concern")
        assert await handed.heard.get() == b"to whom it may concern"
        transport.abort()


async def test_what_comes_before_the_answer_is_read_as_http_again() -> None:
    """So a frame is refused there, and another handshake comes where the first one came."""
    async with serving(Starlette()) as house, house.visitor(request("/")) as visitor:
        http = await house.asked()
        visitor.writer.write(request("/again"))
        assert await house.asked() is http
        visitor.writer.write(ping(b"now"))
        answer = await visitor.reader.read()
        assert answer.startswith(b"HTTP/1.1 400"), "a frame is something to uvicorn's parser now"
        assert http.transport.is_closing()


async def test_other_handshakes_go_on_to_the_application() -> None:
    heard: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        heard.append(f"{scope['type']} {scope['path']}")
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4000})

    async with (
        serving(application, http=HttpToolsProtocol) as house,
        house.visitor(request("/desk/fair/live")) as visitor,
    ):
        answer = await visitor.reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101"), "handle_websocket_upgrade() answers no more"
        assert await visitor.reader.readexactly(4) == b"\x88\x02\x0f\xa0"
    assert heard == ["websocket /desk/fair/live"]


async def test_pauses_of_the_transport_reach_the_protocol_and_through_it_the_application() -> None:
    async with serving(Starlette()) as house, house.visitor(request("/")):
        http = await house.asked()
        http.pause_writing()
        assert http.flow.write_paused, "pause_writing() is not what stops an application's writes"
        http.resume_writing()
        paused: bool = http.flow.write_paused
        assert not paused
        http.connection_lost(None)
        assert http not in http.connections, "connection_lost() does not count it out any more"
        http.transport.abort()


def test_what_our_protocol_overrides_is_there_to_be_overridden() -> None:
    for name in (
        "handle_websocket_upgrade",
        "pause_writing",
        "resume_writing",
        "connection_lost",
        "connection_made",
        "data_received",
        "on_message_begin",
        "on_header",
        "on_headers_complete",
        "on_body",
        "on_message_complete",
    ):
        theirs = getattr(HttpToolsProtocol, name, None)
        assert theirs, f"HttpToolsProtocol.{name} is gone (http_protocol.py)"
        ours = inspect.signature(getattr(HttpProtocol, name))
        assert list(ours.parameters) == list(inspect.signature(theirs).parameters), name
    of_ours = "_arrival _idle _asks _in_head _earlier _refuse _remember _answered"
    for name in ("site", "application", "close", "hand_over", *of_ours.split()):
        assert not hasattr(HttpToolsProtocol, name), (
            f"{name} is uvicorn's own now (http_protocol.py)"
        )


async def test_of_two_requests_at_once_only_the_newer_is_told_that_its_client_has_gone() -> None:
    """So `HttpProtocol` tells the older ones itself, by the names used here."""
    begun = asyncio.Queue[HttpToolsProtocol]()

    class Protocol(HttpToolsProtocol):
        def on_headers_complete(self) -> None:
            super().on_headers_complete()
            begun.put_nowait(self)

    async def application(_: Any, receive: Any, __: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async with serving(application, http=Protocol) as house:
        async with house.visitor(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"):
            http = await begun.get()
            older = http.cycle
            http.data_received(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            newer = http.cycle
            assert (older.response_complete, newer.response_complete) == (False, False)
            http.transport.abort()
            await until(lambda: http not in http.connections, "connection_lost() is not called")
        assert newer.disconnected
        assert not older.disconnected, "it is told by uvicorn now: _earlier can go"
        older.disconnected = True
        older.message_event.set()  # and so its task ends, else the house would wait for it


# --- Server: server/door/uvicorn_server.py, drain.py, serve.py ------------------------------------


class Waiter:
    """Stands among the connections, as `Drain` does."""

    def __init__(self) -> None:
        self.told = asyncio.Event()

    def shutdown(self) -> None:
        self.told.set()


async def test_a_server_that_ends_tells_whoever_is_among_its_connections_and_waits() -> None:
    ended: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        ended.append("application")
        await send({"type": "lifespan.shutdown.complete"})

    waiter: Any = Waiter()
    async with serving(application, lifespan="on", timeout_graceful_shutdown=30) as house:
        connections = house.server.server_state.connections
        connections.add(waiter)
        house.server.should_exit = True
        async with asyncio.timeout(10):
            await waiter.told.wait()
        await asyncio.sleep(0.3)  # three looks of uvicorn's
        assert ended == [], "the application ends before the readers are gone (drain.py)"
        connections.discard(waiter)
    assert ended == ["application"]


async def test_its_patience_ends() -> None:
    waiter: Any = Waiter()
    async with serving(Starlette(), timeout_graceful_shutdown=0.1) as house:
        house.server.server_state.connections.add(waiter)
    assert waiter.told.is_set(), "and it was told, for it was not waited for in vain"


async def test_a_server_has_its_connections_before_it_starts_and_starts_by_startup() -> None:
    """`Server.startup` of ours calls theirs and then puts the drain among the connections."""
    assert isinstance(uvicorn.Server(uvicorn.Config(Starlette())).server_state.connections, set)
    assert asyncio.iscoroutinefunction(uvicorn.Server.startup)
    theirs, ours = inspect.signature(uvicorn.Server.startup), inspect.signature(Server.startup)
    assert list(ours.parameters) == list(theirs.parameters)


def test_the_options_of_our_server_are_taken() -> None:
    settings = Settings(proxies="10.0.0.0/8", drain=2.0)
    server = uvicorn_for(app(settings), settings)
    server.config.load()
    assert server.config.http_protocol_class is HttpProtocol, "http= takes a class no more"
    assert server.config.ws_protocol_class, "other websockets have nobody to answer them"
    assert server.config.ws_max_size == 4096
    patience = server.config.timeout_graceful_shutdown
    assert patience
    assert patience > settings.drain


# --- _TrustedHosts: server/push/crowd.py ----------------------------------------------------------


@pytest.mark.parametrize(
    ("forwarded", "host"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("198.51.100.1, 10.9.9.9, 10.1.2.3", "198.51.100.1"),
        ("203.0.113.7:4711, 10.1.2.3", "203.0.113.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("10.1.2.3, 10.1.2.4", "10.1.2.3"),
    ],
)
def test_a_client_is_the_last_whom_no_named_proxy_is(forwarded: str, host: str) -> None:
    for kind in (_TrustedHosts, Proxies):
        assert kind(["10.0.0.0/8"]).get_trusted_client_address(forwarded)[0] == host


def test_proxies_are_networks_of_either_kind_and_nobody_is_one_unnamed() -> None:
    for kind in (_TrustedHosts, Proxies):
        named = kind(["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32"])
        for inside in ("10.0.0.1", "2001:db8::5", "192.0.2.1"):
            assert inside in named
        for outside in ("11.0.0.1", "127.0.0.1", "::1", "192.0.2.2", "", None, "somebody"):
            assert outside not in named
            assert outside not in kind([])


@pytest.fixture
async def started() -> AsyncIterator[Server]:
    """Our server behind a named proxy, as far as it starts without an application of ours."""
    settings = Settings(proxies="127.0.0.1")
    server = uvicorn_for(Starlette(), settings)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    before = gc.get_threshold()
    with create_server(("127.0.0.1", 0)) as listening:
        await server.startup([listening])
        yield server
        for each in server.servers:
            each.close()
    await server.lifespan.shutdown()
    gc.set_threshold(*before)
    gc.unfreeze()


def test_whom_requests_were_forwarded_for_is_remembered_by_nobody(started: Server) -> None:
    """uvicorn's own middleware remembers; ours takes its place in `trusted_hosts`."""
    middleware = started.config.loaded_app
    assert isinstance(middleware, ProxyHeadersMiddleware)
    assert isinstance(middleware.trusted_hosts, Proxies)


@pytest.mark.usefixtures("started")
def test_what_it_was_started_with_is_not_looked_at_by_the_collector_again() -> None:
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold() == COLLECT
