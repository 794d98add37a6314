"""What is stored of an entry: it comes back as it was, is chained, and shows any tampering."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from events.commands import ChangePostStatus, PinPost, RevisePost, WritePost
from events.entry import GENESIS, Corrupt, Stored, check, load, previous, request_of
from events.facts import PostContent, PostRetracted
from events.position import START, Position
from tests.story import A_BLOG, EPOCH, Story, given, position, says


def a_day() -> Story:
    """Entry 3 is a revision whose words are "Mind the step."."""
    return given(
        A_BLOG,
        WritePost("gate", title="The gate opens", body=says("Come in."), author="Ann"),
        RevisePost("gate", body=says("Mind the step."), correction="A word was missing."),
        PinPost("gate", True),
        ChangePostStatus("gate", "retracted", note="It was closed."),
    )


def walk(log: list[Stored]) -> None:
    """Verify a whole log."""
    for before, stored in zip([None, *log], log, strict=False):
        check(stored, before)


# --- positions ---------------------------------------------------------------------------------


@for_all(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_position_is_read_as_it_is_written(epoch: int, seq: int) -> None:
    assert Position.parse(str(Position(epoch, seq))) == Position(epoch, seq)


def test_positions_stand_by_epoch_and_then_by_seq() -> None:
    written = [Position(10, 2), Position(1, 1), START, Position(9, 10), Position(0, 9)]
    assert [str(each) for each in sorted(written)] == ["0-0", "0-9", "1-1", "9-10", "10-2"]


@pytest.mark.parametrize("text", ["", "-", "1", "1-", "-1", "1-2-3", "1--2", "-1-2", "+1-2", "$"])
def test_another_shape_is_no_position(text: str) -> None:
    with pytest.raises(ValueError, match="is not a position; expected <epoch>-<seq>"):
        Position.parse(text)


@pytest.mark.parametrize("number", ["a", "*", " 1", "1\n", "1_0", "0x1", "1.0", "٣", "1" * 21])
def test_only_plain_digits_make_a_position(number: str) -> None:
    for text in (f"{number}-1", f"1-{number}"):
        with pytest.raises(ValueError, match="is not a position"):
            Position.parse(text)


# --- there and back ----------------------------------------------------------------------------


def test_an_entry_comes_back_as_it_was_stored() -> None:
    day = a_day()
    assert [load(stored) for stored in day.stored] == day.entries
    assert [request_of(stored) for stored in day.stored] == [
        f"fingerprint-{n}" for n in range(1, 6)
    ]


@for_all(title=st.text(), author=st.text(), actor=st.text(), note=st.text())
def test_any_words_come_back(title: str, author: str, actor: str, note: str) -> None:
    day = given(A_BLOG).when(
        WritePost("p", title=title, body=says("Text."), author=author), by=actor
    )
    day.happens(PostRetracted("p", content=None), by=note)
    assert [load(stored) for stored in day.stored] == day.entries
    walk(day.stored)


def test_the_words_are_in_the_content_and_the_head_has_their_digests() -> None:
    stored = a_day().stored[1]
    for word in (b"The gate opens", b"Come in.", b"Ann"):
        assert word in stored.content
        assert word not in stored.head
    head, content = json.loads(stored.head), json.loads(stored.content)
    assert [event["type"] for event in head["events"]] == ["PostDrafted", "PostPublished"]
    salted = content["contents"][0]
    words = json.dumps(salted["content"], separators=(",", ":"), ensure_ascii=False).encode()
    digest = sha256(bytes.fromhex(salted["salt"]) + words).hexdigest()
    assert head["contents"] == [digest, None]


def test_equal_words_have_unlike_digests() -> None:
    """Else whoever guesses an erased content could prove the guess by a like one."""
    day = given(A_BLOG, WritePost("a", title="T"), WritePost("b", title="T"))
    one, two = (json.loads(stored.head)["contents"][0] for stored in day.stored[1:])
    assert one != two


def test_each_head_names_the_digest_of_the_one_before() -> None:
    log = a_day().stored
    assert previous(log[0]) == GENESIS
    for before, stored in pairwise(log):
        assert previous(stored) == before.digest == sha256(before.head).hexdigest()


# --- erasure -----------------------------------------------------------------------------------


def erase(stored: Stored) -> Stored:
    """What a lawful erasure leaves of an entry."""
    content = json.loads(stored.content)
    content["contents"] = [None] * len(content["contents"])
    return Stored(stored.position, stored.head, json.dumps(content).encode())


def test_an_erased_content_still_verifies_and_leaves_its_place_empty() -> None:
    log = [erase(stored) for stored in a_day().stored]
    walk(log)
    erased = load(log[2])
    assert [event.content for event in erased.events] == [None, None]
    assert erased.events[0].post == "gate"  # type: ignore[union-attr]


def test_one_content_of_an_entry_can_be_erased_alone() -> None:
    log = a_day().stored
    content = json.loads(log[2].content)
    content["contents"][1] = None
    raw = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    log[2] = Stored(log[2].position, log[2].head, raw)
    walk(log)
    revised, corrected = load(log[2]).events
    assert revised.content == PostContent("The gate opens", says("Mind the step."), "Ann")
    assert corrected.content is None


# --- tampering ---------------------------------------------------------------------------------


def swap(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(raw: bytes) -> bytes:
        assert old.encode() in raw
        return raw.replace(old.encode(), new.encode())

    return change


def decoded(change: Callable[[Any], object]) -> Callable[[bytes], bytes]:
    """A change of the JSON, which keeps all else byte for byte."""

    def apply(raw: bytes) -> bytes:
        payload = json.loads(raw)
        change(payload)
        return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()

    return apply


CONTENTS = [
    (swap("Mind the step.", "Mind the stop."), "not the one it was stored with"),
    (swap("A word was", "Two words were"), "not the one it was stored with"),
    (decoded(lambda c: c["contents"][0].update(salt="00" * 16)), "not the one it was stored with"),
    (decoded(lambda c: c["contents"][0].update(salt="no salt")), "content cannot be decoded"),
    (decoded(lambda c: c["contents"].reverse()), "not the one it was stored with"),
    (decoded(lambda c: c["contents"].pop()), "contents are not those"),
    (decoded(lambda c: c["contents"].append(None)), "contents are not those"),
    (decoded(lambda c: c.update(contents={})), "content cannot be decoded"),
    (lambda raw: raw[:-1], "content cannot be decoded"),
    (lambda _: b"", "content cannot be decoded"),
    (lambda _: b"[]", "content cannot be decoded"),
    (lambda _: b"\xff\xfe", "content cannot be decoded"),
]


@pytest.mark.parametrize(("tamper", "why"), CONTENTS)
def test_a_changed_content_is_found_where_it_is(tamper: Callable[[bytes], bytes], why: str) -> None:
    log = a_day().stored
    log[2] = Stored(log[2].position, log[2].head, tamper(log[2].content))
    with pytest.raises(Corrupt, match=re.escape(f"entry {EPOCH}-3: ") + ".*" + why) as corrupt:
        walk(log)
    assert corrupt.value.position == position(3)


HEADS = [
    (swap('"actor":"ann"', '"actor":"bob"'), 4, "the entry before it is not the one"),
    (swap('"post":"gate"', '"post":"door"'), 4, "the entry before it is not the one"),
    (swap('"v":2,', '"v":2, '), 4, "the entry before it is not the one"),
    (decoded(lambda h: h["contents"].__setitem__(0, "0" * 64)), 3, "a content is not the one"),
    (decoded(lambda h: h["contents"].__setitem__(0, None)), 3, "a content is not the one"),
    (decoded(lambda h: h.update(prev=GENESIS)), 3, "the entry before it is not the one"),
    (decoded(lambda h: h.update(position=f"{EPOCH}-4")), 3, f"its head says it is {EPOCH}-4"),
    (decoded(lambda h: h.pop("events")), 3, "its head cannot be decoded"),
    (decoded(lambda h: h["events"][0].update(type="PostSung")), 3, "its head cannot be decoded"),
    (lambda raw: raw[:-1], 3, "its head cannot be decoded"),
    (lambda _: b"", 3, "its head cannot be decoded"),
    (lambda _: b'{"v":1,"events":[[]]}', 3, "its head cannot be decoded"),
    (lambda _: b'{"v":1,"events":' + b"[" * 100_000, 3, "its head cannot be decoded"),
    (lambda _: b'{"v":1}', 3, "its head cannot be decoded"),
]


@pytest.mark.parametrize(("tamper", "seq", "why"), HEADS)
def test_a_changed_head_is_found_there_or_at_the_next(
    tamper: Callable[[bytes], bytes], seq: int, why: str
) -> None:
    log = a_day().stored
    log[2] = Stored(log[2].position, tamper(log[2].head), log[2].content)
    with pytest.raises(Corrupt, match=re.escape(f"entry {EPOCH}-{seq}: ") + ".*" + why) as corrupt:
        walk(log)
    assert corrupt.value.position == position(seq)


def test_a_content_where_there_was_none_is_found() -> None:
    log = a_day().stored
    content = json.loads(log[3].content)
    content["contents"][0] = {"salt": "00", "content": {"type": "Note", "text": "smuggled"}}
    log[3] = Stored(log[3].position, log[3].head, json.dumps(content).encode())
    with pytest.raises(Corrupt, match="a content is not the one"):
        walk(log)


@pytest.mark.parametrize("gone", [0, 2])
def test_a_missing_entry_is_found(gone: int) -> None:
    log = a_day().stored
    del log[gone]
    with pytest.raises(Corrupt, match="the numbering before it has a gap") as corrupt:
        walk(log)
    assert corrupt.value.position == position(gone + 2)


def test_an_entry_of_another_log_is_found() -> None:
    log, other = a_day().stored, given(A_BLOG, *(WritePost(str(n), title="T") for n in range(4)))
    log[2] = other.stored[2]
    with pytest.raises(Corrupt, match=re.escape(f"entry {EPOCH}-3: the entry before it")):
        walk(log)


@pytest.mark.parametrize("ask", [load, previous, request_of])
def test_who_reads_rubbish_is_told_where_it_is(ask: Callable[[Stored], object]) -> None:
    with pytest.raises(Corrupt, match=r"entry 7-3: its .* cannot be decoded"):
        ask(Stored(Position(7, 3), b"rubbish", b"rubbish"))


@for_all(st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes_are_corrupt_and_never_another_error(head: bytes, content: bytes) -> None:
    for prefix in (b"", b'{"v":1,', b'{"v":2,'):
        with pytest.raises(Corrupt):
            load(Stored(position(1), prefix + head, prefix + content))
        with pytest.raises(Corrupt):
            check(Stored(position(1), prefix + head, prefix + content), None)
