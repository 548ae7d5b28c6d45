"""The classic denoiser: it suppresses, follows the noise, keeps time, and needs no future."""

import numpy as np
import pytest

from lstm_se import mini
from lstm_se.corpora.mixing import mix
from lstm_se.scoring import wiener
from lstm_se.scoring.metrics import score


@pytest.fixture(scope="module")
def speech():
    return mini().train[0].load()[0]


def white(samples, seed=0):
    return np.random.default_rng(seed).standard_normal(samples).astype(np.float32) / 20


@pytest.mark.parametrize("samples", [1, 255, 16_001])
def test_length_stays(samples):
    enhanced = wiener.wiener_filter(white(samples))
    assert enhanced.shape == (samples,)
    assert enhanced.dtype == np.float32


def test_empty_recording_is_refused():
    with pytest.raises(ValueError, match="0 samples"):
        wiener.wiener_filter(np.zeros(0, np.float32))


def test_noise_alone_falls_almost_to_the_floor():
    noise = white(48_000)
    left = wiener.wiener_filter(noise)[16_000:]
    fall_db = 10 * np.log10(np.mean(noise[16_000:] ** 2) / np.mean(left**2))
    assert 10 < fall_db < -wiener.FLOOR_DB + 0.1


def test_speech_in_white_noise_gets_better(speech):
    clean, noisy = mix(speech, white(len(speech)), 5.0)
    before = score(clean, noisy, ("sdr",)).values["sdr"]
    assert score(clean, wiener.wiener_filter(noisy), ("sdr",)).values["sdr"] > before + 3


def test_clean_speech_stays(speech):
    assert score(speech, wiener.wiener_filter(speech), ("sdr",)).values["sdr"] > 15


def test_level_of_the_input_is_the_level_of_the_output(speech):
    _, noisy = mix(speech, white(len(speech)), 5.0)
    quiet = wiener.wiener_filter(noisy / 100) * 100
    np.testing.assert_allclose(quiet, wiener.wiener_filter(noisy), atol=1e-4)


def test_future_does_not_change_the_past(speech):
    _, noisy = mix(speech, white(len(speech)), 5.0)
    other = noisy.copy()
    other[20_000:] = white(len(other) - 20_000, seed=1)
    enhanced, changed = wiener.wiener_filter(noisy), wiener.wiener_filter(other)
    np.testing.assert_array_equal(enhanced[: 20_000 - 512], changed[: 20_000 - 512])
    assert not np.array_equal(enhanced[20_000:], changed[20_000:])


@pytest.mark.parametrize("step_db", [-15, 0, 15])
def test_tracker_follows_noise_that_changes(step_db):
    rng = np.random.default_rng(0)
    power = rng.exponential(size=(400, 257))
    power[100:] *= 10 ** (step_db / 10)
    track = wiener.NoiseTracker()
    noise = np.array([track(frame) for frame in power])[-100:]
    assert abs(10 * np.log10(noise.mean()) - step_db) < 2


def test_gains_lie_between_floor_and_one():
    power = np.random.default_rng(0).exponential(size=(50, 9)) * 10.0 ** np.arange(-4, 5)
    gain = wiener.gains(power)
    assert gain.min() >= 10 ** (wiener.FLOOR_DB / 20) - 1e-12
    assert gain.max() < 1
