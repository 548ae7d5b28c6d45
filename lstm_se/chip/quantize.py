"""From float weights to integers: int8 rows with a scale each, int16 in between."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..config import Config
from ..network.in_numpy import Weights
from ..sound.features import feature_of_output
from .bandwise import Bandwise, rounded_bandwise, rounded_join
from .fixed import CELL_BITS, FEATURE_BITS, UNIT_BITS
from .matrices import MOST_INPUTS, Dense, Recurrent, Rows, rows
from .stft import bands_of

LAST_BIN = 255  # that a byte can name
# numbers of 16 bits: with all else, the firmware's state stays below 64 KB
MOST_OF_SUBBANDS = 20_000
MOST_OF_LAYERS = 8_000


class Output(NamedTuple):
    """The layer that gives the mask.

    Attributes:
        rows: From the last layer; with sub-bands, from the channels of the gain's own.
        bias: In units of their accumulator, int32.
        local: From the features around each gain's own, or ``None``: shape ``(outputs, 3)``.
        band: Own feature of each gain, a band or, with sub-bands, a bin; shape ``(outputs,)``.
    """

    rows: Rows
    bias: np.ndarray
    local: Rows | None
    band: np.ndarray


class Quantized(NamedTuple):
    """A mask network in integers; :mod:`lstm_se.chip.network` runs it.

    Attributes:
        config: What it was before.
        layers: The recurrent layers of ``config.units``.
        output: What gives the mask.
        bandwise: What sub-bands have between the two.
    """

    config: Config
    layers: tuple[Recurrent, ...]
    output: Output
    bandwise: Bandwise | None = None


def quantize(weights: Weights, config: Config) -> Quantized:
    """Round a trained network to integers.

    Args:
        weights: Float weights, as :func:`lstm_se.network.in_numpy.load_weights` gives them.
        config: What they belong to.

    Raises:
        ValueError: If integers have no code for such a network, or a sum could overflow.
    """
    _refuse("cannot quantize", config, unroundable(config))
    layers = tuple(
        Recurrent.of(weights, f"rnn_{i}", input_bits(i), config.cell_clip)
        for i in range(len(config.units))
    )
    local = rows(weights["local/kernel"].T, FEATURE_BITS) if config.local else None
    if config.subbands:
        last, between = rounded_join(weights), rounded_bandwise(weights, config)
    else:
        last = Dense.of(weights["dense_0/kernel"], weights["dense_0/bias"], UNIT_BITS)
        between = None
    return Quantized(config, layers, Output(*last, local, feature_of_output(config)), between)


def refuse_undeployable(config: Config) -> None:
    """Refuse what the firmware has no code for.

    Raises:
        ValueError: Which field, and why.
    """
    _refuse("cannot export", config, undeployable(config))


def _refuse(what: str, config: Config, reasons: Iterable[tuple[str, str]]) -> None:
    for field, why in reasons:
        found = getattr(config, field)
        raise ValueError(f"{what} {config.name!r}: {field} is {found!r}, {why}")


def undeployable(config: Config) -> Iterator[tuple[str, str]]:
    """Fields with which the firmware cannot run a network, each with the reason."""
    yield from unroundable(config)
    for field, numbers, most in (
        ("subbands", _of_subbands(config), MOST_OF_SUBBANDS),
        ("units", _of_layers(config), MOST_OF_LAYERS),
    ):
        if numbers > most:
            why = f"the state would have to hold {numbers} numbers of theirs"
            yield field, f"{why}, and has room for {most}: take fewer of them"


def _of_layers(config: Config) -> int:
    """Numbers in the firmware's state, of what recurrent layers read and remember."""
    return config.bands + 3 * sum(config.units)


def _of_subbands(config: Config) -> int:
    """Numbers in the firmware's state, of what sub-bands remember and hand on."""
    handed_on = config.channels + max(config.channels, config.across) + config.across
    return len(config.subbands) * (2 * config.blocks * config.channels + handed_on)


def unroundable(config: Config) -> Iterator[tuple[str, str]]:
    """Fields with which there is no network in integers, each with the reason."""
    kinds = {"cell": "lstm", "compression": "log", "normalisation": "running", "mask": "bins"}
    sizes = {"sample_rate": 16_000, "n_fft": 512, "hop_length": 256}
    absent = {"center": False, "batch_norm": False, "dense": (), "smoothing": 0.0}
    for field, value in {**kinds, **sizes}.items():
        if getattr(config, field) != value:
            yield field, f"the firmware computes {value!r} only"
    for field, value in absent.items():
        if getattr(config, field) != value:
            yield field, f"the firmware has no code for it: train with {field}={json.dumps(value)}"
    if config.cell_clip is None or not 0 < config.cell_clip * (1 << CELL_BITS) <= 32767:
        yield "cell_clip", "the int16 cell state ends at 16"
    for field, widths in _widths(config).items():
        if any(width % 8 for width in widths):
            yield field, "the firmware reads 8 at once: take multiples of 8"
    if _last_begin(config) > LAST_BIN and config.n_fft == sizes["n_fft"]:
        yield "bands", "the firmware numbers bins in bytes, and one begins at 256: take fewer"
    for field, most in _products(config).items():
        if most > MOST_INPUTS:
            why = f"a layer adds {most} products, and 32 bits hold {MOST_INPUTS}"
            yield field, f"{why}: make it narrower"


def _last_begin(config: Config) -> int:
    """Bin at which the last band begins; 0 if there can be no such bands, as features will say."""
    try:
        return int(bands_of(config).first.max())
    except ValueError:
        return 0


def _widths(config: Config) -> dict[str, tuple[int, ...]]:
    """Field to the sizes of the vectors that the layers read."""
    widths = {"bands": (config.bands,), "units": config.units}
    of_subbands = ("channels", "across", "context") if config.subbands else ()
    return widths | {field: (getattr(config, field),) for field in of_subbands}


def _products(config: Config) -> dict[str, int]:
    """Field to the most products that a layer of such a width adds."""
    products = {"units": max(map(sum, pairwise([config.bands, *config.units])))}
    if config.subbands:
        most = config.channels + max(config.channels, config.across)
        products |= {"channels": most, "across": 2 * config.across, "context": config.context}
    return products


def input_bits(layer: int) -> int:
    """Fractional bits of what a recurrent layer reads: features, or the outputs of one below."""
    return UNIT_BITS if layer else FEATURE_BITS
