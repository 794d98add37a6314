"""A day replayed over the wire, by a real server: who may watch, what is told, what is refused."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
import pytest
from starlette.requests import HTTPConnection

from events.commands import ChangeBlog, Command, CreateBlog
from server.app import app
from server.past.course import Course
from server.settings import Settings
from server.site import opened
from server.storage.log import Request
from server.tail import Loaded
from server.web.fresh import FRESH, PRIVATE
from server.web.problems import Problem
from server.web.replay import judged
from tests.by_hand import NONE, TINY, Headers, Reader
from tests.figures import comes_to, figures, nobody
from tests.integration.test_fallbacks import ordinary
from tests.newsroom import Newsroom
from tests.process import Server

SECRET_WORDS = "Never to be seen again"
_slugs = count(1)


class Viewer(Reader):
    """One who watches a replay, and may say something."""

    def says(self, type: str, **more: Any) -> Self:
        return self.sends(msgspec.json.encode({"type": type, **more}))

    def sends(self, said: bytes) -> Self:
        self._protocol.send_text(said)
        self._write()
        return self

    def goes_at(self, speed: float) -> None:
        """Read until its clock goes so fast; it may be told the time before, as a sign of life."""

        def goes() -> bool:
            return any(each["type"] == "clock" and each["speed"] == speed for each in self.heard)

        assert self._reads_until(goes), (self.code, self.reason)

    def ends_playing(self, times: int = 1) -> list[Any]:
        """Read until it has ended so often; what it was told but for the clock."""

        def ended() -> int:
            return sum(each["type"] == "clock" and each["ended"] for each in self.heard)

        assert self._reads_until(lambda: ended() >= times), (self.code, self.reason)
        return [each for each in self.heard if each["type"] != "clock"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("replay") / "data", LIVEBLOG_PING="2")
    yield server
    server.stop()


@pytest.fixture
def room(server: Server) -> Iterator[Newsroom]:
    """A blog of the test's own, whose day has seven changes."""
    yield from opens(server)


@pytest.fixture(scope="module")
def hall(server: Server) -> Iterator[Newsroom]:
    """The same for all tests that only look."""
    yield from opens(server)


def opens(server: Server) -> Iterator[Newsroom]:
    with Newsroom(server, f"day-{next(_slugs)}") as room:
        one = room.writes("The gate **opens**", title="One")
        two = room.writes("The band plays", title="Two", key=True)
        room.revises(one, title="One, as it was")
        room.turns("live")
        room.writes("A tent is pitched", title="Three", pinned=True)
        room.retracts(two)
        yield room


def watches(room: Newsroom, query: str = "", headers: Headers = NONE, **more: Any) -> Viewer:
    path = f"{room.path}/replay/live?as=json&speed=600{query}"
    return Viewer(room.server.url, path, headers, **more)


def editors(room: Newsroom) -> Headers:
    return {"authorization": room.editor.headers["authorization"]}


def page_at(room: Newsroom, at: str) -> Any:
    """Time travel over the API: posts by id."""
    answer = room.reader.get(f"{room.api}/posts", params={"at": at}).raise_for_status().json()
    return {post["id"]: post for post in answer["posts"]}


def asks(room: Newsroom, path: str, **headers: str) -> httpx.Response:
    return room.reader.get(f"{room.api}{path}", headers=headers)


# --- what is told --------------------------------------------------------------------------------


@pytest.mark.parametrize("deflate", [False, True])
def test_the_whole_day_is_played_and_ends_where_the_blog_is(hall: Newsroom, deflate: bool) -> None:
    with watches(hall, deflate=deflate) as viewer:
        hello, snapshot, *changes = viewer.ends_playing()
        assert (hello["type"], hello["resumed"], hello["viewers"]) == ("hello", False, None)
        kinds = ["post", "post", "post", "blog", "post", "retract"]
        assert [each["type"] for each in changes] == kinds
        chain = [snapshot["position"], *(each["position"] for each in changes)]
        assert [each["after"] for each in changes] == chain[:-1]
        assert chain[-1] == hall.reader.get(hall.api).json()["position"]
        assert viewer.heard[-1]["position"] == chain[-1]


