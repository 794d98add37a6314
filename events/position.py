"""A place in a log: the entry's id, the reader's cursor, the blog's version."""

from typing import NamedTuple, Self


class Position(NamedTuple):
    """`<epoch>-<seq>`: epoch in milliseconds, seq dense from 1 and going on across epochs.

    Written exactly as Redis writes a stream id, and ordered as Redis orders them.
    """

    epoch: int
    seq: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `<epoch>-<seq>`; raises ValueError for anything else."""
        epoch, dash, seq = text.partition("-")
        if not (dash and _number(epoch) and _number(seq)):
            raise ValueError(f"{text[:40]!r} is not a position; expected <epoch>-<seq>")
        return cls(int(epoch), int(seq))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"


def _number(text: str) -> bool:
    # Redis counts in 64 bits; isdecimal alone would admit other scripts' digits.
    return text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) < 2**64


START = Position(0, 0)
"""Before the first entry of any log."""
