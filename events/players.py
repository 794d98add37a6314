"""Where a video or an embed is loaded from once a reader asks for it, and how.

Pure and without a look at the network: an address is turned into another by its form alone. Only
https addresses have a player: a page of ours may be served over https, where nothing else loads,
and its Content-Security-Policy allows frames and media of https alone (server/web/pages.py).
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from msgspec import Struct

from events.accept import is_web

FILES: Final = (".mp4", ".m4v", ".webm", ".ogv")
"""How the paths end of what a browser plays by itself."""


class Player(Struct, frozen=True):
    """What is loaded: a page for a sandboxed frame or, with `is_file`, a video.

    `tells_origin`: it refuses who does not say from which site he comes, so that is told, and no
    more; nobody else is told.
    """

    address: str
    is_file: bool = False
    tells_origin: bool = False

    @property
    def host(self) -> str:
        """Whom loading it tells that somebody watches."""
        return urlsplit(self.address).hostname or ""


def player_of(url: str) -> Player | None:
    """What plays at an address; None where there is only the link to follow.

    Of known sites it is the address that keeps least of a visitor. Their other pages refuse to be
    framed, and so have none.
    """
    if not is_web(url):
        return None
    parts = urlsplit(url)
    if parts.scheme != "https":
        return None
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    if known := _KNOWN.get(host):
        return known(parts)
    if parts.path.lower().endswith(FILES):
        return Player(url, is_file=True)
    return _peertube(parts) or Player(url)


def _youtube(parts: SplitResult) -> Player | None:
    """`watch?v=`, `/shorts/`, `/live/`, `/embed/` and short addresses, without cookies."""
    query = parse_qs(parts.query)
    id = _found(r"(?:/(?:embed|shorts|live|v))?/([\w-]{11})/?", parts.path)
    if parts.path == "/watch":
        id = _found(r"([\w-]{11})", query.get("v", [""])[0])
    if not id:
        return None
    start = _found(r"(\d{1,6})s?", query.get("t", query.get("start", [""]))[0])
    address = f"https://www.youtube-nocookie.com/embed/{id}{f'?start={start}' if start else ''}"
    # https://developers.google.com/youtube/terms/required-minimum-functionality (API Client
    # Identity): without a Referer it shows an error in the place of the video.
    return Player(address, tells_origin=True)


def _vimeo(parts: SplitResult) -> Player | None:
    found = re.fullmatch(r"(?:/video)?/(\d{4,12})(?:/([0-9a-f]{6,20}))?/?", parts.path, re.ASCII)
    if not found:
        return None
    # `h` opens an unlisted one; `dnt` is Vimeo's word for not tracking.
    secret = found[2] or _found(r"([0-9a-f]{6,20})", parse_qs(parts.query).get("h", [""])[0])
    opens = f"&h={secret}" if secret else ""
    return Player(f"https://player.vimeo.com/video/{found[1]}?dnt=1{opens}")


def _dailymotion(parts: SplitResult) -> Player | None:
    id = _found(r"(?:/(?:embed/)?video)?/([a-zA-Z0-9]{5,12})/?", parts.path)
    return Player(f"https://geo.dailymotion.com/player.html?video={id}") if id else None


def _archive(parts: SplitResult) -> Player | None:
    id = _found(r"/(?:details|embed)/([\w.-]{1,100})/?", parts.path)
    return Player(f"https://archive.org/embed/{id}") if id else None


def _peertube(parts: SplitResult) -> Player | None:
    """The page of a video on whichever site runs PeerTube: its player is beside it."""
    id = _found(r"/(?:w|videos/watch)/([a-zA-Z0-9]{22}|[0-9a-f-]{36})/?", parts.path)
    return Player(f"https://{parts.netloc}/videos/embed/{id}?p2p=0") if id else None


def _found(pattern: str, text: str) -> str:
    found = re.fullmatch(pattern, text, re.ASCII)
    return found[1] if found else ""


_KNOWN: Final[dict[str, Callable[[SplitResult], Player | None]]] = {
    **dict.fromkeys(("youtube.com", "youtu.be", "youtube-nocookie.com"), _youtube),
    **dict.fromkeys(("vimeo.com", "player.vimeo.com"), _vimeo),
    **dict.fromkeys(("dailymotion.com", "dai.ly"), _dailymotion),
    "archive.org": _archive,
}
