"""A blog's day played back: at its pace, from anywhere, and never more than may be shown today."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from events.commands import (
    ChangeBlog,
    ChangeBlogStatus,
    Command,
    DeleteBlog,
    RevisePost,
    WritePost,
)
from events.frames import Form
from events.position import START, Position
from server.render import rfc3339
from server.replay import track, viewing
from server.replay.replaying import STEP
from server.replay.viewing import BURST, RATE, Moment
from tests.cinema import Viewer, shown
from tests.story import A_BLOG, AN_OPEN_BLOG, Story, given, minute, position
from tests.unit.test_timeline import DAYS, lived, post, restore, retract

MINUTELY = 60.0
"""The speed at which a story's minutes are seconds."""


PATIENCE = 30.0
"""Seconds that anything may take on a loaded machine."""


class Gate:
    """Stops what makes frames where it lets the loop turn for the `after`th time, until opened."""

    def __init__(self, after: int = 0) -> None:
        self._reached = asyncio.Event()
        self.opened = asyncio.Event()
        self._after = after

    def pause(self) -> "Gate":
        return self

    async def reaches(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._reached.wait()

    async def due(self) -> None:
        self._after -= 1
        if self._after < 0:
            self._reached.set()
            await self.opened.wait()


def draft(name: str) -> WritePost:
    return WritePost(name, title=name, status="draft")


def a_day(*more: Command) -> Story:
    """Entries 2 to 4 are the posts one, two and three, a minute each after the blog's creation."""
    return given(A_BLOG, post("one"), post("two"), post("three"), *more)


# --- pace ----------------------------------------------------------------------------------------


async def test_who_comes_is_greeted_shown_the_beginning_and_told_the_time() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats()
    await cinema.settles()
    hello, snapshot, clock = viewer.heard
    assert hello == {
        "type": "hello",
        "position": str(position(1)),
        "resumed": False,
        "status": "upcoming",
        "viewers": None,
    }
    assert snapshot == await cinema.snapshot(position(1))
    assert clock == {
        "type": "clock",
        "at": "2025-06-24T12:00:00.000Z",
        "position": str(position(1)),
        "speed": 1.0,
        "playing": True,
        "ended": False,
    }


async def test_what_happened_minutes_apart_is_told_seconds_apart() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(speed=MINUTELY)
    await cinema.passes(0.95)
    assert viewer.told == ["hello", "snapshot"]
    await cinema.passes(0.2)
    assert viewer.told[2:] == ["post one"]
    await cinema.passes(0.75)
    assert viewer.told[2:] == ["post one"]
    await cinema.passes(0.2)
    assert viewer.told[2:] == ["post one", "post two"]


async def test_the_frames_are_those_of_the_live_socket() -> None:
    cinema = await shown(given(AN_OPEN_BLOG, post("one"), post("two"), post("three")))
    live: list[bytes] = []
    for command in (RevisePost("two", title="Two"), retract("one", True), ChangeBlogStatus("live")):
        before = cinema.loaded.timeline.position
        await cinema.goes_on(command)
        live += [
            frame.message("html")
            for frame in cinema.loaded.feed.messages.since(before, greet=False)
        ]
    viewer = cinema.seats("html", start=position(4), speed=600.0)
    await cinema.passes(1)
    played = b"".join(viewer.writes).splitlines()
    assert [each for each in played[2:] if b'"clock"' not in each] == live


async def test_what_happened_at_one_time_goes_in_one_write() -> None:
    story = given(A_BLOG)
    for name in "abc":
        story.when(post(name)).passes(-1)
    cinema = await shown(story)
    viewer = cinema.seats(speed=MINUTELY)
    await cinema.passes(1.2)
    assert viewer.told[2:] == ["post a", "post b", "post c"]
    assert sum(b'"post"' in write for write in viewer.writes) == 1


async def test_the_time_is_told_every_second_while_it_goes_by_and_not_while_it_stands() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats()
    await cinema.passes(10)
    clocks = viewer.hears("clock")
    assert len(clocks) >= 10
    assert clocks[-1]["at"] > "2025-06-24T12:00:09"
    viewer.says("pause").forgets()
    await cinema.passes(10)
    assert viewer.heard == []
    viewer.viewing.tell(cinema.clock)  # a sign of life
    assert viewer.time["at"] == clocks[-1]["at"] or viewer.time["at"] > clocks[-1]["at"]


async def test_a_pause_holds_the_day_and_play_goes_on_with_it() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(speed=MINUTELY)
    await cinema.passes(0.5)
    viewer.says("pause")
    held = viewer.time
    assert (held["playing"], held["at"]) == (False, "2025-06-24T12:00:30.000Z")
    await cinema.passes(5)
    assert viewer.told[2:] == []
    viewer.says("play")
    assert (viewer.time["playing"], viewer.time["at"]) == (True, held["at"])
    await cinema.passes(0.7)
    assert viewer.told[2:] == ["post one"]


async def test_who_comes_paused_sees_the_moment_and_nothing_moves() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(start=minute(1.5), playing=False, speed=600.0)
    await cinema.passes(3)
    assert viewer.told == ["hello", "snapshot"]
    assert viewer.time["playing"] is False
    assert viewer.time["at"] == "2025-06-24T12:01:30.000Z"


async def test_the_speed_changes_what_is_to_come_and_not_what_was() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(speed=MINUTELY)
    await cinema.passes(0.5)
    viewer.says("speed", speed=6)
    assert (viewer.time["speed"], viewer.time["at"]) == (6, "2025-06-24T12:00:30.000Z")
    await cinema.passes(4.9)
    assert viewer.told[2:] == []
    await cinema.passes(0.2)
    assert viewer.told[2:] == ["post one"]


async def test_silences_are_passed_over_as_the_viewer_wishes() -> None:
    cinema = await shown(a_day().passes(600).when(post("late")))
    viewer = cinema.seats(start=position(4), speed=MINUTELY)
    viewer.says("skip_silences", longest=2)
    await cinema.passes(1.9)
    assert viewer.told[2:] == []
    assert viewer.time["at"] > "2025-06-24T22:01"
    await cinema.passes(0.3)
    assert viewer.told[2:] == ["post late"]


async def test_a_silence_is_waited_for_again_once_none_is_to_be_skipped() -> None:
    cinema = await shown(a_day().passes(600).when(post("late")))
    viewer = cinema.seats(start=position(4), speed=MINUTELY, playing=False)
    viewer.says("skip_silences", longest=2).says("skip_silences", longest=None).says("play")
    await cinema.passes(60)
    assert viewer.told[2:] == []


# --- the end -------------------------------------------------------------------------------------


async def test_it_ends_with_the_last_change_and_says_so() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(speed=600.0)
    await cinema.passes(5)
    assert viewer.told[2:] == ["post one", "post two", "post three"]
    end = viewer.time
    assert (end["ended"], end["playing"], end["position"]) == (True, False, str(position(4)))
    assert end["at"] == "2025-06-24T12:03:00.000Z"
    assert [each["ended"] for each in viewer.hears("clock")].count(True) == 1


async def test_it_ends_where_it_was_asked_to() -> None:
    for end, at in ((position(3), "12:02:00.000Z"), (minute(2.5), "12:02:30.000Z")):
        cinema = await shown(a_day())
        viewer = cinema.seats(speed=MINUTELY, end=end)
        await cinema.passes(9)
        assert viewer.told[2:] == ["post one", "post two"]
        assert (viewer.time["ended"], viewer.time["at"]) == (True, f"2025-06-24T{at}")


async def test_what_comes_while_it_runs_is_played_too() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(speed=MINUTELY)
    await cinema.passes(1)
    await cinema.goes_on(post("four"), draft("hidden"))
    await cinema.passes(4)
    assert viewer.told[-1] == "post four"
    assert viewer.time["ended"] is True


async def test_what_somebody_else_has_looked_at_meanwhile_is_played_too() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(speed=MINUTELY)
    await cinema.passes(1)
    await cinema.goes_on(post("four"))
    await cinema.courses.of(cinema.loaded)
    await cinema.passes(4)
    assert viewer.told[-1] == "post four"


async def test_a_log_that_is_ahead_of_the_process_is_played_as_far_as_it_is_known() -> None:
    cinema = await shown(a_day())
    cinema.story.when(post("four"))
    await cinema.log.restore("fair", cinema.story.stored, None)
    viewer = cinema.seats(speed=600.0)
    await cinema.passes(2)
    assert viewer.told[-1] == "post three"
    assert viewer.time["ended"] is True
    await cinema.catches_up()
    viewer.says("play")
    await cinema.passes(1)
    assert viewer.told[-1] == "post four"


async def test_once_ended_it_goes_on_with_what_came_since_only_if_it_is_told_to() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(start=position(4))
    await cinema.passes(1)
    assert viewer.time["ended"] is True
    await cinema.goes_on(post("four"))
    await cinema.passes(5)
    assert viewer.told == ["hello", "snapshot"]
    viewer.says("speed", speed=600).says("play")
    await cinema.passes(1)
    assert viewer.told[2:] == ["post four"]
    assert viewer.time["ended"] is True
    viewer.says("play")
    await cinema.passes(1)
    assert viewer.time["ended"] is True


# --- seeking -------------------------------------------------------------------------------------


async def test_seeking_is_time_travel() -> None:
    cinema = await shown(a_day(retract("one", True), RevisePost("two", title="Two")))
    viewer = cinema.seats(playing=False)
    await cinema.settles()
    wishes: list[Moment] = [position(3), minute(1), position(6), minute(4), START, minute(-9)]
    for wish in wishes:
        text = str(wish) if isinstance(wish, Position) else wish.isoformat()
        viewer.forgets().says("seek", to=text)
        await cinema.settles()
        snapshot, clock = viewer.heard
        assert snapshot == await cinema.snapshot(wish)
        assert clock["position"] == snapshot["position"]


async def test_before_the_first_event_the_page_is_empty_and_after_the_last_it_is_as_now() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(start=minute(-1000), playing=False)
    await cinema.settles()
    assert viewer.hears("snapshot")[0]["posts"] == []
    assert viewer.time["position"] == "0-0"
    viewer.says("seek", to="2999-01-01T00:00:00Z").says("play")
    await cinema.passes(1)
    assert viewer.hears("snapshot")[1] == await cinema.snapshot(position(4))
    assert (viewer.time["ended"], viewer.time["at"]) == (True, "2025-06-24T12:03:00.000Z")


async def test_a_replay_goes_on_from_where_it_was_sought_backwards_too() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(speed=600.0)
    await cinema.passes(3)
    viewer.forgets().says("seek", to=str(position(2))).says("play")
    await cinema.passes(3)
    assert viewer.told == ["snapshot", "post two", "post three"]


async def test_of_many_wishes_at_once_the_newest_alone_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats("html", playing=False)
    await cinema.settles()
    gate = Gate()
    monkeypatch.setattr(track, "Pause", gate.pause)
    viewer.forgets().says("seek", to=str(position(2)))
    await gate.reaches()
    for n in range(30):
        viewer.says("seek", to=str(position(1 + n % 4)))
    viewer.says("seek", to=str(position(3)))
    gate.opened.set()
    await cinema.settles()
    [snapshot] = viewer.hears("snapshot")
    assert snapshot["position"] == str(position(3))


async def test_a_storm_of_messages_ends_the_viewer_and_a_busy_hand_does_not() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats()
    await cinema.settles()
    for _ in range(200):
        cinema.clock += 1 / RATE
        viewer.says("seek", to=str(position(2)))
    assert list(cinema.replays.viewers) == [viewer.viewing]
    for _ in range(int(BURST) + 1):
        viewer.says("seek", to=str(position(2)))
    assert viewer.code == 4429
    assert cinema.replays.viewers == {}
    await cinema.passes(1)


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("", "is not"),
        ("play", "is not"),
        ("[]", "$"),
        ("{}", "type"),
        ('{"type":"stop"}', "stop"),
        ('{"type":"play","now":true}', "now"),
        ('{"type":"speed"}', "speed"),
        ('{"type":"speed","speed":0}', "$.speed"),
        ('{"type":"speed","speed":-1}', "$.speed"),
        ('{"type":"speed","speed":601}', "$.speed"),
        ('{"type":"speed","speed":"60"}', "$.speed"),
        ('{"type":"speed","speed":NaN}', "is not"),
        ('{"type":"speed","speed":Infinity}', "is not"),
        ('{"type":"speed","speed":1e999}', "$.speed"),
        ('{"type":"seek"}', "to"),
        ('{"type":"seek","to":""}', "$.to"),
        ('{"type":"seek","to":"tomorrow"}', "to takes a position or a time"),
        ('{"type":"seek","to":"999999999999999999999-1"}', "to takes a position or a time"),
        ('{"type":"seek","to":"1-1"}', "no entry 1-1"),
        ('{"type":"skip_silences"}', "longest"),
        ('{"type":"skip_silences","longest":-1}', "$.longest"),
        ("[" * 2000, "$"),
        (b"\xff", "is not"),
    ],
)
async def test_nonsense_is_answered_and_changes_nothing(said: str | bytes, where: str) -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(playing=False)
    await cinema.settles()
    viewer.forgets().viewing.hear(said, cinema.clock)
    await cinema.settles()
    [problem] = viewer.heard
    assert problem["type"] == "problem"
    assert where in problem["detail"]
    assert viewer.code is None


