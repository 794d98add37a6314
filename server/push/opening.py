"""The opening of a websocket: what a client asks for, and the answer (RFC 6455, RFC 7692)."""

import binascii
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from websockets.exceptions import InvalidHeader, NegotiationError
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.headers import build_extension, parse_extension
from websockets.utils import accept_key

from server.push.wire import WINDOW

_DEFLATE: Final = ServerPerMessageDeflateFactory(
    # Nobody's window is kept between messages: that makes a frame everybody's, and a silent
    # reader free.
    server_no_context_takeover=True,
    client_no_context_takeover=True,
    server_max_window_bits=WINDOW,
)
OFFERS: Final = 2048
"""Characters of offered extensions that are looked at; beyond, none is taken."""


class Refused(Exception):
    """No websocket: the HTTP status and the sentence to say."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Agreed(NamedTuple):
    """`inflate`: bits of the window a client may deflate with, 0 for not at all.

    `deflated`: whether the client can read frames that were deflated with our window.
    """

    header: str
    inflate: int
    deflated: bool

    @property
    def extensions(self) -> list[PerMessageDeflate]:
        """What reads this client's frames; made when it says something."""
        return [PerMessageDeflate(True, True, self.inflate, WINDOW)] if self.inflate else []


NOTHING: Final = Agreed("", 0, False)


@lru_cache(maxsize=256)
def agree(offers: str) -> Agreed:
    """Take the first offer of compression that suits; browsers all send one of a few headers."""
    if not offers or len(offers) > OFFERS:
        return NOTHING
    try:
        wanted = parse_extension(offers)
    except InvalidHeader as error:
        raise Refused(400, str(error)) from None
    for name, parameters in wanted:
        if name == _DEFLATE.name:
            try:
                answer, agreed = _DEFLATE.process_request_params(parameters, [])
            except NegotiationError:
                continue
            header = build_extension([(_DEFLATE.name, answer)])
            deflated = agreed.local_max_window_bits >= WINDOW
            return Agreed(header, agreed.remote_max_window_bits, deflated)
    return NOTHING


def opened(headers: Mapping[bytes, bytes]) -> tuple[bytes, Agreed]:
    """The answer to a handshake and what was agreed on. Names are lower case. Raises Refused."""
    if headers.get(b"sec-websocket-version") != b"13":
        raise Refused(426, "Sec-WebSocket-Version is 13 here")
    key = headers.get(b"sec-websocket-key", b"").strip()
    try:
        if len(binascii.a2b_base64(key, strict_mode=True)) != 16:
            raise Refused(400, "Sec-WebSocket-Key is 16 bytes in base64")
    except binascii.Error:
        raise Refused(400, "Sec-WebSocket-Key is 16 bytes in base64") from None
    agreed = agree(headers.get(b"sec-websocket-extensions", b"").decode("latin-1"))
    said = f"sec-websocket-extensions: {agreed.header}\r\n" if agreed.header else ""
    answer = (
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        f"sec-websocket-accept: {accept_key(key.decode())}\r\n{said}\r\n"
    )
    return answer.encode("latin-1"), agreed
