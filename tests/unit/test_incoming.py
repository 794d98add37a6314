"""What clients say, put together from frames however it is cut, and refused where it is wrong."""

import tracemalloc
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as some
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode

from server.push.incoming import Incoming, Said, Violation
from tests.contract import raw_socket as client
from tests.contract.raw_socket import BINARY, CONT, PING, PONG, RSV1, TEXT

LIMIT = 200


def an_ear() -> Incoming:
    return Incoming(LIMIT, [PerMessageDeflate(True, True, 15, 12)])


def heard(ear: Incoming, data: bytes) -> list[Said]:
    """What is complete with these bytes; frames made comparable, for they hold a bytearray."""
    return [
        Frame(said.opcode, bytes(said.data)) if isinstance(said, Frame) else said
        for said in ear.feed(data)
    ]


def wrong(data: bytes, ear: Incoming | None = None) -> tuple[int, str]:
    """The close code and reason that these bytes are answered with."""
    with pytest.raises(Violation) as violation:
        heard(ear or an_ear(), data)
    return violation.value.code, str(violation.value)


# --- any messages, in any pieces -----------------------------------------------------------------


class Step(NamedTuple):
    """One frame; what is complete with it, if anything; whether a message goes on after it."""

    frame: bytes
    said: Said | None
    goes_on: bool


