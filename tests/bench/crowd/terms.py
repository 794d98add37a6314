"""What a crowd of readers is asked to do, and what it reports. Shared by both ends of its pipe."""

from typing import Literal

from msgspec import Struct

Transport = Literal["websocket", "sse"]


class Terms(Struct, frozen=True, kw_only=True):
    """A crowd: how many readers, of what, how. The first `stalled` of them never read.

    A `greeted` reader counts as open with its first message, another with the answered handshake.
    A `returning` one comes back as the project's own client does, from its last position.
    """

    port: int
    path: str
    readers: int
    since: str = ""
    transport: Transport = "websocket"
    stalled: int = 0
    in_flight: int = 256
    greeted: bool = False
    deflate: bool = False
    tls: bool = False
    returning: bool = False


class Opened(Struct, frozen=True):
    """All are open, or were lost before: how many there are, and the seconds it took."""

    ready: int
    seconds: float

    @property
    def rate(self) -> float:
        """Handshakes a second."""
        return self.ready / self.seconds


class Report(Struct, frozen=True):
    """What happened since the last `mark`; latencies in ms, those who stall left out.

    A change that is younger than a second does not count yet, as it may be under way.
    `typical` is the p99 of the median change, which a single disturbance does not move.
    `posts` are the different ones anybody heard; `missing` and `doubled` are summed over readers.
    `settled` is CLOCK_MONOTONIC in ns when the last reader opened or heard something; `load` the
    share of its core that the crowd used; `wire` the bytes received.
    """

    ready: int
    closed: int
    codes: dict[int, int]
    posts: int
    missing: int
    doubled: int
    p50: float
    p95: float
    p99: float
    worst: float
    typical: float
    settled: int
    load: float
    wire: int
    compressed: int

    @property
    def late(self) -> str:
        """Its p99, and in brackets that of the median change."""
        return f"{self.p99:.0f} ms ({self.typical:.0f})"

    def beside(self, other: "Report") -> str:
        """The ratio of both figures to another's."""
        return f"{self.p99 / other.p99:.2f} x ({self.typical / other.typical:.2f})"


class Count(Struct, frozen=True):
    """How many readers are open now."""

    ready: int
