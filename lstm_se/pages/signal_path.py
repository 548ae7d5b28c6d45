"""The way of the sound and of the weights, drawn: what is done where, and in which lesson."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .chart import svg
from .plots import COLOURS

WIDTH, HEIGHT = 100, 38  # of a box
LEFT, ACROSS, DOWN = 24, 116, 58  # where the first begins, and from each to the next
ROW_OF_WORDS = 15  # from the foot of a line of words to the next
STILL = 'fill="none" stroke="currentColor"'


@dataclass(frozen=True)
class Stage:
    """Boxes that are worked through in one place.

    Attributes:
        where: Where and when.
        colour: Of its frame, a name of the palette of the plots.
        rows: Rows of boxes; of each its name and the number of its lesson.
    """

    where: str
    colour: str
    rows: Sequence[Sequence[tuple[str, int]]]

    @property
    def height(self) -> int:
        """Of its frame."""
        return 2 * ROW_OF_WORDS - 8 + DOWN * len(self.rows)


PATH_STAGES = (
    Stage(
        "Training only, on a PC: once",
        "fifth",
        (
            (("speech, noise", 1), ("mixing", 15), ("batches", 7)),
            (("loss", 10), ("training", 12), ("weights", 16)),
        ),
    ),
    Stage(
        "Every 16 ms, on a PC and on the chip",
        "enhanced",
        (
            (("window, FFT", 4), ("bands, level", 5), ("LSTM layers", 8)),
            (("overlap-add", 4), ("spectrum × mask", 5), ("mask", 9)),
        ),
    ),
    Stage(
        "From the PC to the chip: once",
        "other",
        ((("whole numbers", 21), ("C code", 24), ("board", 25)),),
    ),
    Stage(
        "To judge it, on a PC",
        "clean",
        ((("scores", 18), ("other denoisers", 19), ("seeds", 20)),),
    ),
)
GAP = 20  # between two stages
ALT = (
    "Four stages. Training, on a PC: from speech and noise through mixing, batches, loss and "
    "training to the weights. Every 16 ms, on a PC and on the chip: noisy sound goes through "
    "window and FFT, bands and level, LSTM layers and mask; the mask multiplies the spectrum, and "
    "overlap-add makes sound of it again. From the PC to the chip: whole numbers, C code, board. "
    "To judge it: scores, other denoisers, seeds. Each box leads to its lesson."
)


def signal_path(address: Callable[[int], str]) -> str:
    """The drawing as SVG.

    Args:
        address: Of a lesson, by its number.
    """
    parts, tops, top = [], [], 2
    for stage in PATH_STAGES:
        tops.append(top)
        parts.append(_stage(stage, top, address))
        top += stage.height + GAP
    training, frame, chip, judged = tops
    ends = [place + stage.height for place, stage in zip(tops, PATH_STAGES, strict=True)]
    parts += [
        *_in_training(training),
        *_in_a_frame(frame),
        *(_across(chip, 0, column) for column in (0, 1)),
        _arrow(f"M{_x(2) + 50} {_y(training, 1) + HEIGHT}V{_y(frame, 0) - 2}"),
        _arrow(f"M{_x(1)} {ends[1]}V{chip - 2}"),
        _arrow(f"M{_x(0)} {_y(frame, 1) + 19}H8V{_y(judged, 0) + 19}H{_x(0) - 2}"),
    ]
    return svg(ALT, _x(2) + WIDTH + 12, top - GAP + 2, "".join(parts))


def _x(column: int) -> int:
    """Left edge of a box."""
    return LEFT + ACROSS * column


def _y(top: int, row: int) -> int:
    """Upper edge of a box of a stage."""
    return top + 2 * ROW_OF_WORDS + DOWN * row


def _stage(stage: Stage, top: int, address: Callable[[int], str]) -> str:
    """Frame, words and boxes of a stage."""
    frame = (
        f'<rect x="16" y="{top}" width="{_x(2) + WIDTH - 8}" height="{stage.height}" rx="8" '
        f'fill="none" stroke="{COLOURS[stage.colour]}" stroke-width="2"/>'
        f'<text x="{LEFT}" y="{top + ROW_OF_WORDS + 4}" font-weight="bold">{stage.where}</text>'
    )
    boxes = [
        _box(name, lesson, _x(column), _y(top, row), address(lesson))
        for row, names in enumerate(stage.rows)
        for column, (name, lesson) in enumerate(names)
    ]
    return frame + "".join(boxes)


def _box(name: str, lesson: int, x: int, y: int, address: str) -> str:
    """A box that leads to its lesson."""
    middle = x + WIDTH // 2
    return (
        f'<a href="{html.escape(address)}"><rect x="{x}" y="{y}" width="{WIDTH}" '
        f'height="{HEIGHT}" rx="6" fill="transparent" stroke="currentColor"/>'
        f'<text x="{middle}" y="{y + 16}" text-anchor="middle">{name}</text> '
        f'<text x="{middle}" y="{y + 31}" text-anchor="middle" font-size="11">lesson {lesson}'
        "</text></a>"
    )


def _arrow(path: str) -> str:
    """A line with a head at its end."""
    return f'<path d="{path}" {STILL} marker-end="url(#signal-path-head)"/>'


def _across(top: int, row: int, column: int, back: bool = False) -> str:
    """An arrow from a box to the next one in its row, or back."""
    y, left, right = _y(top, row) + HEIGHT // 2, _x(column) + WIDTH, _x(column + 1)
    return _arrow(f"M{right} {y}H{left + 2}" if back else f"M{left} {y}H{right - 2}")


def _in_training(top: int) -> list[str]:
    """Arrows of the training: two rows, both read from left to right."""
    between, down = _y(top, 1) - 10, _y(top, 1) - 2
    turn = f"M{_x(2) + 50} {_y(top, 0) + HEIGHT}V{between}H{_x(0) + 50}V{down}"
    rows = [_across(top, row, column) for row in (0, 1) for column in (0, 1)]
    return [*rows, _arrow(turn)]


def _in_a_frame(top: int) -> list[str]:
    """Arrows of a frame: there, down and back; the spectrum waits for its mask."""
    there = [_across(top, 0, column) for column in (0, 1)]
    back = [_across(top, 1, column, back=True) for column in (0, 1)]
    down = _arrow(f"M{_x(2) + 50} {_y(top, 0) + HEIGHT}V{_y(top, 1) - 2}")
    between = _y(top, 1) - 10
    spectrum = f"M{_x(0) + 50} {_y(top, 0) + HEIGHT}V{between}H{_x(1) + 50}V{_y(top, 1) - 2}"
    heard = _arrow(f"M2 {_y(top, 0) + 19}H{_x(0) - 2}")
    return [ARROWHEAD, *there, down, *back, _arrow(spectrum), heard]


ARROWHEAD = (
    '<defs><marker id="signal-path-head" markerWidth="7" markerHeight="8" refX="6" refY="4" '
    'orient="auto"><path d="M0 0L7 4L0 8z" fill="currentColor"/></marker></defs>'
)
