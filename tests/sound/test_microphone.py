"""A microphone filters without delay, rounds to 16 bits, and saturates where it is overdriven."""

import numpy as np
import pytest
from random_network import noise

from lstm_se.sound import microphone
from lstm_se.sound.audio import snr_db
from lstm_se.sound.microphone import Corner


@pytest.mark.parametrize("samples", [1, 400, 401, 3000])
def test_flat_gain_filters_nothing(samples):
    flat = np.ones(microphone.CURVE_POINTS)
    np.testing.assert_allclose(microphone.filtered(noise(samples), flat), noise(samples), atol=1e-6)


def test_filter_delays_nothing():
    impulse = np.zeros(1001, np.float32)
    impulse[500] = 1
    curve = microphone.band_limits(Corner(100.0, 4), Corner(5000.0, 12))
    assert np.abs(microphone.filtered(impulse, curve)).argmax() == 500


@pytest.mark.parametrize("exponent", [2, 4, 24])
@pytest.mark.parametrize("corner_hz", [125.0, 250.0, 4000.0, 7500.0])
def test_band_limit_halves_the_power_at_its_corner_and_ends_what_lies_beyond(corner_hz, exponent):
    place, corner = round(corner_hz / 62.5), Corner(corner_hz, exponent)
    high, low = microphone.band_limits(corner, None), microphone.band_limits(None, corner)
    assert high[place] ** 2 == pytest.approx(0.5) == low[place] ** 2
    assert (np.diff(high) >= 0).all() and (np.diff(low) <= 0).all()


def test_band_without_limits_is_flat():
    assert (microphone.band_limits(None, None) == 1).all()


def test_equaliser_without_deviation_is_a_mere_tilt():
    curve = 20 * np.log10(microphone.equaliser(np.random.default_rng(0), 0.0))
    octaves = np.log2(np.maximum(microphone.CURVE_HZ, 60))
    slope = np.polyfit(octaves, curve, 1)[0]
    assert abs(slope) < 1.5


@pytest.mark.parametrize("peak_dbfs", [-60.0, -45.0, -12.0, 0.0])
@pytest.mark.parametrize("level", [1e-3, 1.0, 30.0])
def test_recording_keeps_its_level_and_is_rounded(peak_dbfs, level):
    """Rounding to 16 bits leaves 98 dB under full scale, whatever the level of the sound."""
    sound = level * noise(8000)
    recorded = microphone.record(sound, peak_dbfs)
    below_peak = 20 * np.log10(np.abs(sound).max() / np.sqrt(np.mean(sound**2)))
    ratio = snr_db(sound, recorded)
    assert ratio == pytest.approx(6.02 * 15 + 10.8 + peak_dbfs - below_peak, abs=1.0)


def test_overdriven_recording_saturates_and_no_other_does():
    sound = noise(8000)
    peak = np.abs(sound).max()
    assert np.abs(microphone.record(sound, 6.0)).max() == pytest.approx(peak / 2, rel=0.01)
    assert np.abs(microphone.record(sound, 0.0)).max() == pytest.approx(peak, rel=0.01)


def test_silence_is_recorded_as_silence():
    assert not microphone.record(np.zeros(100, np.float32), -10.0).any()
