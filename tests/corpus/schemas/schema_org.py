"""The part of schema.org's vocabulary that we use: which properties a type has, and of what kind.

From https://schema.org/LiveBlogPosting and the pages of its ancestors, as a table of our own.
"""

import re
from typing import Any, Final

Kinds = dict[str, tuple[str, ...]]

THING: Final[Kinds] = {
    "@id": ("URL",),
    "name": ("Text",),
    "description": ("Text",),
    "url": ("URL",),
    "image": ("ImageObject",),
}
CREATIVE_WORK: Final[Kinds] = THING | {
    "author": ("Person", "Organization"),
    "correction": ("Text",),
    "creditText": ("Text",),
    "dateModified": ("DateTime",),
    "datePublished": ("DateTime",),
    "headline": ("Text",),
    "inLanguage": ("Text",),
    "isPartOf": ("LiveBlogPosting",),
    "keywords": ("Text",),
    "publisher": ("Organization",),
}
BLOG_POSTING: Final[Kinds] = CREATIVE_WORK | {"articleBody": ("Text",)}
TYPES: Final[dict[str, Kinds]] = {
    "BlogPosting": BLOG_POSTING,
    "LiveBlogPosting": BLOG_POSTING
    | {
        "coverageStartTime": ("DateTime",),
        "coverageEndTime": ("DateTime",),
        "liveBlogUpdate": ("BlogPosting",),
    },
    "ImageObject": CREATIVE_WORK
    | {"caption": ("Text",), "width": ("Integer",), "height": ("Integer",)},
    "Person": THING,
    "Organization": THING,
}
REQUIRED: Final = {
    "BlogPosting": {
        "@id",
        "url",
        "headline",
        "articleBody",
        "datePublished",
        "dateModified",
        "author",
    },
    "ImageObject": {"url"},
    "Person": {"name"},
    "Organization": {"name"},
}
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def faults(node: dict[str, Any], at: str = "$") -> list[str]:
    """What is wrong with a node and those in it, each with its JSON path."""
    kind = node.get("@type")
    if kind not in TYPES:
        return [f"{at} is a {kind}"]
    required = REQUIRED.get(kind, set())
    found = [f"{at} has no {name}" for name in sorted(required - set(node))]
    for name, value in node.items():
        if name in {"@type", "@context"}:
            continue
        if name not in TYPES[kind]:
            found.append(f"{at}.{name} is nothing a {kind} has")
            continue
        values = value if isinstance(value, list) else [value]
        for n, each in enumerate(values):
            found += _misfits(each, TYPES[kind][name], f"{at}.{name}[{n}]")
    return found


def _misfits(value: Any, kinds: tuple[str, ...], at: str) -> list[str]:
    if isinstance(value, dict):
        fits = value.get("@type") in kinds
        return faults(value, at) if fits else [f"{at} is a {value.get('@type')}, not {kinds}"]
    fits = any(
        {
            "Text": isinstance(value, str) and bool(value),
            "URL": isinstance(value, str) and value.startswith(("http://", "https://")),
            "DateTime": isinstance(value, str) and bool(TIME.fullmatch(value)),
            "Integer": isinstance(value, int) and not isinstance(value, bool),
        }.get(kind, False)
        for kind in kinds
    )
    return [] if fits else [f"{at} is {value!r}, not {kinds}"]
