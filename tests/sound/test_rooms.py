"""A room delays nothing, fades as fast as it was asked to, and keeps its early part apart."""

import numpy as np
import pytest
from random_network import noise

from lstm_se.sound import rooms
from lstm_se.sound.audio import SAMPLE_RATE


def response(seconds=0.4, ratio_db=3.0, seed=0):
    return rooms.impulse_response(np.random.default_rng(seed), seconds, ratio_db)


def test_direct_sound_comes_first_with_gain_one():
    assert response()[0] == 1


@pytest.mark.parametrize("ratio_db", [-12.0, 0.0, 15.0])
def test_energy_ratio_is_the_one_asked_for(ratio_db):
    tail = response(ratio_db=ratio_db)[1:].astype(np.float64)
    assert -10 * np.log10(np.sum(tail**2)) == pytest.approx(ratio_db, abs=0.01)


@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.8])
def test_tail_falls_by_60_db_in_the_reverberation_time(seconds):
    """Schroeder's backward integral, fitted between -5 and -25 dB."""
    tail = np.mean([response(seconds, seed=k)[1:].astype(np.float64) ** 2 for k in range(20)], 0)
    level = 10 * np.log10(np.cumsum(tail[::-1])[::-1] / tail.sum())
    fitted = (level < -5) & (level > -25)
    slope = np.polyfit(np.flatnonzero(fitted) / SAMPLE_RATE, level[fitted], 1)[0]
    assert -60 / slope == pytest.approx(seconds, rel=0.1)


def test_room_without_reflections_changes_nothing():
    sound = noise(3000)
    dry = rooms.reverberate(sound, np.ones(1, np.float32))
    np.testing.assert_allclose(dry, sound, atol=1e-6)


def test_room_delays_nothing_and_keeps_the_length():
    click = np.zeros(5000, np.float32)
    click[1000] = 1
    heard = rooms.reverberate(click, response())
    assert (len(heard), np.abs(heard).argmax(), np.abs(heard[:999]).max() < 1e-6) == (
        5000,
        1000,
        True,
    )


def test_early_part_ends_after_50_ms():
    whole = response()
    part = rooms.early(whole)
    assert len(part) == SAMPLE_RATE // 20
    np.testing.assert_array_equal(part, whole[: len(part)])


def test_too_short_a_reverberation_is_refused():
    with pytest.raises(ValueError, match="0.01 s.*0.02 s"):
        response(0.01)
