"""The opening handshake: whom we speak websocket with, and whether in compressed frames."""

import base64
from collections.abc import Mapping

import pytest

from server.push.opening import NOTHING, OFFERS, Agreed, Refused, agree, opened
from server.push.wire import WINDOW

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
OURS = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
"""What is always said when compression is taken; the windows follow."""


@pytest.mark.parametrize(
    ("offers", "header", "inflate", "deflated"),
    [
        pytest.param(offers, header, inflate, deflated, id=name)
        for name, offers, header, inflate, deflated in [
            ("plain offer", "permessage-deflate", f"{OURS}; server_max_window_bits=12", 15, True),
            (
                "as Chromium and Firefox say it",
                "permessage-deflate; client_max_window_bits",
                f"{OURS}; server_max_window_bits=12",
                15,
                True,
            ),
            (
                "a client that can make its window smaller",
                "permessage-deflate; client_max_window_bits=10",
                f"{OURS}; server_max_window_bits=12; client_max_window_bits=10",
                10,
                True,
            ),
            (
                "a client that has just our window",
                "permessage-deflate; server_max_window_bits=12",
                f"{OURS}; server_max_window_bits=12",
                15,
                True,
            ),
            (
                "a client that has more than our window",
                "permessage-deflate; server_max_window_bits=15",
                f"{OURS}; server_max_window_bits=12",
                15,
                True,
            ),
            (
                "a client that has less than our window is sent plain frames",
                "permessage-deflate; server_max_window_bits=11",
                f"{OURS}; server_max_window_bits=11",
                15,
                False,
            ),
            (
                "the first offer is unknown, the second suits",
                "permessage-deflate; flavour=mint, permessage-deflate",
                f"{OURS}; server_max_window_bits=12",
                15,
                True,
            ),
            (
                "two that suit: the first",
                "permessage-deflate; server_max_window_bits=9, permessage-deflate",
                f"{OURS}; server_max_window_bits=9",
                15,
                False,
            ),
            (
                "another extension first",
                "x-shout, permessage-deflate",
                f"{OURS}; server_max_window_bits=12",
                15,
                True,
            ),
            (
                "a number in quotes",
                'permessage-deflate; server_max_window_bits="12"',
                f"{OURS}; server_max_window_bits=12",
                15,
                True,
            ),
            ("nothing", "", "", 0, False),
            ("another extension only", "x-shout; loud", "", 0, False),
            ("unknown parameter", "permessage-deflate; flavour=mint", "", 0, False),
            (
                "said twice",
                "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                "",
                0,
                False,
            ),
            (
                "a window too small for zlib",
                "permessage-deflate; server_max_window_bits=8",
                "",
                0,
                False,
            ),
            ("a window too large", "permessage-deflate; server_max_window_bits=16", "", 0, False),
            ("a window of no size", "permessage-deflate; server_max_window_bits", "", 0, False),
            ("a window in words", "permessage-deflate; client_max_window_bits=ten", "", 0, False),
        ]
    ],
)
def test_offers_and_what_is_agreed(offers: str, header: str, inflate: int, deflated: bool) -> None:
    agreed = agree(offers)
    assert _parts(agreed.header) == _parts(header)
    assert (agreed.inflate, agreed.deflated) == (inflate, deflated)
    assert bool(agreed.extensions) == bool(header)


def _parts(header: str) -> list[str]:
    """Order says nothing in a list of parameters."""
    return sorted(part.strip() for part in header.split(";"))


def test_what_was_agreed_on_reads_frames_with_that_window_each_time_anew() -> None:
    agreed = Agreed("permessage-deflate", 10, True)
    [one], [other] = agreed.extensions, agreed.extensions
    assert one is not other
    assert (one.remote_max_window_bits, one.local_max_window_bits) == (10, WINDOW)
    assert one.remote_no_context_takeover


def test_offers_beyond_what_is_looked_at_are_taken_as_none() -> None:
    offer = "permessage-deflate"
    assert agree(offer + ", x-shout" * ((OFFERS - len(offer)) // 9)).deflated
    assert agree(offer + ", x-shout" * 500) is NOTHING


@pytest.mark.parametrize(
    "garbage", [";", "permessage-deflate;", "=", 'permessage-deflate; a="', "\x00", "ümläut", "a b"]
)
def test_what_is_no_list_of_offers_is_refused(garbage: str) -> None:
    with pytest.raises(Refused) as refused:
        agree(garbage)
    assert refused.value.status == 400
    assert "Sec-WebSocket-Extensions" in str(refused.value)


def asking(**changes: bytes | None) -> Mapping[bytes, bytes]:
    headers = {b"sec-websocket-version": b"13", b"sec-websocket-key": KEY}
    for name, value in changes.items():
        header = f"sec-websocket-{name}".encode()
        if value is None:
            del headers[header]
        else:
            headers[header] = value
    return headers


def test_the_answer_proves_that_the_key_was_read() -> None:
    answer, agreed = opened(asking())
    status, *lines = answer.decode().removesuffix("\r\n\r\n").split("\r\n")
    assert status == "HTTP/1.1 101 Switching Protocols"
    assert {name.lower(): value for name, value in (line.split(": ") for line in lines)} == {
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    }
    assert agreed is NOTHING


def test_the_answer_says_which_compression_is_taken() -> None:
    answer, agreed = opened(asking(extensions=b"permessage-deflate"))
    assert f"sec-websocket-extensions: {agreed.header}\r\n".encode() in answer
    assert agreed.deflated


@pytest.mark.parametrize(
    ("changes", "status", "why"),
    [
        ({"version": None}, 426, "Version"),
        ({"version": b"8"}, 426, "Version"),
        ({"version": b"13, 8"}, 426, "Version"),
        ({"key": None}, 400, "Key"),
        ({"key": b""}, 400, "Key"),
        ({"key": b"not base64!"}, 400, "Key"),
        ({"key": base64.b64encode(b"fifteen bytes..")}, 400, "Key"),
        ({"key": base64.b64encode(b"seventeen bytes..")}, 400, "Key"),
        ({"key": KEY[:-1]}, 400, "Key"),
        ({"key": KEY[:4] + b"!" + KEY[4:]}, 400, "Key"),
        ({"key": "schlüssel".encode("latin-1")}, 400, "Key"),
        ({"extensions": b";"}, 400, "Extensions"),
        ({"extensions": b"\xff\xfe"}, 400, "Extensions"),
    ],
)
def test_a_handshake_that_is_none_is_refused_with_what_is_wrong(
    changes: dict[str, bytes | None], status: int, why: str
) -> None:
    with pytest.raises(Refused, match=f"Sec-WebSocket-{why}") as refused:
        opened(asking(**changes))
    assert refused.value.status == status
