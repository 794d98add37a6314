"""Absolute addresses: where this site is, as its readers see it, and what its things are called.

Pages lead around by paths from the root; what is read elsewhere (feeds, search engines, cards of
social networks) needs whole addresses, and names that outlive them.
"""

import re
import uuid
from urllib.parse import urlsplit

from starlette.requests import Request

from events.document import ImageAttrs
from server.settings import Settings
from server.site import Site

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def base_of(request: Request) -> str:
    """Scheme and host without a slash at the end: LIVEBLOG_BASE_URL, or what was asked for."""
    site: Site = request.app.state.site
    return base_at(site.settings, request.scope["scheme"], request.headers.get("host", ""))


def base_at(settings: Settings, scheme: str, host: str) -> str:
    """The same for what was asked for by that scheme and Host header."""
    if settings.base_url:
        return settings.base_url.rstrip("/")
    # Anyone may send anything there, and it comes into pages that others are shown.
    return f"{scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"


def vary(settings: Settings) -> dict[str, str]:
    """The header that keeps a cache from giving one host's addresses to another's readers."""
    return {} if settings.base_url else {"vary": "Host"}


def host_of(base: str) -> str:
    """The name a site goes by where it has no other."""
    return urlsplit(base).hostname or base


def urn(id: str) -> str:
    """A name for a blog or a post that stays when slug, host and words change (RFC 9562)."""
    try:
        return uuid.UUID(id).urn
    except ValueError:
        return uuid.uuid5(uuid.NAMESPACE_URL, f"liveblog:{id}").urn  # from a log made elsewhere


def picture(base: str, image: ImageAttrs) -> str:
    """The address of a stored picture."""
    return f"{base}/media/{image.media}.{image.ext}" if image.ext else f"{base}/media/{image.media}"
