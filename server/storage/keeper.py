"""The process that keeps the embedded storage: starts it, restarts it, ends it after its last user.

`embedded.Embedded` runs this file by its path (`python -I -S keeper.py FOLDER SERVER`), which works
alike from a checkout, a wheel and pipx; so it imports nothing but the standard library. What both
sides must agree on lives here too: the names in the folder, the locks, and how to ask for a sign of
life. Three lock files (flock, which the kernel frees when its holder dies, however it dies):

users.lock   shared by everyone who uses the storage; the keeper takes it exclusively to end
keeper.lock  exclusive; taken by whoever starts the keeper and inherited by it, so there is one
server.lock  exclusive; inherited by the server, so it tells whether one runs, even without a keeper
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

USERS: Final = "users.lock"
KEEPER: Final = "keeper.lock"
SERVER: Final = "server.lock"
SOCKET: Final = "valkey.sock"
LOG: Final = "storage.log"

SETTINGS: Final = {
    "dir": ".",
    "port": "0",
    "unixsocket": SOCKET,  # relative to the folder: no path is too long to be bound
    "unixsocketperm": "700",
    "protected-mode": "yes",
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "aof-use-rdb-preamble": "yes",
    "aof-load-truncated": "yes",
    "auto-aof-rewrite-percentage": "100",
    "auto-aof-rewrite-min-size": "64mb",
    "save": "",
    "maxmemory-policy": "noeviction",
    "loglevel": "notice",
    "logfile": LOG,
}

TICK: Final = 0.25  # seconds between two looks at the locks
FIRST_TICK: Final = 0.02  # until the server has answered once
STEADY: Final = 10.0  # a server that lived this long is restarted at once
LONGEST_PAUSE: Final = 5.0  # seconds before the restart of one that keeps dying
PATIENCE: Final = {signal.SIGTERM: 10.0, signal.SIGKILL: 5.0}  # seconds for it to end
NOBODY: Final = b" " * 12  # in server.lock, in the place of a number
LOG_LIMIT: Final = 1 << 20  # bytes; one older log of that size is kept


def lock(path: Path, how: int) -> int | None:
    """Open `path` and flock it without waiting: the descriptor, or None if others hold it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if take(fd, how):
            return fd
    except OSError:
        os.close(fd)
        raise
    os.close(fd)
    return None


def take(fd: int, how: int) -> bool:
    """Flock an open file without waiting; whether that succeeded."""
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def ask(address: str) -> bytes:
    """What the server behind the socket `address` says to PING; nothing if there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(address)
            connection.sendall(b"PING\r\n")
            return connection.recv(64)
        except OSError:
            return b""


def is_ready(answer: bytes) -> bool:
    """Whether that answer comes from a server that has loaded its data (it may be busy)."""
    return bool(answer) and not answer.startswith(b"-LOADING")


def write(log: Path, message: str, mark: str = "*") -> None:
    """Add a line to the log in the server's own form; mark `#` is a warning. Raises OSError."""
    when = time.strftime("%d %b %Y %H:%M:%S", time.localtime())
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}:K {when} {mark} {message}\n")


def warn(message: str) -> None:
    """Write to the log if that is possible: a full disk must not end the keeper."""
    with contextlib.suppress(OSError):
        write(Path(LOG), message, "#")


