"""No loss is negative or rewards anything but the clean signal; no gradient is infinite."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from random_network import noise, small

import lstm_se
from lstm_se.config import Config
from lstm_se.scoring import metrics
from lstm_se.sound.stft import stft
from lstm_se.training import losses

ALL = {**losses.LOSSES, "log_error": losses.log_error}
every_loss = pytest.mark.parametrize("name", ALL)
SPECTRA = {
    "name": st.sampled_from(sorted(ALL)),
    "level": st.floats(1e-5, 3),
    "seed": st.integers(0, 2**32 - 1),
}


def spectrum(level=1.0, seed=0, utterances=2):
    """Spectra of noise, ``(utterances, frames, bins)``."""
    return stft(np.float32(level) * noise(utterances, 400, seed=seed), 64, 32)


def value(name, clean, enhanced):
    """The loss of each utterance."""
    return ALL[name](tf.constant(clean), tf.constant(enhanced)).numpy()


@settings(deadline=None, max_examples=80)
@given(**SPECTRA, other_level=st.floats(0, 3))
def test_loss_is_never_negative(name, level, other_level, seed):
    clean, enhanced = spectrum(level, seed), spectrum(other_level, seed + 1)
    assert value(name, clean, enhanced).min() >= 0


@settings(deadline=None, max_examples=80)
@given(**SPECTRA)
def test_loss_of_equal_spectra_is_zero(name, level, seed):
    clean = spectrum(level, seed)
    assert value(name, clean, clean).max() <= 1e-6


@every_loss
def test_loss_of_silence_for_silence_is_zero(name):
    silence = np.zeros((2, 5, 33), np.complex64)
    assert value(name, silence, silence).max() <= 1e-6


@every_loss
@pytest.mark.parametrize("gain", [0.0, 1e-4, 0.5, 0.9, 1.1, 2.0])
def test_any_gain_but_one_costs(name, gain):
    """Silence, too, is no way out."""
    clean = spectrum()
    assert value(name, clean, np.complex64(gain) * clean).min() > 1e-3


@every_loss
def test_turning_everything_off_costs_more_than_half_of_it(name):
    clean = spectrum()
    assert (value(name, clean, 0 * clean) > value(name, clean, clean / 2)).all()


@pytest.mark.parametrize("name", sorted(set(ALL) - {"magnitude"}))
def test_wrong_phase_costs(name):
    clean = spectrum()
    assert value(name, clean, np.complex64(1j) * clean).min() > 1e-3


def test_magnitude_is_blind_to_phase():
    clean = spectrum()
    assert value("magnitude", clean, np.complex64(1j) * clean).max() < 1e-6


@every_loss
def test_each_utterance_has_a_loss_of_its_own(name):
    clean, enhanced = spectrum(seed=1), spectrum(seed=2)
    alone = [value(name, clean[i : i + 1], enhanced[i : i + 1])[0] for i in range(2)]
    np.testing.assert_allclose(value(name, clean, enhanced), alone, rtol=1e-5)


CASES = {
    "silence for silence": (0.0, 0.0),
    "silence for speech": (1.0, 0.0),
    "sound for silence": (0.0, 1.0),
    "equality": (1.0, 1.0),
    "nearly silence": (1e-4, 1e-7),
}


@every_loss
@pytest.mark.parametrize("levels", CASES.values(), ids=CASES)
def test_gradient_is_finite(name, levels):
    clean = spectrum(levels[0])
    parts = [tf.Variable(part) for part in (spectrum(levels[1]).real, spectrum(levels[1]).imag)]
    with tf.GradientTape() as tape:
        loss = ALL[name](tf.constant(clean), tf.complex(*parts))
    gradients = tape.gradient(loss, parts)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def one(clean, enhanced):
    """Two spectra of a single bin."""
    return [np.full((1, 1, 1), z, np.complex64) for z in (clean, enhanced)]


@pytest.mark.parametrize(
    ("name", "clean", "enhanced", "expected"),
    [
        ("mse", 3, 4j, 25),
        ("mae", 3, 4j, 5),
        ("magnitude", 3, 4j, 1),
        ("psa", 2, 1j, 1),  # a right angle asks for nothing: |E| ** 2
        ("psa", 2, 1, 1),  # (1 - 2) ** 2
        ("psa", 2, -1, 9),  # (1 + 2) ** 2
        ("psa", 2 * np.exp(1j * np.pi / 3), 1, 0),  # |S| cos 60 degrees = 1 = |E|
    ],
)
def test_known_value(name, clean, enhanced, expected):
    assert value(name, *one(clean, enhanced))[0] == pytest.approx(expected, abs=2e-3)


def test_compressed_is_the_formula_of_the_paper():
    s, e = spectrum(seed=1).astype(complex), spectrum(seed=2).astype(complex)
    magnitudes = (np.abs(s) ** 0.3 - np.abs(e) ** 0.3) ** 2
    phases = [np.abs(z) ** 0.3 * np.exp(1j * np.angle(z)) for z in (s, e)]
    expected = magnitudes.mean((1, 2)) + 0.4 * (np.abs(phases[0] - phases[1]) ** 2).mean((1, 2))
    found = losses.compressed(tf.constant(spectrum(seed=1)), tf.constant(spectrum(seed=2)), 0.4)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


@pytest.mark.parametrize(("error", "expected"), [(0, 0), (1e-4, 0.41), (0.1, 20.04), (1, 30.0)])
def test_log_error_counts_decibels_above_its_floor(error, expected):
    """``error`` is the power of what is wrong, relative to the clean signal."""
    clean = spectrum()
    enhanced = clean * np.complex64(1 + np.sqrt(error))
    assert value("log_error", clean, enhanced) == pytest.approx(expected, abs=0.02)


def test_log_error_of_an_utterance_without_speech_is_zero():
    assert value("log_error", 0 * spectrum(), spectrum()).tolist() == [0, 0]


def lost(clean, enhanced):
    """Lost intelligibility of waveforms at 16 kHz, ``(utterances, samples)``."""
    spectra = (tf.constant(stft(np.atleast_2d(waveform))) for waveform in (clean, enhanced))
    return losses.lost_intelligibility(*spectra, 16_000, 256).numpy()


@pytest.fixture(scope="module")
def speech():
    """Pairs of ``(clean, noisy)`` at every level of noise."""
    return [pair.load() for pair in lstm_se.mini().test[::4]]


def test_lost_intelligibility_is_what_estoi_says(speech):
    for clean, noisy in speech:
        estoi = metrics.estoi(clean, noisy)
        assert 1 - lost(clean, noisy)[0] == pytest.approx(estoi, abs=0.08)


def test_nothing_is_lost_of_clean_speech_at_any_level(speech):
    clean = speech[0][0]
    assert lost(clean, clean)[0] == pytest.approx(0, abs=0.01)
    assert lost(clean, 0.3 * clean)[0] == pytest.approx(0, abs=0.01)


def test_less_is_lost_where_there_is_less_noise(speech):
    clean, noisy = speech[0]
    found = [lost(clean, clean + share * (noisy - clean))[0] for share in (0.1, 0.5, 1.0)]
    assert 0 < found[0] < found[1] < found[2] < 1


def test_pauses_of_the_talker_do_not_count(speech):
    clean, noisy = speech[0]
    pause = np.zeros(32_000, np.float32)
    rustle = 0.01 * noise(32_000)
    longer = [np.concatenate([one, other]) for one, other in ((clean, pause), (noisy, rustle))]
    assert lost(*longer)[0] == pytest.approx(lost(clean, noisy)[0], abs=0.02)


def test_nothing_is_lost_of_an_utterance_without_speech(speech):
    noisy = speech[0][1]
    assert lost(0 * noisy, noisy).tolist() == [0]
    assert lost(noisy[:4000], 0 * noisy[:4000]).tolist() == [0]  # shorter than a piece


@pytest.mark.parametrize("levels", CASES.values(), ids=CASES)
def test_gradient_of_the_lost_intelligibility_is_finite(levels):
    spectra = [stft(np.float32(level) * noise(1, 16_000, seed=1)) for level in levels]
    parts = [tf.Variable(part) for part in (spectra[1].real, spectra[1].imag)]
    with tf.GradientTape() as tape:
        found = losses.lost_intelligibility(
            tf.constant(spectra[0]), tf.complex(*parts), 16_000, 256
        )
    gradients = tape.gradient(found, parts)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_every_third_octave_hears_a_bin():
    bands = losses.third_octaves(16_000, 512)
    assert bands.shape == (257, 15)
    assert bands.sum(0).min() >= 1
    assert bands.sum(1).max() == 1


def loss_of(config, clean, enhanced):
    """The loss of a configuration, of each utterance."""
    return losses.SpectralLoss(config).call(tf.constant(clean), tf.constant(enhanced)).numpy()


@pytest.mark.parametrize("name", losses.LOSSES)
def test_loss_of_a_configuration_is_on_waveforms(name):
    config = small(loss=name, complex_weight=0.113, snr_weight=0.0)
    clean, enhanced = noise(2, 400, seed=1), noise(2, 400, seed=2)
    expected = value(name, stft(clean, 64, 32), stft(enhanced, 64, 32))
    np.testing.assert_allclose(loss_of(config, clean, enhanced), expected, 1e-4)


def test_weights_of_a_configuration_count():
    clean, enhanced = noise(2, 400, seed=1), noise(2, 400, seed=2)
    spectra = tf.constant(stft(clean, 64, 32)), tf.constant(stft(enhanced, 64, 32))
    expected = losses.compressed(*spectra, 0.5) + 0.01 * losses.log_error(*spectra)
    config = small(loss="compressed", complex_weight=0.5, snr_weight=0.01)
    np.testing.assert_allclose(loss_of(config, clean, enhanced), expected, 1e-4)


def test_weight_of_the_lost_intelligibility_counts(speech):
    clean, noisy = (waveform[None] for waveform in speech[0])
    without, all_of_it = (
        loss_of(Config(snr_weight=0.0, estoi_weight=weight), clean, noisy) for weight in (0.0, 0.5)
    )
    np.testing.assert_allclose(all_of_it - without, 0.5 * lost(clean, noisy), rtol=1e-3)
