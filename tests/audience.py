"""A reader that does exactly as events/PROTOCOL.md says, in either form: what a client must hold.

It shares no code with the server: it knows messages alone. `Page` is the client; `Listener`
connects one to a feed, in the form `json`.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any, Self

import msgspec

from events.frames import Form
from events.position import START, Position
from events.timeline import BLOG, PAGE
from server.push.feed import Feed
from server.push.wire import Carriage

Held = dict[str, tuple[int, str, str]]
"""Of each post by its id: version, order, title."""


class Page:
    """What a client holds. `floor` is the order below which nothing is loaded, "" for all is."""

    def __init__(self, form: Form = "json") -> None:
        self.form: Form = form
        """What it has asked for, and is to be told in."""
        self.position = START
        self.beginnings = 0
        """How many hellos told it to catch up, or to start over; not those that say it has all."""
        self.resumed: bool | None = None
        self.status = ""
        self.details: tuple[str, str] | None = None
        self.posts: Held = {}
        self.pinned: Held = {}
        self.keys: dict[str, tuple[str, str]] = {}
        self.floor = ""
        self.lost = False
        """Whether a gap was found: a real client comes back with `since`."""
        self.since_snapshot = START
        """The position of the last snapshot: what changed up to it was in it."""
        self.told: set[tuple[str, Position]] = set()
        """Whose changes (a post's id, or BLOG) at which position were told since that snapshot."""
        self.told_again: list[tuple[str, Position]] = []
        """Those that were told once more without a snapshot between: there should be none."""
        self._catching_up_to = START

    def receive(self, messages: Iterable[bytes]) -> Self:
        for raw in messages:
            message = msgspec.json.decode(raw)
            getattr(self, "_" + message["type"])(message)
        return self

    def only(self, posts: int) -> Self:
        """As if a first page had so many posts."""
        if len(self.posts) > posts:
            self.posts = dict(list(self.posts.items())[:posts])
            self.floor = min(order for _, order, _ in self.posts.values())
        return self

    def comes_back(self) -> str:
        """What to ask for as `since` on another connection; "" where there is nothing yet."""
        self.lost = False
        return str(self.position) if self.position > START else ""

    @property
    def shown(self) -> list[str]:
        """The ids of the loaded posts, from the top."""
        return sorted(self.posts, key=lambda post: self.posts[post][1], reverse=True)

    def _hello(self, message: dict[str, Any]) -> None:
        self.resumed, self.status = message["resumed"], message["status"]
        self._catching_up_to = Position.parse(message["position"])
        self.beginnings += not self.resumed or self._catching_up_to > self.position
        if self.resumed:
            self.position = min(self.position, self._catching_up_to)

    def _snapshot(self, message: dict[str, Any]) -> None:
        self.posts = {item["id"]: self._held(item) for item in message["posts"]}
        self.pinned = {item["id"]: self._held(item) for item in message["pinned"]}
        self.keys = {item["id"]: (item["order"], item["title"]) for item in message["keys"]}
        self.floor = message["posts"][-1]["order"] if len(self.posts) == PAGE else ""
        self.details = message["title"], message["standfirst"]
        self.status = message["status"]
        self.position = self.since_snapshot = Position.parse(message["position"])
        self.told.clear()

    def _post(self, message: dict[str, Any]) -> None:
        if not self._follows(message):
            return
        id, held = message["id"], self._held(message)
        if max(self.posts.get(id, (0,))[0], self.pinned.get(id, (0,))[0]) >= held[0]:
            return
        self._forget(id)
        if message["order"] >= self.floor:
            self.posts[id] = held
        if message["pinned"]:
            self.pinned[id] = held
        if message["key"]:
            self.keys[id] = held[1:]

    def _retract(self, message: dict[str, Any]) -> None:
        if self._follows(message):
            self._forget(message["id"])

    def _blog(self, message: dict[str, Any]) -> None:
        if self._follows(message):
            self.status = message["status"]
            self.details = message["title"], message["standfirst"]

    def _viewers(self, message: dict[str, Any]) -> None:
        """It is no part of the page."""

    def _forget(self, id: str) -> None:
        self.posts.pop(id, None)
        self.pinned.pop(id, None)
        self.keys.pop(id, None)

    def _held(self, item: dict[str, Any]) -> tuple[int, str, str]:
        """What an item's frame says, and the title of what it carries, which repeats the rest."""
        assert ("post" in item, "html" in item) == (self.form == "json", self.form == "html")
        carried = item["post"] if self.form == "json" else article(item["html"])
        for member in ("id", "version", "order", "pinned", "key"):
            assert carried[member] == item[member], (member, carried[member], item)
        return item["version"], item["order"], carried["title"]

    def _follows(self, message: dict[str, Any]) -> bool:
        position, after = Position.parse(message["position"]), Position.parse(message["after"])
        if position > self._catching_up_to and after > self.position:
            self.lost = True
        if not self.lost:
            self.position = max(self.position, position)
            self._hears_of(message.get("id", BLOG), position)
        return not self.lost

    def _hears_of(self, subject: str, position: Position) -> None:
        if (subject, position) in self.told:
            self.told_again.append((subject, position))
        self.told.add((subject, position))


class _Article(HTMLParser):
    """Of an article as far as its `header`: what stands in its tag, and in its heading."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.attributes: dict[str, str | None] = {}
        self.heading: str | None = None
        self._in_heading = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "article":
            self.attributes = dict(attributes)
        elif tag == "h2":
            self.heading, self._in_heading = "", True

    def handle_data(self, data: str) -> None:
        if self._in_heading and self.heading is not None:
            self.heading += data

    def handle_endtag(self, tag: str) -> None:
        self._in_heading = self._in_heading and tag != "h2"


def article(html: str) -> dict[str, Any]:
    """What an article says of its post, which has a title; its words are not looked at."""
    return _frame(html.partition("</header>")[0])


@lru_cache(maxsize=4096)
def _frame(beginning: str) -> dict[str, Any]:
    read = _Article(beginning)
    attributes = read.attributes
    assert read.heading == attributes["aria-label"], beginning
    return {
        "id": attributes["data-id"],
        "version": int(attributes["data-version"] or ""),
        "order": attributes["data-order"],
        "pinned": "data-pinned" in attributes,
        "key": "data-key" in attributes,
        "title": read.heading,
    }


class Listener:
    """A `feed.Reader` whose client is a `Page`. What it is sent while it `loses` is gone."""

    form: Form = "json"
    carriage: Carriage = "line"

    def __init__(self, page: Page | None = None) -> None:
        self.page = page or Page()
        self.heard: list[Any] = []
        self.writes: list[bytes] = []
        self.closed: int | None = None
        self.position: Position | None = None
        self.ready = True
        self.loses = False

    def joins(self, feed: Feed, since: Position | None) -> Self:
        self.send(feed.attach(self, since))
        assert self.page.position == self.position
        return self

    def resumes(self, feed: Feed) -> None:
        """As if its transport had taken all that waited."""
        self.ready = True
        feed.bring_up(self)

    def send(self, data: bytes) -> None:
        assert self.ready
        if not self.loses:
            self.writes.append(data)
            messages = data.splitlines()
            self.heard += [msgspec.json.decode(message) for message in messages]
            self.page.receive(messages)

    def close(self, code: int) -> None:
        self.closed, self.ready = code, False


class Turns:
    """A loop that turns when it is told to; given to a feed as `soon`."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def __call__(self, run: Callable[[], None]) -> None:
        self._waiting.append(run)

    def turn(self) -> bool:
        """Do what waits, but not what that makes wait; whether there was anything."""
        waiting, self._waiting = self._waiting, []
        for run in waiting:
            run()
        return bool(waiting)

    def turn_until_quiet(self) -> None:
        while self.turn():
            pass


def at_once(run: Callable[[], None]) -> None:
    """Given to a feed as `soon`: nothing waits."""
    run()
