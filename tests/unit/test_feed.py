"""What one blog's readers are sent: caught up, live, or from the first page; each thing once."""

from itertools import product
from typing import Any, get_args

import msgspec
import pytest

from events.blog import Blog, Post
from events.commands import (
    ChangeBlog,
    ChangeBlogStatus,
    ChangePostStatus,
    Command,
    MarkKey,
    PinPost,
    RevisePost,
    WritePost,
)
from events.facts import Visibility
from events.frames import Form
from events.position import START, Position
from events.timeline import PAGE
from server.push import feed, slices
from server.push.feed import FAULT, RESTART, TOO_SLOW, Feed
from server.push.messages import CATCH_UP
from server.push.slices import Soon
from server.push.wire import Carriage
from server.render import Articles, templates
from server.tail import Loaded
from tests.audience import Listener, Page, Turns, at_once
from tests.story import A_BLOG, EPOCH, Story, given, position, says


class CountingArticles(Articles):
    """The real articles, and how often each post was rendered."""

    def __init__(self) -> None:
        super().__init__(templates())
        self.rendered: list[str] = []

    def article(self, blog: Blog, post: Post, url: str = "") -> str:
        self.rendered.append(post.id)
        return super().article(blog, post, url)


class Day:
    """A story and the blog that a process has loaded of it."""

    def __init__(self, *commands: Command, soon: Soon = at_once) -> None:
        self.articles = CountingArticles()
        self.story = Story()
        self.loaded = Loaded("fair", self.articles, EPOCH, soon)
        self.does(*commands)

    @property
    def feed(self) -> Feed:
        return self.loaded.feed

    def does(self, *commands: Command) -> None:
        for command in commands:
            before = len(self.story.stored)
            self.story.when(command)
            for stored in self.story.stored[before:]:
                self.loaded.apply(stored)

    def answer(self, since: Position | None, form: Form = "json") -> list[Any]:
        return decoded(self.feed.answer(since, form))

    def following(self, since: Position) -> list[Any]:
        """What a connected reader is told that stands there."""
        frames = self.feed.messages.since(since, greet=False)
        return decoded([frame.message("json") for frame in frames])


def decoded(messages: list[bytes]) -> list[Any]:
    return [msgspec.json.decode(message) for message in messages]


def kinds(messages: list[Any]) -> list[str]:
    """`hello` or `snapshot`, or the kind and whose: `post one`."""
    return [f"{message['type']} {message.get('id', '')}".strip() for message in messages]


def post(name: str, **details: Any) -> WritePost:
    return WritePost(name, title=name, **details)


def draft(name: str) -> WritePost:
    return WritePost(name, title=name, status="draft")


def retract(name: str) -> ChangePostStatus:
    return ChangePostStatus(name, "retracted")


def a_day(soon: Soon = at_once) -> Day:
    """Entries 2 to 4 are the posts one, two and three."""
    return Day(A_BLOG, post("one"), post("two"), post("three"), soon=soon)


# --- catching up -------------------------------------------------------------------------------


def test_who_stands_at_the_head_has_missed_nothing() -> None:
    [hello] = a_day().answer(position(4))
    assert hello == {
        "type": "hello",
        "position": f"{EPOCH}-4",
        "resumed": True,
        "status": "upcoming",
        "viewers": None,
    }


def test_who_was_away_gets_the_newest_state_of_what_changed_in_the_order_it_changed() -> None:
    day = a_day()
    day.does(RevisePost("one", title="1"), retract("two"), ChangeBlog(title="Fair"))
    day.does(RevisePost("one", title="I"), PinPost("three", True))
    answer = day.answer(position(3))
    assert kinds(answer) == ["hello", "retract two", "blog", "post one", "post three"]
    assert [message["position"] for message in answer[1:]] == [
        f"{EPOCH}-{seq}" for seq in (6, 7, 8, 9)
    ]
    _, retracted, blog, one, three = answer
    assert retracted == {
        "type": "retract",
        "position": f"{EPOCH}-6",
        "after": f"{EPOCH}-5",
        "id": "two",
    }
    assert (blog["title"], blog["standfirst"], blog["status"]) == ("Fair", "", "upcoming")
    assert (one["version"], one["post"]["title"], one["order"]) == (
        3,
        "I",
        day.story.post("one").order,
    )
    assert (three["pinned"], three["post"]["pinned"], three["key"]) == (True, True, False)


