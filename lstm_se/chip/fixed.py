"""Whole numbers that stand for fractions, as the firmware computes with them.

``Qm.n`` is a number of ``n`` fractional bits: an integer ``k`` stands for ``k / 2**n``. Rounding is
to nearest, halves upwards; what does not fit is saturated. Every function here has a twin in
``firmware/speech_denoiser/se_fixed.h`` that gives the same bits.
"""

from __future__ import annotations

import numpy as np

from ..sound.features import gain_floor

FEATURE_BITS = 13  # Q2.13: features of -4 to 4; a bang out of silence is 3.5
STREAM_BITS = 10  # what layers of sub-bands hand each other, Q5.10: up to 25 in a trained network
GATE_BITS = 12  # pre-activations, Q3.12: sigmoid(8) is 1 but for 11 steps of Q15
CELL_BITS = 11  # cell state, Q4.11
UNIT_BITS = 15  # outputs of gates and layers, and the mask, Q0.15
MULTIPLIER_BITS = 32
UNIT = 1 << UNIT_BITS
NO_LIMIT = 97  # dB: such a gain is less than half a step of Q15


def rounded_shift(x: np.ndarray, bits: int) -> np.ndarray:
    """``x / 2**bits``, rounded; int64."""
    return (x + (1 << bits >> 1)) >> bits


def saturate(x: np.ndarray) -> np.ndarray:
    """``x`` within the range of int16; the dtype is kept."""
    return np.minimum(np.maximum(x, -32768), 32767)  # faster than np.clip


def requantise(accumulator: np.ndarray, multiplier: np.ndarray) -> np.ndarray:
    """Bring accumulators to the scale of a pre-activation.

    Args:
        accumulator: Sums of products, int64 within the range of int32.
        multiplier: Ratio of the two scales times ``2**32``, within the range of int32.

    Returns:
        Pre-activations, not saturated, int64.
    """
    return rounded_shift(accumulator * multiplier, MULTIPLIER_BITS)


# sigmoid in Q15, at every 256th pre-activation
SIGMOID = np.round(UNIT / (1 + np.exp(-np.linspace(-8, 8, 257)))).astype(np.int64)
SIGMOID.flags.writeable = False


def sigmoid_q15(x: np.ndarray) -> np.ndarray:
    """Sigmoid by linear interpolation: Q3.12 in the range of int16 to Q15, int64."""
    place = x + 32768
    left, right = SIGMOID[place >> 8], SIGMOID[(place >> 8) + 1]
    return left + rounded_shift((right - left) * (place & 255), 8)


def tanh_q15(x: np.ndarray) -> np.ndarray:
    """Hyperbolic tangent ``2 sigmoid(2 x) - 1``: Q3.12 to Q15, int64."""
    return 2 * sigmoid_q15(saturate(2 * x)) - UNIT


def whole_decibels(limit_db: float | None) -> int:
    """A limit as ``se_set_limit`` takes it; ``None`` is :data:`NO_LIMIT`.

    Raises:
        ValueError: If it is no whole number of dB from 0 up.
    """
    gain_floor(limit_db)  # refuses what is no limit in any engine
    decibels = NO_LIMIT if limit_db is None else min(limit_db, NO_LIMIT)
    if decibels % 1:
        raise ValueError(f"limit {limit_db} dB: int8 and firmware take whole numbers, such as 12")
    return int(decibels)


def least_gain_q15(decibels: int) -> int:
    """Least gain of a limit of whole dB: 32767 for 0, 0 from :data:`NO_LIMIT` on."""
    return min(round(UNIT * gain_floor(decibels)), UNIT - 1)
