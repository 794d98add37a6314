"""The snapshots of a blog as files: a cache of its log, which may go at any time.

In `snapshots/<blog>/timeline-<schema>` lie a part of the pack (`.part`) and a snapshot (`.fold`)
for every so many entries, named by their position. A file is written beside its place and renamed,
and begins with a checksum over what it holds and what it is of. Whatever cannot be read as it was
written is not there: then the fold begins further back.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import structlog

from events.position import Position
from server.past.frozen import Pack, Part, Snapshot, beginning
from server.past.thawed import Thawed

MOST: Final = 400
"""Snapshots of a blog; of more, every second of the older half goes."""
MOST_BYTES: Final = 256 * 1024 * 1024
"""Likewise, of their files. Of parts: where they come to as much, no more snapshots are made."""
DIGEST: Final = 16

T = TypeVar("T", Part, Snapshot)

logger = structlog.get_logger("snapshots")


def _schema() -> str:
    """A digest of how a fold is made and kept: snapshots made in another way are not ours."""
    house = Path(__file__).parents[2]
    ours = [Path(__file__).with_name(name) for name in ("frozen.py", "thawed.py", "overlay.py")]
    digest = hashlib.sha256()
    for part in sorted([*house.glob("events/*.py"), *ours]):
        digest.update(part.read_bytes())
    return digest.hexdigest()[:16]


SCHEMA: Final = _schema()


class Damaged(Exception):
    """A file is not there, or not as it was written."""


class Snapshots:
    """Those of one blog. Files are read and written at once: not for the event loop."""

    def __init__(self, folder: Path, blog_id: str, schema: str = SCHEMA) -> None:
        named = blog_id if re.fullmatch(r"[\w-]{1,64}", blog_id) else _digest(blog_id.encode())
        self._home = folder / named
        self._folder = self._home / f"timeline-{schema}"
        self._key = hashlib.sha256(f"{schema}\n{blog_id}".encode()).digest()
        self._beginning = beginning(blog_id)
        self._read = lru_cache(16)(self._read_snapshot)
        self.pack = Pack()
        self._there: set[Position] = set()
        """The positions that have a snapshot, as far as is known."""

    def open(self) -> None:
        """Take in the parts that are there, as far as they follow each other."""
        for position in sorted(self._listed(".part")):
            if self.pack.marks and position <= self.pack.marks[-1].position:
                continue
            try:
                self.pack.add(self._load(position, ".part", Part))
            except (Damaged, ValueError):
                break
        self._there = self._listed(".fold")

    def before(self, at: Position | datetime) -> Iterator[Part]:
        """The marks of the snapshots up to a moment, the nearest first.

        Of a time: those before the first entry of a later one, since clocks may have stepped back.
        """
        marks = self.pack.marks
        if isinstance(at, Position):
            end = bisect_right(marks, at, key=lambda mark: mark.position)
        else:
            end = bisect_right(marks, at, key=lambda mark: mark.until)
        return (mark for mark in reversed(marks[:end]) if mark.position in self._there)

    def thaw(self, mark: Part | None) -> Thawed:
        """The fold at a mark, or at the beginning; raises Damaged."""
        if mark is None:
            return Thawed(self.pack, self._beginning)
        pack = self.pack
        try:
            snapshot = self._read(mark.position)
        except Damaged:
            self._there.discard(mark.position)
            raise
        if mark not in pack.marks:
            raise Damaged(f"{mark.position} was given up")
        return Thawed(pack, snapshot)

    def save(self, part: Part, snapshot: Snapshot) -> None:
        """Keep one more snapshot, and its part of the pack. Raises OSError."""
        self._write(part.position, ".part", part)
        self._write(part.position, ".fold", snapshot)
        self.pack.add(part)
        self._there.add(part.position)
        self._thin()

    @property
    def full(self) -> bool:
        """Whether there are as many states as are kept."""
        return self.pack.bytes > MOST_BYTES

    def last(self) -> Part | None:
        """The newest mark that can be gone on from; those behind it are given up."""
        with contextlib.suppress(IndexError):
            while not self._reads(self.pack.marks[-1]):
                self._give_up(self.pack.marks[-1].position)
            return self.pack.marks[-1]
        return None

    def clear(self) -> None:
        """Give up all: the log is another one."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._begin_again()

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Hold the right to write, unless another process has it."""
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._home / "lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def sweep(self) -> None:
        """Delete what was made in other ways, or never done."""
        for other in self._home.glob("timeline-*"):
            if other != self._folder:
                shutil.rmtree(other, ignore_errors=True)
        self._folder.mkdir(exist_ok=True, mode=0o700)
        for left in self._folder.glob("tmp*"):
            left.unlink(missing_ok=True)

    def _reads(self, mark: Part) -> bool:
        try:
            self._load(mark.position, ".part", Part)
            self._load(mark.position, ".fold", Snapshot)
        except Damaged:
            return False
        return True

    def _give_up(self, position: Position) -> None:
        """Drop a mark and what follows it, and read the pack anew."""
        for each in (each for each in self._listed(".part") | self._listed(".fold")):
            if each >= position:
                self._unlink(each, ".part")
                self._unlink(each, ".fold")
        self._begin_again()
        self.open()

    def _begin_again(self) -> None:
        self.pack, self._there = Pack(), set()
        self._read.cache_clear()

    def _thin(self) -> None:
        sizes = {each: self._size(each) for each in sorted(self._there)}
        if len(sizes) > MOST or sum(sizes.values()) > MOST_BYTES:
            for each in [*sizes][: len(sizes) // 2 : 2]:
                self._unlink(each, ".fold")
                self._there.discard(each)

    def _size(self, position: Position) -> int:
        try:
            return self._path(position, ".fold").stat().st_size
        except OSError:
            return 0

    def _read_snapshot(self, position: Position) -> Snapshot:
        return self._load(position, ".fold", Snapshot)

    def _listed(self, ending: str) -> set[Position]:
        """The positions that have a file, readable or not."""
        found = set()
        for path in self._folder.glob(f"*{ending}"):
            with contextlib.suppress(ValueError):
                found.add(Position.parse(path.stem))
        return found

    def _load(self, position: Position, ending: str, form: type[T]) -> T:
        try:
            raw = self._path(position, ending).read_bytes()
            digest, body = raw[:DIGEST], raw[DIGEST:]
            if digest != self._checksum(position, ending, body):
                raise Damaged(f"{position}{ending}")
            return msgspec.msgpack.decode(body, type=form)
        except (OSError, msgspec.MsgspecError) as error:
            raise Damaged(f"{position}{ending}: {error}") from error

    def _write(self, position: Position, ending: str, of: Part | Snapshot) -> None:
        body = msgspec.msgpack.encode(of)
        descriptor, name = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._checksum(position, ending, body) + body)
            Path(name).rename(self._path(position, ending))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _checksum(self, position: Position, ending: str, body: bytes) -> bytes:
        digest = hashlib.blake2b(body, digest_size=DIGEST, key=self._key)
        digest.update(f"{position}{ending}".encode())
        return digest.digest()

    def _path(self, position: Position, ending: str) -> Path:
        return self._folder / f"{position}{ending}"

    def _unlink(self, position: Position, ending: str) -> None:
        with contextlib.suppress(OSError):
            self._path(position, ending).unlink()


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