@for_all(st.text() | st.binary())
@settings(deadline=None)
def test_whatever_is_said_is_answered_or_obeyed(said: str | bytes) -> None:
    async def play() -> None:
        cinema = await shown(a_day())
        viewer = cinema.seats()
        await cinema.settles()
        viewer.viewing.hear(said, cinema.clock)
        assert viewer.heard[-1]["type"] in {"problem", "clock"}

    asyncio.run(play())


# --- who is slow, and what is kept ---------------------------------------------------------------


async def test_time_stands_still_for_who_takes_nothing_and_nothing_is_missed() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(speed=MINUTELY)
    await cinema.passes(0.5)
    viewer.forgets().fills = True
    await cinema.passes(60)
    assert [len(viewer.writes), viewer.told] == [1, []]
    viewer.says("speed", speed=MINUTELY).viewing.hear("nonsense", cinema.clock)
    await cinema.passes(60)
    assert len(viewer.writes) == 1
    viewer.fills = False
    viewer.drains()
    assert viewer.told == ["problem"]
    assert viewer.time["at"] < "2025-06-24T12:01"
    await cinema.passes(5)
    assert viewer.told == ["problem", "post one", "post two", "post three"]
    assert viewer.time["ended"] is True


async def test_viewers_wait_while_readers_are_told_something_but_not_for_long() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(speed=MINUTELY)
    await cinema.passes(1.95)
    viewer.forgets()
    cinema.busy = True
    await cinema.passes(0.2)
    assert viewer.heard == []
    cinema.busy = False
    await cinema.passes(0.1)
    assert viewer.told == ["post two"]
    cinema.busy = True
    await cinema.passes(2)
    assert viewer.told == ["post two", "post three"]
    assert viewer.time["ended"] is True


