"""Figures that a reader moves: drawn at every position of their sliders, chosen from by a script.

They need no kernel and no network, take the colours of the page that they stand on, and without
JavaScript show the position that they start from.
"""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .plots import COLOURS


@dataclass(frozen=True)
class Control:
    """What a reader moves: a slider over numbers, or a menu of words.

    Attributes:
        label: What is chosen.
        values: All there is to choose from.
        start: The one that is shown first.
        unit: Stands behind the numbers.

    Raises:
        ValueError: If it shall start from a value that it does not have.
    """

    label: str
    values: Sequence[Any]
    start: Any
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse a start that nobody could come back to."""
        if self.start not in self.values:
            raise ValueError(f"{self.start} is not on the slider: choose one of {[*self.values]}")

    def html(self) -> str:
        """The control with its label."""
        if isinstance(self.start, str):
            options = "".join(
                f"<option{' selected' if value == self.start else ''}>{html.escape(value)}</option>"
                for value in self.values
            )
            return f"<label>{self.label} <select>{options}</select></label>"
        places = np.asarray(self.values, float)
        if np.ptp(np.diff(places)) > 1e-9:  # an HTML slider has equal steps only
            places = np.arange(len(places))
        start = list(self.values).index(self.start)
        texts = [f"{value:g} {self.unit}".rstrip() for value in self.values]
        return (
            f'<label>{self.label} <input type="range" min="{places[0]:g}" max="{places[-1]:g}" '
            f'step="{places[1] - places[0]:g}" value="{places[start]:g}" '
            f"data-texts='{_json(texts)}' "
            f'style="width: 11rem; vertical-align: middle"> <span>{texts[start]}</span></label>'
        )


def interact(
    draw: Callable[..., tuple[Any, str]], *controls: Control, key: Mapping[str, str] | None = None
) -> Any:
    """A figure with sliders. A page can have as many as it likes.

    Args:
        draw: Makes of a value of each control a drawing, as SVG or HTML or a
            :class:`~lstm_se.pages.chart.Chart`, and the words below it.
        *controls: At least one.
        key: Name of a thing that is drawn to its colour, a name of the palette of the plots.

    Returns:
        The figure, as HTML for a notebook.
    """
    from IPython.display import HTML

    places = list(itertools.product(*(control.values for control in controls)))
    start = places.index(tuple(control.start for control in controls))
    states = [draw(*values) for values in places]
    drawings, words = [str(state[0]) for state in states], [state[1] for state in states]
    marks = "; ".join(
        f'<span style="color: {COLOURS[colour]}">■</span> {name}'
        for name, colour in (key or {}).items()
    )
    data = _json({"pieces": _pieces(drawings), "words": words})
    moved = " &emsp;".join(control.html() for control in controls)
    return HTML(
        f"<div class=\"slider\" data-states='{data}'>\n"
        f'<div class="controls" hidden>{moved}</div>\n'
        f'<figure style="margin: 0.5rem 0"><div class="drawing">{drawings[start]}</div>\n'
        f'<figcaption style="color: inherit; text-align: left">{marks and marks + ". "}'
        f'<span class="words" aria-live="polite">{html.escape(words[start])}</span>'
        f"</figcaption></figure></div>\n{script('slider')}"
    )


def _pieces(drawings: Sequence[str]) -> list[str | tuple[str, ...]]:
    """Drawings cut up: a text where all are the same, a text for each one where they differ."""
    cut = [re.split(r'(?<=[">])|(?=["<])', drawing) for drawing in drawings]
    if len({len(parts) for parts in cut}) > 1:  # other elements, not only other numbers
        return [tuple(drawings)]
    pieces: list[str | tuple[str, ...]] = []
    for same, texts in itertools.groupby(zip(*cut, strict=True), lambda texts: len({*texts}) == 1):
        if same:
            pieces.append("".join(text for text, *_ in texts))
        else:
            pieces.extend(texts)
    return pieces


def _json(data: Any) -> str:
    """Data for an attribute in single quotes: JSON is full of the double ones."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return html.escape(text, quote=False).replace("'", "&#39;")


def script(name: str) -> str:
    """The script beside this file that brings the elements of class ``name`` to life, each once."""
    code = Path(__file__).with_name(f"{name}.js").read_text(encoding="utf-8")
    return (
        f'<script type="module">\n{code}'
        f'for (const box of document.querySelectorAll(".{name}:not([data-awake])")) {{\n'
        f'  box.dataset.awake = "";\n  {name}(box);\n}}\n</script>'
    )
