"""Synthetic noises are at unit level, as long as asked, and the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_se.sound import noises

every_noise = pytest.mark.parametrize("name", noises.SYNTHETIC)


def make(name, samples, seed=0):
    """A noise by name."""
    return noises.SYNTHETIC[name](samples, np.random.default_rng(seed))


@every_noise
@pytest.mark.parametrize("samples", [400, 401, 16_000, 16_001, 48_007])
def test_length_is_the_one_asked_for(name, samples):
    assert make(name, samples).shape == (samples,)


@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(sorted(noises.SYNTHETIC)),
    samples=st.integers(400, 20_000),
    seed=st.integers(0, 2**32 - 1),
)
def test_level_is_unit_rms(name, samples, seed):
    noise = make(name, samples, seed).astype(np.float64)
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(1, abs=1e-4)


@every_noise
def test_noise_is_float32(name):
    assert make(name, 4000).dtype == np.float32


@every_noise
def test_same_seed_gives_the_same_noise(name):
    np.testing.assert_array_equal(make(name, 5000, 3), make(name, 5000, 3))


@every_noise
def test_other_seed_gives_another_noise(name):
    assert not np.allclose(make(name, 5000, 3), make(name, 5000, 4))


@every_noise
def test_noise_changes_over_time(name):
    """A loop of a second would be learnt by heart."""
    noise = make(name, 32_000)
    assert not np.allclose(noise[:16_000], noise[16_000:], atol=0.1)


def test_kinds_for_tests_exist_beside_those_for_training():
    assert set(noises.TRAINING_SYNTHETIC) < set(noises.SYNTHETIC)


def spectrum_db(noise, hertz):
    """Mean power around a frequency in dB."""
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequency = np.fft.rfftfreq(len(noise), 1 / 16_000)
    near = np.abs(np.log2(np.maximum(frequency, 1) / hertz)) < 0.25
    return 10 * np.log10(power[near].mean())


def test_wind_falls_12_db_per_octave():
    octaves = [spectrum_db(make("wind", 160_000, seed), 1000) for seed in range(5)]
    lower = [spectrum_db(make("wind", 160_000, seed), 500) for seed in range(5)]
    assert np.mean(lower) - np.mean(octaves) == pytest.approx(12, abs=1.5)


def test_hum_has_its_energy_in_lines():
    power = np.sort(np.abs(np.fft.rfft(make("hum", 160_000))) ** 2)[::-1]
    assert power[:400].sum() > 0.5 * power.sum()  # of 80,001 bins


def test_clicks_are_short_and_loud():
    noise = make("clicks", 160_000)
    assert np.abs(noise).max() > 5 * np.sqrt(np.mean(noise**2))


def test_crickets_sing_high():
    """The floor, at most as loud as they are, takes a part of the power."""
    songs = [make("crickets", 32_000, seed) for seed in range(20)]
    power = np.mean(np.abs(np.fft.rfft(songs)) ** 2, 0)
    assert power[4000:].sum() > 0.7 * power.sum()


def test_vacuum_cleaner_is_steady():
    """Nine frames of ten are within 6 dB of each other."""
    frames = np.sqrt(np.mean(make("vacuum", 51_200).reshape(100, 512) ** 2, 1))
    assert 20 * np.log10(np.percentile(frames, 95) / np.percentile(frames, 5)) < 6


def centroid_hz(sound):
    """Mean frequency of the power."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    return np.fft.rfftfreq(len(sound), 1 / 16_000) @ power / power.sum()


def test_bubble_rises_and_dies():
    drop = noises.bubble(np.random.default_rng(0), 1000, 1001)
    assert centroid_hz(drop[400:800]) > 1.02 * centroid_hz(drop[:400])
    assert np.abs(drop[800:]).max() < 0.1 * np.abs(drop[:400]).max()


def test_high_partials_of_a_struck_piece_die_first():
    pieces = [noises.dish(np.random.default_rng(seed)) for seed in range(20)]
    struck = np.mean([centroid_hz(piece[:800]) for piece in pieces])
    ringing = np.mean([centroid_hz(piece[800:]) for piece in pieces])
    assert ringing < struck - 200


def test_harmonics_stay_below_the_upper_edge():
    tone = noises.harmonics(np.full(16_000, 500.0), 100, 0.0, np.random.default_rng(0))
    above = np.abs(np.fft.rfft(tone))[7801:]
    assert above.max() < 1e-6 * np.abs(np.fft.rfft(tone)).max()


def test_unit_rms_leaves_silence_silent():
    assert not noises.unit_rms(np.zeros(100)).any()