@some.composite
def messages(draw: some.DrawFn) -> list[Step]:
    """A message in any fragments, empty ones too, with pings and pongs before each."""
    # What cannot be compressed grows by some bytes, and is to stay within the limit.
    said = draw(some.text(max_size=LIMIT // 5) | some.binary(max_size=LIMIT - 20))
    compressed = draw(some.booleans())
    payload = said.encode() if isinstance(said, str) else said
    sent = client.squeeze(payload) if compressed else payload
    cuts = sorted(draw(some.lists(some.integers(0, len(sent)), max_size=4)))
    pieces = [sent[start:end] for start, end in pairwise([0, *cuts, len(sent)])]
    steps: list[Step] = []
    for n, piece in enumerate(pieces):
        steps += draw(some.lists(controls(goes_on=n > 0), max_size=2))
        opcode = CONT if n else TEXT if isinstance(said, str) else BINARY
        last = n == len(pieces) - 1
        frame = client.frame(opcode, piece, fin=last, rsv=RSV1 if compressed and not n else 0)
        steps.append(Step(frame, said if last else None, not last))
    return steps


@some.composite
def controls(draw: some.DrawFn, *, goes_on: bool) -> Step:
    opcode, payload = draw(some.sampled_from([PING, PONG])), draw(some.binary(max_size=125))
    return Step(client.frame(opcode, payload), Frame(Opcode(opcode), payload), goes_on)


conversations = some.lists(messages(), max_size=4).map(lambda each: [*chain.from_iterable(each)])


@given(conversations, some.data())
def test_what_was_said_comes_out_the_same_however_it_is_cut(
    steps: list[Step], data: some.DataObject
) -> None:
    stream = b"".join(step.frame for step in steps)
    cuts = data.draw(some.lists(some.integers(0, len(stream)), max_size=20).map(sorted), "cuts")
    ends = accumulate((len(step.frame) for step in steps), initial=0)
    quiet = {0} | {end for end, step in zip(list(ends)[1:], steps, strict=True) if not step.goes_on}
    ear, said = an_ear(), []
    for start, end in pairwise([0, *cuts, len(stream)]):
        said += heard(ear, stream[start:end])
        assert ear.idle == (end in quiet), "it may be forgotten exactly when nothing is half said"
    assert said == [step.said for step in steps if step.said is not None]


@given(conversations, some.binary())
def test_nothing_that_is_sent_raises_anything_but_a_violation(
    steps: list[Step], noise: bytes
) -> None:
    codes: list[int] = []
    try:
        heard(an_ear(), b"".join(step.frame for step in steps) + noise)
    except Violation as violation:
        codes = [violation.code]
    assert set(codes) <= {1002, 1007, 1009}


def test_what_came_before_a_violation_is_heard_first() -> None:
    feeding = an_ear().feed(client.text("one") + client.text("two") + b"\xff\xff")
    assert [next(feeding), next(feeding)] == ["one", "two"]
    with pytest.raises(Violation):
        next(feeding)


# --- closes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1011, 1014, 3000, 4999])
def test_a_goodbye_has_a_code_and_a_reason(code: int) -> None:
    goodbye = client.close(code, "Tschüss".encode())
    assert heard(an_ear(), goodbye) == [Close(code, "Tschüss")]


def test_a_goodbye_without_a_code_is_one_too() -> None:
    assert heard(an_ear(), client.close()) == [Close(1005, "")]


# --- limits --------------------------------------------------------------------------------------


def in_pieces(size: int, piece: int) -> bytes:
    """A binary message of that size; its last fragment is empty."""
    full = client.begin(b"", BINARY) + client.more(b"x" * piece) * (size // piece)
    return full + client.more(b"x" * (size % piece)) + client.last(b"")


@pytest.mark.parametrize(
    ("as_long_as_may_be", "too_long"),
    [
        (client.text(b"x" * LIMIT), client.text(b"x" * (LIMIT + 1))),
        (client.binary(b"x" * LIMIT), client.binary(b"x" * (LIMIT + 1))),
        (client.text("é" * (LIMIT // 2)), client.text("é" * (LIMIT // 2 + 1))),
        (in_pieces(LIMIT, 7), in_pieces(LIMIT + 1, 7)),
        (in_pieces(LIMIT, 1), in_pieces(LIMIT + 1, 1)),
        (in_pieces(LIMIT, LIMIT), in_pieces(LIMIT + 1, LIMIT)),
        (
            client.frame(TEXT, client.squeeze(b"x" * LIMIT), rsv=RSV1),
            client.frame(TEXT, client.squeeze(b"x" * (LIMIT + 1)), rsv=RSV1),
        ),
    ],
    ids=["text", "binary", "bytes count", "pieces", "single bytes", "two pieces", "inflated"],
)
def test_a_message_is_as_long_as_the_limit_and_no_longer(
    as_long_as_may_be: bytes, too_long: bytes
) -> None:
    ear = an_ear()
    [said] = heard(ear, as_long_as_may_be)
    assert isinstance(said, str | bytes)
    assert ear.idle
    assert wrong(too_long) == (1009, f"a message has at most {LIMIT} bytes")


def test_the_limit_is_each_messages_own() -> None:
    assert len(heard(an_ear(), in_pieces(LIMIT, 50) * 3 + client.text(b"x" * LIMIT))) == 4


@pytest.mark.parametrize("announced", [LIMIT + 1, 65535, 65536, 1 << 40, (1 << 63) + 5])
def test_who_announces_too_much_is_refused_before_it_comes(announced: int) -> None:
    for opcode in (TEXT, BINARY):
        assert wrong(client.head(opcode, announced))[0] == 1009
    ear = an_ear()
    assert heard(ear, client.begin(b"x")) == []
    assert wrong(client.head(CONT, announced), ear)[0] == 1009


def test_a_bomb_is_refused_without_being_inflated() -> None:
    bomb = client.squeeze(bytes(1 << 20))
    assert wrong(client.frame(BINARY, bomb[:LIMIT], rsv=RSV1))[0] == 1009
    pieces = [bomb[at : at + 20] for at in range(0, LIMIT, 20)]
    begun = client.begin(pieces[0], BINARY, rsv=RSV1)
    assert wrong(begun + b"".join(map(client.more, pieces[1:])))[0] == 1009


def test_a_ping_fits_where_the_message_it_interrupts_is_nearly_too_long() -> None:
    question = b"?" * 125
    ear = an_ear()
    interrupted = client.begin(b"x" * LIMIT) + client.ping(question) + client.last(b"")
    assert heard(ear, interrupted) == [Frame(Opcode.PING, question), "x" * LIMIT]


def test_endless_empty_fragments_take_no_memory() -> None:
    ear, flood = an_ear(), client.more(b"") * 100
    heard(ear, client.begin(b""))
    tracemalloc.start()
    for _ in range(100):
        heard(ear, flood)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 10_000, "less than a byte for each"
    assert heard(ear, client.last(b"well")) == ["well"]
