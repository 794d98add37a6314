"""A cache of what was made, bounded by its bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final

KEPT: Final = 64 * 1024 * 1024
"""Bytes of frames kept over all blogs."""


class Kept:
    """What was made, the longest unused forgotten first."""

    def __init__(self, most: int = KEPT) -> None:
        self.size = 0
        """Bytes kept."""
        self._most = most
        self._made: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable) -> Any:
        if key not in self._made:
            return None
        self._made.move_to_end(key)
        return self._made[key][0]

    def put(self, key: Hashable, made: Any, size: int) -> None:
        self.drop(key)
        self._made[key] = made, size
        self.size += size
        while self.size > self._most and len(self._made) > 1:
            self.drop(next(iter(self._made)))

    def drop(self, key: Hashable) -> None:
        if key in self._made:
            self.size -= self._made.pop(key)[1]

    def drop_all(self, belongs: Callable[[Any], bool]) -> None:
        for key in [key for key in self._made if belongs(key)]:
            self.drop(key)