class Keeper:
    """Keeps one server in the current folder for as long as someone holds `users.lock`."""

    def __init__(self, binary: str) -> None:
        self.binary = binary
        # kept open, so that a server can be ended even if its folder has been deleted
        self.users = os.open(USERS, os.O_RDWR | os.O_CREAT, 0o600)
        self.server = os.open(SERVER, os.O_RDWR | os.O_CREAT, 0o600)
        self.child: subprocess.Popen[bytes] | None = None  # None also while another's runs
        self.proven = False  # a server has answered this keeper
        self.began = self.earliest = time.monotonic()
        self.pause = 0.0

    def run(self) -> None:
        """Keep the server until the last user has gone. Raises OSError if it cannot be started."""
        try:
            while not take(self.users, fcntl.LOCK_EX):  # taken: none can begin until we end
                self.tend()
                limit_log()
                time.sleep(TICK if self.proven else FIRST_TICK)
        finally:
            self.end()

    def tend(self) -> None:
        """Start the server if none runs and it is time."""
        if self.is_running():
            self.proven = self.proven or is_ready(ask(SOCKET))
            return
        if self.child:
            self.bury(self.child)
        if time.monotonic() < self.earliest:
            return
        if (server_lock := lock(Path(SERVER), fcntl.LOCK_EX)) is not None:
            try:
                self.start(server_lock)
            finally:
                os.close(server_lock)  # the server has it now

    def is_running(self) -> bool:
        """Whether a server lives, ours or another keeper's, or a child of it."""
        if self.child and self.child.poll() is None:
            return True
        free = take(self.server, fcntl.LOCK_EX)
        if free:
            fcntl.flock(self.server, fcntl.LOCK_UN)
        return not free

    def start(self, server_lock: int) -> None:
        """Start a server that inherits the lock, and a process group numbered in the lock's file.

        So whoever holds the lock is in that group, and as long as a member lives the system gives
        its number to no other: signalling the group hits the right process or nothing.
        """
        os.pwrite(server_lock, NOBODY, 0)  # always as long: written in place on a full disk too
        settings = [word for name, value in SETTINGS.items() for word in (f"--{name}", value)]
        with Path(LOG).open("ab") as log:
            self.child = subprocess.Popen(  # noqa: S603 - the binary found, with settings of ours
                [self.binary, *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[server_lock],
                process_group=0,
                # by the child itself: a keeper killed right here leaves no wrong number behind
                preexec_fn=lambda: os.pwrite(server_lock, b"%-12d" % os.getpid(), 0),
            )
        self.began = time.monotonic()

    def bury(self, child: subprocess.Popen[bytes]) -> None:
        """Log how the server ended, and set when the next one may start.

        If none has been ready yet and this one found a reason to exit: SystemExit. The next would
        find it too, and whoever opens is told at once.
        """
        steady = time.monotonic() - self.began > STEADY
        self.pause = 0.0 if steady else min(max(0.1, 2 * self.pause), LONGEST_PAUSE)
        self.earliest = time.monotonic() + self.pause
        self.child = None
        status = child.returncode
        how = signal.Signals(-status).name if status < 0 else f"status {status}"
        if status > 0 and not self.proven:
            warn(f"the server ended before it was ready ({how})")
            raise SystemExit(1)
        warn(f"the server ended ({how}); the next starts in {self.pause:.1f} s")

    def end(self) -> None:
        """End the server, whoever started it: politely, then by force."""
        for sign, patience in PATIENCE.items():
            if not self.is_running():
                return
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.killpg(int(os.pread(self.server, len(NOBODY), 0)), sign)
            deadline = time.monotonic() + patience
            while self.is_running() and time.monotonic() < deadline:
                time.sleep(FIRST_TICK)
        if self.is_running():
            warn("the server could not be ended")


def limit_log() -> None:
    """Put the log aside when it is long; the server opens it anew for each line."""
    with contextlib.suppress(OSError):
        if Path(LOG).stat().st_size > LOG_LIMIT:
            Path(LOG).replace(LOG + ".1")


def main() -> None:
    """Leave the process that started us, and keep the storage of the folder we are told."""
    folder, binary = sys.argv[1:]
    if os.fork():
        os._exit(0)  # our parent has waited for this; the keeper itself is nobody's child
    os.chdir(folder)
    os.umask(0o077)
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda *_: None)  # not ignored: the server would inherit that
    with contextlib.suppress(OSError):
        Path(KEEPER).write_text(str(os.getpid()))  # the lock itself came as an open descriptor
    try:
        Keeper(binary).run()
    except OSError as error:
        warn(f"the keeper gives up: {error}")
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