async def test_a_wish_of_one_who_takes_nothing_is_fulfilled_when_it_does() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(playing=False)
    await cinema.settles()
    viewer.forgets().ready = False
    viewer.says("seek", to=str(position(2))).says("seek", to=str(position(3)))
    await cinema.passes(1)
    assert viewer.heard == []
    viewer.drains()
    await cinema.settles()
    [snapshot] = viewer.hears("snapshot")
    assert snapshot["position"] == str(position(3))


async def test_a_long_day_comes_in_writes_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "MOST", 4000)
    story = given(A_BLOG)
    for n in range(100):
        story.when(post(f"{n:03}")).passes(-0.999)
    cinema = await shown(story)
    viewer = cinema.seats(speed=600.0)
    await cinema.settles()
    for written in range(1, 60):
        assert len(viewer.writes) <= written
        await cinema.passes(STEP)
    assert viewer.told[2:] == [f"post {n:03}" for n in range(100)]
    assert max(map(len, viewer.writes)) < 6000
    assert viewer.time["ended"] is True
    for clock in viewer.hears("clock"):
        # Time has not gone by what was not told yet.
        told = Position.parse(clock["position"]).seq
        assert clock["at"] <= rfc3339(story.entries[min(told, 100)].at)


async def test_a_viewer_has_one_turn_at_a_time_however_much_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats()
    await cinema.settles()
    for _ in range(30):
        viewer.says("play")
    turns = 0
    real = viewing.Viewing.turn

    def counted(self: viewing.Viewing, now: float) -> float:
        nonlocal turns
        turns += 1
        return real(self, now)

    monkeypatch.setattr(viewing.Viewing, "turn", counted)
    await cinema.passes(STEP)
    assert turns == 1


