"""Stored entries of every version decode for ever: the golden corpus, and the steps on their own.

The files of `tests/corpus/entries` are never written anew: `head` and `content` are what some
version stored, byte for byte, and form one chain; `becomes` is what they must decode to. A change
of the stored form adds files.
"""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from events.document import Block, Mark
from events.entry import Corrupt, Stored, check, load, request_of
from events.facts import Event
from events.position import Position
from events.upcast import VERSION, upcast_contents, upcast_head

CORPUS = sorted(
    (Path(__file__).parents[1] / "corpus" / "entries").glob("*.json"),
    key=lambda file: file.stem.partition("-")[2],
)


def read(file: Path) -> tuple[Stored, Any]:
    golden = json.loads(file.read_text("utf-8"))
    position = Position.parse(golden["position"])
    stored = Stored(position, golden["head"].encode(), golden["content"].encode())
    return stored, golden["becomes"]


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_a_stored_entry_decodes_to_what_it_always_did(file: Path) -> None:
    stored, becomes = read(file)
    entry = load(stored)
    decoded = json.loads(msgspec.json.encode(entry))
    assert decoded | {"position": str(entry.position)} == becomes


def test_the_corpus_is_one_chain_across_versions_and_epochs() -> None:
    before = None
    for file in CORPUS:
        stored, _ = read(file)
        check(stored, before)
        before = stored
    assert before
    assert before.position.seq == len(CORPUS)


def test_the_corpus_has_every_version_event_block_and_mark() -> None:
    text = "".join(file.read_text("utf-8") for file in CORPUS)
    heads = [json.loads(read(file)[0].head) for file in CORPUS]
    assert {head["v"] for head in heads} == set(range(1, VERSION + 1))
    stored = {event["type"] for head in heads for event in head["events"]}
    assert stored == {event.__name__ for event in get_args(Event)}
    nodes = [node.__struct_config__.tag for node in (*get_args(Block), *get_args(Mark))]
    assert [node for node in nodes if f'"type": "{node}"' not in text] == []


def test_the_fingerprint_of_an_old_request_is_still_known() -> None:
    assert [request_of(read(file)[0]) for file in CORPUS[4:7]] == ["f1", "", "f-7"]


def test_a_pin_with_a_flag_becomes_one_of_two_facts() -> None:
    events = [
        {"type": "PostPinned", "post": "a"},
        {"type": "PostPinned", "post": "b", "pinned": True},
        {"type": "PostPinned", "post": "c", "pinned": False},
        {"type": "PostRevised", "post": "d"},
    ]
    assert upcast_head({"v": 1, "events": events}) == {
        "v": 2,
        "events": [
            {"type": "PostPinned", "post": "a"},
            {"type": "PostPinned", "post": "b"},
            {"type": "PostUnpinned", "post": "c"},
            {"type": "PostRevised", "post": "d"},
        ],
    }


def test_a_byline_becomes_the_author() -> None:
    contents = [None, {"salt": "00", "content": {"title": "T", "byline": "Ann"}}]
    assert upcast_contents({"v": 1, "contents": contents}) == {
        "v": 2,
        "contents": [None, {"salt": "00", "content": {"title": "T", "author": "Ann"}}],
    }


def test_an_upcaster_changes_nothing_it_was_given() -> None:
    head = {"v": 1, "events": [{"type": "PostPinned", "post": "a", "pinned": False}]}
    contents = {"v": 1, "contents": [{"salt": "00", "content": {"byline": "Ann"}}]}
    before = json.dumps([head, contents])
    upcast_head(head)
    upcast_contents(contents)
    assert json.dumps([head, contents]) == before


def test_the_present_version_is_left_as_it_is() -> None:
    head = {"v": VERSION, "events": [{"type": "PostPinned", "post": "a", "pinned": False}]}
    assert upcast_head(head) == head


@pytest.mark.parametrize("version", [0, VERSION + 1, -1, "2", None, 1.5, [1]])
def test_an_entry_of_an_unknown_version_is_named(version: object) -> None:
    stored, _ = read(CORPUS[0])
    head = json.dumps(json.loads(stored.head) | {"v": version}).encode()
    with pytest.raises(Corrupt, match="its head cannot be decoded") as corrupt:
        load(Stored(stored.position, head, stored.content))
    assert corrupt.value.position == stored.position
    content = json.dumps(json.loads(stored.content) | {"v": version}).encode()
    with pytest.raises(Corrupt, match="its content cannot be decoded"):
        load(Stored(stored.position, stored.head, content))