def test_the_frames_are_byte_by_byte_those_of_the_live_socket(room: Newsroom) -> None:
    at = room.reader.get(room.api).json()["position"]
    with Reader(room.server.url, f"{room.path}/live?since={at}") as reader:
        reader.hears("hello")
        post = room.writes("A *fifth*", title="Five")
        room.revises(post, markdown="A **fifth**")
        room.changes(title="The fair")
        reader.hears("blog")
        live = [raw for raw in reader.raw if b'"hello"' not in raw]
    path = f"{room.path}/replay/live?as=html&speed=600&from={at}"
    with Viewer(room.server.url, path) as viewer:
        viewer.ends_playing()
        assert [raw for raw in viewer.raw[2:] if b'"clock"' not in raw] == live


def test_every_moment_that_is_sought_is_the_page_as_it_was(hall: Newsroom) -> None:
    marks = hall.reader.get(f"{hall.api}/marks").json()
    [[epoch, _]] = marks["epochs"]
    with watches(hall, "&paused=1") as viewer:
        viewer.hears("snapshot")
        for times, mark in enumerate(marks["marks"], 2):
            at = f"{epoch}-{mark[2]}"
            viewer.says("seek", to=at)
            snapshot = viewer.hears("snapshot", times=times)
            shown = {each["id"]: each["post"] for each in snapshot["posts"]}
            assert shown == page_at(hall, at)
        assert viewer.hears("clock", times=len(marks["marks"]) + 1)["playing"] is False


def test_from_and_to_are_times_or_positions(hall: Newsroom) -> None:
    marks = hall.reader.get(f"{hall.api}/marks").json()
    first = f"{marks['epochs'][0][0]}-2"
    with watches(hall, f"&from={first}&to={marks['to']}") as viewer:
        hello, snapshot, *changes = viewer.ends_playing()
        assert hello["position"] == snapshot["position"] == first
        assert len(changes) == 5
    with watches(hall, "&from=1999-12-31T23:59:59Z&to=2999-01-01") as viewer:
        _, snapshot, *changes = viewer.ends_playing()
        assert (snapshot["posts"], len(changes)) == ([], 7)


def test_a_replay_is_led_by_what_its_viewer_says(hall: Newsroom) -> None:
    with watches(hall, "&paused=1") as viewer:
        assert viewer.hears("clock")["playing"] is False
        viewer.says("speed", speed=0.1)
        viewer.goes_at(0.1)
        viewer.says("skip_silences", longest=0.1).says("speed", speed=60).says("play")
        viewer.ends_playing()
        viewer.says("seek", to=viewer.heard[1]["position"])
        viewer.hears("snapshot", times=2)
        viewer.says("play")
        told = viewer.ends_playing(2)
        assert told[2:8] == told[-6:]


def test_a_quiet_viewer_hears_that_it_is_alive(hall: Newsroom) -> None:
    with watches(hall, "&paused=1") as viewer:
        clocks = [viewer.hears("clock", times=times) for times in (1, 2, 3)]
        assert viewer.pings >= 2
        assert clocks[0] == clocks[1] == clocks[2]


def test_a_text_withdrawn_while_it_is_watched_is_told_to_nobody_from_then_on(
    room: Newsroom,
) -> None:
    gone = room.writes(SECRET_WORDS)
    marks = room.reader.get(f"{room.api}/marks").json()
    there = f"{marks['epochs'][0][0]}-{marks['marks'][-1][2]}"
    with watches(room, f"&from={there}&paused=1") as viewer, watches(room) as other:
        assert SECRET_WORDS in str(viewer.hears("snapshot"))
        other.ends_playing()
        room.retracts(gone)
        for shown in (viewer, other):  # both had it on screen
            assert SECRET_WORDS not in str(shown.hears("snapshot", times=2))
        viewer.says("seek", to=there)
        snapshot = viewer.hears("snapshot", times=3)
        assert SECRET_WORDS not in str(snapshot)
        [post] = [each for each in snapshot["posts"] if each["id"] == gone]
        assert post["post"]["status"] == "retracted"
        other.says("seek", to=other.heard[1]["position"])
        other.hears("snapshot", times=3)
        before = len(other.raw)
        other.says("play").ends_playing(2)
        assert SECRET_WORDS.encode() not in b"".join(other.raw[before:])


