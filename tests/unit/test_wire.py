"""Frames as bytes: what we write is read by others as what was meant."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as some
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode
from websockets.streams import StreamReader

from server.push import wire

POST = b'{"type":"post","html":"' + b"<p>The doors are open, and the band plays.</p>" * 20 + b'"}'


def read(frame: bytes, *extensions: PerMessageDeflate) -> Frame:
    """What a client's parser makes of exactly these bytes."""
    stream = StreamReader()
    stream.feed_data(frame)
    parser = Frame.parse(stream.read_exact, mask=False, extensions=extensions)
    with pytest.raises(StopIteration) as done:
        next(parser)
    assert not stream.buffer, "nothing is left over"
    read: Frame = done.value.value
    return read


def a_reader(window: int = wire.WINDOW) -> PerMessageDeflate:
    """What inflates our frames, with no more memory than we said it needs."""
    return PerMessageDeflate(True, True, window, wire.WINDOW)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70_000])
@pytest.mark.parametrize("opcode", [wire.TEXT, wire.BINARY])
def test_a_frame_of_any_length_is_read_whole(opcode: int, size: int) -> None:
    payload = b"x" * size
    frame = read(wire.frame(opcode, payload))
    assert (frame.opcode, bytes(frame.data), frame.fin) == (opcode, payload, True)


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_the_length_takes_as_few_bytes_as_it_can(size: int) -> None:
    head = len(wire.plain(b"x" * size)) - size
    assert head == (2 if size < 126 else 4 if size < 65536 else 10)


@given(some.text(max_size=2000).map(str.encode))
def test_a_deflated_message_is_never_longer_and_always_the_same(message: bytes) -> None:
    deflated = wire.deflated(message)
    assert len(deflated) <= len(wire.plain(message))
    assert bytes(read(deflated, a_reader()).data) == message


def test_a_post_is_deflated_and_noise_is_not() -> None:
    assert len(wire.deflated(POST)) < len(POST) / 2
    noise = bytes((n * n * 7919 >> 3) & 0xFF for n in range(64))
    assert wire.deflated(noise) == wire.plain(noise)


def test_a_message_longer_than_the_window_inflates_with_that_window() -> None:
    message = b"".join(b"%d bottles of ink, " % n for n in range(3000))
    assert len(message) > 1 << wire.WINDOW
    assert bytes(read(wire.deflated(message), a_reader()).data) == message


def test_deflated_frames_are_read_in_any_order_since_each_begins_from_nothing() -> None:
    one, other = wire.deflated(POST), wire.deflated(POST[::-1])
    assert one == wire.deflated(POST), "the same bytes for everybody"
    for frame, message in ((other, POST[::-1]), (one, POST), (one, POST)):
        payload = frame[4:] if frame[1] == 126 else frame[2:]
        inflate = zlib.decompressobj(wbits=-wire.WINDOW)
        assert inflate.decompress(payload + b"\x00\x00\xff\xff") == message


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("", ""),
        ("come back later", "come back later"),
        ("x" * 123, "x" * 123),
        ("x" * 200, "x" * 123),
        ("x" * 122 + "ü", "x" * 122),
        ("x" * 121 + "€", "x" * 121),
        ("x" * 120 + "🎪", "x" * 120),
        ("x" * 119 + "🎪", "x" * 119 + "🎪"),
    ],
)
def test_a_goodbye_is_cut_between_characters_to_what_a_control_frame_holds(
    reason: str, said: str
) -> None:
    frame = read(wire.close(1008, reason))
    assert frame.opcode is Opcode.CLOSE
    assert Close.parse(bytes(frame.data)) == Close(1008, said)


def test_a_goodbye_without_a_code_is_empty() -> None:
    assert read(wire.close(0, "this is not said")).data == b""


def test_a_ping_asks_for_nothing_but_an_answer() -> None:
    assert (read(wire.ASK).opcode, read(wire.ASK).data) == (Opcode.PING, b"")


def test_the_same_message_for_every_carriage() -> None:
    message = b'{"type":"viewers","count":3}'
    carried = {carriage: carry(message) for carriage, carry in wire.CARRY.items()}
    assert carried["event"] == b"data: " + message + b"\n\n"
    assert carried["line"] == message + b"\n"
    assert bytes(read(carried["plain"]).data) == message
    assert bytes(read(carried["deflated"], a_reader()).data) == message
