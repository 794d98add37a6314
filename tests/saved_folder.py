"""Looks through a folder of saved pages as a reader without a network would: every link in it."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser

LOADED = "img, link, script, iframe, source, video, audio, object, embed"


class SavedFolder:
    """The pages of a folder, parsed, and what is wrong with their links."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
        self.pages = {
            name: LexborHTMLParser((folder / name).read_text())
            for name in self.files
            if name.endswith(".html")
        }
        self._ids = {
            name: {str(node.id) for node in page.css("[id]")} for name, page in self.pages.items()
        }

    @property
    def bytes(self) -> dict[str, bytes]:
        """Every file and what is in it."""
        return {name: (self.folder / name).read_bytes() for name in self.files}

    def links(self, name: str) -> Iterator[tuple[str, str]]:
        """What a page links to and loads, each with the element that does."""
        for node in self.pages[name].css("[href], [src]"):
            yield str(node.tag), str(node.attributes.get("href") or node.attributes.get("src"))
        for node in self.pages[name].css("[srcset]"):
            for each in str(node.attributes["srcset"]).split(", "):
                yield str(node.tag), each.split(" ")[0]

    def wrongs(self) -> list[str]:
        """Every link that leads nowhere, and everything that would ask somebody for something."""
        return [wrong for name in self.pages for wrong in self._wrongs(name)]

    def reached(self, begin: str = "index.html") -> set[str]:
        """The files that a reader comes to from one of them."""
        seen, left = set(), [begin]
        while left:
            name = left.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self.pages:
                left += [led for _, link in self.links(name) if (led := self._file(name, link))]
        return seen

    def _wrongs(self, name: str) -> Iterator[str]:
        page = self.pages[name]
        for node in page.css("script, base, iframe, [style], [onclick]"):
            yield f"{name}: has a {node.tag}"
        for node in page.css("*"):
            for attribute, value in node.attributes.items():
                if attribute != "content" and re.match(r"/|file:", value or ""):
                    yield f"{name}: {node.tag} {attribute}={value!r} is an absolute path"
        for tag, link in self.links(name):
            parts = urlsplit(link)
            if parts.scheme:
                if tag != "a":
                    yield f"{name}: {tag} is loaded from {link}"
            elif led := self._file(name, link):
                fragment = unquote(parts.fragment)
                if led not in self.files:
                    yield f"{name}: {link} is no file"
                elif fragment and fragment not in self._ids.get(led, ()):
                    yield f"{name}: {link} has no such place"

    def _file(self, name: str, link: str) -> str | None:
        parts = urlsplit(link)
        if parts.scheme:
            return None
        path = (self.folder / name).parent / unquote(parts.path) if parts.path else None
        return str(path.resolve().relative_to(self.folder.resolve())) if path else name
