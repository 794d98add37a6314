"""Videos, links and embeds as HTML: cards that lead elsewhere, name the host and fetch nothing.

What a click loads into a card's own place is told in data attributes, which the scripts of
client/src/media and client/src/player read. Addresses are judged again, as in `html`.
"""

from html import escape
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from events.accept import is_lang, is_web
from events.document import EmbedAttrs, LinkCardAttrs, VideoAttrs
from events.players import player_of

REL: Final = "noopener noreferrer nofollow"
AUTO: Final = ' dir="auto"'


class Words(Struct, frozen=True):
    """What cards and pictures say beside their editor's words, in the language `lang`.

    `lang` is "" where that is the language of what is around. `load_video` and `load_embed` name
    the `{host}`; where they are "" nothing can be loaded in its place, as in a feed.
    """

    captions: str = "Captions"
    transcript: str = "Transcript"
    enlarge: str = "Enlarge the picture"
    load_video: str = ""
    load_embed: str = ""
    lang: str = ""


PLAIN: Final = Words()
"""In English, for what is read elsewhere."""


def of_link(link: LinkCardAttrs) -> str:
    return _card("link", "", _lead(link.url, link.title, link.description))


def of_embed(embed: EmbedAttrs, words: Words) -> str:
    loads = _loads(embed.url, words.load_embed, words)
    return _card("embed", loads, _lead(embed.url, embed.title, embed.provider))


def of_video(video: VideoAttrs, words: Words) -> str:
    """With links to what there is for those who do not hear it."""
    loads = _loads(video.url, words.load_video, words, video.captions)
    return _card("video", loads, _lead(video.url, video.title) + _also(video, words))


def _card(kind: str, attributes: str, content: str) -> str:
    return f'<figure class="card {kind}"{attributes}>{content}</figure>'


def _lead(url: str, title: str, about: str = "") -> str:
    """The link that a card is, with its host; of an unsound address the title alone."""
    host = escape(urlsplit(url).hostname or "") if is_web(url) else ""
    said = f'<span class="title"{AUTO}>{escape(title) or host}</span>'
    if about:
        said += f' <span class="about"{AUTO}>{escape(about)}</span>'
    if not host:
        return said
    named = f'{said} <span class="host" dir="ltr">{host}</span>'
    return f'<a href="{escape(url)}" rel="{REL}">{named}</a>'


def _also(video: VideoAttrs, words: Words) -> str:
    told = ((words.captions, video.captions), (words.transcript, video.transcript))
    links = [
        f'<a href="{escape(address)}" rel="{REL}">{escape(name)}</a>'
        for name, address in told
        if is_web(address)
    ]
    lang = f' lang="{words.lang}"' if is_lang(words.lang) else ""
    return f'<p class="also"{lang}>{" ".join(links)}</p>' if links else ""


def _loads(url: str, load: str, words: Words, captions: str = "") -> str:
    """The attributes of a card that can be played in its place."""
    player = player_of(url) if load else None
    if player is None:
        return ""
    told = {
        "player": player.address,
        "load": load.replace("{host}", player.host),
        "lang": words.lang,
        "plays": "file" if player.is_file else "frame",
        "captions": captions if player.is_file and is_web(captions) else "",
        "referrer": "strict-origin" if player.tells_origin else "",
    }
    return "".join(f' data-{name}="{escape(said)}"' for name, said in told.items() if said)
