"""Stand-ins for the containers of a fold, which read what lies below when they are asked for it.

A fold that goes on from a snapshot looks at few of the posts it begins with. These hold what it
changes, and leave the rest where it is. Each does what a dict or a list does, order included.
"""

from collections.abc import Callable, Iterator, MutableMapping, MutableSequence, ValuesView
from typing import Generic, SupportsIndex, TypeVar, overload

V = TypeVar("V")


class Overlay(MutableMapping[str, V]):
    """A dict over another, which is not changed.

    `find` gives a value from below or None, `keys` all keys from below (the argument: backwards),
    `size` says how many they are.
    """

    def __init__(
        self, find: Callable[[str], V | None], keys: Callable[[bool], Iterator[str]], size: int
    ) -> None:
        self._find = find
        self._keys = keys
        self._size = size
        self.changed: dict[str, V] = {}
        """Values put in the place of those below."""
        self.added: dict[str, V] = {}
        """Values put behind all others."""
        self.gone: set[str] = set()
        """The keys below that were deleted; one that has come back stands in `added`."""

    def __getitem__(self, key: str) -> V:
        for above in (self.added, self.changed):
            if key in above:
                return above[key]
        value = None if key in self.gone else self._find(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: str, value: V) -> None:
        below = key not in self.added and key not in self.gone and self._find(key) is not None
        (self.changed if below else self.added)[key] = value

    def __delitem__(self, key: str) -> None:
        if key in self.added:
            del self.added[key]
        elif key in self.gone or self._find(key) is None:
            raise KeyError(key)
        else:
            self.changed.pop(key, None)
            self.gone.add(key)

    def __len__(self) -> int:
        return self._size - len(self.gone) + len(self.added)

    def __iter__(self) -> Iterator[str]:
        yield from (key for key in self._keys(False) if key not in self.gone)
        yield from self.added

    def __reversed__(self) -> Iterator[str]:
        yield from reversed(self.added)
        yield from (key for key in self._keys(True) if key not in self.gone)

    def values(self) -> "Values[V]":
        return Values(self)


class Values(ValuesView[V], Generic[V]):
    """The values of an overlay, which like those of a dict can be read from the end."""

    _mapping: Overlay[V]

    def __reversed__(self) -> Iterator[V]:
        return (self._mapping[key] for key in reversed(self._mapping))


class Orders(MutableSequence[str]):
    """A sorted list of orders. One from below is the number of its post until it is looked at."""

    def __init__(self, rows: list[int], order_of: Callable[[int], str]) -> None:
        self.places: list[int | str] = [*rows]
        self._order_of = order_of

    @overload
    def __getitem__(self, index: SupportsIndex) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self._read(place) for place in self.places[index]]
        return self._read(self.places[index])

    def __setitem__(self, index: object, value: object) -> None:
        raise TypeError("orders are inserted and deleted")

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        del self.places[index]

    def __len__(self) -> int:
        return len(self.places)

    def insert(self, index: SupportsIndex, value: str) -> None:
        self.places.insert(index, value)

    def __eq__(self, other: object) -> bool:
        return list(self) == other

    __hash__ = None  # type: ignore[assignment] # as of a list

    def _read(self, place: int | str) -> str:
        return self._order_of(place) if isinstance(place, int) else place
