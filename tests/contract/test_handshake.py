"""How readers come and go, seen from the wire: handshakes right and wrong, all kinds of end."""

from typing import Any

import pytest

from tests.contract.a_blog import DEFLATE, LIMIT, PROTOCOL, STILL_HERE, Blog
from tests.contract.raw_socket import (
    ACCEPT,
    CLOSE,
    CONT,
    PONG,
    TEXT,
    Heard,
    RawSocket,
    begin,
    binary,
    close,
    frame,
    head,
    ping,
    request,
    text,
)

# --- handshakes ----------------------------------------------------------------------------------


def test_the_answer_proves_that_the_key_was_read(blog: Blog) -> None:
    with blog.asks(request(blog.path)) as reader:
        answer = reader.answer()
        assert answer.status == 101
        assert answer.headers["sec-websocket-accept"] == ACCEPT
        assert answer.headers["upgrade"].lower() == "websocket"
        assert answer.headers["connection"].lower() == "upgrade"
        assert "sec-websocket-extensions" not in answer.headers
        assert "sec-websocket-protocol" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(headers, id=name)
        for name, headers in [
            ("upgrade in mixed case", {"upgrade": "WebSocket", "connection": "uPGRADE"}),
            ("more than one kind of connection", {"connection": "keep-alive, Upgrade"}),
            ("headers we do not know", {"x_weather": "fine", "sec_websocket_protocol": "chat"}),
            ("another origin", {"origin": "https://paper.example"}),
        ]
    ],
)
def test_handshakes_that_are_right_are_answered(
    blog: Blog, small: bool, headers: dict[str, str]
) -> None:
    asked = request(blog.path, **headers)
    with RawSocket(blog.port) as reader:
        blog.hears(reader, asked, small=small)
        assert reader.answer().status == 101
        hello = reader.hear()
        assert b'"hello"' in hello.payload


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        pytest.param(changes, status, id=name)
        for name, status, changes in [
            ("a version of the drafts", 426, {"sec_websocket_version": "8"}),
            ("no version", 426, {"sec_websocket_version": None}),
            ("no key", 400, {"sec_websocket_key": None}),
            ("a key of another length", 400, {"sec_websocket_key": "c2hvcnQ="}),
            ("a key that is not base64", 400, {"sec_websocket_key": "?" * 24}),
            ("offers that cannot be read", 400, {"sec_websocket_extensions": "a b; c="}),
        ]
    ],
)
def test_handshakes_that_are_wrong_are_refused_with_a_sentence(
    blog: Blog, changes: dict[str, Any], status: int
) -> None:
    with blog.asks(request(blog.path, **changes)) as stranger:
        answer = stranger.answer()
        assert answer.status == status
        assert answer.headers["sec-websocket-version"] == "13"
        said = stranger.body()
        assert len(said) == int(answer.headers["content-length"])
        assert b"Sec-WebSocket-" in said


def test_nobody_comes_in_with_another_method(blog: Blog) -> None:
    with blog.asks(request(blog.path, method="POST")) as stranger:
        assert 400 <= stranger.answer().status < 500


@pytest.mark.parametrize(
    ("path", "code", "why"),
    [
        ("/blogs/nowhere/live", 4404, "blog"),
        ("/blogs/%ff%00/live", 4404, "blog"),
        ("/blogs/fair/live?as=smoke%20signals", 1008, "smoke signals"),
        ("/blogs/fair/live?since=yesterday", 1008, "yesterday"),
        ("/blogs/fair/live?as=" + "%E2%82%AC" * 60, 1008, "€"),
    ],
    ids=["no such blog", "a name that is none", "a form", "a cursor", "a long reason"],
)
def test_who_cannot_be_served_is_let_in_and_told_why(
    blog: Blog, path: str, code: int, why: str
) -> None:
    with blog.asks(request(path)) as stranger:
        assert stranger.answer().status == 101
        goodbye = stranger.hear()
        assert (goodbye.opcode, goodbye.code) == (CLOSE, code)
        assert why in goodbye.payload[2:].decode()
        stranger.send(close(code))
        assert list(stranger.hears()) == []


