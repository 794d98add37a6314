"""A reader that missed much is told it part by part, as it takes it: in order, each thing once."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from events.commands import ChangePostStatus, Command, RevisePost, WritePost
from events.position import Position
from server.push import feed
from server.push.feed import Feed
from server.push.wire import Carriage
from server.render import Articles, templates
from server.tail import Loaded
from tests.audience import Listener, Page, at_once
from tests.story import A_BLOG, EPOCH, Story, position, says

RENDER = Articles(templates())
PART = 2000
WORDS = says("word " * 100)
"""Two posts of these are more than a part, and one is not."""


class Sips(Listener):
    """Takes one write, and no more until it `resumes`."""

    def send(self, data: bytes) -> None:
        super().send(data)
        self.ready = False


class Streams(Sips):
    """Its client is not looked at."""

    carriage: Carriage = "event"

    def send(self, data: bytes) -> None:
        self.writes.append(data)
        self.ready = False


class Day:
    """A blog with a post of some length for each of `names`, and its feed."""

    def __init__(self, *names: str) -> None:
        self._story = Story()
        self._loaded = Loaded("fair", RENDER, EPOCH, at_once)
        self.does(A_BLOG, *(WritePost(name, title=name, body=WORDS) for name in names))

    @property
    def feed(self) -> Feed:
        return self._loaded.feed

    def does(self, *commands: Command) -> None:
        for command in commands:
            before = len(self._story.stored)
            self._story.when(command)
            for stored in self._story.stored[before:]:
                self._loaded.apply(stored)

    @property
    def page(self) -> Page:
        """What somebody holds who comes now."""
        return Page().receive(self.feed.answer(None, "json"))


@pytest.fixture(autouse=True, scope="module")
def small_parts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "PART", PART)
        yield


def returned(kind: type[Listener], day: Day, since: Position, *had: str) -> Listener:
    """A reader that comes back, having had those posts, and is sent the first part."""
    listener = kind(Day(*had).page)
    listener.page.position = since
    return listener.joins(day.feed, since)


def takes_all(listener: Listener, day: Day) -> None:
    while not listener.ready:
        listener.resumes(day.feed)


def test_who_takes_nothing_is_sent_one_part_and_stands_at_its_last_message() -> None:
    day = Day(*"abcdefgh")
    listener = returned(Sips, day, position(1))
    assert [message["type"] for message in listener.heard] == ["hello", "post", "post"]
    assert listener.position == listener.page.position == position(3)
    assert len(listener.writes[0]) < 3 * PART


def test_it_is_sent_the_rest_as_it_takes_it_and_nothing_twice() -> None:
    day = Day(*"abcdefgh")
    listener = returned(Sips, day, position(1))
    takes_all(listener, day)
    assert len(listener.writes) > 2
    assert [message.get("id") for message in listener.heard] == [None, *"abcdefgh"]
    assert listener.position is day.feed.position


def test_who_takes_all_is_told_all_at_once() -> None:
    day = Day(*"abcdefgh")
    listener = returned(Listener, day, position(1))
    day.feed.bring_up(listener)
    assert [message.get("id") for message in listener.heard] == [None, *"abcdefgh"]
    listener.ready = False
    day.does(*(RevisePost(name, title=name * 2) for name in "abcdefgh"))
    written = len(listener.writes)
    listener.resumes(day.feed)
    assert len(listener.writes) > written + 1
    assert listener.page.posts == day.page.posts


def test_a_sweep_tells_who_takes_all_and_leaves_who_does_not_where_it_is() -> None:
    turns: list[Callable[[], None]] = []
    day = Day("a")
    day.feed._soon = turns.append
    quick, slow = (kind().joins(day.feed, None) for kind in (Listener, Sips))
    slow.ready = True
    day.does(*(WritePost(name, title=name, body=WORDS) for name in "bcdefgh"))
    while turns:
        turns.pop()()
    assert quick.page.posts == day.page.posts
    assert slow.position == slow.page.position < quick.page.position
    takes_all(slow, day)
    assert slow.page.posts == quick.page.posts


def test_one_that_is_larger_than_a_part_is_told_and_a_first_page_is_whole() -> None:
    day = Day("a")
    day.does(*(WritePost(name, title=name, body=WORDS * 5) for name in "bc"))
    listener = returned(Sips, day, position(2))
    assert [message.get("id") for message in listener.heard] == [None, "b"]
    newcomer = Sips().joins(day.feed, None)
    assert len(newcomer.page.posts) == 3
    assert newcomer.position is day.feed.position


def test_the_id_of_an_event_is_where_the_part_ends() -> None:
    day, stream = Day(*"abcdefgh"), Streams()
    stream.send(day.feed.attach(stream, position(1)))
    takes_all(stream, day)
    assert len(stream.writes) > 2
    for data in stream.writes:
        *_, id_, last, _, _ = data.split(b"\n")
        told = msgspec.json.decode(last.removeprefix(b"data: "))
        assert id_ == f"id: {told['position']}".encode()


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["write", "revise", "retract", "take", "take"]), st.integers(0, 5))
)


@for_all(ACTIONS, st.integers(1, 5))
def test_whatever_happens_between_the_parts_it_ends_with_the_page(
    actions: list[tuple[str, int]], since: int
) -> None:
    day = Day(*"abcdef")
    listener = returned(Sips, day, position(since), *"abcdef"[: since - 1])
    for number, (what, which) in enumerate(actions):
        name = "abcdef"[which]
        if what == "take":
            listener.resumes(day.feed)
        elif what == "write":
            day.does(WritePost(f"new {number}", title="new", body=WORDS))
        elif name in day.page.posts:
            title = f"{name} {number}"
            revised = RevisePost(name, title=title)
            day.does(revised if what == "revise" else ChangePostStatus(name, "retracted"))
    takes_all(listener, day)
    assert listener.page.posts == day.page.posts
    assert listener.page.position == day.feed.position
    assert (listener.page.lost, listener.page.told_again) == (False, [])
