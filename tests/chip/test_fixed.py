"""Arithmetic in whole numbers against the same in floats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_se.chip import fixed

EVERY = np.arange(-32768, 32768)


@given(st.integers(-(2**40), 2**40), st.integers(1, 30))
def test_shift_rounds_to_nearest_and_halves_upwards(x, bits):
    assert fixed.rounded_shift(np.int64(x), bits) == (2 * x + 2**bits) // 2 ** (bits + 1)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**31 - 1))
def test_requantise_is_a_product_of_fractions(accumulator, multiplier):
    found = fixed.requantise(np.int64(accumulator), np.int64(multiplier))
    assert abs(int(found) - accumulator * multiplier / 2**32) <= 0.5 + 1e-6


@pytest.mark.parametrize(
    ("function", "expected", "bound"),
    [
        (fixed.sigmoid_q15, lambda x: 1 / (1 + np.exp(-x)), 8e-5),
        (fixed.tanh_q15, np.tanh, 7e-4),  # the sigmoid's table ends at 8, the tanh's at 4
    ],
)
def test_every_value_is_close_to_the_function(function, expected, bound):
    found = function(EVERY) / 2**15
    assert np.abs(found - expected(EVERY / 2**12)).max() < bound


@pytest.mark.parametrize("function", [fixed.sigmoid_q15, fixed.tanh_q15])
def test_function_never_falls_and_fits_int16(function):
    found = function(EVERY)
    assert (np.diff(found) >= 0).all()
    assert found.min() >= -32768 and found.max() <= 32767


def test_saturation_keeps_what_fits():
    np.testing.assert_array_equal(
        fixed.saturate(np.array([-40000, -32768, 5, 32767, 32768])),
        [-32768, -32768, 5, 32767, 32767],
    )
