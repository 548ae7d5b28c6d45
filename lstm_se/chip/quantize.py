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
from .fixed import CELL_BITS, GATE_BITS, MULTIPLIER_BITS, UNIT_BITS

FEATURE_BITS = 13  # Q2.13: features of -4 to 4; a bang out of silence is 3.5
LARGEST = 127  # of a weight; -128 stays unused, so that a row is symmetric
MOST_INPUTS = (2**31 - 1) // (LARGEST * 32768)  # of a row, for its sum to fit into 32 bits
MOST_BANDS = 248  # of more, the last one begins at bin 256


class Rows(NamedTuple):
    """Rows of int8 weights, their common multipliers to Q3.12 pre-activations.

    Attributes:
        weights: Shape ``(outputs, inputs)``, int8.
        multipliers: Shape ``(outputs,)``, int32.
    """

    weights: np.ndarray
    multipliers: np.ndarray


class Recurrent(NamedTuple):
    """An LSTM layer; gates of one unit stand together: rows i, f, g, o of unit 0, of unit 1 ...

    Attributes:
        rows: From the layer below, then from the layer's own last output, brought to the unit of
            the former.
        bias: In units of their accumulators, shape ``(4 * units,)``, int32.
        clip: Bound of the cell state, Q4.11.
    """

    rows: Rows
    bias: np.ndarray
    clip: int

    @property
    def units(self) -> int:
        """Width of the layer."""
        return len(self.bias) // 4


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
    layers = []
    parts = ("kernel", "recurrent_kernel", "bias")
    for i in range(len(config.units)):
        kernel, recurrent, bias = (_by_unit(weights[f"rnn_{i}/{part}"]) for part in parts)
        # one row, one scale: what comes from below and the layer's own last outputs share a unit
        both = rows(np.concatenate([kernel, recurrent], axis=1), input_bits(i))
        clip = round(float(config.cell_clip or 0) * (1 << CELL_BITS))
        layers.append(Recurrent(both, in_accumulators(bias, both), clip))
    dense = rows(weights["dense_0/kernel"].T, UNIT_BITS)
    local = rows(weights["local/kernel"].T, FEATURE_BITS) if config.local else None
    bias = in_accumulators(weights["dense_0/bias"], dense)
    return Quantized(config, tuple(layers), Output(dense, bias, local, band_of_output(config)))


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


def rows(matrix: np.ndarray, bits: int) -> Rows:
    """Round a matrix to int8, each row at its own scale.

    Args:
        matrix: Shape ``(outputs, inputs)``, float.
        bits: Fractional, of what it will be multiplied with.
    """
    largest = np.maximum(np.abs(matrix).max(1).astype(np.float64), 1e-6)
    scale = largest / LARGEST
    weights = np.round(matrix / scale[:, None]).astype(np.int8)
    ratio = scale * 2.0 ** (GATE_BITS - bits + MULTIPLIER_BITS)
    if ratio.max() >= 2**31:
        raise ValueError(f"a weight of {largest.max():.0f} is too large for a 32-bit multiplier")
    return Rows(weights, np.round(ratio).astype(np.int32))


def in_accumulators(bias: np.ndarray, of: Rows) -> np.ndarray:
    """A bias in units of the accumulators it is added to, int32.

    Raises:
        ValueError: If the sum could leave the range of int32.
    """
    unit = of.multipliers / 2.0 ** (MULTIPLIER_BITS + GATE_BITS)
    rounded = np.round(bias / unit)
    largest = np.abs(of.weights.astype(np.int64)).sum(1) * 32768
    if (np.abs(rounded) + largest).max() >= 2**31:
        raise ValueError("a sum of this network could overflow 32 bits: its bias is too large")
    return rounded.astype(np.int32)


def _by_unit(gates: np.ndarray) -> np.ndarray:
    """From Keras' columns (all i, all f, all g, all o) to rows of i, f, g, o for each unit."""
    *inputs, rows = gates.shape
    return np.moveaxis(gates.reshape(*inputs, 4, -1), (-1, -2), (0, 1)).reshape(rows, *inputs)
