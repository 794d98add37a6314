"""A story that is replayed in one process, on a clock that is moved by hand.

    cinema = await shown(given(A_BLOG, post("one"), post("two")))
    viewer = cinema.seats(speed=60)
    await cinema.passes(1)
    assert viewer.last["type"] == "post"

`Viewer` is what a connection is to a replay; what it was told is in `heard`, message by message.
"""

import asyncio
from typing import Any, Self

import msgspec

from events.commands import Command
from events.frames import Form
from events.position import Position
from server.kept import Kept
from server.past.as_it_was import Past
from server.past.course import Courses
from server.push.messages import Messages
from server.push.wire import Carriage
from server.render import Articles, templates
from server.replay.replaying import STEP, Replays
from server.replay.track import Tracks
from server.replay.viewing import Moment, Opening, Viewing
from server.storage.memory_log import MemoryLog
from server.tail import Loaded
from server.web.replay import moment_named
from tests.audience import at_once
from tests.story import Story

RENDER = Articles(templates())


class Viewer:
    """A `viewing.Screen` that keeps what it is sent. `fills`: it takes one write at most."""

    carriage: Carriage = "line"

    def __init__(self, cinema: "Cinema", form: Form = "json") -> None:
        self.form: Form = form
        self.ready = True
        self.fills = False
        self.heard: list[Any] = []
        self.writes: list[bytes] = []
        self.code: int | None = None
        self.why = ""
        self._cinema = cinema
        self.viewing: Viewing

    def send(self, data: bytes) -> None:
        assert self.ready
        self.writes.append(data)
        self.heard += [msgspec.json.decode(message) for message in data.splitlines()]
        if self.fills:
            self.ready = False
            self.viewing.stand(self._cinema.clock)

    def close(self, code: int, reason: str = "") -> None:
        self.code, self.why, self.ready = code, reason, False
        self._cinema.replays.leave(self.viewing)

    def says(self, type: str, **more: Any) -> Self:
        self.viewing.hear(msgspec.json.encode({"type": type, **more}), self._cinema.clock)
        return self

    def drains(self) -> None:
        """As if its transport had taken all that waited."""
        self.ready = True
        self.viewing.go(self._cinema.clock)

    def hears(self, *kinds: str) -> list[Any]:
        """What it was told of those types, or of all but the clock."""
        return [
            message
            for message in self.heard
            if (message["type"] in kinds if kinds else message["type"] != "clock")
        ]

    @property
    def told(self) -> list[str]:
        """Every message but the clock's: its type, and of which post it is."""
        return [f"{each['type']} {each.get('id', '')}".strip() for each in self.hears()]

    @property
    def time(self) -> Any:
        """The last clock."""
        return self.hears("clock")[-1]

    def forgets(self) -> Self:
        self.heard, self.writes = [], []
        return self


class Cinema:
    """One process with one blog, and its viewers."""

    def __init__(self, story: Story, kept: int | None = None) -> None:
        self.story = story
        self.clock = 1000.02  # between two steps of the clock
        self.log = MemoryLog()
        self.loaded = Loaded(story.blog.id, RENDER, story.epoch, at_once)
        self.past = Past(self.log)
        self.courses = Courses(self.log, self.past)
        self.tracks = Tracks(self.log, self.past, self.courses, RENDER)
        if kept is not None:
            self.tracks.kept = Kept(kept)
        self.busy = False
        """Whether readers of the live blog are being told something."""
        self.replays = Replays(self.tracks, lambda: self.clock, lambda: self.busy)

    async def goes_on(self, *commands: Command) -> None:
        """More happens, and this process hears of it."""
        self.story.when(*commands)
        await self.catches_up()

    async def catches_up(self) -> None:
        await self.log.restore(self.story.blog.id, self.story.stored, None)
        for stored in self.story.stored[self.loaded.position.seq :]:
            self.loaded.apply(stored)

    def seats(self, form: Form = "json", **opening: Any) -> Viewer:
        """A viewer who comes in; what is played it is told by and by."""
        viewer = Viewer(self, form)
        asked = Opening(self.loaded, lambda text: moment_named(text, self.loaded, "to"), **opening)
        viewer.viewing = self.replays.open(viewer, asked)
        return viewer

    async def settles(self) -> None:
        """Until all is made that somebody waits for."""
        while self.replays.fetches:
            await asyncio.wait(self.replays.fetches)

    async def passes(self, seconds: float) -> None:
        """Let time go by, a turn of the clock after the other."""
        await self.settles()
        began = self.clock
        for step in range(round(seconds / STEP)):
            self.clock = began + (step + 1) * STEP
            self.replays.turn()
            await self.settles()

    async def ends(self, viewer: Viewer, seconds: int = 60) -> None:
        """Let time go by until a viewer has seen the end."""
        for _ in range(seconds):
            await self.passes(1)
            if viewer.time["ended"]:
                return
        raise TimeoutError(f"it is still {viewer.time}")

    async def snapshot(self, at: Moment, form: Form = "json") -> Any:
        """What time travel shows at a moment."""
        blog, timeline = await self.past.shown(self.loaded.blog, at)
        page = Messages(blog, timeline, RENDER).since(None)[1].message(form)
        return msgspec.json.decode(page)

    def at(self, seq: int) -> Position:
        return Position(self.story.epoch, seq)


async def shown(story: Story, kept: int | None = None) -> Cinema:
    """A story that has happened, and a cinema for it."""
    cinema = Cinema(story, kept)
    await cinema.catches_up()
    return cinema
