"""The order of the weights in flash."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_se.chip.kernels import pack


def unpack(words, rows, columns):
    """Inverse of ``pack``."""
    pairs = np.swapaxes(words.reshape(-1, columns // 2, 2), 1, 2).reshape(-1, columns // 2)
    halves = np.stack([pairs & 0xFFFF, pairs >> 16], axis=-1).reshape(-1, columns)
    signed = halves.astype(np.uint16).view(np.int16).astype(np.int64)
    lower = (signed & 0xFF).astype(np.uint8).view(np.int8).astype(np.int64)
    both = np.stack([lower, (signed - lower) >> 8], axis=1).reshape(-1, columns)
    return both[:rows].astype(np.int8)


@given(st.integers(1, 13), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_unpack_gives_back_what_was_packed(rows, eights, seed):
    weights = np.random.default_rng(seed).integers(-127, 128, (rows, 8 * eights)).astype(np.int8)
    words = pack(weights)
    assert words.dtype == np.uint32 and len(words) == -(-rows // 4) * 4 * 8 * eights // 4
    np.testing.assert_array_equal(unpack(words, rows, 8 * eights), weights)


def test_first_word_holds_two_rows_of_two_columns():
    weights = np.zeros((4, 8), np.int8)
    weights[:2, :2] = [[1, 2], [3, -4]]
    assert pack(weights)[0] == (256 * 3 + 1) | (((256 * -4 + 2) & 0xFFFF) << 16)


@pytest.mark.parametrize("weights", [np.zeros((4, 9)), np.full((4, 8), -128)])
def test_what_the_kernel_cannot_read_is_refused(weights):
    with pytest.raises(ValueError, match="multiples of 8"):
        pack(weights.astype(np.int8))
