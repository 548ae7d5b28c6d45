"""The order of the weights in flash."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_se.chip.kernels import pack, pack_wide

BEGIN = 6  # words of a tile before its weights


def tiles(words, columns):
    """What the tiles' sums begin with, and their weights."""
    return np.split(words.reshape(-1, BEGIN + columns), [BEGIN], axis=1)


def unpack(words, rows, columns):
    """Inverse of ``pack`` for the weights."""
    weights = tiles(words, columns)[1]
    pairs = np.swapaxes(weights.reshape(-1, columns // 2, 2), 1, 2).reshape(-1, columns // 2)
    halves = np.stack([pairs & 0xFFFF, pairs >> 16], axis=-1).reshape(-1, columns)
    signed = halves.astype(np.uint16).view(np.int16).astype(np.int64)
    lower = (signed & 0xFF).astype(np.uint8).view(np.int8).astype(np.int64)
    both = np.stack([lower, (signed - lower) >> 8], axis=1).reshape(-1, columns)
    return both[:rows].astype(np.int8)


@given(st.integers(1, 13), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_unpack_gives_back_what_was_packed(rows, eights, seed):
    weights = np.random.default_rng(seed).integers(-127, 128, (rows, 8 * eights)).astype(np.int8)
    words = pack(weights)
    assert words.dtype == np.uint32 and len(words) == -(-rows // 4) * (BEGIN + 8 * eights)
    np.testing.assert_array_equal(unpack(words, rows, 8 * eights), weights)


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=4, max_size=4))
def test_sums_begin_with_the_bias(bias):
    begin, _ = tiles(pack(np.zeros((4, 8), np.int8), np.array(bias)), 8)
    lower, *both = begin.reshape(2, 3).T
    np.testing.assert_array_equal(lower.astype(np.int32), bias[0::2])
    found = both[1].astype(np.int32).astype(np.int64) * 2**32 + both[0]
    np.testing.assert_array_equal(found, np.array(bias[0::2]) + 256 * np.array(bias[1::2]))


def test_first_word_of_weights_holds_two_rows_of_two_columns():
    weights = np.zeros((4, 8), np.int8)
    weights[:2, :2] = [[1, 2], [3, -4]]
    assert pack(weights)[BEGIN] == (256 * 3 + 1) | (((256 * -4 + 2) & 0xFFFF) << 16)


def test_wide_tile_has_four_biases_then_a_word_of_each_row_for_two_columns():
    weights = np.arange(-32, 32, dtype=np.int8).reshape(8, 8)
    bias = np.arange(-4, 4)
    tiles = pack_wide(weights, bias).view(np.int32).reshape(2, 4 + 16)
    np.testing.assert_array_equal(tiles[:, :4], bias.reshape(2, 4))
    halves = tiles[1, 4:].astype("<i4").view("<i2").reshape(4, 4, 2)  # pairs, rows, columns
    np.testing.assert_array_equal(halves.swapaxes(0, 1).reshape(4, 8), weights[4:])


@pytest.mark.parametrize("weights", [np.zeros((4, 9)), np.full((4, 8), -128)])
def test_what_the_kernel_cannot_read_is_refused(weights):
    with pytest.raises(ValueError, match="multiples of 8"):
        pack(weights.astype(np.int8))