def test_one_who_reads_slowly_gets_everything_in_order_and_holds_up_nobody(
    room: Newsroom,
) -> None:
    for n in range(40):
        room.writes("The mill wheel turns again after forty years. " * 900, title=f"Long {n}")
    with watches(room, buffer=TINY) as slow:
        slow.hears("hello")
        with watches(room) as viewer:
            told = viewer.ends_playing()
        assert slow.ends_playing() == told


# --- who is let in -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("speed=0", "speed takes 0.1 to 600"),
        ("speed=-60", "speed takes 0.1 to 600"),
        ("speed=inf", "speed takes 0.1 to 600"),
        ("speed=nan", "speed takes 0.1 to 600"),
        ("speed=fast", "speed takes 0.1 to 600"),
        ("from=tomorrow", "from takes a position or a time"),
        ("to=25:00", "to takes a position or a time"),
        ("from=1-1", "no entry 1-1"),
        ("from=2025-01-02&to=2025-01-01", "from is after to"),
        ("as=xml", "as takes html or json"),
    ],
)
def test_an_address_that_says_nonsense_is_told_so(hall: Newsroom, query: str, why: str) -> None:
    with Viewer(hall.server.url, f"{hall.path}/replay/live?{query}") as viewer:
        assert viewer.ends() == 1008
        assert why in viewer.reason
        assert viewer.heard == []


def test_who_may_not_read_the_blog_may_not_watch_it(room: Newsroom) -> None:
    with Viewer(room.server.url, "/blogs/nowhere/replay/live") as viewer:
        assert viewer.ends() == 4404
    room.changes(visibility="restricted")
    with watches(room) as viewer:
        assert viewer.ends() == 4401
    with watches(room, headers=editors(room)) as viewer:
        assert viewer.ends_playing()


def test_a_past_that_is_not_public_is_for_editors(room: Newsroom) -> None:
    with watches(room, "&paused=1") as early, watches(room, headers=editors(room)) as editor:
        early.hears("snapshot")
        editor.ends_playing()
        room.changes(past_public=False)
        assert (early.ends(), editor.ends()) == (1012, 1012)
    with watches(room) as viewer:
        assert viewer.ends() == 1008
        assert "for its editors" in viewer.reason
    with watches(room, headers=editors(room)) as viewer:
        assert viewer.ends_playing()
    assert room.reader.get(f"{room.api}/marks").status_code == 403
    assert room.editor.get(f"{room.api}/marks").headers["cache-control"] == PRIVATE


def test_a_deleted_blog_is_watched_no_more(room: Newsroom) -> None:
    with watches(room) as viewer:
        viewer.ends_playing()
        room.editor.delete(room.api).raise_for_status()
        assert viewer.ends() == 4404


def test_viewers_are_counted_as_readers_are_and_forgotten_when_they_go(hall: Newsroom) -> None:
    with watches(hall) as viewer, watches(hall) as other:
        viewer.ends_playing()
        other.ends_playing()
        comes_to(hall.server.url, lambda now: now["readers"] == now["replays"] == 2)
        assert figures(hall.server.url)["replay_bytes"] > 0
    comes_to(hall.server.url, lambda now: nobody(now) and now["replays"] == 0)
    assert figures(hall.server.url)["replay_bytes"] == 0


