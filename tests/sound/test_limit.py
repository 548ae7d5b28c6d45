"""One definition of the strength limit for all engines."""

import math

import pytest

from lstm_se.sound.limit import least_gain


@pytest.mark.parametrize(
    ("limit_db", "gain"), [(None, 0), (math.inf, 0), (0, 1), (20, 0.1), (12.5, 0.2371)]
)
def test_limit_in_decibels_is_a_gain(limit_db, gain):
    assert least_gain(limit_db) == pytest.approx(gain, abs=5e-5)


@pytest.mark.parametrize("limit_db", [-1, -math.inf, math.nan])
def test_what_is_no_limit_is_refused(limit_db):
    with pytest.raises(ValueError, match=f"a limit of {limit_db} dB: give 0 or more"):
        least_gain(limit_db)