def test_a_post_is_said_as_its_article_or_as_the_api_reads_it() -> None:
    day = Day(A_BLOG, post("one", body=says("Come in.")))
    [_, json] = day.answer(position(1), "json")
    [_, html] = day.answer(position(1), "html")
    assert "Come in." in json["post"]["html"]
    assert "html" not in json
    assert html["html"].startswith("<article")
    assert "Come in." in html["html"]
    assert "post" not in html
    for name in ("id", "version", "order", "pinned", "key", "position", "after"):
        assert json[name] == html[name]


def test_readers_are_told_nothing_that_is_for_the_desk() -> None:
    day = a_day()
    day.does(draft("secret"))
    for since in (None, START, position(1)):
        for form in ("json", "html"):
            said = b"".join(day.feed.answer(since, form))
            for word in (b"secret", b"created_by", b"publish_at", b"reason", b'"ann"'):
                assert word not in said


def test_drafts_move_nothing_and_a_cursor_among_them_is_as_one_of_the_future() -> None:
    """Else a reader could find out by asking how much is being written."""
    day = a_day()
    future = day.answer(position(9))
    assert day.answer(position(5)) == future
    day.does(draft("four"), RevisePost("four", title="IV"))
    for cursor in (position(5), position(6), position(9)):
        assert day.answer(cursor) == future
    assert kinds(day.answer(position(4))) == ["hello"]
    day.does(ChangePostStatus("four", "published"))
    [_, four] = day.answer(position(5))
    assert (four["id"], four["position"], four["after"]) == ("four", f"{EPOCH}-7", f"{EPOCH}-4")


def test_what_was_withdrawn_and_restored_meanwhile_is_said_as_it_is_now() -> None:
    day = a_day()
    day.does(retract("one"), ChangePostStatus("one", "published"), retract("two"))
    assert kinds(day.answer(position(4))) == ["hello", "post one", "retract two"]


# --- from the first page -----------------------------------------------------------------------


def test_who_comes_anew_gets_the_first_page_the_pins_and_the_key_events() -> None:
    day = Day(A_BLOG, post("old", pinned=True, key=True))
    day.does(*(post(f"p{n:02}") for n in range(PAGE + 5)), retract("p30"))
    hello, snapshot = day.answer(None)
    assert (hello["resumed"], hello["position"]) == (False, snapshot["position"])
    names = [f"p{n:02}" for n in range(PAGE + 4, 3, -1) if n != 30]
    assert [item["id"] for item in snapshot["posts"]] == names
    assert [item["id"] for item in snapshot["pinned"]] == ["old"]
    assert [item["post"]["title"] for item in snapshot["pinned"]] == ["old"]
    [key] = snapshot["keys"]
    assert key == {
        "id": "old",
        "order": day.story.post("old").order,
        "title": "old",
        "published_at": "2025-06-24T12:01:00Z",
        "url": "/blogs/fair/posts/old",
    }


@pytest.mark.parametrize(
    "cursor",
    [
        position(5),
        Position(EPOCH, 2**63),
        Position(EPOCH + 1, 4),
        Position(EPOCH + 1, 5),
        Position(EPOCH - 1, 3),
        Position(0, 1),
        Position(2**64 - 1, 2**64 - 1),
    ],
    ids=["future", "far future", "later epoch", "next epoch", "earlier epoch", "none", "end"],
)
def test_a_cursor_the_log_does_not_hold_gets_a_snapshot(cursor: Position) -> None:
    hello, snapshot = a_day().answer(cursor)
    assert (hello["resumed"], snapshot["type"]) == (False, "snapshot")
    assert [item["id"] for item in snapshot["posts"]] == ["three", "two", "one"]


def test_a_cursor_of_an_earlier_epoch_is_good_as_far_as_the_log_holds_it() -> None:
    day = a_day()
    day.story.moves()
    day.does(post("four"))
    assert kinds(day.answer(position(3))) == ["hello", "post three", "post four"]
    assert kinds(day.answer(position(5))) == ["hello", "snapshot"]
    assert kinds(day.answer(Position(EPOCH + 1, 5))) == ["hello"]


def test_who_has_missed_too_much_gets_a_snapshot() -> None:
    day = Day(A_BLOG, *(post(f"{n}") for n in range(CATCH_UP + 1)))
    assert kinds(day.answer(position(1))) == ["hello", "snapshot"]
    assert len(day.answer(position(2))) == 1 + CATCH_UP
    day.does(*(RevisePost("0", title=f"{n}") for n in range(9)))
    assert len(day.answer(position(3))) == 1 + CATCH_UP


