"""The firmware's float part against the signal chain that the network was trained with."""

import numpy as np
import pytest

import lstm_se
from lstm_se.chip.stft import (
    Level,
    analyse,
    apply_mask,
    bands_of,
    fixed_features,
    log2,
    log_bands,
    synthesise,
    to_int16,
)
from lstm_se.config import Config
from lstm_se.sound import features, stft

CONFIG = Config()


@pytest.fixture(scope="module")
def pcm():
    """Noisy speech as int16."""
    _, noisy = lstm_se.mini().test[0].load()
    noisy = noisy[: len(noisy) // 256 * 256]
    return np.round(noisy * 32767).astype(np.int16)


def hops(pcm):
    rows = np.concatenate([np.zeros(256, np.int16), pcm]).reshape(-1, 256)
    return np.concatenate([rows[:-1], rows[1:]], axis=1)


def feature_errors(pcm, config):
    """By how much the features of each frame differ from those of training."""
    logs = log_bands(analyse(hops(pcm)), config)
    found = fixed_features(logs, Level(config)) / 2**13
    spectrum = stft.stft(pcm / np.float32(32768))[: len(found)]
    level = features.RunningLevel(config)
    power = np.abs(spectrum) ** 2
    expected = np.stack([features.features(frame, config, level) for frame in power])
    return np.abs(found - expected)


@pytest.mark.parametrize("config", [CONFIG, Config.preset("plain")], ids=["fine", "erb"])
def test_features_are_those_of_training_but_for_rounding(pcm, config):
    assert feature_errors(pcm, config).max() < 2**-13


def test_bins_behind_the_bands_are_those_of_training_but_where_next_to_nothing_is(pcm):
    """A transform in float32 is as exact as its loudest bins allow."""
    config = Config.preset("bandwise")
    errors = feature_errors(pcm, config)
    assert errors.shape[1] == config.inputs and errors[:, : config.bands].max() < 2**-13
    assert np.mean(errors < 2**-13) > 0.9999 and errors.max() < 2**-10


def test_mask_of_ones_gives_the_sound_back(pcm):
    spectrum = analyse(hops(pcm))
    ones = np.full((len(spectrum), 257), 32767)
    found, left = synthesise(apply_mask(spectrum, ones), np.zeros(256, np.float32))
    error = found.ravel()[256:].astype(int) - pcm[:-256]
    assert np.abs(error).max() <= 1 + np.abs(pcm.astype(int)).max() / 32768
    assert left.shape == (256,)


def test_logarithm_is_close_everywhere():
    x = np.exp(np.random.default_rng(0).uniform(-21, 12, 100_000)).astype(np.float32)
    assert np.abs(log2(x) - np.log2(x.astype(np.float64))).max() < 4e-6


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.49, 0), (0.5, 1), (-0.5, 0), (-0.51, -1), (1e9, 32767), (-1e9, -32768), (32766.7, 32767)],
)
def test_rounding_is_to_nearest_and_saturates(value, expected):
    assert to_int16(np.float32([value]))[0] == expected


def test_filter_bank_without_zeros_is_the_filter_bank():
    bands = bands_of(CONFIG)
    matrix = np.zeros((257, CONFIG.bands), np.float32)
    begin = 0
    for band, (first, bins) in enumerate(zip(bands.first, bands.bins, strict=True)):
        matrix[first : first + bins, band] = bands.weights[begin : begin + bins]
        begin += bins
    np.testing.assert_array_equal(matrix, features.bank_of(CONFIG))
    assert (bands.first >= np.arange(CONFIG.bands)).all()  # se_stft.c writes band k over bin k