# --- coming and going ----------------------------------------------------------------------------


@pytest.mark.parametrize("hasty", [text("hello"), text("x" * LIMIT), binary(b"\x00") * 99])
def test_who_speaks_before_it_is_answered_is_answered_and_may_go_on(
    blog: Blog, hasty: bytes
) -> None:
    """RFC 6455 has clients wait: nobody promises that what they say till then is heard."""
    with blog.asks(request(blog.path) + hasty) as reader:
        assert reader.answer().status == 101
        reader.hear()
        reader.send(ping(STILL_HERE))
        assert reader.hear() == Heard(PONG, STILL_HERE)


def test_who_speaks_while_its_name_is_looked_up_harms_nobody(blog: Blog) -> None:
    blog.comes_to(0)
    with blog.asks(request(blog.path, authorization="Bearer nobody")) as reader:
        reader.send(binary(b"x") * 5)
        reader.stop_speaking()
        reader.body()
    blog.comes_to(0)


def test_a_handshake_behind_a_request_that_is_not_yet_answered_ends_the_connection(
    blog: Blog,
) -> None:
    """The answer would fall among the frames."""
    with blog.asks(b"GET /healthz HTTP/1.1\r\nhost: fair\r\n\r\n" + request(blog.path)) as reader:
        assert b"101" not in reader.body()


@pytest.mark.parametrize("spelled", ["/blogs/fair/%6Cive", "/%62logs/f%61ir/live"])
def test_another_spelling_of_the_address_leads_through_the_same_door(
    blog: Blog, spelled: str
) -> None:
    blog.comes_to(0)
    with blog.asks(request(spelled)) as reader:
        assert reader.answer().status == 101
        reader.hear()
        blog.comes_to(1)
    blog.comes_to(0)


def test_a_head_without_end_is_refused(blog: Blog) -> None:
    with blog.asks(b"GET /healthz HTTP/1.1\r\n" + b"x-more: and more\r\n" * 4_000) as client:
        assert b"431" in client.body()[:20]


def test_two_offers_in_two_lines_are_one_list(blog: Blog) -> None:
    line = b"sec-websocket-extensions: x-of-our-own\r\n"
    asked = request(blog.path, sec_websocket_extensions="permessage-deflate")
    with blog.asks(asked.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n")) as reader:
        assert "permessage-deflate" in reader.answer().headers["sec-websocket-extensions"]


def test_who_half_closes_is_let_go(blog: Blog) -> None:
    blog.comes_to(0)
    with blog.reader() as reader:
        blog.comes_to(1)
        reader.stop_speaking()
        assert list(reader.hears()) == []
        blog.comes_to(0)


def test_who_half_closes_in_the_middle_of_a_frame_is_let_go(blog: Blog) -> None:
    blog.comes_to(0)
    with blog.reader() as reader:
        reader.send(begin(b"I was about to ") + head(CONT, 100) + b"say")
        reader.stop_speaking()
        assert list(reader.hears()) == []
        blog.comes_to(0)


def test_who_vanishes_is_forgotten(blog: Blog) -> None:
    blog.comes_to(0)
    readers = [blog.reader(offers) for offers in (None, DEFLATE, None)]
    blog.comes_to(3)
    readers[0].send(begin(b"in the middle of a mess"))
    for reader in readers:
        reader.vanish()
    blog.comes_to(0)


def test_who_was_told_what_was_wrong_and_stays_is_forgotten_when_it_goes(blog: Blog) -> None:
    blog.comes_to(0)
    with blog.reader() as reader:
        reader.send(frame(TEXT, masked=False))
        assert [heard.code for heard in reader.hears()] == [PROTOCOL]
        reader.send(text("but I have more to say"))
    blog.comes_to(0)