def test_a_blog_in_which_nothing_was_posted_has_an_empty_first_page() -> None:
    hello, snapshot = Day(A_BLOG).answer(None)
    assert hello["position"] == snapshot["position"] == f"{EPOCH}-1"
    assert (snapshot["posts"], snapshot["pinned"], snapshot["keys"]) == ([], [], [])


# --- live --------------------------------------------------------------------------------------


def test_attached_readers_hear_what_follows_and_drafts_are_silent() -> None:
    day, fresh, back = a_day(), Listener(), Listener(Page())
    back.page.position = position(3)
    fresh.joins(day.feed, None)
    back.joins(day.feed, position(3))
    day.does(draft("four"), MarkKey("one", True), ChangeBlogStatus("live"), retract("two"))
    live = ["post one", "blog", "retract two"]
    assert kinds(fresh.heard) == ["hello", "snapshot", *live]
    assert kinds(back.heard) == ["hello", "post three", *live]
    assert [listener.page.lost for listener in (fresh, back)] == [False, False]
    assert [message["after"] for message in fresh.heard[2:]] == [
        f"{EPOCH}-{seq}" for seq in (4, 6, 7)
    ]


def test_who_has_left_hears_nothing() -> None:
    day, listener = a_day(), Listener()
    listener.joins(day.feed, None)
    day.feed.detach(listener)
    day.does(post("four"))
    assert kinds(listener.heard) == ["hello", "snapshot"]
    day.feed.detach(listener)


def test_everyone_can_be_sent_away() -> None:
    day, listeners = a_day(), [Listener(), Listener()]
    for listener in listeners:
        listener.joins(day.feed, None)
    day.feed.close(TOO_SLOW)
    assert [listener.closed for listener in listeners] == [TOO_SLOW, TOO_SLOW]


def test_while_everyone_is_sent_away_others_get_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 0.0)
    turns = Turns()
    day = a_day(turns)
    listeners = [Listener().joins(day.feed, None) for _ in range(3 * slices.HANDFUL)]
    day.feed.close(RESTART)
    assert sum(each.closed == RESTART for each in listeners) == slices.HANDFUL
    turns.turn_until_quiet()
    assert {each.closed for each in listeners} == {RESTART}


