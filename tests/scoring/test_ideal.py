"""Ideal masks: gains from 0 to 1, and the best one is no worse than any other."""

import numpy as np
import pytest

from lstm_se import Config, mini
from lstm_se.scoring.ideal import best_mask, masked, phase_sensitive_mask
from lstm_se.scoring.metrics import si_sdr
from lstm_se.sound import stft
from lstm_se.sound.audio import snr_db

OTHER = Config(n_fft=256, hop_length=64)  # four windows over each sample


@pytest.fixture(scope="module")
def pair():
    clean, noisy = mini().validation[0].load()
    return clean[:32_000], noisy[:32_000]


@pytest.fixture(scope="module", params=[Config(), OTHER], ids=["512/256", "256/64"])
def config(request):
    return request.param


@pytest.mark.parametrize("mask_of", [phase_sensitive_mask, best_mask])
def test_gains_are_from_0_to_1_and_there_is_one_for_each_bin(mask_of, pair, config):
    mask = mask_of(*pair, config)
    assert mask.shape == stft.stft(pair[1], config.n_fft, config.hop_length).shape
    assert mask.min() >= 0 and mask.max() <= 1


@pytest.mark.parametrize("mask_of", [phase_sensitive_mask, best_mask])
def test_clean_speech_is_let_through(mask_of, pair, config):
    clean, _ = pair
    assert snr_db(clean, masked(clean, mask_of(clean, clean, config), config)) > 60


def test_best_mask_is_better_than_the_best_gain_of_each_bin(pair, config):
    clean, noisy = pair
    ratios = [
        si_sdr(clean, masked(noisy, mask_of(clean, noisy, config), config))
        for mask_of in (phase_sensitive_mask, best_mask)
    ]
    assert ratios[1] > ratios[0] + 0.5


def test_phase_sensitive_mask_is_the_best_for_the_spectrum(pair):
    """No other gain brings a bin nearer to the clean one."""
    S, X = (stft.stft(x) for x in pair)
    mask = phase_sensitive_mask(*pair)
    rng = np.random.default_rng(0)
    for other in (best_mask(*pair), np.clip(mask + rng.normal(0, 0.1, mask.shape), 0, 1)):
        assert (np.abs(mask * X - S) <= np.abs(other * X - S) + 1e-5).all()


def test_no_small_change_betters_the_best_mask(pair):
    clean, noisy = pair
    mask = best_mask(clean, noisy)
    best = np.sum((masked(noisy, mask) - clean) ** 2)
    rng = np.random.default_rng(0)
    for size in (1e-2, 1e-1):
        other = np.clip(mask + rng.normal(0, size, mask.shape), 0, 1)
        assert np.sum((masked(noisy, other) - clean) ** 2) > best


def test_twice_the_steps_find_no_better_mask(pair):
    clean, noisy = pair
    found, longer = (masked(noisy, best_mask(clean, noisy, steps=n)) for n in (25, 50))
    assert si_sdr(clean, longer) - si_sdr(clean, found) < 0.01
