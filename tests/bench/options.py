"""What is measured, how often, and beside whom."""

from pathlib import Path

from msgspec import Struct

from tests.bench import peers


class Options(Struct, frozen=True):
    """`readers` of the great rows, `runs` of those that take a median, `messages` of a turn.

    `beside` names peers by a part of their name; all of them where it is empty.
    """

    readers: int = 10_000
    runs: int = 3
    messages: int = 8
    beside: tuple[str, ...] = ()
    plot: Path | None = None

    def peers(self) -> list[peers.Peer]:
        """The peers that can run here; the first is the limit."""
        return [
            peer
            for peer in peers.ALL
            if not peer.missing
            and (not self.beside or any(part in peer.name for part in self.beside))
        ]
