"""From float weights to integers: int8 rows with a scale each, int16 in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..config import Config
from ..network.in_numpy import Weights
from ..sound.features import band_of_output
from .fixed import CELL_BITS, FEATURE_BITS, UNIT_BITS
from .matrices import MOST_INPUTS, Dense, Recurrent, Rows, rows

MOST_BANDS = 248  # of more, the last one begins at bin 256


class Output(NamedTuple):
    """The layer that gives the mask.

    Attributes:
        rows: From the last recurrent layer.
        bias: In units of their accumulator, int32.
        local: From the bands around each gain's own, or ``None``: shape ``(outputs, 3)``.
        band: Own band of each gain, shape ``(outputs,)``.
    """

    rows: Rows
    bias: np.ndarray
    local: Rows | None
    band: np.ndarray


class Quantized(NamedTuple):
    """A mask network in integers; :mod:`lstm_se.chip.network` runs it."""

    config: Config
    layers: tuple[Recurrent, ...]
    output: Output


def quantize(weights: Weights, config: Config) -> Quantized:
    """Round a trained network to integers.

    Args:
        weights: Float weights, as :func:`lstm_se.network.in_numpy.load_weights` gives them.
        config: What they belong to.

    Raises:
        ValueError: If the firmware cannot run such a network, or a sum could overflow.
    """
    refuse_undeployable(config)
    layers = tuple(
        Recurrent.of(weights, f"rnn_{i}", input_bits(i), config.cell_clip)
        for i in range(len(config.units))
    )
    last = Dense.of(weights["dense_0/kernel"], weights["dense_0/bias"], UNIT_BITS)
    local = rows(weights["local/kernel"].T, FEATURE_BITS) if config.local else None
    return Quantized(config, layers, Output(*last, local, band_of_output(config)))


def refuse_undeployable(config: Config) -> None:
    """Refuse what the integer arithmetic and the firmware have no code for.

    Raises:
        ValueError: Which field, and why.
    """
    for field, why in undeployable(config):
        found = getattr(config, field)
        raise ValueError(f"cannot quantize {config.name!r}: {field} is {found!r}, {why}")


def undeployable(config: Config) -> Iterator[tuple[str, str]]:
    """Fields with which the firmware cannot run a network, each with the reason."""
    kinds = {"cell": "lstm", "compression": "log", "normalisation": "running", "mask": "bins"}
    sizes = {"sample_rate": 16_000, "n_fft": 512, "hop_length": 256}
    absent = {"center": False, "batch_norm": False, "dense": (), "subbands": (), "smoothing": 0.0}
    for field, value in {**kinds, **sizes}.items():
        if getattr(config, field) != value:
            yield field, f"the firmware computes {value!r} only"
    for field, value in absent.items():
        if getattr(config, field) != value:
            yield field, f"the firmware has no code for it: train with {field}={json.dumps(value)}"
    if config.cell_clip is None or not 0 < config.cell_clip * (1 << CELL_BITS) <= 32767:
        yield "cell_clip", "the int16 cell state ends at 16"
    widths = [config.bands, *config.units]
    for field, values in {"bands": widths[:1], "units": widths[1:]}.items():
        if any(width % 8 for width in values):
            yield field, "the firmware reads 8 at once: take multiples of 8"
    if config.bands > MOST_BANDS:
        yield "bands", f"the firmware numbers their bins in bytes: take at most {MOST_BANDS}"
    if (most := max(below + own for below, own in pairwise(widths))) > MOST_INPUTS:
        why = f"a layer adds {most} products, and 32 bits hold {MOST_INPUTS}: take fewer units"
        yield "units", f"{why} or bands"


def input_bits(layer: int) -> int:
    """Fractional bits of what a recurrent layer reads: features, or the outputs of one below."""
    return UNIT_BITS if layer else FEATURE_BITS
