"""A line chart as SVG, in colours that are read on a light page and on a dark one."""

import math
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 64, 178, 52, 56
COLOURS = ("#d1495b", "#4c8bd6", "#8f7fd8", "#c98a2b", "#3d9a8b", "#8a8f98")
INK, LINES = "#80858d", "#80858d40"
APART = 17
"""Pixels between two names at the right edge."""


class Series(NamedTuple):
    """A named line through points of (x, y)."""

    name: str
    points: list[tuple[float, float]]


class _Scale(NamedTuple):
    x: float
    y: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return LEFT + across * x / self.x, TOP + down * (1 - y / self.y)


def svg(title: str, across: str, up: str, series: list[Series]) -> str:
    """The chart; every series has a point, both axes begin at 0, the first series stands out."""
    ticks = sorted({x for each in series for x, _ in each.points})
    step = _step(max(y for each in series for _, y in each.points) / 5)
    top = step * math.ceil(max(y for each in series for _, y in each.points) / step)
    scale = _Scale(ticks[-1], top)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="13" fill="{INK}">'
        ),
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="26" font-size="16">{escape(title)} ({escape(up)})</text>',
        *_grid(scale, ticks, step),
        (
            f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">'
            f"{escape(across)}</text>"
        ),
        *_curves(scale, series),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _step(rough: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    power: float = 10 ** math.floor(math.log10(max(rough, 1e-9)))
    return next(each * power for each in (1, 2, 5, 10) if each * power >= rough)


def _grid(scale: _Scale, ticks: list[float], step: float) -> Iterator[str]:
    for number in range(round(scale.y / step) + 1):
        x, y = scale.at(0, number * step)
        yield f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="{LINES}"/>'
        yield f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{number * step:,g}</text>'
    for tick in ticks:
        x, y = scale.at(tick, 0)
        yield f'<path d="M{x:.1f} {y:.1f}v5" stroke="{INK}"/>'
        yield f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle">{tick:,.0f}</text>'


def _curves(scale: _Scale, series: list[Series]) -> Iterator[str]:
    places = _places([scale.at(*each.points[-1])[1] for each in series])
    for number in reversed(range(len(series))):  # the first lies on top
        each, place = series[number], places[number]
        colour, width = COLOURS[number % len(COLOURS)], 3 if number == 0 else 1.75
        points = [scale.at(x, y) for x, y in each.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield (
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
            'stroke-linejoin="round"/>'
        )
        for x, y in points:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width + 1}" fill="{colour}"/>'
        weight = ' font-weight="600"' if number == 0 else ""
        yield (
            f'<text x="{WIDTH - RIGHT + 12}" y="{place + 4:.1f}" fill="{colour}"{weight}>'
            f"{escape(each.name)}</text>"
        )


def _places(wanted: list[float]) -> list[float]:
    """Where each name stands: beside its line's end, or as far above as the one below needs."""
    placed: dict[int, float] = {}
    floor = math.inf
    for number in sorted(range(len(wanted)), key=lambda number: -wanted[number]):
        placed[number] = floor = min(wanted[number], floor - APART)
    return [placed[number] for number in range(len(wanted))]