def test_no_more_are_let_in_than_readers_and_an_ending_server_sends_all_away(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = tmp_path_factory.mktemp("full") / "data"
    server = Server(data, LIVEBLOG_READERS="2", LIVEBLOG_DRAIN="0.1")
    with Newsroom(server, "day") as room, watches(room, "&paused=1") as viewer:
        viewer.hears("snapshot")
        with Reader(server.url, "/blogs/day/live") as reader:
            reader.hears("hello")
            with watches(room) as third:
                assert third.ends() == 4429
        server.process.terminate()
        assert viewer.ends() == 1012  # it is read, and answers: else it is waited for
        assert server.stop() == 0


# --- what a viewer may not say -------------------------------------------------------------------


def test_nonsense_is_answered_and_the_replay_goes_on(hall: Newsroom) -> None:
    with watches(hall, "&paused=1") as viewer:
        viewer.hears("clock")
        for times, (said, why) in enumerate(
            (
                (b"hello", "JSON"),
                (b'{"type":"speed","speed":0}', "$.speed"),
                (b'{"type":"speed","speed":NaN}', "JSON"),
                (b'{"type":"seek","to":"1-1"}', "no entry 1-1"),
            ),
            1,
        ):
            viewer.sends(said)
            assert why in viewer.hears("problem", times=times)["detail"]
        viewer.says("play").ends_playing()


def test_a_long_message_and_a_storm_of_them_end_the_viewer(hall: Newsroom) -> None:
    with watches(hall) as viewer:
        viewer.hears("clock")
        assert viewer.says("seek", to="x" * 4096).ends() == 1009
    with watches(hall) as viewer:
        viewer.hears("clock")
        for _ in range(60):
            viewer.says("play")
        assert viewer.ends() == 4429
        assert "20 messages a second" in viewer.reason
    comes_to(hall.server.url, nobody)


# --- marks ---------------------------------------------------------------------------------------


def test_marks_say_what_happened_when_and_not_a_word_of_it(room: Newsroom) -> None:
    draft = room.editor.post(
        f"{room.api}/posts", json={"title": SECRET_WORDS, "status": "draft"}
    ).json()
    answer = asks(room, "/marks")
    marks = answer.json()
    kinds = ["blog", "post", "post", "key", "edit", "blog", "post", "retract"]
    assert [mark[1] for mark in marks["marks"]] == kinds
    times = [mark[0] for mark in marks["marks"]]
    assert times == sorted(times)
    assert times[0] == 0
    assert marks["time_zone"] == "UTC"
    assert draft["id"] not in answer.text
    assert "One" not in answer.text


def test_marks_are_sent_once_and_again_when_something_has_changed(room: Newsroom) -> None:
    first = asks(room, "/marks")
    assert first.headers["cache-control"] == FRESH
    known = {"if-none-match": first.headers["etag"]}
    again = asks(room, "/marks", **known)
    assert (again.status_code, again.content) == (304, b"")
    room.writes("More")
    assert len(asks(room, "/marks", **known).json()["marks"]) == len(first.json()["marks"]) + 1


# --- another server below ------------------------------------------------------------------------


def test_the_same_replay_under_another_server(server: Server, room: Newsroom) -> None:
    with ordinary(server.data) as (url, process):
        path = f"{room.path}/replay/live?as=json&speed=600"
        with Viewer(url, path) as viewer, watches(room) as ours:
            assert viewer.ends_playing() == ours.ends_playing()
            viewer.sends(b"nonsense").hears("problem")
            viewer.says("seek", to=viewer.heard[1]["position"]).hears("snapshot", times=2)
            viewer.says("play").ends_playing(2)
            signs = len([each for each in viewer.heard if each["type"] == "clock"])
            viewer.hears("clock", times=signs + 2)
            with Viewer(url, path) as long:
                long.hears("hello")
                assert long.says("seek", to="x" * 4096).ends() == 1009
            with Viewer(url, f"{path}&from=1-1") as refused:
                assert refused.ends() == 1008
            comes_to(url, lambda now: now["readers"] == 1)
            process.terminate()
            assert viewer.ends() == 1012


def test_a_viewer_that_is_not_read_is_sent_away_there_too(server: Server, room: Newsroom) -> None:
    for n in range(40):
        room.writes("The mill wheel turns again after forty years. " * 900, title=f"Long {n}")
    with ordinary(server.data) as (url, _):
        path = f"{room.path}/replay/live?as=json&speed=600"
        with Viewer(url, path, buffer=TINY) as viewer:
            viewer.hears("hello")
            comes_to(url, lambda now: now["readers"] == 0)


async def test_whoever_comes_while_the_past_is_closed_is_not_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data=tmp_path / "data")
    async with opened(settings) as site:

        async def does(command: Command) -> None:
            request = Request("ed", type(command).__name__, "", datetime.now(UTC))
            await site.commands.handle("b", command, request)

        await does(CreateBlog("b", "B", visibility="public"))
        await site.index.claim("b", "b")
        read = site.courses.of

        async def takes_a_while(loaded: Loaded) -> Course:
            course = await read(loaded)
            await does(ChangeBlog(past_public=False))
            return course

        monkeypatch.setattr(site.courses, "of", takes_a_while)
        application = app(settings)
        application.state.site = site
        scope = {"app": application, "headers": [], "path_params": {"blog": "b"}}
        with pytest.raises(Problem) as refused:
            await judged(HTTPConnection({"type": "websocket", **scope}), {})
        assert refused.value.status == 403
