"""A blog's one colour made readable: a variant for light pages and one for dark, as a stylesheet.

The stylesheet's address names the colour, `/themes/b3261e.css`, and nothing else goes into it. So
the Content-Security-Policy stays without inline styles, and a page stays the same bytes for all its
readers, which a nonce would forbid; no blog is asked, so none is given away; and every page of
every blog of that colour shares what a cache has. Contrast is that of WCAG 2.2.
"""

import colorsys
import re
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.web.fresh import answer, validator
from server.web.problems import Problem

CONTRAST: Final = 4.5
"""The least between words and what they stand on (WCAG 2.2, 1.4.3)."""
LIGHT: Final = ("#fdfcfa", "#f4f1ec")
DARK: Final = ("#161514", "#211f1d")
"""What words stand on in client/styles/page.css: --paper and --raised of each scheme."""
CACHED: Final = "public, max-age=86400"
"""Nothing that could be withdrawn is in it."""

_COLOUR = re.compile(r"[0-9a-f]{6}")
_SHEET = """\
:root{{--accent:{light};--on-accent:#ffffff}}
@media (prefers-color-scheme:dark){{:root{{--accent:{dark};--on-accent:#000000}}}}
"""


class Theme(NamedTuple):
    """`#rrggbb` for the light scheme, which white words can stand on, and the dark, for black."""

    light: str
    dark: str


def theme_of(accent: str) -> Theme:
    """The variants of a colour `#rrggbb`: the colour itself wherever it can be read."""
    return Theme(_readable(accent, LIGHT, -1), _readable(accent, DARK, 1))


def contrast(one: str, other: str) -> float:
    """Between two colours `#rrggbb`, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    dim, bright = sorted((_luminance(one), _luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


def _readable(accent: str, grounds: tuple[str, ...], step: int) -> str:
    """The nearest lightness of a colour's hue, in hundredths, that is readable on all grounds."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(part / 255 for part in _parts(accent)))
    colour, hundredths = accent, round(lightness * 100)
    while min(contrast(colour, ground) for ground in grounds) < CONTRAST:
        hundredths += step  # ends at the latest with black or white, which are readable there
        shares = colorsys.hls_to_rgb(hue, hundredths / 100, saturation)
        colour = "#" + "".join(f"{round(share * 255):02x}" for share in shares)
    return colour


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def _parts(colour: str) -> bytes:
    return bytes.fromhex(colour.removeprefix("#"))


async def stylesheet(request: Request) -> Response:
    """`/themes/{accent}.css`."""
    accent = request.path_params["accent"]
    if not _COLOUR.fullmatch(accent):
        raise Problem(404, "a theme is named by its colour, as in b3261e.css")

    def write() -> str:
        return _SHEET.format_map(theme_of(f"#{accent}")._asdict())

    headers = {"cache-control": CACHED}
    return answer(request, validator(accent), write, "text/css", headers)


ROUTES = [Route("/themes/{accent}.css", stylesheet)]
