"""Any moment of any history: the fold up to it, whatever is left of the snapshots.

Past the plain fold nothing is believed: what goes on from a snapshot is compared with it, order of
every dict included.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.blog import Blog, Post, evolve
from events.commands import ChangeBlog, WritePost
from events.position import START, Position
from events.timeline import Timeline
from server.past import frozen, snapshots
from server.past.as_it_was import NoSuchMoment, Past, moment
from server.past.snapshots import SCHEMA, Snapshots
from server.push.messages import Messages
from server.storage.memory_log import MemoryLog
from server.web.moments import asked_moment
from server.web.problems import Problem
from tests.audience import Held, Listener, Page
from tests.story import A_BLOG, EPOCH, NOON, Story, fold, given, minute, position
from tests.unit.test_timeline import DAYS, RENDER, TAGS, Step, lived, loaded_blog

Damage = Callable[[Path], None]
Make = Callable[[str], Awaitable[None]]


def plain(blog: Blog, timeline: Timeline) -> dict[str, Any]:
    """Everything a fold says, in the order in which it says it."""
    return {
        "posts": list(blog.posts.items()),
        "blog": {name: getattr(blog, name) for name in Blog.__struct_fields__ if name != "posts"},
        "position": timeline.position,
        "shown": list(timeline.posts.items()),
        "changes": list(timeline.changes.items()),
        "newest changes": list(reversed(timeline.changes.values())),
        "orders": list(timeline.orders),
        "by order": dict(timeline.by_order),
        "pinned": timeline.pinned,
        "keys": timeline.keys,
        "sizes": (len(blog.posts), len(timeline.posts), len(timeline.changes)),
        "walk": list(timeline.walk()),
        "tagged": [list(timeline.tagged(tag)) for tag in (*TAGS, "r", "none")],
        "tagged beyond": [
            list(timeline.tagged(TAGS[0], order, newest_first=newest))
            for order in list(timeline.orders)[::3]
            for newest in (True, False)
        ],
        "newest": timeline.newest(3),
        "oldest": timeline.oldest(3),
    }


def known(blog: Blog) -> tuple[str, ...]:
    """What a page says of a blog that has nothing in it."""
    return blog.title, blog.language, blog.time_zone, blog.slug


async def log_of(day: Story) -> MemoryLog:
    log = MemoryLog()
    await log.restore("fair", day.stored, day.epoch)
    return log


async def assert_every_moment(past: Past, day: Story) -> None:
    """At every position the fold is the plain one, and goes on from there as the plain one does."""
    for n in range(len(day.entries) + 1):
        at = day.entries[n - 1].position if n else START
        blog, timeline = await past.folded("fair", at)
        then = fold(day.entries[:n])
        assert plain(blog, timeline) == plain(*then)
        for entry in day.entries[n:]:
            blog = evolve(blog, entry)
            timeline.apply(blog, entry)
        assert plain(blog, timeline) == plain(day.blog, day.timeline)


# --- damage ------------------------------------------------------------------------------------


def delete(file: Path) -> None:
    file.unlink()


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def turn_a_bit(file: Path) -> None:
    raw = bytearray(file.read_bytes())
    if raw:
        raw[len(raw) * 2 // 3] ^= 4
    file.write_bytes(raw)


def swap(file: Path) -> None:
    """What another file holds, whole."""
    file.write_bytes(min(file.parent.glob(f"*{file.suffix}")).read_bytes())


DAMAGE = st.sampled_from([delete, truncate, empty, turn_a_bit, swap])
DAMAGES = st.lists(st.tuples(DAMAGE, st.integers(0, 99)), max_size=4)


def files(folder: Path) -> list[Path]:
    """The snapshots and parts that are there."""
    return sorted(file for file in folder.rglob("*") if file.suffix in {".fold", ".part"})


def hurt(folder: Path, damages: list[tuple[Damage, int]]) -> None:
    for damage, number in damages:
        if there := files(folder):
            damage(there[number % len(there)])


# --- positions ---------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@for_all(DAYS, st.integers(1, 20), DAMAGES)
def test_at_every_position_of_any_history_it_is_the_fold_up_to_there(
    steps: list[Step], every: int, damages: list[tuple[Damage, int]]
) -> None:
    """With snapshots, with what is left of them, and with those that were made anew."""
    day = lived(steps)

    async def look() -> None:
        log = await log_of(day)
        with TemporaryDirectory() as name:
            folder = Path(name)
            warm = Past(log, folder, every)
            await warm.albums.make("fair")
            whole = len(files(folder))
            assert whole == 2 * (len(day.entries) // every)
            await assert_every_moment(warm, day)
            hurt(folder, damages)
            await assert_every_moment(warm, day)
            cold = Past(log, folder, every)
            await assert_every_moment(cold, day)
            await cold.albums.make("fair")
            await assert_every_moment(cold, day)
            await assert_every_moment(Past(log, folder, every), day)

    asyncio.run(look())


@settings(deadline=None, max_examples=30)
@for_all(DAYS, st.integers(1, 20))
def test_what_is_shown_is_the_fold_without_what_was_withdrawn_since(
    steps: list[Step], every: int
) -> None:
    day = lived(steps)
    withheld = {
        post.id
        for post in day.blog.posts.values()
        if post.status == "retracted" and not post.keep_text
    }

    async def look() -> None:
        with TemporaryDirectory() as folder:
            past = Past(await log_of(day), Path(folder), every)
            await past.albums.make("fair")
            for n, at in enumerate([START, *(entry.position for entry in day.entries)]):
                _, then = fold(day.entries[:n])
                blog, timeline = await past.shown(day.blog, at)
                if n == 0 or then.position < day.blog.opened:
                    assert (timeline.posts, blog.posts) == ({}, {})
                    assert known(blog) == known(day.blog)
                    continue
                assert list(timeline.orders) == then.orders
                assert timeline.position == then.position
                for shown, was in zip(timeline.walk(), then.walk(), strict=True):
                    blank = {"title": "", "body": (), "author": "", "correction": "", "tags": ()}
                    gone = {"status": "retracted", **blank}
                    assert shown == (replace(was, **gone) if was.id in withheld else was)
                    assert blog.posts[was.id] == timeline.changes[was.id].post == shown
                unseen = [post for post in blog.posts.values() if post.id not in timeline.posts]
                assert not any(post.title or post.body for post in unseen)

    asyncio.run(look())


@settings(deadline=None, max_examples=60)
@for_all(DAYS, st.integers(1, 20))
def test_the_page_at_every_position_is_what_a_connected_reader_had_on_screen(
    steps: list[Step], every: int
) -> None:
    day = lived(steps)
    posts = day.blog.posts.values()
    withheld = {post.id for post in posts if post.status == "retracted" and not post.keep_text}

    def blanked(held: Held) -> Held:
        return {
            id: (version, order, "" if id in withheld else title)
            for id, (version, order, title) in held.items()
        }

    async def look() -> None:
        blog, reader = loaded_blog(), Listener()
        with TemporaryDirectory() as folder:
            past = Past(await log_of(day), Path(folder), every)
            await past.albums.make("fair")
            for stored in day.stored:
                blog.apply(stored)
                if not blog.feed.readers:
                    reader.joins(blog.feed, None)
                had, then = (
                    reader.page,
                    Messages(*await past.shown(day.blog, stored.position), RENDER),
                )
                page = Page().receive(frame.message("json") for frame in then.since(None))
                assert page.position == had.position
                if had.position < day.blog.opened:  # only editors were connected
                    assert (page.posts, page.pinned, page.keys) == ({}, {}, {})
                    assert page.details == (day.blog.title, day.blog.standfirst)
                    continue
                assert page.posts == {
                    id: held for id, held in blanked(had.posts).items() if held[1] >= page.floor
                }
                assert page.pinned == blanked(had.pinned)
                assert page.keys == {
                    id: (order, "" if id in withheld else title)
                    for id, (order, title) in had.keys.items()
                }
                assert (page.details, page.status) == (had.details, had.status)

    asyncio.run(look())


def test_a_page_of_the_past_has_the_address_and_the_looks_of_now() -> None:
    day = given(A_BLOG, WritePost("bell", title="The bell"))
    then = day.blog.position
    day.when(ChangeBlog(title="The fair", slug="the-fair", visibility="public"))

    async def look() -> Blog:
        blog, _ = await Past(await log_of(day)).shown(day.blog, then)
        return blog

    blog = asyncio.run(look())
    assert (blog.title, blog.slug, blog.visibility) == ("The summer fair", "the-fair", "public")


# --- times -------------------------------------------------------------------------------------


CLOCKS = st.lists(st.integers(-90, 90).map(lambda minutes: minutes / 2), min_size=1, max_size=25)


@settings(deadline=None)
@for_all(CLOCKS, st.integers(1, 8))
def test_up_to_a_time_is_before_the_first_entry_of_a_later_one_whatever_the_clocks_did(
    steps: list[float], every: int
) -> None:
    """Clocks that stepped back, or stood still: later is never less."""
    day = given(A_BLOG)
    for number, minutes in enumerate(steps):
        day.passes(minutes - 1).when(WritePost(f"{number}", title="T"))

    async def look() -> None:
        with TemporaryDirectory() as folder:
            log = await log_of(day)
            past = Past(log, Path(folder), every)
            await past.albums.make("fair")
            times = sorted({entry.at for entry in day.entries})
            around = [*times, *(time + timedelta(seconds=1) for time in times), NOON.min]
            seen = 0
            for at in sorted(time.replace(tzinfo=UTC) for time in around):
                first = next((n for n, each in enumerate(day.entries) if each.at > at), None)
                then = plain(*fold(day.entries[:first]))
                for each in (past, Past(log)):
                    assert plain(*await each.folded("fair", at)) == then
                assert len(then["posts"]) >= seen
                seen = len(then["posts"])

    asyncio.run(look())


def test_all_that_happened_at_one_time_belongs_to_it() -> None:
    day = given(A_BLOG)
    for number in range(7):
        day.passes(-1).when(WritePost(f"{number}", title="T", published_at=None))

    async def look() -> list[int]:
        past = Past(await log_of(day))
        at = minute(0)
        return [
            len((await past.folded("fair", at + timedelta(milliseconds=late)))[0].posts)
            for late in (-1, 0, 1)
        ]

    assert asyncio.run(look()) == [0, 7, 7]


@pytest.mark.parametrize(
    ("text", "zone", "at"),
    [
        ("17-4", "UTC", Position(17, 4)),
        ("2025-06-24T12:00:00Z", "Asia/Tokyo", NOON),
        ("2025-06-24T14:00:00+02:00", "UTC", NOON),
        ("2025-06-24T14:00:00 02:00", "UTC", NOON),
        ("2025-06-24 12:00", "UTC", NOON),
        ("2025-06-24T14:00", "Europe/Rome", NOON),
        ("0001-01-01", "UTC", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_position_or_a_time(text: str, zone: str, at: Position | datetime) -> None:
    assert moment(text, zone) == at


@pytest.mark.parametrize(
    "text", ["", "now", "1-", "12:00", "2025-06-31", "0001-01-01T00:00+05:00", "9" * 5000]
)
def test_what_is_no_moment_is_told_what_was_expected(text: str) -> None:
    with pytest.raises(NoSuchMoment, match="at takes a position or a time such as 2026-05-04T"):
        moment(text)


# --- the log is another, the snapshots too -----------------------------------------------------


def diverged(day: Story, kept: int) -> Story:
    """A log that has only the first entries of a day, and others under a new epoch."""
    other = Story()
    for entry, stored in zip(day.entries[:kept], day.stored[:kept], strict=True):
        other.entries.append(entry)
        other.stored.append(stored)
        other.blog = evolve(other.blog, entry)
        other.timeline.apply(other.blog, entry)
    other.clock = day.clock
    other.moves()
    for number in range(12):
        other.when(WritePost(f"other {number}", title="T"))
    return other


@pytest.mark.parametrize("kept", [1, 4, 5, 9])
async def test_a_log_that_lost_its_end_is_not_answered_from_what_was_there(
    tmp_path: Path, kept: int
) -> None:
    day = given(A_BLOG, *(WritePost(f"{n}", title="T") for n in range(14)))
    past = Past(await log_of(day), tmp_path, 3)
    await past.albums.make("fair")
    other = diverged(day, kept)
    after = Past(await log_of(other), tmp_path, 3)
    await assert_every_moment(after, other)
    await after.albums.make("fair")  # sees that they are of another log
    await after.albums.make("fair")
    assert len(files(tmp_path)) == 2 * (len(other.entries) // 3)
    await assert_every_moment(Past(await log_of(other), tmp_path, 3), other)


async def test_who_looks_for_a_tag_or_below_a_place_decodes_few_of_the_posts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    day = given(A_BLOG, *(WritePost(f"p{n}", title=f"{n}") for n in range(400)))
    day.when(WritePost("red", title="red", tags=("red",)))
    day.when(*(WritePost(f"q{n}", title=f"{n}") for n in range(98)))
    decoded = 0
    real = frozen._decode_post

    def counted(state: bytes) -> Post:
        nonlocal decoded
        decoded += 1
        return real(state)

    monkeypatch.setattr(frozen, "_decode_post", counted)
    with TemporaryDirectory() as folder:
        past = Past(await log_of(day), Path(folder), 100)
        await past.albums.make("fair")
        _, timeline = await past.shown(day.blog, day.entries[-1].position)
        middle = day.blog.posts["p200"].order
        decoded = 0
        assert [post.id for post in timeline.tagged("red")] == ["red"]
        assert [post.id for post in timeline.tagged("red", middle, newest_first=False)] == ["red"]
        assert list(timeline.tagged("red", middle)) == []
        assert decoded < 30


async def test_snapshots_of_another_schema_are_not_looked_at_and_go(tmp_path: Path) -> None:
    day = given(A_BLOG, *(WritePost(f"{n}", title="T") for n in range(8)))
    old = Snapshots(tmp_path, "fair", "older")
    log = await log_of(day)
    with old.alone():
        old.sweep()
        for mark in range(3, 9, 3):
            thawed = old.thaw(old.last())
            thawed.blog.title, thawed.blog.position = "Of old", day.entries[mark - 1].position
            old.save(*thawed.freeze(day.stored[mark - 1].digest, NOON))
    past = Past(log, tmp_path, 3)
    await assert_every_moment(past, day)
    await past.albums.make("fair")
    assert [folder.name for folder in (tmp_path / "fair").glob("timeline-*")] == [
        f"timeline-{SCHEMA}"
    ]
    await assert_every_moment(past, day)


async def test_of_two_processes_one_makes_snapshots_and_both_have_them(tmp_path: Path) -> None:
    day = given(A_BLOG, *(WritePost(f"{n}", title="T") for n in range(8)))
    log = await log_of(day)
    one, other = Past(log, tmp_path, 3), Past(log, tmp_path, 3)
    album = await other.albums.of("fair")
    assert album is not None
    with album.alone() as alone:
        assert alone
        await one.albums.make("fair")
        assert files(tmp_path) == []
    await one.albums.make("fair")
    with album.alone():
        await other.albums.make("fair")
        await other.albums.make("fair")
    assert len(album.pack.marks) == 3
    await assert_every_moment(other, day)


async def test_snapshots_are_bounded_and_the_oldest_are_thinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "MOST", 6)
    day = given(A_BLOG, *(WritePost(f"{n}", title="T") for n in range(30)))
    past = Past(await log_of(day), tmp_path, 2)
    await past.albums.make("fair")
    left = [int(file.stem.partition("-")[2]) for file in files(tmp_path) if file.suffix == ".fold"]
    assert len(left) <= 6
    assert max(left) == 30
    assert sorted(left)[:2] != [2, 4]
    await assert_every_moment(past, day)
    monkeypatch.setattr(snapshots, "MOST_BYTES", 1)
    day.when(*(WritePost(f"later {n}", title="T") for n in range(9)))
    full = Past(await log_of(day), tmp_path, 2)
    await full.albums.make("fair")
    assert len([file for file in files(tmp_path) if file.suffix == ".part"]) == 15
    await assert_every_moment(full, day)


async def test_without_a_disk_to_write_to_the_past_is_only_slower(tmp_path: Path) -> None:
    day = given(A_BLOG, *(WritePost(f"{n}", title="T") for n in range(8)))
    (tmp_path / "snapshots").write_text("a file where the folder should be")
    past = Past(await log_of(day), tmp_path / "snapshots", 2)
    await past.albums.make("fair")
    await assert_every_moment(past, day)


async def test_what_was_looked_at_gets_its_snapshots_while_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = 0
    for posts in (8, 13):  # the same day, some hours later
        day = given(A_BLOG, *(WritePost(f"{n}", title="T") for n in range(posts)))
        past, made = Past(await log_of(day), tmp_path, 3), asyncio.Event()
        make = past.albums.make

        async def make_and_tell(
            blog_id: str, make: Make = make, made: asyncio.Event = made
        ) -> None:
            await make(blog_id)
            made.set()

        monkeypatch.setattr(past.albums, "make", make_and_tell)
        making = asyncio.create_task(past.albums.run())
        await past.folded("fair", day.entries[there // 2 * 3 + 1].position)
        assert len(files(tmp_path)) == there
        await past.folded("fair", day.blog.position)
        async with asyncio.timeout(30):
            await made.wait()
        making.cancel()
        there = len(files(tmp_path))
        assert there == 2 * (len(day.entries) // 3)
        await assert_every_moment(past, day)


def test_the_name_of_a_blog_leads_nowhere_else(tmp_path: Path) -> None:
    for name in ("..", "../up", "a/b", "x" * 300, "."):
        album = Snapshots(tmp_path / "snapshots", name)
        with album.alone():
            album.sweep()
    assert [path.name for path in tmp_path.iterdir()] == ["snapshots"]
    assert len(list((tmp_path / "snapshots").iterdir())) == 5


# --- positions that are asked for --------------------------------------------------------------


def test_a_position_of_no_log_is_told_the_nearest_before_it() -> None:
    day = given(A_BLOG, WritePost("one", title="T")).moves().moves()
    day.when(WritePost("two", title="T"), WritePost("three", title="T")).moves()
    day.when(WritePost("unseen", title="T", status="draft"))
    loaded = loaded_blog()
    for stored in day.stored:
        loaded.apply(stored)
    for asked, nearest in (
        (Position(EPOCH, 3), position(2)),
        (Position(EPOCH + 1, 1), position(2)),
        (Position(EPOCH + 2, 1), position(2)),
        (Position(EPOCH + 2, 5), Position(EPOCH + 2, 4)),
        (Position(EPOCH + 3, 5), Position(EPOCH + 2, 4)),
        (Position(1, 1), START),
    ):
        with pytest.raises(Problem) as problem:
            asked_moment(str(asked), loaded)
        assert (problem.value.status, problem.value.extra) == (400, {"nearest": str(nearest)})
    for held in (START, position(1), position(2), Position(EPOCH + 2, 3), Position(EPOCH + 2, 4)):
        assert asked_moment(str(held), loaded) == held
