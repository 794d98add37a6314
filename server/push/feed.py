"""The feed: one blog's readers, and what they are sent. Knows bytes and positions, no HTTP.

A reader is a transport and a position. What it has missed is never queued for it: it is the
timeline's changes after its position, newest state, each encoded once whatever the readers.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple, Protocol

import structlog

from events.blog import Blog
from events.frames import Form, Viewers, encode
from events.position import Position
from events.timeline import Change, Timeline
from server.push.messages import Frame, Messages, Render
from server.push.slices import Soon, in_slices, on_the_loop
from server.push.wire import Carriage

BATCHED: Final = 8 * 1024 * 1024
"""Bytes of batches kept at most, one for each position that readers stand at."""

PART: Final = 256 * 1024
"""Bytes after which a batch ends: what a reader that takes nothing costs, but for a first page."""

# Close codes, as PROTOCOL.md explains them.
UNAUTHORIZED = 4401
NOT_FOUND = 4404
TOO_SLOW = 4408
TOO_MANY = 4429
RESTART = 1012
FAULT = 1011

logger = structlog.get_logger("feed")


class Reader(Protocol):
    """What the feed needs of a connected audience member. No call may call the feed at once."""

    form: Form
    carriage: Carriage
    position: Position | None
    """Where it stands; None is nowhere: it gets the first page. Only the feed sets it."""
    ready: bool
    """Whether it takes more now. One that becomes so asks to be brought up."""

    def send(self, data: bytes) -> None:
        """Write this; asked only while `ready`."""
        ...

    def close(self, code: int) -> None: ...


class Batch(NamedTuple):
    """Messages for one write, and where a reader stands that has had them."""

    data: bytes
    end: Position


class Feed:
    """The readers of one blog. All calls are synchronous: between two of them nothing slips.

    What was published is written out soon, in slices between which the loop turns. A reader that
    they reach late is given all that came meanwhile in one write.
    """

    def __init__(
        self, blog: Blog, timeline: Timeline, render: Render, soon: Soon = on_the_loop
    ) -> None:
        self.readers: dict[Reader, None] = {}
        """In the order they came, which is about how they lie in memory: a sweep is faster so."""
        self._render = render
        self._soon = soon
        self._sweeping = False
        self._unswept = False
        self._telling = False
        self._count: Frame | None = None
        """What tells how many read; None where hello says that nobody is to know."""
        self.messages = Messages(blog, timeline, render)
        self._batched = 0
        self._batches: dict[tuple[Position | None, bool, Form, Carriage], Batch] = {}

    @property
    def position(self) -> Position:
        """The latest public position: where an up-to-date reader stands."""
        return self.messages.position

    @property
    def viewers(self) -> int | None:
        """How many read this blog everywhere; None where the audience is not to know."""
        return self.messages.viewers

    @property
    def sweeping(self) -> bool:
        """Whether something is being told to the readers just now."""
        return self._sweeping

    def renew(self, blog: Blog, timeline: Timeline) -> None:
        """Start over from another fold of the log; every reader gets a snapshot."""
        viewers = self.viewers
        self.messages = Messages(blog, timeline, self._render)
        self.messages.viewers = viewers
        for reader in self.readers:
            reader.position = None
        self._write_out()

    def publish(self, change: Change) -> None:
        """Take in a change, just applied to the timeline, in the log's order; it goes out soon."""
        self.messages.publish(change)
        self._write_out()

    def attach(self, reader: Reader, since: Position | None) -> bytes:
        """Let a reader take part; what is to be written to it first: hello and what it missed.

        As much of that as one write may be. Who has taken it asks to be brought up.
        """
        beginning, reader.position = self._batch(since, reader, greet=True)
        self.readers[reader] = None
        return beginning

    def detach(self, reader: Reader) -> None:
        self.readers.pop(reader, None)

    def bring_up(self, reader: Reader) -> None:
        """Send a reader what it has not had, as far as it takes it; nothing slips between."""
        if reader not in self.readers:
            return  # it is being sent away
        while reader.ready and reader.position != self.messages.position:
            missed, reader.position = self._batch(reader.position, reader)
            reader.send(missed)

    def heartbeat(self, reader: Reader) -> bytes:
        """Hello once more, for a reader that has all; nothing for one that has not."""
        has_all = reader.position == self.position
        return self._batch(self.position, reader, greet=True).data if has_all else b""

    def tell_viewers(self, count: int | None) -> None:
        """So many read everywhere; None where the audience is not to know any more."""
        changed, self.messages.viewers = count != self.viewers, count
        message = b"" if count is None else encode(Viewers(count))
        self._count = Frame(self.position, lambda _: message) if message else None
        self._forget_batches()
        # A reader that is not told now is told the next number, or by the next hello.
        if changed and not self._telling:
            self._telling = True
            tell = partial(self._tell_viewers, self.readers)
            in_slices(tuple(self.readers), tell, self._told, self._soon)

    def close(self, code: int) -> None:
        """Send every reader away, which may take some turns; from here on they are told nothing."""
        leaving, self.readers = tuple(self.readers), {}
        in_slices(leaving, partial(_send_away, code), soon=self._soon)

    def answer(self, since: Position | None, form: Form) -> list[bytes]:
        """Hello and what changed since, or a snapshot where that cannot be told or is too much."""
        return [frame.message(form) for frame in self.messages.since(since)]

    def _tell_viewers(self, among: dict[Reader, None], readers: Sequence[Reader]) -> None:
        if among is not self.readers:
            return  # all of them are being sent away
        said = self._count
        for reader in readers:
            if not reader.ready:
                continue
            try:
                if count := self._counted(said, reader):
                    reader.send(count)
            except Exception as error:  # noqa: BLE001 - logged there
                _fails(reader, error)

    def _counted(self, said: Frame | None, reader: Reader) -> bytes:
        return said.carried(reader.form, reader.carriage) if said else self.heartbeat(reader)

    def _told(self) -> None:
        self._telling = False

    def _forget_batches(self) -> None:
        self._batches.clear()
        self._batched = 0

    def _write_out(self) -> None:
        self._forget_batches()
        self._unswept = True
        if not self._sweeping and self.readers:
            self._sweeping = True
            self._soon(self._sweep)

    def _sweep(self) -> None:
        """Bring every reader up, again and again until nothing was published meanwhile."""
        self._sweeping = self._unswept
        if self._unswept:
            self._unswept = False
            bring_up = partial(self._bring_all_up, self.readers)
            in_slices(tuple(self.readers), bring_up, self._sweep, self._soon)

    def _bring_all_up(self, among: dict[Reader, None], readers: Sequence[Reader]) -> None:
        """What `bring_up` does, for many; the time goes here, so nothing is looked up twice."""
        if among is not self.readers:
            return  # all of them are being sent away
        position = end = self.position
        since, form, carriage, missed = None, None, None, b""
        for reader in readers:
            if not reader.ready or reader.position is position:
                continue
            try:
                if (
                    reader.position is not since
                    or reader.carriage is not carriage
                    or reader.form is not form
                    or since is None
                ):
                    since, form, carriage = reader.position, reader.form, reader.carriage
                    missed, end = self._batch(since, reader)
                reader.position = end
                reader.send(missed)
                if end is not position:
                    self.bring_up(reader)
            except Exception as error:  # noqa: BLE001 - logged there
                _fails(reader, error)

    def _batch(self, since: Position | None, reader: Reader, *, greet: bool = False) -> Batch:
        """The messages after a position, for one write; the same bytes for all who stand there."""
        form, carriage = reader.form, reader.carriage
        batch = self._batches.get((since, greet, form, carriage))
        if batch is None:
            batch = self._put_together(self.messages.since(since, greet=greet), form, carriage)
            self._batched += len(batch.data)
            if self._batched > BATCHED:
                self._forget_batches()
            self._batches[since, greet, form, carriage] = batch
        return batch

    def _put_together(self, frames: Sequence[Frame], form: Form, carriage: Carriage) -> Batch:
        """As many as make a part, and never less than one change, or the whole first page."""
        carried: list[bytes] = []
        size, end = 0, self.position
        for before, frame in zip([None, *frames], frames, strict=False):
            if before and size > PART:
                end = before.position
                break
            carried.append(frame.carried(form, carriage))
            size += len(carried[-1])
        if carriage == "event":
            # Only on the last: a reader cut off before it asks for the whole batch again.
            carried.insert(-1, b"id: %s\n" % str(end).encode())
        return Batch(b"".join(carried), end)


def _send_away(code: int, readers: Sequence[Reader]) -> None:
    for reader in readers:
        try:
            reader.close(code)
        except Exception:
            logger.exception("a reader could not be sent away")


def _fails(reader: Reader, error: Exception) -> None:
    """What cannot be made for one, or sent to it, ends nothing for others; this one comes back."""
    logger.error("a reader could not be told something", exc_info=error)
    _send_away(FAULT, [reader])
