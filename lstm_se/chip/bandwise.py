"""The layers that sub-bands share, in integers; :mod:`lstm_se.network.bandwise` describes them.

What the layers hand each other stands in one unit, Q5.10: up to 25 in a trained network. The LSTMs
read their own last outputs in it, too.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from ..config import Config
from ..network.bandwise import sights
from ..network.in_numpy import Weights
from .fixed import FEATURE_BITS, STREAM_BITS, UNIT_BITS
from .matrices import Dense, Recurrent


class Block(NamedTuple):
    """One look at the other sub-bands, and one back in time.

    Attributes:
        up: LSTM over the sub-bands of a frame, from the lowest on; it starts from rest.
        down: The same from the highest on.
        across: From the outputs of ``up`` and, behind them, of ``down``; added to the channels.
        time: LSTM over frames, with a memory for each sub-band.
        along: From its outputs; added to the channels.
    """

    up: Recurrent
    down: Recurrent
    across: Dense
    time: Recurrent
    along: Dense


class Bandwise(NamedTuple):
    """What stands between the recurrent layers and the mask.

    Attributes:
        context: From the last of these layers, all sub-bands' numbers one after the other.
        inject: From those of a sub-band; added to its channels.
        split: For each sub-band from the bins that it sees to its channels.
        blocks: One after the other.
    """

    context: Dense
    inject: Dense
    split: tuple[Dense, ...]
    blocks: tuple[Block, ...]

    @property
    def layers(self) -> list[Dense | Recurrent]:
        """All layers, in the order in which a frame needs them."""
        of_blocks = (layer for block in self.blocks for layer in block)
        return [*self.split, self.context, self.inject, *of_blocks]


def rounded_bandwise(weights: Weights, config: Config) -> Bandwise:
    """Round what lies between the recurrent layers and the mask.

    Raises:
        ValueError: If a sum could overflow.
    """
    dense = partial(_dense, weights)
    ends = np.cumsum([len(sight) for sight in sights(config.subbands)])
    own = zip(np.split(weights["split/kernel"], ends[:-1]), weights["split/bias"], strict=True)
    return Bandwise(
        dense("context", UNIT_BITS),
        dense("inject", STREAM_BITS),
        tuple(Dense.of(kernel, bias, FEATURE_BITS, STREAM_BITS) for kernel, bias in own),
        tuple(_block(weights, i, config.cell_clip) for i in range(config.blocks)),
    )


def _block(weights: Weights, i: int, cell_clip: float | None) -> Block:
    up, down, time = (
        Recurrent.of(weights, f"{name}_{i}", STREAM_BITS, cell_clip)
        for name in ("up", "down", "time")
    )
    across, along = (_dense(weights, f"{name}_{i}", UNIT_BITS) for name in ("across", "along"))
    return Block(up, down, across, time, along)


def _dense(weights: Weights, name: str, bits: int) -> Dense:
    return Dense.of(weights[f"{name}/kernel"], weights[f"{name}/bias"], bits, STREAM_BITS)


def rounded_join(weights: Weights) -> Dense:
    """A row for each gain, from the channels of its sub-band; 0 Hz has that of its neighbour."""
    kernel = weights["join/kernel"]
    return Dense.of(np.concatenate([kernel[:1], kernel]).T, weights["join/bias"], STREAM_BITS)
