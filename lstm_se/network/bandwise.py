"""The network that shares its layers along frequency: its sub-bands and its weights.

A small LSTM over all bands hears what is going on and hands ``context`` numbers to each sub-band.
Each sub-band has a matrix of its own, from its bins to ``channels`` numbers. Then come blocks of
layers that are the same for all sub-bands: two LSTMs run over the sub-bands of a frame, one up and
one down, and one runs over time in each sub-band. Matrices of their own lead back to gains.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..config import Config

BESIDE = 2  # bins that a sub-band sees beyond each of its edges
OWN = ("split", "join")  # layers of which each sub-band has its own part
WHOLE = ("rnn_", "context", "local")  # layers that work on all of a frame


def bandwise_shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight.

    ``split/kernel`` has a row for every bin that a sub-band sees, sub-band by sub-band;
    ``join/kernel`` has one for every bin but that at 0 Hz, which shares its neighbour's.
    """
    bands, channels = len(config.subbands), config.channels
    layout: dict[str, tuple[int, ...]] = {}
    inputs = config.bands
    for i, units in enumerate(config.units):
        layout |= _lstm(f"rnn_{i}", inputs, units)
        inputs = units
    layout |= _dense("context", inputs, bands * config.context)
    layout |= _dense("inject", config.context, channels)
    layout["split/kernel"] = (sum(map(len, sights(config.subbands))), channels)
    layout["split/bias"] = (bands, channels)
    for i in range(config.blocks):
        layout |= _lstm(f"up_{i}", channels, config.across)
        layout |= _lstm(f"down_{i}", channels, config.across)
        layout |= _dense(f"across_{i}", 2 * config.across, channels)
        layout |= _lstm(f"time_{i}", channels, channels)
        layout |= _dense(f"along_{i}", channels, channels)
    layout["join/kernel"], layout["join/bias"] = (config.bins - 1, channels), (config.bins,)
    if config.local:
        layout["local/kernel"] = (3, config.bins)
    return layout


def _lstm(name: str, inputs: int, units: int) -> dict[str, tuple[int, ...]]:
    size = 4 * units
    parts = {"kernel": (inputs, size), "recurrent_kernel": (units, size), "bias": (size,)}
    return {f"{name}/{part}": shape for part, shape in parts.items()}


def _dense(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}


def uses(name: str, config: Config) -> int:
    """How many times a frame needs a weight: those that the sub-bands share, once in each."""
    shared = not name.startswith((*OWN, *WHOLE))
    return len(config.subbands) if config.subbands and shared else 1


def sights(subbands: Sequence[int]) -> list[np.ndarray]:
    """The bins that each sub-band sees: its own, and two on either side where there are some."""
    bounds = 1 + np.cumsum([0, *subbands])
    low = np.maximum(bounds[:-1] - BESIDE, 1)
    high = np.minimum(bounds[1:] + BESIDE, bounds[-1])
    return [np.arange(*ends) for ends in zip(low, high, strict=True)]


def numbered(widths: Sequence[int]) -> np.ndarray:
    """Rows of a kernel, counted sub-band by sub-band; where one has fewer, the one past the end.

    Args:
        widths: How many rows each sub-band has.

    Returns:
        Shape ``(subbands, max(widths))``.
    """
    first, place = np.cumsum([0, *widths]), np.arange(max(widths))
    inside = place < np.array(widths)[:, None]
    return np.where(inside, first[:-1, None] + place, first[-1])


def gain_places(subbands: Sequence[int]) -> np.ndarray:
    """Where each bin's gain stands among those of all sub-bands, filled up to the widest.

    Args:
        subbands: Widths in bins.

    Returns:
        For each bin its place in ``numbered(subbands)``, flat; 0 Hz goes with its neighbour.
    """
    own = np.flatnonzero(numbered(subbands) < sum(subbands))
    return np.array([own[0], *own])
