"""A blog's day told as commands, for tests that read like a transcript.

    given(A_BLOG, WritePost("gate", title="The gate opens"))
        .when(PinPost("gate", pinned=True))
        .then(PostPinned("gate"))

Every command goes the real way: `decide`, `store`, `evolve`, `Timeline.apply`. The first happens
at NOON, each further one a minute later, unless the story says otherwise.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Self

import pytest

from events.blog import Blog, Post, evolve
from events.commands import Command, CreateBlog, Refused
from events.decide import decide
from events.document import Block, Paragraph, Text
from events.entry import GENESIS, Entry, Stored, store
from events.facts import Event
from events.position import Position
from events.timeline import Change, Timeline

NOON = datetime(2025, 6, 24, 12, 0, tzinfo=UTC)
EPOCH = int(NOON.timestamp() * 1000)
A_BLOG = CreateBlog("fair", "The summer fair")
AN_OPEN_BLOG = CreateBlog("fair", "The summer fair", visibility="public")
EDITOR = "ann"


def minute(number: float) -> datetime:
    """So many minutes after NOON: when the command with that number, from 0, happens."""
    return NOON + timedelta(minutes=number)


def position(seq: int, epoch: int = EPOCH) -> Position:
    return Position(epoch, seq)


def says(*paragraphs: str) -> tuple[Block, ...]:
    """A body of plain paragraphs."""
    return tuple(Paragraph((Text(text),)) for text in paragraphs)


class Story:
    """One blog, its log so far, and the timeline that follows from it."""

    def __init__(self, blog_id: str = "fair") -> None:
        self.blog = Blog(blog_id)
        self.timeline = Timeline()
        self.entries: list[Entry] = []
        self.stored: list[Stored] = []
        self.changes: list[Change] = []
        """What the last entry changed in public."""
        self.clock = NOON
        self.epoch = EPOCH
        self._made: list[Event] = []
        self._salts = count(1)

    def when(self, *commands: Command, by: str = EDITOR) -> Self:
        """Carry out commands, one after the other; those that change nothing make no entry."""
        for command in commands:
            self._made = decide(self.blog, command, self.clock)
            if self._made:
                self.happens(*self._made, by=by)
        return self

    def happens(self, *events: Event, by: str = EDITOR) -> Self:
        """One entry of these events, whether or not a command would make them."""
        place = Position(self.epoch, self.blog.position.seq + 1)
        entry = Entry(place, self.clock, self.clock, by, f"key-{place.seq}", events)
        prev = self.stored[-1].digest if self.stored else GENESIS
        self.stored.append(store(entry, prev, self._salt, f"fingerprint-{place.seq}"))
        self.entries.append(entry)
        self.blog = evolve(self.blog, entry)
        self.changes = self.timeline.apply(self.blog, entry)
        self.clock += timedelta(minutes=1)
        return self

    def then(self, *events: Event) -> Self:
        """Hold the last command to exactly these facts."""
        assert self._made == list(events)
        return self

    def refuses(self, command: Command, how: type[Refused], sentence: str) -> Self:
        """Hold a command to a refusal of that kind, whose message has `sentence` in it."""
        with pytest.raises(how) as refusal:
            decide(self.blog, command, self.clock)
        assert sentence in str(refusal.value)
        return self

    def passes(self, minutes: float) -> Self:
        """Let time go by."""
        self.clock += timedelta(minutes=minutes)
        return self

    def moves(self) -> Self:
        """The log goes on under a new epoch, as after a restore."""
        self.epoch += 1
        return self

    def post(self, post_id: str) -> Post:
        return self.blog.posts[post_id]

    @property
    def page(self) -> list[str]:
        """The ids of the published posts as the page shows them: from the top."""
        return [post.id for post in self.timeline.walk()]

    def _salt(self) -> str:
        return f"{next(self._salts):032x}"


def given(*commands: Command) -> Story:
    """A story in which these commands have been carried out."""
    return Story().when(*commands)


def fold(entries: Iterable[Entry], blog_id: str = "fair") -> tuple[Blog, Timeline]:
    """Blog and timeline made anew from entries."""
    blog, timeline = Blog(blog_id), Timeline()
    for entry in entries:
        blog = evolve(blog, entry)
        timeline.apply(blog, entry)
    return blog, timeline
