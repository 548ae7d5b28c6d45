"""Bands lose nothing, normalisation keeps x = s + n, and the running level is causal."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_network import noise

from lstm_se.config import Config
from lstm_se.sound import features
from lstm_se.sound.stft import stft

SCALES = tuple(features.SCALES)
BANKS = {
    "share": st.floats(0, 1),
    "n_fft": st.sampled_from([64, 256, 400, 512, 1024]),
    "sample_rate": st.sampled_from([8_000, 16_000, 48_000]),
    "scale": st.sampled_from(SCALES),
    "f_min": st.sampled_from([0.0, 20.0, 50.0, 300.0, 1000.0]),
}


def bank(share, n_fft, sample_rate, scale, f_min, make=features.filterbank):
    """A bank of 2 bands (``share`` 0) up to as many as there are bins (``share`` 1)."""
    fitting = n_fft // 2 - max(1, int(np.ceil(f_min * n_fft / sample_rate))) + 1
    assume(fitting >= 2)
    return make(2 + round(share * (fitting - 2)), n_fft, sample_rate, scale, f_min)


@settings(deadline=None, max_examples=150)
@given(**BANKS)
def test_no_band_is_empty(**sizes):
    assert (bank(**sizes).max(0) > 0).all()


@settings(deadline=None, max_examples=150)
@given(**BANKS)
def test_weights_of_each_band_sum_to_one(**sizes):
    np.testing.assert_allclose(bank(**sizes).sum(0), 1, atol=1e-5)


@settings(deadline=None, max_examples=150)
@given(**BANKS)
def test_no_weight_is_negative(**sizes):
    assert bank(**sizes).min() >= 0


@settings(deadline=None, max_examples=150)
@given(**BANKS)
def test_every_bin_above_f_min_is_heard(**sizes):
    matrix = bank(**sizes)
    first = int(np.ceil(sizes["f_min"] * sizes["n_fft"] / sizes["sample_rate"]))
    assert (matrix[first:].max(1) > 0).all()


@settings(deadline=None, max_examples=150)
@given(**BANKS)
def test_no_bin_below_f_min_is_heard(**sizes):
    matrix = bank(**sizes)
    first = int(np.ceil(sizes["f_min"] * sizes["n_fft"] / sizes["sample_rate"]))
    assert not matrix[:first].any()


@settings(deadline=None, max_examples=150)
@given(**BANKS)
def test_gains_of_one_in_every_band_are_gains_of_one_in_every_bin(**sizes):
    np.testing.assert_allclose(bank(**sizes, make=features.inverse_filterbank).sum(0), 1, atol=1e-5)


def test_bin_that_no_band_hears_takes_the_gain_of_the_lowest_band():
    inverse = features.inverse_filterbank(20, 512, 16_000, "mel", 300.0)
    np.testing.assert_array_equal(inverse[:, 0], np.eye(20, dtype=np.float32)[0])


@pytest.mark.parametrize("scale", SCALES)
def test_centres_rise_from_band_to_band(scale):
    matrix = features.filterbank(64, 512, 16_000, scale)
    assert (np.diff(np.arange(257) @ matrix) > 0).all()


@pytest.mark.parametrize("bands", [-1, 0, 1, 257])
def test_number_of_bands_that_does_not_fit_is_refused(bands):
    with pytest.raises(ValueError, match=f"{bands} bands do not fit 256 bins"):
        features.filterbank(bands, 512)


def test_unknown_scale_is_refused():
    with pytest.raises(ValueError, match="'bark'.*erb, mel, linear"):
        features.filterbank(32, 512, scale="bark")


def test_shared_bank_cannot_be_written_into():
    with pytest.raises(ValueError, match="read-only"):
        features.filterbank(32, 512)[0, 0] = 1


@pytest.mark.parametrize("scale", SCALES)
def test_scale_and_its_inverse_cancel(scale):
    forward, backward = features.SCALES[scale]
    hertz = np.linspace(0, 24_000, 100)
    np.testing.assert_allclose(backward(forward(hertz)), hertz, atol=1e-6)


def test_erb_of_1_khz_is_glasberg_and_moore_s():
    assert features.hz_to_erb(1000) == pytest.approx(15.62, abs=0.01)


def test_mel_of_1_khz_is_1000():
    assert features.hz_to_mel(1000) == pytest.approx(1000, abs=0.1)


@pytest.mark.parametrize(("kind", "value"), [("log", 2), ("power", 100**0.15), ("none", 100)])
def test_compression_of_a_known_power(kind, value):
    assert features.compress(np.float32(100), kind) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("kind", ["log", "power", "none"])
def test_compressed_silence_is_finite(kind):
    assert np.isfinite(features.compress(np.float32(0), kind))


@pytest.mark.parametrize("frames", [1, 2, 50, 400])
def test_level_matrix_is_the_running_level(frames):
    config = Config()
    log_features = noise(frames, config.bands)
    level = features.RunningLevel(config)
    stepped = np.array([level(frame) for frame in log_features])
    at_once = features.level_matrix(config, frames) @ log_features.mean(1, keepdims=True)
    np.testing.assert_allclose(at_once, stepped, atol=1e-6)


def test_running_level_starts_at_the_first_frame():
    frame = noise(2, 64)
    level = features.RunningLevel(Config())
    np.testing.assert_allclose(level(frame), frame.mean(1, keepdims=True), atol=1e-6)


def test_running_level_forgets_with_its_time_constant():
    config = Config()
    level = features.RunningLevel(config)
    seconds = config.hop_length / config.sample_rate
    for _ in range(2000):
        level(np.zeros(4))
    for _ in range(round(Config().level_seconds / seconds)):
        now = level(np.ones(4))
    assert now[0] == pytest.approx(1 - np.exp(-1), abs=0.01)


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(normalisation="none"),
        Config.preset("paper"),
        Config.preset("lstm2022"),
    ],
    ids=["running", "log", "power", "none"],
)
def test_tensorflow_sees_the_features_that_numpy_sees(config):
    waveform = noise(9000)
    waveform[2000:4000] = 0  # digital silence, too
    power = np.abs(stft(waveform, config.n_fft, config.hop_length)) ** 2
    level = features.RunningLevel(config)
    stepped = np.array([features.features(frame, config, level) for frame in power])
    at_once = features.features_tf(tf.constant(power[None]), config)[0].numpy()
    np.testing.assert_allclose(at_once, stepped, rtol=1e-5, atol=2e-5)


def test_running_level_without_its_state_is_refused():
    with pytest.raises(ValueError, match="pass a RunningLevel"):
        features.features(np.ones(257, np.float32), Config())


WAVEFORMS = {
    "samples": st.integers(1, 2000),
    "kind": st.sampled_from(["none", "zscore", "minmax"]),
    "segment": st.sampled_from([None, 1, 7, 400]),
    "offset": st.floats(-0.5, 0.5),
    "size": st.floats(1e-3, 1),
    "seed": st.integers(0, 2**32 - 1),
}


@settings(deadline=None, max_examples=80)
@given(**WAVEFORMS)
def test_undone_normalisation_gives_the_waveform_back(samples, kind, segment, offset, size, seed):
    waveform = noise(samples, seed=seed) * size + offset
    change = features.normalisation(waveform, kind, segment)
    np.testing.assert_allclose(change.undo(change.apply(waveform)), waveform, atol=1e-6)


@settings(deadline=None, max_examples=80)
@given(**WAVEFORMS)
def test_noise_remains_the_difference_of_noisy_and_clean(
    samples, kind, segment, offset, size, seed
):
    clean, added = noise(samples, seed=seed), noise(samples, seed=seed + 1) * size + offset
    change = features.normalisation(clean + added, kind, segment)
    difference = (change.apply(clean + added) - change.apply(clean)) * change.scale
    np.testing.assert_allclose(difference, added, atol=1e-5)


@pytest.mark.parametrize("kind", ["none", "running"])
def test_waveform_that_stays_as_it_is_is_not_copied(kind):
    waveform = noise(2, 1000)
    change = features.normalisation(waveform, kind)
    assert change.undo(change.apply(waveform)) is waveform


def test_zscore_has_mean_zero_and_deviation_one():
    waveform = 0.1 * noise(5000) + 0.3
    normal = features.normalisation(waveform, "zscore").apply(waveform)
    assert (normal.mean(), normal.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, rel=1e-5))


def test_minmax_fills_the_range():
    waveform = 0.1 * noise(5000) + 0.3
    normal = features.normalisation(waveform, "minmax").apply(waveform)
    assert (normal.min(), normal.max()) == (pytest.approx(-1), pytest.approx(1))


def test_each_channel_has_statistics_of_its_own():
    waveform = noise(2, 1000) * [[0.1], [0.7]]
    normal = features.normalisation(waveform, "zscore").apply(waveform)
    assert normal.std(axis=1) == pytest.approx([1, 1], rel=1e-5)


def test_each_segment_has_statistics_of_its_own():
    waveform = noise(1000) * np.repeat([0.1, 0.7], 500)
    normal = features.normalisation(waveform, "zscore", 500).apply(waveform)
    assert [normal[:500].std(), normal[500:].std()] == pytest.approx([1, 1], rel=1e-5)


@pytest.mark.parametrize("kind", ["none", "zscore", "minmax"])
@pytest.mark.parametrize("value", [0.0, 0.25, -1.0])
def test_constant_waveform_stays_finite(kind, value):
    waveform = np.full(100, value, np.float32)
    assert np.isfinite(features.normalisation(waveform, kind).apply(waveform)).all()


@pytest.mark.parametrize("kind", ["none", "zscore", "minmax"])
def test_silence_stays_silence(kind):
    silence = np.zeros(100, np.float32)
    assert not features.normalisation(silence, kind).apply(silence).any()


@pytest.mark.parametrize("fine_hz", [500.0, 2000.0, 2500.0])
def test_every_bin_is_a_band_up_to_the_frequency_asked_for(fine_hz):
    bank = features.filterbank(104, 512, 16_000, "erb", 0.0, fine_hz)
    fine = bank[1 : int(fine_hz / 31.25) + 1]
    assert ((fine > 0).sum(1) == 1).all()
    assert ((bank > 0).sum(0) > 0).all()


def test_fine_bands_leave_room_for_the_others_or_are_refused():
    with pytest.raises(ValueError, match="64 bands do not fit"):
        features.filterbank(64, 512, 16_000, "erb", 0.0, 2500.0)


def test_gain_belongs_to_the_band_that_hears_its_bin():
    config = Config.preset("tiny", bands=96, fine_hz=2000.0)
    own = features.band_of_output(config)
    assert (np.diff(own) >= 0).all()
    assert set(own) == set(range(96))
    np.testing.assert_array_equal(own[1:65], np.arange(64))
    bands = Config.preset("tiny", mask="bands")
    np.testing.assert_array_equal(features.band_of_output(bands), np.arange(bands.bands))