async def test_complaints_that_nobody_takes_are_kept_up_to_a_bound() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(playing=False)
    await cinema.settles()
    viewer.forgets().ready = False
    for _ in range(500):
        cinema.clock += 1 / RATE
        viewer.viewing.hear("nonsense", cinema.clock)
    viewer.drains()
    assert {"problem"} == set(viewer.told)
    assert len(viewer.writes[0]) < viewing.OWED + 500


async def test_frames_are_made_once_for_all_who_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(track, "CHUNK", 2)
    cinema = await shown(a_day())
    folds = 0
    folded = cinema.past.folded

    async def counted(*asked: Any) -> Any:
        nonlocal folds
        folds += 1
        return await folded(*asked)

    monkeypatch.setattr(cinema.past, "folded", counted)
    viewers = [cinema.seats(speed=600.0) for _ in range(20)]
    await cinema.passes(2)
    assert {tuple(viewer.told) for viewer in viewers} == {
        ("hello", "snapshot", "post one", "post two", "post three")
    }
    assert folds == 2  # the beginning, and the first chunk; the second goes on from there


async def test_what_is_kept_is_bounded_and_whoever_watches_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(track, "CHUNK", 3)
    cinema = await shown(given(A_BLOG, *(post(f"{n:02}") for n in range(30))), kept=2000)
    viewers = [cinema.seats(form, speed=600.0) for form in ("html", "json") for _ in range(2)]
    await cinema.passes(20)
    for viewer in viewers:
        assert viewer.told[2:] == [f"post {n:02}" for n in range(30)]
    assert 0 < cinema.replays.kept < 10_000