def test_who_is_being_sent_away_is_told_nothing_of_what_happens_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Perhaps it may not see it any more."""
    monkeypatch.setattr(slices, "SLICE", 0.0)
    turns = Turns()
    day = a_day(turns)
    listeners = [Listener().joins(day.feed, None) for _ in range(3 * slices.HANDFUL)]
    day.does(post("four"))
    turns.turn()
    told = [len(listener.writes) for listener in listeners]
    day.feed.close(RESTART)
    day.does(post("five"))
    listeners[-1].resumes(day.feed)
    turns.turn_until_quiet()
    assert [len(listener.writes) for listener in listeners] == told
    assert {each.closed for each in listeners} == {RESTART}


def test_another_fold_of_the_log_begins_anew_for_every_reader() -> None:
    day, listener, other = a_day(), Listener(), given(A_BLOG, post("another"))
    listener.joins(day.feed, None)
    day.feed.renew(other.blog, other.timeline)
    assert kinds(listener.heard) == ["hello", "snapshot"] * 2
    assert listener.page.shown == ["another"]
    assert listener.page.position == position(2)


# --- falling behind ----------------------------------------------------------------------------


def test_a_reader_that_missed_nothing_gets_nothing() -> None:
    assert a_day().following(position(4)) == []


def test_a_reader_that_missed_distinct_changes_gets_each_as_if_it_had_been_there() -> None:
    day, there = a_day(), Listener()
    there.joins(day.feed, None)
    day.does(RevisePost("one", title="I"), draft("four"), retract("two"))
    assert day.following(position(4)) == there.heard[2:]


def test_a_reader_whose_missed_changes_were_joined_is_greeted_first() -> None:
    """Else the frame kept of the two would follow one it was never sent: a gap."""
    day = a_day()
    day.does(RevisePost("one", title="1"), retract("two"), RevisePost("one", title="I"))
    following = day.following(position(4))
    assert kinds(following) == ["hello", "retract two", "post one"]
    assert following[0]["resumed"]
    assert kinds(day.following(position(5))) == ["retract two", "post one"]


def test_a_reader_whose_one_post_changed_twice_is_greeted_first() -> None:
    day = a_day()
    day.does(RevisePost("one", title="1"), RevisePost("one", title="I"))
    assert kinds(day.following(position(4))) == ["hello", "post one"]
    assert kinds(day.following(position(5))) == ["post one"]


def test_a_reader_that_fell_too_far_behind_begins_anew() -> None:
    day = Day(A_BLOG, *(post(f"{n}") for n in range(CATCH_UP + 1)))
    assert kinds(day.following(position(1))) == ["hello", "snapshot"]


# --- once --------------------------------------------------------------------------------------


def test_a_message_is_made_once_a_form_and_carriage_whoever_asks() -> None:
    day = a_day()
    day.does(RevisePost("one", title="I"))
    for form, carriage in product(get_args(Form), get_args(Carriage)):
        _, frame = day.feed.messages.since(position(4))
        first = frame.carried(form, carriage)
        [again] = day.feed.messages.since(position(4), greet=False)
        assert again.carried(form, carriage) is first
        assert day.feed.answer(position(4), form)[1] is frame.message(form)
    assert day.feed.answer(None, "json")[1] is day.feed.answer(None, "json")[1]


def test_all_who_stand_at_one_position_are_written_the_same_bytes() -> None:
    day, listeners = a_day(), [Listener(), Listener()]
    for listener in listeners:
        listener.joins(day.feed, position(3))
    day.does(RevisePost("one", title="I"))
    one, other = (listener.writes for listener in listeners)
    assert len(one) == 2
    assert all(left is right for left, right in zip(one, other, strict=True))


def test_an_article_is_rendered_once_a_version_and_only_when_someone_reads_html() -> None:
    day = a_day()
    day.answer(None, "json")
    assert day.articles.rendered == []
    for _ in range(3):
        day.answer(None, "html")
        day.answer(position(1), "html")
    assert sorted(day.articles.rendered) == ["one", "three", "two"]
    day.does(RevisePost("one", title="I"))
    day.answer(None, "html")
    assert day.articles.rendered[3:] == ["one"]


@pytest.mark.parametrize("since", [None, START], ids=["snapshot", "caught up"])
@pytest.mark.parametrize("form", ["html", "json"])
def test_a_new_name_of_the_blog_is_in_every_article_and_address(
    form: Form, since: Position | None
) -> None:
    day = Day(A_BLOG, post("one", key=True))
    day.answer(since, form)
    day.does(ChangeBlog(slug="the-fair"))
    said = b"".join(day.feed.answer(since, form))
    assert b"/blogs/the-fair/posts/one" in said
    assert b"/blogs/fair/" not in said


def test_what_is_kept_for_those_who_stand_at_one_position_is_bounded_in_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "BATCHED", 20_000)
    day = Day(A_BLOG, *(post(f"{n}", body=says("word " * 50)) for n in range(60)))
    kept = 0
    for seq in range(2, 62):
        Listener(Page()).send(day.feed.attach(Listener(), position(seq)))
        kept = max(kept, sum(len(batch.data) for batch in day.feed._batches.values()))
    assert 0 < kept <= 20_000 + len(day.feed.attach(Listener(), position(2)))


@pytest.mark.parametrize("seen_by", ["restricted", "draft"])
def test_a_blog_folded_anew_sends_nobody_away_who_may_see_it(seen_by: Visibility) -> None:
    day = Day(A_BLOG, post("one"), ChangeBlog(visibility=seen_by))
    member = Listener().joins(day.feed, None)
    day.loaded.replace(Day(A_BLOG, post("one"), ChangeBlog(visibility=seen_by)).loaded)
    assert member.closed is None
    assert kinds(member.heard) == ["hello", "snapshot"] * 2


def test_readers_are_sent_round_again_when_fewer_may_see_it_and_not_when_more_may() -> None:
    day = Day(A_BLOG, post("one"), ChangeBlog(visibility="restricted"))
    member = Listener().joins(day.feed, None)
    day.does(ChangeBlog(visibility="public"))
    assert member.closed is None
    day.does(ChangeBlog(visibility="draft"))
    assert member.closed == RESTART


# --- slices ------------------------------------------------------------------------------------


def test_what_is_published_before_the_loop_turns_goes_out_in_one_write() -> None:
    turns = Turns()
    day = a_day(turns)
    listener = Listener().joins(day.feed, None)
    day.does(post("four"), RevisePost("one", title="I"), retract("two"))
    assert len(listener.writes) == 1
    turns.turn_until_quiet()
    assert len(listener.writes) == 2
    assert kinds(listener.heard[2:]) == ["post four", "post one", "retract two"]


def test_while_one_change_goes_out_others_get_through_and_each_reader_hears_all_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slices, "SLICE", 0.0)
    turns = Turns()
    day = a_day(turns)
    listeners = [Listener().joins(day.feed, None) for _ in range(5 * slices.HANDFUL)]
    day.does(post("four"))
    turns.turn()
    reached = [listener for listener in listeners if len(listener.writes) == 2]
    assert len(reached) == slices.HANDFUL, "the loop turns after each slice"
    late = Listener().joins(day.feed, position(3))
    day.does(post("five"), post("six"))
    turns.turn_until_quiet()
    for listener in listeners:
        assert kinds(listener.heard[2:]) == ["post four", "post five", "post six"]
        assert len(listener.writes) == (3 if listener in reached else 2), "joined, if reached late"
    assert kinds(late.heard) == ["hello", "post three", "post four", "post five", "post six"]
    assert not turns.turn()


def test_a_reader_that_goes_while_a_change_goes_out_is_written_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slices, "SLICE", 0.0)
    turns = Turns()
    day = a_day(turns)
    listeners = [Listener().joins(day.feed, None) for _ in range(2 * slices.HANDFUL)]
    day.does(post("four"))
    turns.turn()
    for listener in listeners:
        listener.close(1000)
        day.feed.detach(listener)
    turns.turn_until_quiet()
    assert sum(len(listener.writes) == 2 for listener in listeners) == slices.HANDFUL


def test_a_paused_reader_is_passed_over_and_brought_up_in_one_write_when_it_takes_more() -> None:
    day, slow, quick = a_day(), Listener(), Listener()
    for listener in (slow, quick):
        listener.joins(day.feed, None)
    slow.ready = False
    day.does(*(RevisePost("one", title=f"{n}") for n in range(50)), post("four"))
    assert len(slow.writes) == 1
    slow.resumes(day.feed)
    assert len(slow.writes) == 2
    assert kinds(slow.heard[2:]) == ["hello", "post one", "post four"]
    assert slow.page.posts == quick.page.posts


def test_a_reader_whose_transport_fails_does_not_end_the_others() -> None:
    class Broken(Listener):
        def send(self, data: bytes) -> None:
            if self.writes:
                raise RuntimeError("this one is broken")
            super().send(data)

    day, broken, listener = a_day(), Broken(), Listener()
    for each in (broken, listener):
        each.joins(day.feed, None)
    day.does(post("four"))
    day.does(post("five"))
    assert kinds(listener.heard[2:]) == ["post four", "post five"]
    assert broken.closed == FAULT


class Failing(Listener):
    """One that no message can be written to, and that cannot be sent away either."""

    def send(self, data: bytes) -> None:
        if self.writes:
            raise RuntimeError("this one is broken")
        super().send(data)

    def close(self, code: int) -> None:
        raise RuntimeError(f"it does not even go: {code}")


def test_a_reader_that_cannot_even_be_sent_away_holds_up_nothing_and_nobody() -> None:
    day, failing, listener = a_day(), Failing(), Listener()
    for each in (failing, listener):
        each.joins(day.feed, None)
    for count in (7, 8):
        day.does(post(f"{count}"))
        day.feed.tell_viewers(count)
    assert not day.feed.sweeping
    assert kinds(listener.heard[2:]) == ["post 7", "viewers", "post 8", "viewers"]
    day.feed.close(TOO_SLOW)
    assert listener.closed == TOO_SLOW


# --- signs of life, and how many are here --------------------------------------------------------


def test_a_sign_of_life_is_hello_for_who_has_all_and_nothing_for_who_has_not() -> None:
    turns = Turns()
    day = a_day(turns)
    listener = Listener().joins(day.feed, None)
    [hello] = decoded(day.feed.heartbeat(listener).splitlines())
    assert (hello["type"], hello["resumed"], hello["position"]) == ("hello", True, f"{EPOCH}-4")
    day.does(post("four"))
    assert day.feed.heartbeat(listener) == b""


def test_how_many_read_is_told_to_all_and_to_who_comes() -> None:
    day, listener = a_day(), Listener()
    listener.joins(day.feed, None)
    day.feed.tell_viewers(12)
    assert listener.heard[-1] == {"type": "viewers", "count": 12}
    assert Listener().joins(day.feed, None).heard[0]["viewers"] == 12
    day.feed.tell_viewers(None)
    assert kinds(listener.heard) == ["hello", "snapshot", "viewers", "hello"]
    assert listener.heard[-1]["viewers"] is None
    assert Listener().joins(day.feed, None).heard[0]["viewers"] is None
