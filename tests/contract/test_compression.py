"""permessage-deflate seen from the wire (RFC 7692): what is agreed on, said and heard with it."""

import msgspec
import pytest

from tests.contract.a_blog import (
    DEFLATE,
    LIMIT,
    LONG,
    NOT_UTF8,
    PROTOCOL,
    STILL_HERE,
    TOO_BIG,
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
    TEXT,
    Heard,
    begin,
    frame,
    inflate,
    last,
    more,
    ping,
    pong,
    request,
    squeeze,
    text,
)


@pytest.mark.parametrize(
    ("said", "messages"),
    [
        pytest.param(b"".join(said), messages, id=name)
        for name, said, messages in [
            ("a compressed text", [frame(TEXT, squeeze(b"hello " * 99), rsv=RSV1)], 1),
            ("compressed bytes", [frame(BINARY, squeeze(b"\xff\x00" * 99), rsv=RSV1)], 1),
            ("an empty compressed text", [frame(TEXT, b"\x00", rsv=RSV1)], 1),
            ("as long as may be", [frame(TEXT, squeeze(b"x" * LIMIT), rsv=RSV1)], 1),
            ("one that is not compressed", [text("hello")], 1),
            (
                "one after the other",
                [frame(TEXT, squeeze(b"hello " * 99), rsv=RSV1), text("plain")] * 3,
                6,
            ),
            (
                "in fragments, a ping between",
                [
                    begin(squeeze(LONG * 20)[:30], rsv=RSV1),
                    pong(b"never compressed"),
                    more(squeeze(LONG * 20)[30:40]),
                    last(squeeze(LONG * 20)[40:]),
                ],
                1,
            ),
            (
                "from the middle of a character",
                [
                    begin(squeeze("é".encode()[:1]) + b"\x00\x00\xff\xff", rsv=RSV1),
                    last(squeeze("é".encode()[1:])),
                ],
                1,
            ),
        ]
    ],
)
def test_compressed_messages_are_read_where_that_was_agreed_on(
    blog: Blog, small: bool, said: bytes, messages: int
) -> None:
    before = blog.counts("reader_messages_total")
    with blog.reader(DEFLATE) as reader:
        blog.hears(reader, said, small=small)
        reader.send(ping(STILL_HERE))
        assert reader.hear() == Heard(PONG, STILL_HERE)
        assert blog.counts("reader_messages_total") - before == messages


BOMB = squeeze(bytes(1 << 21))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        pytest.param(b"".join(said), code, id=name)
        for name, code, said in [
            ("a bomb", TOO_BIG, [frame(BINARY, BOMB, rsv=RSV1)]),
            (
                "a bomb in fragments",
                TOO_BIG,
                [begin(BOMB[:50], BINARY, rsv=RSV1), more(BOMB[50:99]), last(BOMB[99:])],
            ),
            ("a byte too long", TOO_BIG, [frame(TEXT, squeeze(b"x" * (LIMIT + 1)), rsv=RSV1)]),
            ("no deflate at all", PROTOCOL, [frame(TEXT, b"\xff\xff\xff", rsv=RSV1)]),
            ("not UTF-8 when inflated", NOT_UTF8, [frame(TEXT, squeeze(b"\xff" * 9), rsv=RSV1)]),
            ("a compressed ping", PROTOCOL, [frame(PING, squeeze(b"x"), rsv=RSV1)]),
            (
                "compression told in the second fragment",
                PROTOCOL,
                [begin(squeeze(b"hello")[:3], rsv=RSV1), frame(CONT, b"", rsv=RSV1)],
            ),
            (
                "compression begun in the second fragment",
                PROTOCOL,
                [begin(b"hello"), frame(CONT, squeeze(b"hello"), rsv=RSV1)],
            ),
            ("another reserved bit", PROTOCOL, [frame(TEXT, squeeze(b"x"), rsv=RSV1 | RSV2)]),
        ]
    ],
)
def test_what_is_wrong_in_compression_is_answered_with_its_code(
    blog: Blog, small: bool, said: bytes, code: int
) -> None:
    with blog.reader(DEFLATE) as reader:
        blog.hears(reader, said, small=small)
        assert [(heard.opcode, heard.code) for heard in reader.hears()] == [(CLOSE, code)]


@pytest.mark.parametrize(
    ("offers", "agreed", "compressed"),
    [
        pytest.param(offers, set(agreed), compressed, id=name)
        for name, offers, agreed, compressed in [
            ("no compression", None, [], False),
            ("compression", DEFLATE, ["server_max_window_bits=12"], True),
            (
                "as browsers offer it",
                f"{DEFLATE}; client_max_window_bits",
                ["server_max_window_bits=12"],
                True,
            ),
            (
                "a window of the client's",
                f"{DEFLATE}; client_max_window_bits=9",
                ["server_max_window_bits=12", "client_max_window_bits=9"],
                True,
            ),
            (
                "just our window",
                f"{DEFLATE}; server_max_window_bits=12",
                ["server_max_window_bits=12"],
                True,
            ),
            (
                "more than our window",
                f"{DEFLATE}; server_max_window_bits=15",
                ["server_max_window_bits=12"],
                True,
            ),
            (
                "less than our window: allowed, and then not used",
                f"{DEFLATE}; server_max_window_bits=10",
                ["server_max_window_bits=10"],
                False,
            ),
            ("an unknown parameter", f"{DEFLATE}; loudly", [], False),
            ("an unknown extension", "x-shout", [], False),
            (
                "several offers: the first that suits",
                f"x-shout, {DEFLATE}; loudly, {DEFLATE}; server_max_window_bits=13, {DEFLATE}",
                ["server_max_window_bits=12"],
                True,
            ),
            ("no end of offers", ", ".join(["x-shout; loudly"] * 500), [], False),
        ]
    ],
)
def test_compression_is_agreed_on_by_what_is_offered(
    blog: Blog, offers: str | None, agreed: set[str], compressed: bool
) -> None:
    asked = request("/blogs/fair/live?as=json", sec_websocket_extensions=offers)
    with blog.asks(asked) as reader:
        answer = reader.answer()
        assert answer.status == 101
        said = answer.headers["sec-websocket-extensions"]
        parts = set(said.split("; ")) if said else set()
        # Nothing is kept from message to message, or a frame would not be everybody's.
        always = {DEFLATE, "server_no_context_takeover", "client_no_context_takeover"}
        assert parts == (agreed | always if agreed else set())
        _, snapshot = reader.hear(), reader.hear()
        assert snapshot.compressed == compressed
        assert b"The band plays" in snapshot.message


def test_each_compressed_frame_inflates_from_nothing_with_a_small_window(blog: Blog) -> None:
    path = blog.path.partition("since=")[0]
    for _ in range(2):
        with blog.asks(request(path, sec_websocket_extensions=DEFLATE)) as reader:
            assert reader.answer().status == 101
            hello, snapshot = reader.hear(), reader.hear()
            assert snapshot.compressed
            assert len(snapshot.payload) < len(snapshot.message) / 2
            [one, other] = [msgspec.json.decode(each.message) for each in (hello, snapshot)]
            assert (one["type"], other["type"]) == ("hello", "snapshot")
            assert inflate(snapshot.payload, bits=12) == snapshot.message