async def test_nothing_is_kept_and_the_blog_is_not_held_once_nobody_watches() -> None:
    cinema = await shown(a_day())
    viewers = [cinema.seats(speed=600.0), cinema.seats()]
    await cinema.passes(1)
    assert cinema.loaded.watchers
    assert cinema.replays.kept > 0
    for viewer in viewers:
        cinema.replays.leave(viewer.viewing)
        cinema.replays.leave(viewer.viewing)
    assert not cinema.loaded.watchers
    assert cinema.replays.kept == 0


async def test_who_leaves_while_something_is_made_leaves_nothing_behind() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats()
    viewer.close(1000)
    await cinema.settles()
    assert viewer.heard == []
    assert cinema.replays.kept == 0


# --- what may be seen ----------------------------------------------------------------------------

SECRET = "Never to be seen again"


async def test_a_text_withdrawn_since_is_withheld_and_a_gap_is_marked() -> None:
    story = given(A_BLOG, WritePost("gone", title=SECRET), post("two"), retract("gone"))
    for form in ("html", "json"):
        cinema = await shown(story)
        viewer = cinema.seats(form, speed=600.0)
        await cinema.passes(2)
        assert viewer.told[2:] == ["post gone", "post two", "retract gone"]
        assert SECRET.encode() not in b"".join(viewer.writes)
        viewer.says("seek", to=str(position(3)))
        await cinema.settles()
        assert [each["id"] for each in viewer.hears("snapshot")[-1]["posts"]] == ["two", "gone"]
        assert SECRET.encode() not in b"".join(viewer.writes)


