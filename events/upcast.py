"""Upcasters: an old stored payload -> the current one, as pure functions on plain JSON.

An entry carries the version it was written with. To change the stored form: raise VERSION, add
the step from the version before, and add entries of the old form to `tests/corpus/entries/`,
which must decode for ever. Payloads are never rewritten in the log.
"""

from collections.abc import Callable
from typing import Any

VERSION = 2

Payload = dict[str, Any]  # Any: JSON of a form that no longer has a type
Step = Callable[[Payload], Payload]


def _split_pinned(head: Payload) -> Payload:
    """1 -> 2: a pin was one event with a flag; now putting up and taking down are two facts."""
    return head | {"events": [_pin_as_fact(event) for event in head["events"]]}


def _pin_as_fact(event: Payload) -> Payload:
    if event["type"] != "PostPinned" or event.get("pinned", True):
        return {name: value for name, value in event.items() if name != "pinned"}
    return {"type": "PostUnpinned", "post": event["post"]}


def _byline_to_author(contents: Payload) -> Payload:
    """1 -> 2: a post's `byline` is its `author`, the name the API always had for it."""
    return contents | {"contents": [_author(salted) for salted in contents["contents"]]}


def _author(salted: Payload | None) -> Payload | None:
    if salted is None or "byline" not in salted["content"]:
        return salted
    content = dict(salted["content"])
    content["author"] = content.pop("byline")
    return salted | {"content": content}


_HEADS: dict[int, Step] = {1: _split_pinned}
_CONTENTS: dict[int, Step] = {1: _byline_to_author}


def upcast_head(payload: Payload) -> Payload:
    """Bring a head of any known version to the current one; ValueError for an unknown version."""
    return _climb(payload, _HEADS)


def upcast_contents(payload: Payload) -> Payload:
    """Bring contents of any known version to the current one; ValueError for an unknown one."""
    return _climb(payload, _CONTENTS)


def _climb(payload: Payload, steps: dict[int, Step]) -> Payload:
    version: int = payload["v"]
    while version != VERSION:
        if version not in steps:
            raise ValueError(f"version {version!r} is unknown; this program writes {VERSION}")
        payload = steps[version](payload)
        version += 1
    return payload | {"v": VERSION}
