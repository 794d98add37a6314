"""A full websocket endpoint, seen from the wire: bytes as a client may send them, right or wrong.

Each case is a conversation with a real server. What is right is counted, ignored and leaves the
connection as it was; what is wrong is answered with the close code that RFC 6455 has for it.
"""

import pytest

from tests.contract.a_blog import (
    CROWDED,
    LIMIT,
    LONG,
    NOT_UTF8,
    PROTOCOL,
    STILL_HERE,
    TOO_BIG,
    TOO_MUCH,
    Blog,
)
from tests.contract.raw_socket import (
    BINARY,
    CLOSE,
    CONT,
    PING,
    PONG,
    RSV1,
    RSV2,
    RSV3,
    TEXT,
    Heard,
    begin,
    binary,
    close,
    frame,
    head,
    last,
    more,
    ping,
    pong,
    text,
)

# --- what is right -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "messages", "pongs"),
    [
        pytest.param(b"".join(said), messages, pongs, id=name)
        for name, said, messages, pongs in [
            ("a text", [text("hello")], 1, []),
            ("an empty text", [text("")], 1, []),
            ("bytes", [binary(b"\x00\xff\xfe")], 1, []),
            ("no bytes", [binary(b"")], 1, []),
            ("a text of the whole of Unicode", [text("aé€🥨\U0010ffff\ufeff")], 1, []),
            ("two messages at once", [text("one"), binary(b"two")], 2, []),
            ("a text in three fragments", [begin(b"one "), more(b"two "), last(b"three")], 1, []),
            ("bytes in fragments", [begin(b"\xff", BINARY), last(b"\xfe")], 1, []),
            ("only empty fragments", [begin(b""), more(b""), more(b""), last(b"")], 1, []),
            (
                "a character in two fragments",
                [begin("€".encode()[:1]), more(b""), last("€".encode()[1:])],
                1,
                [],
            ),
            (
                "a text with every byte in a fragment of its own",
                [begin(b""), *(more(bytes([byte])) for byte in LONG), last(b"")],
                1,
                [],
            ),
            ("125 bytes", [text("x" * 125)], 1, []),
            ("126 bytes", [text("x" * 126)], 1, []),
            ("as long as may be", [text("x" * LIMIT)], 1, []),
            ("as long as may be, in fragments", [begin(b"x" * LIMIT), last(b"")], 1, []),
            ("three of the longest", [binary(b"x" * LIMIT)] * 3, 3, []),
            ("an empty ping", [ping()], 0, [b""]),
            ("a ping with a byte", [ping(b"\xff")], 0, [b"\xff"]),
            ("a ping as long as may be", [ping(b"x" * 125)], 0, [b"x" * 125]),
            (
                "ten pings at once",
                [ping(b"%d" % n) for n in range(10)],
                0,
                [b"%d" % n for n in range(10)],
            ),
            ("a pong nobody asked for", [pong(b"you are welcome"), pong()], 0, []),
            (
                "pings and pongs between fragments",
                [begin(b"one "), ping(b"1"), more(b"two "), pong(), ping(b"2"), last(b"three")],
                1,
                [b"1", b"2"],
            ),
            (
                "a ping in the middle of the longest message",
                [begin(b"x" * (LIMIT - 1)), ping(b"?" * 125), last(b"x")],
                1,
                [b"?" * 125],
            ),
        ]
    ],
)
def test_messages_are_counted_and_ignored_and_pings_are_answered(
    blog: Blog, small: bool, said: bytes, messages: int, pongs: list[bytes]
) -> None:
    before = blog.counts("reader_messages_total")
    with blog.reader() as reader:
        blog.hears(reader, said, small=small)
        reader.send(ping(STILL_HERE))
        for payload in [*pongs, STILL_HERE]:
            assert reader.hear() == Heard(PONG, payload)
        assert blog.counts("reader_messages_total") - before == messages