async def test_a_withdrawal_while_it_plays_reaches_all_who_ask_from_then_on() -> None:
    cinema = await shown(given(A_BLOG, post("one"), WritePost("gone", title=SECRET), post("two")))
    early, late = cinema.seats(speed=600.0), cinema.seats(speed=1.0)
    await cinema.passes(1)
    assert SECRET.encode() in b"".join(early.writes)
    await cinema.goes_on(retract("gone"))
    assert cinema.replays.kept == 0
    early.forgets()
    await cinema.passes(2 * STEP)
    assert SECRET not in str(early.hears("snapshot")[-1])  # which takes the text off its screen
    late.says("speed", speed=600)
    early.forgets().says("seek", to=str(position(3)))
    await cinema.passes(2)
    for viewer in (early, late, cinema.seats(start=position(3))):
        await cinema.settles()
        assert SECRET.encode() not in b"".join(viewer.writes)
    assert late.told[-1] == "retract gone"
    await cinema.goes_on(restore("gone"))
    again = cinema.seats(start=position(3))
    await cinema.settles()
    assert SECRET.encode() in b"".join(again.writes)


async def test_a_withdrawal_takes_the_text_from_every_screen_and_nothing_else_changes() -> None:
    story = given(A_BLOG, post("one"), WritePost("gone", title=SECRET)).passes(60)
    cinema = await shown(story.when(post("two")))
    before = cinema.seats(start=position(2), playing=False)
    paused = cinema.seats(start=position(3), playing=False)
    plays = cinema.seats(start=position(3), speed=MINUTELY)
    full = cinema.seats(start=position(3), playing=False)
    ended = cinema.seats(start=position(4))
    await cinema.passes(1)
    viewers = (before, paused, plays, full, ended)
    times = [viewer.time for viewer in viewers]
    full.ready = False
    for viewer in viewers:
        viewer.forgets()
    await cinema.goes_on(retract("gone"))
    await cinema.passes(3 * STEP)
    assert before.heard == full.heard == []
    full.drains()
    await cinema.settles()
    for viewer, time in zip(viewers[1:], times[1:], strict=True):
        [snapshot] = viewer.hears("snapshot")
        assert snapshot == await cinema.snapshot(Position.parse(time["position"]))
        assert SECRET not in str(snapshot)
        if viewer is plays:
            assert time["at"] <= viewer.time["at"] < "2025-06-24T13:"
        else:
            assert viewer.time == time
    await cinema.passes(65)
    assert plays.told == ["snapshot", "post two", "retract gone"]
    assert paused.told == ["snapshot"]


async def test_a_text_that_is_kept_stays_on_the_screens() -> None:
    cinema = await shown(given(A_BLOG, WritePost("kept", title="Kept"), post("two")))
    viewer = cinema.seats(start=position(3), playing=False)
    await cinema.settles()
    viewer.forgets()
    await cinema.goes_on(retract("kept", True))
    await cinema.passes(1)
    assert viewer.heard == []


async def test_many_withdrawals_while_many_watch_are_shown_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cinema = await shown(given(A_BLOG, *(post(f"{n}") for n in range(20))))
    viewers = [cinema.seats(start=position(21), playing=False) for _ in range(50)]
    await cinema.settles()
    scenes = 0
    seen = cinema.past.shown

    async def counted(*asked: Any) -> Any:
        nonlocal scenes
        scenes += 1
        return await seen(*asked)

    monkeypatch.setattr(cinema.past, "shown", counted)
    await cinema.goes_on(*(retract(f"{n}") for n in range(20)))
    await cinema.passes(1)
    assert {len(viewer.hears("snapshot")) for viewer in viewers} == {2}
    assert scenes == 1


