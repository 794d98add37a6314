"""Fixtures that more than one kind of test needs: a real storage, and a client of it."""

import contextlib
import signal
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from pathlib import Path

import httpx._config
import pytest
import redis as blocking
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from server.site import connect
from server.storage.embedded import find_server

# No test fails for a slow machine. Where CI is set Hypothesis draws the same examples each time.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

READY = b"Ready to accept connections"
PATIENCE = 30.0
"""Seconds a start, or an answer, may take on a loaded machine."""

# Where a test does not say how long, httpx waits five seconds. All its functions share one object.
for _wait in ("connect", "read", "write", "pool"):
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, _wait, PATIENCE)


class Storage:
    """A Valkey or Redis server of the tests' own, durable as the embedded one is.

    On a Unix socket alone, unless it is given a `port` of loopback or follows a `master`'s.
    """

    def __init__(self, folder: Path, *, port: int = 0, master: int | None = None) -> None:
        self.folder = folder
        self._options = {
            "port": str(port),
            "bind": "127.0.0.1",
            "unixsocket": "s",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
            "repl-diskless-sync-delay": "0",
        }
        if master:
            self._options["replicaof"] = f"127.0.0.1 {master}"
        self.start()

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/s"

    def start(self) -> None:
        pairs = ((f"--{name}", value) for name, value in self._options.items())
        command = [str(find_server()), *chain.from_iterable(pairs)]
        self._process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE)
        ready = threading.Event()
        # It reads on for as long as the server lives, so that the pipe never fills.
        self._reading = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self._reading.start()
        if not ready.wait(PATIENCE):
            self.kill()
            raise TimeoutError("the storage did not start")

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self._reading.join(PATIENCE)

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """SIGSTOP and in the end SIGCONT: its connections stay, and nobody answers on them."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Kill it and start it again: the same data, another replication id."""
        self.kill()
        self.start()

    def _read(self, ready: threading.Event) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            for line in lines:
                if READY in line:
                    ready.set()


@pytest.fixture(scope="session")
def shared_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """One for the whole run; nobody may kill it."""
    with running(Storage(tmp_path_factory.mktemp("v"))) as storage:
        yield storage


@pytest.fixture
def own_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """One for a single test, to be killed and restarted."""
    with running(Storage(tmp_path_factory.mktemp("v"))) as storage:
        yield storage


@pytest.fixture
def master_and_replica(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Storage, Storage]]:
    """Two for a single test; the second has copied the first and follows it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        running(Storage(tmp_path_factory.mktemp("v"), port=port)) as master,
        running(Storage(tmp_path_factory.mktemp("v"), master=port)) as replica,
    ):
        until_it_follows(replica)
        yield master, replica


def until_it_follows(replica: Storage) -> None:
    deadline = time.monotonic() + PATIENCE
    with blocking.Redis.from_url(replica.url) as client:
        while client.info("replication")["master_link_status"] != "up":
            assert time.monotonic() < deadline, "the replica does not follow its master"
            time.sleep(0.02)


@contextlib.contextmanager
def running(storage: Storage) -> Iterator[Storage]:
    """End a storage with the block."""
    try:
        yield storage
    finally:
        storage.kill()


@pytest.fixture
async def redis(shared_storage: Storage) -> AsyncIterator[Redis]:
    """A client of the shared storage, which is empty when the test begins."""
    async with connect(shared_storage.url) as client:
        await client.flushall()
        yield client