# --- what is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "code"),
    [
        pytest.param(b"".join(said), code, id=name)
        for name, code, said in [
            ("a frame without a mask", PROTOCOL, [frame(TEXT, b"hello", masked=False)]),
            ("a ping without a mask", PROTOCOL, [frame(PING, masked=False)]),
            ("the first reserved bit", PROTOCOL, [frame(TEXT, b"hello", rsv=RSV1)]),
            ("the second reserved bit", PROTOCOL, [frame(TEXT, b"hello", rsv=RSV2)]),
            ("the third reserved bit", PROTOCOL, [frame(BINARY, b"hello", rsv=RSV3)]),
            ("a reserved bit on a ping", PROTOCOL, [frame(PING, rsv=RSV1)]),
            *(
                (f"the reserved opcode {opcode}", PROTOCOL, [frame(opcode)])
                for opcode in (0x3, 0x7, 0xB, 0xF)
            ),
            ("a ping that is too long", PROTOCOL, [ping(b"x" * 126)]),
            ("a pong that is too long", PROTOCOL, [pong(b"x" * 126)]),
            ("a close that is too long", PROTOCOL, [close(1000, b"x" * 124)]),
            ("a ping in fragments", PROTOCOL, [frame(PING, b"x", fin=False), last(b"y")]),
            ("a close in fragments", PROTOCOL, [frame(CLOSE, fin=False), last(b"")]),
            ("a fragment of nothing", PROTOCOL, [last(b"hello")]),
            ("a fragment of nothing that goes on", PROTOCOL, [more(b"hello")]),
            ("a fragment after the last", PROTOCOL, [begin(b"a"), last(b"b"), last(b"c")]),
            ("a message inside a message", PROTOCOL, [begin(b"one"), text("two")]),
            ("a message begun inside a message", PROTOCOL, [begin(b"one"), begin(b"\x02", BINARY)]),
            ("a text that is not UTF-8", NOT_UTF8, [text(b"caf\xe9")]),
            ("a character that is not finished", NOT_UTF8, [text(b"9 \xe2\x82")]),
            ("half a surrogate pair", NOT_UTF8, [text(b"\xed\xa0\x80")]),
            ("a slash in two bytes", NOT_UTF8, [text(b"\xc0\xaf")]),
            ("a character beyond the last", NOT_UTF8, [text(b"\xf4\x90\x80\x80")]),
            ("a byte that begins nothing", NOT_UTF8, [text(b"\x80")]),
            ("not UTF-8 in the first fragment", NOT_UTF8, [begin(b"\xff")]),
            ("not UTF-8 across fragments", NOT_UTF8, [begin(b"\xe2\x82"), last(b"(")]),
            ("a surrogate across fragments", NOT_UTF8, [begin(b"\xed"), last(b"\xa0\x80")]),
            ("not finished in the last fragment", NOT_UTF8, [begin(b"9 \xe2"), last(b"\x82")]),
            ("not finished with an empty last fragment", NOT_UTF8, [begin(b"\xe2"), last(b"")]),
            *(
                (f"goodbye with the code {code}", PROTOCOL, [close(code)])
                for code in (1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535)
            ),
            ("goodbye with half a code", PROTOCOL, [frame(CLOSE, b"\x03")]),
            ("goodbye with a reason not in UTF-8", NOT_UTF8, [close(1000, b"adi\xf3s")]),
            ("a byte more than may be", TOO_BIG, [text("x" * (LIMIT + 1))]),
            ("a byte more, in fragments", TOO_BIG, [begin(b"x" * LIMIT), last(b"x")]),
            ("a byte more, though it is not the last", TOO_BIG, [begin(b"x" * LIMIT), more(b"x")]),
            ("a frame that is only announced", TOO_BIG, [head(TEXT, LIMIT + 1)]),
            ("a length of 64 bits", TOO_BIG, [head(BINARY, 1 << 40)]),
            ("a length with the highest bit", TOO_BIG, [head(BINARY, 1 << 63)]),
            ("a fragment that is only announced", TOO_BIG, [begin(b"x"), head(CONT, 1 << 32)]),
        ]
    ],
)
def test_what_is_wrong_is_answered_with_its_code_and_the_end(
    blog: Blog, small: bool, said: bytes, code: int
) -> None:
    with blog.reader() as reader:
        reader.send(text("first something right") + ping(STILL_HERE))
        blog.hears(reader, said, small=small)
        assert reader.hear() == Heard(PONG, STILL_HERE)
        [goodbye] = reader.hears()
        assert (goodbye.opcode, goodbye.code) == (CLOSE, code)
        assert goodbye.payload[2:].decode(), "it says what was wrong"


def test_after_something_wrong_nothing_more_is_heard(blog: Blog) -> None:
    with blog.reader() as reader:
        reader.send(text(b"\xff") + ping() + close(1000))
        reader.send(ping() + close(1000))
        assert [heard.code for heard in reader.hears()] == [NOT_UTF8]


def test_who_speaks_without_end_is_sent_away(blog: Blog) -> None:
    with blog.reader() as reader:
        for _ in range(CROWDED + 1):
            reader.send(ping())
            heard = reader.hear()
            if heard.opcode == CLOSE:
                break
        assert (heard.opcode, heard.code) == (CLOSE, TOO_MUCH)


@pytest.mark.parametrize(
    "flood",
    [ping() * 20_000, begin(b"") + more(b"") * 20_000, (ping() + text("")) * 9_000],
    ids=["pings", "empty fragments", "both"],
)
def test_who_says_very_much_at_once_is_sent_away_and_costs_nobody_anything(
    blog: Blog, flood: bytes
) -> None:
    with blog.reader() as reader:
        reader.send(flood)
        *answers, goodbye = reader.hears()
        assert (goodbye.opcode, goodbye.code) == (CLOSE, TOO_MUCH)
        assert len(answers) <= 100


# --- goodbyes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 1000, 1001, 1003, 1007, 1011, 1012, 3000, 3999, 4000, 4999])
def test_goodbye_is_answered_with_the_same_code_and_the_end(
    blog: Blog, small: bool, code: int
) -> None:
    with blog.reader() as reader:
        goodbye = close(code, "Tschüss, bis morgen".encode())
        blog.hears(reader, goodbye, small=small)
        assert [(heard.opcode, heard.code) for heard in reader.hears()] == [(CLOSE, code)]


def test_goodbye_counts_in_the_middle_of_a_message(blog: Blog) -> None:
    with blog.reader() as reader:
        reader.send(begin(b"I was about to say") + close(1000))
        assert [heard.code for heard in reader.hears()] == [1000]


def test_what_is_said_after_goodbye_is_not_heard(blog: Blog) -> None:
    before = blog.counts("reader_messages_total")
    with blog.reader() as reader:
        reader.send(close(1000) + ping() + text("one thing more") + close(1011) + b"\xff\xff")
        assert [heard.code for heard in reader.hears()] == [1000]
    assert blog.counts("reader_messages_total") == before