@pytest.mark.parametrize("start", [1, 3])
async def test_a_withdrawal_while_frames_are_made_is_in_them(
    start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cinema = await shown(given(A_BLOG, WritePost("gone", title=SECRET), post("two")))
    gate = Gate(after=0 if start == 3 else 1)
    monkeypatch.setattr(track, "Pause", gate.pause)
    viewer = cinema.seats("html", start=position(start), speed=600.0)
    if start == 1:
        await cinema.settles()  # the scene, which is empty
        cinema.clock += STEP * 2
        cinema.clock += 1
        cinema.replays.turn()
    await gate.reaches()
    await cinema.goes_on(retract("gone"))
    gate.opened.set()
    await cinema.passes(1)
    assert viewer.told[-1] == "retract gone"
    assert SECRET.encode() not in b"".join(viewer.writes)


async def test_kept_text_is_played() -> None:
    cinema = await shown(given(A_BLOG, WritePost("gone", title=SECRET), retract("gone", True)))
    viewer = cinema.seats(speed=600.0)
    await cinema.passes(1)
    assert SECRET.encode() in b"".join(viewer.writes)
    assert viewer.told[-1] == "retract gone"


async def test_drafts_are_never_played_and_move_nothing() -> None:
    story = given(A_BLOG, post("one"), WritePost("draft", title=SECRET, status="draft"))
    story.when(RevisePost("draft", title=f"{SECRET}!"), post("two"))
    cinema = await shown(story)
    viewer = cinema.seats(start=position(4), speed=1.0)
    await cinema.settles()
    assert viewer.hears("snapshot")[0]["position"] == str(position(2))
    assert (viewer.time["position"], viewer.time["at"]) == (
        str(position(2)),
        "2025-06-24T12:01:00.000Z",
    )
    viewer.says("speed", speed=600)
    await cinema.passes(2)
    assert viewer.told[2:] == ["post two"]
    assert viewer.heard[-1]["position"] == str(position(5))
    assert SECRET.encode() not in b"".join(viewer.writes)
    viewer.says("seek", to=str(position(6)))
    assert "no entry" in viewer.heard[-1]["detail"]


async def test_what_was_prepared_is_not_played_and_comes_at_once_as_it_was_opened() -> None:
    wrong = WritePost("one", title=SECRET)
    right = RevisePost("one", title="One")
    cinema = await shown(given(A_BLOG, wrong, post("two"), right))
    editor = cinema.seats(speed=600.0)
    await cinema.ends(editor)
    assert SECRET.encode() in b"".join(editor.writes)
    await cinema.goes_on(ChangeBlogStatus("live"), retract("two"))
    viewer = cinema.seats(speed=600.0)
    await cinema.ends(viewer)
    assert viewer.told == ["hello", "snapshot", "snapshot", "blog", "retract two"]
    assert [items(each).keys() for each in viewer.hears("snapshot")] == [set(), {"one", "two"}]
    viewer.says("seek", to=str(position(2)))
    await cinema.settles()
    assert items(viewer.hears("snapshot")[-1]) == {}
    assert SECRET.encode() not in b"".join(viewer.writes)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (DeleteBlog(), 4404),
        (ChangeBlog(visibility="restricted"), 1012),
        (ChangeBlog(past_public=False), 1012),
        (ChangeBlog(title="Another"), None),
    ],
)
async def test_who_may_see_it_is_asked_again_once_that_changes(
    command: Command, code: int | None
) -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats(playing=False)
    await cinema.settles()
    await cinema.goes_on(command)
    assert viewer.code == code


async def test_a_blog_that_is_read_anew_from_another_log_sends_its_viewers_round() -> None:
    cinema = await shown(a_day())
    viewer = cinema.seats()
    await cinema.passes(1)
    other = await shown(a_day().moves().when(post("four")))
    cinema.loaded.replace(other.loaded)
    await cinema.passes(1)
    assert viewer.code == 1012


