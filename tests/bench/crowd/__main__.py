"""The crowd's process: one epoll loop, no task and no thread, so that it is not what is measured.

Its terms come as JSON in the first argument. Then it takes a word a line: `mark` (begin to
measure), `report`, `ready`, `end`; and says one line of JSON when all are open, and to each word.
"""

import gc
import heapq
import os
import select
import ssl
import sys
import time

import msgspec

from tests.bench import machine
from tests.bench.crowd.heard import CLOSE, PING, events, frames
from tests.bench.crowd.reader import Reader, pong
from tests.bench.crowd.tally import Tally
from tests.bench.crowd.terms import Count, Opened, Report, Terms

BUFFER = 1 << 18
GREETING = 10.0
"""Seconds until a returning reader gives an attempt up, as the client does."""


class Loop:
    """All readers, and the one wait for what happens to any of them."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.readers = [
            Reader(number, terms.since, stalled=number < terms.stalled)
            for number in range(terms.readers)
        ]
        self.at: dict[int, Reader] = {}  # by file descriptor
        self.poll = select.epoll()
        self.due: list[tuple[float, int, int, Reader]] = []  # when, tie-break, attempt, who
        self.parse = events if terms.transport == "sse" else frames
        self.buffer = memoryview(bytearray(BUFFER))
        self.begun = self.ready = self.gone = 0
        self.tally = Tally()
        self.began = time.monotonic()
        self.all_opened = False

    def run(self) -> None:
        self.poll.register(sys.stdin.fileno(), select.EPOLLIN)
        running = True
        while running:
            self._admit()
            for descriptor, event in self.poll.poll(self._patience(), 1024):
                if reader := self.at.get(descriptor):
                    self._serve(reader, event)
                elif descriptor == sys.stdin.fileno():
                    running = self._obey()

    def _admit(self) -> None:
        """Let readers begin, as many as may be under way, and let those come back who are due."""
        while self.begun < len(self.readers) and self._under_way() < self.terms.in_flight:
            self._connect(self.readers[self.begun])
            self.begun += 1
        if not self.all_opened and self.begun == len(self.readers) and self._under_way() <= 0:
            self.all_opened = True
            _say(Opened(self.ready, time.monotonic() - self.began))
        while self.due and self.due[0][0] <= time.monotonic():
            _, _, attempt, reader = heapq.heappop(self.due)
            if reader.attempt != attempt or reader.standing == Reader.READY:
                continue
            if reader.standing == Reader.WAITING:
                self._connect(reader)
            else:
                self._lose(reader)

    def _under_way(self) -> int:
        return self.begun - self.ready - self.gone

    def _patience(self) -> float:
        return max(0.0, min(1.0, self.due[0][0] - time.monotonic())) if self.due else 1.0

    def _connect(self, reader: Reader) -> None:
        made = reader.connect(self.terms)
        self.at[made.fileno()] = reader
        self.poll.register(made.fileno(), select.EPOLLOUT)
        if self.terms.returning:
            self._later(GREETING, reader)

    def _later(self, delay: float, reader: Reader) -> None:
        when = time.monotonic() + delay
        heapq.heappush(self.due, (when, id(reader), reader.attempt, reader))

    def _serve(self, reader: Reader, event: int) -> None:
        try:
            if reader.standing == Reader.CONNECTING:
                self._ask(reader, event)
            elif event & select.EPOLLIN:
                self._read(reader)
            else:
                self._lose(reader)
        except OSError:
            self._lose(reader)

    def _ask(self, reader: Reader, event: int) -> None:
        assert reader.socket
        if event & (select.EPOLLERR | select.EPOLLHUP):
            self._lose(reader)
            return
        if self.terms.tls:
            self.poll.unregister(reader.socket.fileno())
            self.at.pop(reader.socket.fileno())
            made = reader.secure(_trusting())
            self.at[made.fileno()] = reader
            self.poll.register(made.fileno(), select.EPOLLIN)
        reader.ask(self.terms)
        # Errors are always told; one that stalls asks for nothing else.
        self.poll.modify(reader.socket.fileno(), 0 if reader.stalled else select.EPOLLIN)
        if reader.stalled:
            self._open(reader)

    def _read(self, reader: Reader) -> None:
        assert reader.socket
        try:
            size = reader.socket.recv_into(self.buffer)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        if not size:
            self._lose(reader)
            return
        self.tally.wire += size
        data = self.buffer[:size].tobytes()
        if reader.rest:
            data = reader.rest + data
        if reader.standing == Reader.ASKING:
            data = reader.answered(data)
            if reader.standing == Reader.OPEN and not self.terms.greeted:
                self._open(reader)
        if data:
            self._hear(reader, data)

    def _hear(self, reader: Reader, data: bytes) -> None:
        messages, reader.rest = self.parse(data)
        for message in messages:
            if message.sent:
                self.tally.hear(reader, message.sent)
            if message.position:
                reader.position = message.position
            if message.compressed:
                self.tally.compressed += 1
            if message.opcode >= CLOSE:
                self._control(reader, message.opcode, message.payload)
            elif reader.standing == Reader.OPEN:
                self._open(reader)

    def _open(self, reader: Reader) -> None:
        reader.standing = Reader.READY
        reader.ready_at = time.monotonic()
        self.ready += 1
        self.tally.settled = time.monotonic_ns()

    def _control(self, reader: Reader, opcode: int, payload: bytes) -> None:
        if opcode == PING and reader.socket:
            reader.socket.send(pong(payload))
        elif opcode == CLOSE:
            self._lose(reader, int.from_bytes(payload[:2], "big"))

    def _lose(self, reader: Reader, code: int = 0) -> None:
        if reader.socket is None:
            return
        self.at.pop(reader.socket.fileno())
        if reader.standing == Reader.READY:
            self.ready -= 1
        reader.drop()
        self.tally.codes[code] += 1
        if self.terms.returning:
            self._later(reader.delay(code, time.monotonic()), reader)
        else:
            self.gone += 1

    def _obey(self) -> bool:
        """Take one word; whether to go on."""
        word = os.read(sys.stdin.fileno(), 64).decode().strip()
        if word == "mark":
            self.tally.mark(self.readers)
        if word == "report":
            _say(self.tally.report(self.readers, self.ready))
        elif word in {"mark", "ready"}:
            _say(Count(self.ready))
        return word not in {"", "end"}


def _trusting() -> ssl.SSLContext:
    """Takes any certificate: the proxy beside us has made its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _say(answer: Opened | Report | Count) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    gc.disable()
    machine.allow_open_files()
    Loop(msgspec.json.decode(sys.argv[1], type=Terms)).run()
