"""A bare loop of `socket.send`: what Python can do at the very most. `PORT SIZE`, one a second."""

import gc
import select
import socket
import sys
import time

from tests.bench import machine
from tests.bench.peers.frame import ACCEPTED, frame


def serve(port: int, size: int) -> None:
    """Answer every handshake, and send every second; nothing else, and without end."""
    listening = socket.create_server(("127.0.0.1", port), backlog=4096)
    listening.setblocking(False)
    poll = select.epoll()
    poll.register(listening.fileno(), select.EPOLLIN)
    coming: dict[int, socket.socket] = {}
    readers: dict[int, socket.socket] = {}
    due = time.monotonic() + 1
    while True:
        for descriptor, _ in poll.poll(max(0.0, due - time.monotonic()), 512):
            if descriptor == listening.fileno():
                _accept(listening, poll, coming)
            elif reader := coming.pop(descriptor, None):
                if _answered(reader):
                    readers[descriptor] = reader
            else:
                readers.pop(descriptor).close()  # readers say nothing: it is their end
        if time.monotonic() >= due:
            due = time.monotonic() + 1
            _send(readers, frame(size))


def _accept(listening: socket.socket, poll: select.epoll, coming: dict[int, socket.socket]) -> None:
    try:
        while True:
            reader, _ = listening.accept()
            reader.setblocking(False)
            reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            coming[reader.fileno()] = reader
            poll.register(reader.fileno(), select.EPOLLIN)
    except BlockingIOError:
        return


def _answered(reader: socket.socket) -> bool:
    try:
        if reader.recv(4096):
            reader.send(ACCEPTED)
            return True
    except OSError:
        pass
    reader.close()
    return False


def _send(readers: dict[int, socket.socket], data: bytes) -> None:
    for reader in readers.values():
        try:
            reader.send(data)
        except OSError:
            continue  # its end is told by epoll


if __name__ == "__main__":
    gc.disable()
    machine.allow_open_files()
    serve(int(sys.argv[1]), int(sys.argv[2]))
