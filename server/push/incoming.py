"""What a websocket client says, made of bytes: the library's frames, put together as messages.

Sans I/O. One of these exists only while a client is in the middle of saying something: ten
thousand readers who are silent have none.
"""

import codecs
from collections.abc import Generator, Iterator
from typing import Any, Final

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.extensions import Extension
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.streams import StreamReader

Said = str | bytes | Close | Frame
"""A text or binary message, a close, or a ping or pong."""

_TAKEN: Final = (Opcode.PING, Opcode.PONG)


class Violation(Exception):
    """The client broke the protocol: close with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Incoming:
    """Reads frames and messages of at most `limit` bytes each, after inflation too.

    With `frames`, so many and no more until nothing is half said; 0 is no bound.
    """

    def __init__(self, limit: int, extensions: list[Extension], frames: int = 0) -> None:
        self.asked = False
        """Whether somebody has asked meanwhile if it is done."""
        self._limit = limit
        self._frames = frames
        """How many more there may be; below 0 there is no bound."""
        self._extensions = extensions
        self._stream = StreamReader()
        self._parser: Generator[None, None, Frame] | None = None
        self._message: list[Any] | None = None
        """The parts of the message that was begun: all str if it is `_text`, else all bytes."""
        self._text = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._size = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is half said."""
        return self._parser is None and self._message is None

    def feed(self, data: bytes) -> Iterator[Said]:
        """What is complete with these bytes; raises Violation after what came before it."""
        self._stream.feed_data(data)
        try:
            while frame := self._frame():
                self._frames -= 1
                if self._frames == 0:
                    raise Violation(CloseCode.POLICY_VIOLATION, "too many frames at once")
                if (said := self._take(frame)) is not None:
                    yield said
        except PayloadTooBig:
            raise Violation(CloseCode.MESSAGE_TOO_BIG, self._too_big) from None
        except ProtocolError as error:
            raise Violation(CloseCode.PROTOCOL_ERROR, str(error)) from None
        except UnicodeDecodeError:
            raise Violation(CloseCode.INVALID_DATA, "the text is not UTF-8") from None

    @property
    def _too_big(self) -> str:
        return f"a message has at most {self._limit} bytes"

    def _frame(self) -> Frame | None:
        """The next frame, once all of it is there."""
        if self._parser is None:
            if not self._stream.buffer:
                return None
            self._parser = Frame.parse(
                self._stream.read_exact,
                mask=True,
                # Not what the message leaves: a ping may come where nothing may be added to it.
                max_size=self._limit,
                extensions=self._extensions,
            )
        try:
            next(self._parser)
        except StopIteration as done:
            self._parser = None
            frame: Frame = done.value
            return frame
        return None

    def _take(self, frame: Frame) -> Said | None:
        if frame.opcode is Opcode.CLOSE:
            return Close.parse(bytes(frame.data))
        if frame.opcode in _TAKEN:
            return frame
        return self._put_together(frame)

    def _put_together(self, frame: Frame) -> str | bytes | None:
        """The whole message, if this frame was its last."""
        if (frame.opcode is Opcode.CONT) != (self._message is not None):
            raise ProtocolError("a message is continued that was not begun, or the other way round")
        if self._message is None:
            self._message, self._text = [], frame.opcode is Opcode.TEXT
        data = bytes(frame.data)
        self._size += len(data)
        if self._size > self._limit:
            raise PayloadTooBig(self._size, self._limit)
        if part := self._decoder.decode(data, frame.fin) if self._text else data:
            self._message.append(part)  # an endless row of empty fragments must not be kept
        if not frame.fin:
            return None
        parts, self._message, self._size = self._message, None, 0
        return "".join(parts) if self._text else b"".join(parts)