async def test_of_a_blog_that_was_read_anew_nothing_is_shown_that_was_kept_before() -> None:
    cinema = await shown(given(A_BLOG, WritePost("one", title=SECRET), post("two")))
    viewer = cinema.seats(playing=False, start=position(2))
    await cinema.settles()
    assert SECRET.encode() in b"".join(viewer.writes)
    viewer.says("seek", to=str(position(3)))
    await cinema.settles()
    viewer.forgets()
    withdrawn = given(A_BLOG, WritePost("one", title=SECRET), post("two"), retract("one"))
    await cinema.log.restore("fair", withdrawn.stored, None)
    cinema.loaded.replace((await shown(withdrawn)).loaded)
    viewer.says("seek", to=str(position(2)))
    await cinema.settles()
    assert (viewer.code, viewer.writes) == (1012, [])


async def test_a_moved_blog_is_linked_to_where_it_is_now() -> None:
    cinema = await shown(a_day(ChangeBlog(slug="the-fair")))
    viewer = cinema.seats(speed=600.0)
    await cinema.passes(1)
    urls = {each["post"]["url"] for each in viewer.hears("post")}
    assert urls == {f"/blogs/the-fair/posts/{name}" for name in ("one", "two", "three")}


# --- every history -------------------------------------------------------------------------------


def items(snapshot: Any) -> dict[str, Any]:
    """Of a page, each post by its id."""
    return {item["id"]: item for item in [*snapshot["posts"], *snapshot["pinned"]]}


def applied(viewer: Viewer) -> dict[str, Any]:
    """What a viewer has on its page after all it was told; it checks that nothing was left out."""
    page: dict[str, Any] = {}
    stands = ""
    for message in viewer.hears():
        match message["type"]:
            case "snapshot":
                page, stands = items(message), message["position"]
            case "post" | "retract" | "blog":
                assert message["after"] == stands
                stands = message["position"]
                page.pop(message.get("id"), None)
        if message["type"] == "post":
            apart = ("type", "position", "after")
            page[message["id"]] = {name: of for name, of in message.items() if name not in apart}
    return page


def plays(play: Coroutine[Any, Any, None], chunk: int = track.CHUNK) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(track, "CHUNK", chunk)
        asyncio.run(play)


CHUNKS = st.sampled_from([1, 3, 7, 128])


@for_all(DAYS, st.integers(0, 60), st.integers(0, 60), st.sampled_from(["html", "json"]), CHUNKS)
@settings(max_examples=50, deadline=None)
def test_frames_applied_in_order_are_time_travel(
    steps: Any, start: int, length: int, form: Form, chunk: int
) -> None:
    async def play() -> None:
        cinema = await shown(lived(steps))
        begin = minute(start - 0.5)
        viewer = cinema.seats(form, start=begin, end=begin + timedelta(minutes=length), speed=600.0)
        await cinema.ends(viewer)
        there = await cinema.snapshot(begin + timedelta(minutes=length), form)
        assert applied(viewer) == items(there)
        assert viewer.time["position"] == there["position"]

    plays(play(), chunk)


@for_all(DAYS, st.lists(st.integers(0, 60), min_size=1, max_size=6), CHUNKS)
@settings(max_examples=50, deadline=None)
def test_seeking_anywhere_is_time_travel_there(steps: Any, wishes: list[int], chunk: int) -> None:
    async def play() -> None:
        cinema = await shown(lived(steps))
        viewer = cinema.seats(speed=600.0)
        await cinema.settles()
        public = [START, cinema.loaded.blog.epochs[0]]
        course = await cinema.courses.of(cinema.loaded)
        public += [course.position(index) for index in range(len(course))]
        for wish in wishes:
            at = public[wish % len(public)]
            viewer.says("seek", to=str(at)).says("play")
            await cinema.settles()
            assert viewer.hears("snapshot")[-1] == await cinema.snapshot(at)
            if at == START:
                assert viewer.hears("snapshot")[-1]["title"] == cinema.loaded.blog.title
            await cinema.passes(0.2)
        await cinema.ends(viewer)
        assert applied(viewer) == items(await cinema.snapshot(cinema.loaded.timeline.position))

    plays(play(), chunk)
