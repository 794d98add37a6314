"""What RFC 4287 (and 6721, for deleted-entry) requires of a feed document, as a check of ours."""

import re
from collections import Counter
from typing import Final
from xml.etree.ElementTree import Element, fromstring

ATOM: Final = "{http://www.w3.org/2005/Atom}"
TOMBSTONE: Final = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
NAME: Final = re.compile(r"[a-z][a-z0-9+.-]*:\S+")
"""An absolute IRI."""
LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")

ONE: Final = {"id", "title", "updated"}
"""Exactly once, in a feed and in an entry."""
AT_MOST_ONE: Final = {
    "feed": {"generator", "icon", "logo", "rights", "subtitle"},
    "entry": {"content", "published", "rights", "source", "summary"},
}
MANY: Final = {"author", "category", "contributor", "link"}


def faults(document: bytes) -> list[str]:
    """What is wrong with a feed document; nothing where it is as it must be."""
    feed = fromstring(document)
    if feed.tag != f"{ATOM}feed":
        return [f"the root is {feed.tag}"]
    found = _faults(feed, "feed", extra={"entry"})
    entries = feed.findall(f"{ATOM}entry")
    for entry in entries:
        found += _faults(entry, "entry", extra=set())
        if feed.find(f"{ATOM}author") is None and entry.find(f"{ATOM}author") is None:
            found.append("an entry without an author, in a feed without one")
        if entry.find(f"{ATOM}content") is None and not _alternates(entry):
            found.append("an entry with neither content nor alternate link")
    ids = Counter(entry.findtext(f"{ATOM}id") for entry in entries)
    found += [f"{id} stands there {count} times" for id, count in ids.items() if count > 1]
    for gone in feed.findall(TOMBSTONE):
        if not NAME.fullmatch(gone.get("ref", "")) or not TIME.fullmatch(gone.get("when", "")):
            found.append(f"a deleted-entry says {gone.attrib}")
        if gone.get("ref") in ids:
            found.append(f"{gone.get('ref')} is there and gone")
    return found


def _faults(element: Element, kind: str, extra: set[str]) -> list[str]:
    named = Counter(child.tag.removeprefix(ATOM) for child in element)
    known = ONE | AT_MOST_ONE[kind] | MANY | extra | {TOMBSTONE}
    found = [f"{kind} has {name}" for name in named if name not in known]
    found += [f"{kind} has {named[name]} {name}" for name in ONE if named[name] != 1]
    found += [f"{kind} has {named[n]} {n}" for n in AT_MOST_ONE[kind] if named[n] > 1]
    for name in ("updated", "published"):
        for child in element.findall(ATOM + name):
            if not TIME.fullmatch(child.text or ""):
                found.append(f"{name} is {child.text}")
    if not NAME.fullmatch(element.findtext(f"{ATOM}id") or ""):
        found.append(f"id is {element.findtext(f'{ATOM}id')}")
    for link in element.findall(f"{ATOM}link"):
        if not NAME.fullmatch(link.get("href", "")):
            found.append(f"a link leads to {link.get('href')}")
    alternates = Counter((link.get("type"), link.get("hreflang")) for link in _alternates(element))
    found += [f"{count} alternate links {each}" for each, count in alternates.items() if count > 1]
    for person in element.findall(f"{ATOM}author"):
        if not person.findtext(f"{ATOM}name"):
            found.append("an author without a name")
    for category in element.findall(f"{ATOM}category"):
        if not category.get("term"):
            found.append("a category without a term")
    if (lang := element.get(LANG)) is not None and not LANGUAGE.fullmatch(lang):
        found.append(f"xml:lang is {lang}")
    return found


def _alternates(element: Element) -> list[Element]:
    links = element.findall(f"{ATOM}link")
    return [link for link in links if link.get("rel", "alternate") == "alternate"]
