"""An entry: one command's events at one position, and how it is stored.

Stored, an entry is two byte strings. The *head* holds everything structural, the digest of each
content, and the digest of the head before: the chain. The *content* holds the salts and the
contents. Only heads are chained, so a content can be erased and the chain still verifies.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from msgspec import Raw, Struct

from events.facts import Content, Event
from events.position import Position
from events.upcast import VERSION, upcast_contents, upcast_head

GENESIS = "0" * 64
"""`prev` of a log's first head."""

T = TypeVar("T")


class Entry(Struct, frozen=True):
    """What happened at one position.

    `at` is when it occurred and never decreases along a log; `recorded_at` is the server's clock.
    `actor` is an opaque id; `command` the idempotency key it was sent with.
    """

    position: Position
    at: datetime
    recorded_at: datetime
    actor: str
    command: str
    events: tuple[Event, ...]


class Stored(Struct, frozen=True):
    """An entry as the log keeps it, byte for byte."""

    position: Position
    head: bytes
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the head in hex: the next entry's `prev`."""
        return hashlib.sha256(self.head).hexdigest()


class Corrupt(Exception):
    """A stored entry is not what its digests or its neighbours say."""

    def __init__(self, position: Position, why: str) -> None:
        super().__init__(f"entry {position}: {why}")
        self.position = position
        self.why = why


class _Head(Struct):
    v: int
    position: str
    at: datetime
    recorded_at: datetime
    actor: str
    command: str
    prev: str
    events: tuple[Event, ...]
    contents: tuple[str | None, ...]


class _Salted(Struct, Generic[T]):
    salt: str
    content: T


class _Contents(Struct, Generic[T]):
    """`request` is the fingerprint of what was received, so that a restore knows the answers."""

    v: int
    request: str
    contents: tuple[_Salted[T] | None, ...]


_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
_decode_head = msgspec.json.Decoder(_Head).decode
_decode_contents = msgspec.json.Decoder(_Contents[Content]).decode
_decode_raw = msgspec.json.Decoder(_Contents[Raw]).decode
_UNDECODABLE = (
    msgspec.MsgspecError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    RecursionError,
)
"""What a payload of the wrong shape raises, in the decoder or in an upcaster."""
_CURRENT = b'{"v":%d,' % VERSION


def store(entry: Entry, prev: str, salt: Callable[[], str], request: str = "") -> Stored:
    """Encode an entry to follow the head whose digest is `prev`.

    `salt` gives a fresh random hex string at every call; `request` is the fingerprint.
    """
    salted = [_salted(event.content, salt) for event in entry.events]
    head = _Head(
        v=VERSION,
        position=str(entry.position),
        at=entry.at,
        recorded_at=entry.recorded_at,
        actor=entry.actor,
        command=entry.command,
        prev=prev,
        events=tuple(msgspec.structs.replace(event, content=None) for event in entry.events),
        contents=tuple(_digest(each) if each else None for each in salted),
    )
    content = _Contents(v=VERSION, request=request, contents=tuple(salted))
    return Stored(entry.position, _encode(head), _encode(content))


def load(stored: Stored) -> Entry:
    """Decode a stored entry of any version; raises Corrupt."""
    head, contents = _head_of(stored), _contents_of(stored)
    for event, salted in zip(head.events, contents.contents, strict=False):
        if salted is not None:
            event.content = salted.content
    return Entry(stored.position, head.at, head.recorded_at, head.actor, head.command, head.events)


def previous(stored: Stored) -> str:
    """The digest that a stored entry says the head before it has; raises Corrupt."""
    return _head_of(stored).prev


def request_of(stored: Stored) -> str:
    """The fingerprint of the request behind a stored entry; raises Corrupt."""
    return _contents_of(stored).request


def check(stored: Stored, after: Stored | None) -> None:
    """Verify one entry against itself and the one before; raises Corrupt with the reason."""
    head, digests = _head_of(stored), _digests_of(stored)
    if head.position != str(stored.position):
        raise Corrupt(stored.position, f"its head says it is {head.position}")
    if stored.position.seq != (after.position.seq if after else 0) + 1:
        raise Corrupt(stored.position, "the numbering before it has a gap")
    if head.prev != (after.digest if after else GENESIS):
        there = f"; there is {after.position}" if after else "; it is the first"
        why = f"the entry before it is not the one it was chained to{there}"
        raise Corrupt(stored.position, why)
    if len(digests) != len(head.contents):
        raise Corrupt(stored.position, "its contents are not those it was stored with")
    for number, (stored_with, digest) in enumerate(zip(head.contents, digests, strict=True)):
        if digest not in (None, stored_with):  # None: erased, which the chain allows
            of = type(head.events[number]).__name__ if number < len(head.events) else "nothing"
            why = f"a content is not the one it was stored with, that of its {of}"
            raise Corrupt(stored.position, why)


def _head_of(stored: Stored) -> _Head:
    try:
        # The version is the first field written, so the common case needs no second look.
        if stored.head.startswith(_CURRENT):
            return _decode_head(stored.head)
        return msgspec.convert(upcast_head(msgspec.json.decode(stored.head)), _Head)
    except _UNDECODABLE as error:
        raise Corrupt(stored.position, f"its head cannot be decoded: {error}") from error


def _contents_of(stored: Stored) -> _Contents[Content]:
    try:
        if stored.content.startswith(_CURRENT):
            return _decode_contents(stored.content)
        payload = upcast_contents(msgspec.json.decode(stored.content))
        return msgspec.convert(payload, _Contents[Content])
    except _UNDECODABLE as error:
        raise Corrupt(stored.position, f"its content cannot be decoded: {error}") from error


def _digests_of(stored: Stored) -> list[str | None]:
    """The digest of each content as its bytes are, whatever their version; None where erased."""
    try:
        contents = _decode_raw(stored.content).contents
        return [_digest(each) if each else None for each in contents]
    except _UNDECODABLE as error:
        raise Corrupt(stored.position, f"its content cannot be decoded: {error}") from error


def _salted(content: Content | None, salt: Callable[[], str]) -> _Salted[Raw] | None:
    return None if content is None else _Salted(salt(), Raw(_encode(content)))


def _digest(salted: _Salted[Raw]) -> str:
    return hashlib.sha256(bytes.fromhex(salted.salt) + bytes(salted.content)).hexdigest()
