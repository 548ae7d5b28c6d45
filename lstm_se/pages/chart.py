"""Drawings as SVG, for figures that a reader moves: they take the colours of the page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .plots import COLOURS


def svg(alt: str, width: float, height: float, content: str) -> str:
    """A drawing in the page's own colour, as wide as there is room for.

    Its words are in Arial or what has the same widths: a wider font would not fit in its boxes.

    Args:
        alt: What it shows, in words.
        width: Of the ground that the content is drawn on.
        height: The same.
        content: SVG elements; links among them are for readers who do not see it, too.
    """
    role = "group" if "<a " in content else "img"
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="{role}" aria-label="{html.escape(alt)}" '
        f'style="width: 100%; max-width: {1.2 * width:.0f}px" font-size="12" '
        f'font-family="Arial, Helvetica, sans-serif" fill="currentColor">{content}</svg>'
    )


@dataclass(frozen=True)
class Axis:
    """An axis of a chart.

    Attributes:
        label: What it shows, with its unit.
        low: Value at its beginning.
        high: Value at its end.
        ticks: Values that are written beside it, or value to what is written.
    """

    label: str
    low: float
    high: float
    ticks: Sequence[float] | Mapping[float, str] = ()

    def share(self, values: Any) -> np.ndarray:
        """How far along the axis values lie, from 0 to 1; outside of it they stay at its ends."""
        return np.clip((np.asarray(values, float) - self.low) / (self.high - self.low), 0, 1)

    def texts(self) -> list[tuple[float, str]]:
        """What is written beside it, and at which value."""
        if isinstance(self.ticks, Mapping):
            return list(self.ticks.items())
        return [(value, f"{value:g}") for value in self.ticks]


class Chart:
    """Axes with lines, areas and dots, as SVG that follows the colours of the page."""

    HEIGHT = 180  # of the space between the axes
    LEFT, TOP, RIGHT, BOTTOM = 60, 10, 28, 42  # room for what is written beside the axes

    def __init__(self, alt: str, x: Axis, y: Axis, width: int = 512) -> None:
        """An empty chart.

        Args:
            alt: What it shows, in words.
            x: The horizontal axis.
            y: The vertical one.
            width: Of the space between the axes.
        """
        self.alt, self.x, self.y, self.width = alt, x, y, width
        self._drawn: list[str] = []

    def line(self, x: Any, y: Any, colour: str) -> None:
        """Join points; ``colour`` is a name of the palette."""
        self._path(x, y, f'fill="none" stroke="{COLOURS[colour]}" stroke-width="2"')

    def area(self, x: Any, y: Any, colour: str, look: str = "") -> None:
        """Fill what is below points; ``look`` has more attributes."""
        x, y = np.r_[x[0], x, x[-1]], np.r_[self.y.low, y, self.y.low]
        self._path(x, y, f'fill="{COLOURS[colour]}" {look}')

    def dots(self, x: Any, y: Any, colour: str) -> None:
        """A dot at each point: a stroke of no length."""
        look = f'stroke="{COLOURS[colour]}" stroke-width="4" stroke-linecap="round"'
        self._path(x, y, look, "m", "h0")

    def level(self, y: float) -> None:
        """A dashed line across."""
        look = 'stroke="currentColor" stroke-dasharray="4 4"'
        self._path([self.x.low, self.x.high], [y, y], look)

    def __str__(self) -> str:
        """All of it, as SVG."""
        right, bottom = self.LEFT + self.width, self.TOP + self.HEIGHT
        ticks = [_text(self._across(x), bottom + 18, text) for x, text in self.x.texts()]
        ticks += [
            _text(self.LEFT - 8, self._down(y) + 4, text, "end") for y, text in self.y.texts()
        ]
        middle = self.TOP + self.HEIGHT / 2
        axes = (
            f'<path d="M{self.LEFT} {self.TOP}V{bottom}H{right}" stroke="currentColor" fill="none" '
            f'opacity="0.4"/>{"".join(ticks)}'
            f"{_text(self.LEFT + self.width / 2, bottom + 37, self.x.label)}"
            f'<g transform="rotate(-90 14 {middle:g})">{_text(14, middle, self.y.label)}</g>'
        )
        content = "".join(self._drawn) + axes
        return svg(self.alt, right + self.RIGHT, bottom + self.BOTTOM, content)

    def _across(self, x: Any) -> Any:
        return self.LEFT + self.width * self.x.share(x)

    def _down(self, y: Any) -> Any:
        return self.TOP + self.HEIGHT * (1 - self.y.share(y))

    def _path(self, x: Any, y: Any, look: str, before: str = "l", after: str = "") -> None:
        """Path through points, each as far from the last one as it is, in tenths: that is short."""
        tenths = np.rint(10 * np.stack([self._across(x), self._down(y)], axis=1)).astype(int)
        steps = np.diff(tenths, axis=0, prepend=0) / 10
        places = before.join(f"{across:g} {down:g}{after}" for across, down in steps)
        self._drawn.append(f'<path d="M{places}" {look}/>')


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{text}</text>'
