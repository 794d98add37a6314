"""One change to every reader, by the processor alone: the feed beside a bare loop on its sockets.

Both go over the same connections in turn, so other work on the machine, which moves every figure of
time, moves their ratio little. On each loop that is here, and on the Python that runs this.
"""

import asyncio
import platform
import select
import socket
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from typing import Final

import msgspec

from events.commands import Command, WritePost
from server.door.uvicorn_server import run
from server.push.crowd import Crowd
from server.push.opening import NOTHING
from server.push.pulse import Pulse
from server.push.reader import SocketReader
from server.render import Articles, templates
from server.settings import Settings
from server.tail import Loaded
from tests.bench import machine
from tests.bench.options import Options
from tests.bench.stage import free_port, python, running
from tests.bench.table import Row, tell
from tests.story import AN_OPEN_BLOG, EPOCH, Story, says

SWEEPS: Final = 30
PAUSE: Final = 0.2
"""Seconds between two sweeps, in which the other side takes what it was sent."""
LOOPS: Final = ("asyncio", "uvloop")


class Cost(msgspec.Struct):
    """Medians over the sweeps: processor milliseconds, and ours to the bare loop's."""

    ours: float
    bare: float
    ratio: float


def rows(options: Options) -> list[Row]:
    here = (loop for loop in LOOPS if loop == "asyncio" or find_spec(loop))
    return [_row(loop, options.readers) for loop in here]


def _row(loop: str, readers: int) -> Row:
    port = free_port()
    with running(python("tests.bench.sweep", "take", port), port, core=machine.LOAD):
        command = python("tests.bench.sweep", "give", port, loop, readers)
        with machine.on(machine.SERVER):
            said = subprocess.run(command, cwd=machine.CHECKOUT, stdout=subprocess.PIPE, check=True)
    cost = msgspec.json.decode(said.stdout, type=Cost)
    tell(f"  {loop}: {cost}")
    return Row(
        f"a sweep over {readers:,} readers, processor, {loop}",
        f"{cost.ours:.1f} ms",
        f"socket.send loop {cost.bare:.1f} ms",
        f"{cost.ratio:.2f} x",
        note=f"Python {platform.python_version()}; medians of {SWEEPS} of each, in turn, on the "
        "same sockets; ours with the fold, the article and the frame",
    )


def take(port: int) -> None:
    """Accept whoever comes and read what he sends, without end."""
    machine.allow_open_files()
    poll, taking = select.epoll(), dict[int, socket.socket]()
    with socket.create_server(("127.0.0.1", port), backlog=4096) as listening:
        poll.register(listening.fileno(), select.EPOLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == listening.fileno():
                    connection, _ = listening.accept()
                    taking[connection.fileno()] = connection
                    poll.register(connection.fileno(), select.EPOLLIN)
                elif not taking[descriptor].recv(1 << 16):
                    taking.pop(descriptor).close()


class Given:
    """A blog with readers whose other ends somebody takes for."""

    def __init__(self, settings: Settings) -> None:
        self.loaded = Loaded("fair", Articles(templates()), EPOCH)
        self.sockets: list[socket.socket] = []
        self._story = Story()
        self._crowd, self._pulse = Crowd(settings), Pulse(settings.ping, settings.stall)
        self.does(AN_OPEN_BLOG)

    def does(self, command: Command) -> bytes:
        """Carry it out; what a reader is told of it."""
        self._story.when(command)
        self.loaded.apply(self._story.stored[-1])
        feed = self.loaded.feed
        return feed.messages.changed(self._story.changes[-1]).carried("html", "plain")

    async def follows(self, port: int) -> None:
        """One reader more."""
        made = socket.create_connection(("127.0.0.1", port))
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=made)
        reader = SocketReader(transport, NOTHING, "html", self._crowd, self._crowd.enter("here"))
        reader.follow(self.loaded.feed, self.loaded.feed.position, self._pulse, b"")
        self.sockets.append(made)


async def give(port: int, settings: Settings, readers: int) -> None:
    """Print what a sweep costs."""
    machine.allow_open_files()
    given = Given(settings)
    for _ in range(readers):
        await given.follows(port)
    ours, bare = [], []
    for number in range(SWEEPS):
        await asyncio.sleep(PAUSE)
        began = time.process_time()
        frame = given.does(WritePost(f"{number}", title="News", body=says("It says so. " * 30)))
        while given.loaded.feed.sweeping:  # noqa: ASYNC110 - its slices are turns of this loop
            await asyncio.sleep(0)
        ours.append(time.process_time() - began)
        await asyncio.sleep(PAUSE)
        began = time.process_time()
        for each in given.sockets:
            each.send(frame)
        bare.append(time.process_time() - began)
    ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
    cost = Cost(*(statistics.median(each) for each in (ours, bare, ratios)))
    cost.ours, cost.bare = cost.ours * 1000, cost.bare * 1000
    sys.stdout.buffer.write(msgspec.json.encode(cost))


def main() -> None:
    match sys.argv[1:]:
        case ["take", port]:
            take(int(port))
        case ["give", port, loop, readers]:
            settings = Settings(loop=loop, readers=int(readers), readers_per_address=0)
            run(give(int(port), settings, int(readers)), settings)


if __name__ == "__main__":
    main()
