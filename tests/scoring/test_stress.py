"""The stress measures tell what a denoiser with a known fault does."""

import numpy as np
import pytest
from random_network import noise

from lstm_se.scoring import stress
from lstm_se.sound.audio import SAMPLE_RATE


def same(samples):
    return samples


def gate(samples):
    """Deaf to what is quieter than -30 dBFS."""
    return samples if np.abs(samples).max() > 10 ** (-30 / 20) else 1e-3 * noise(len(samples))


def syllables(seconds=2, seed=0):
    samples = seconds * SAMPLE_RATE
    talk = np.sin(2 * np.pi * 150 * np.arange(samples) / SAMPLE_RATE) * 0.2
    return (talk * (np.arange(samples) // 3200 % 2) + 1e-4 * noise(samples, seed=seed)).astype(
        np.float32
    )


@pytest.mark.parametrize("peak_dbfs", [-45.0, -20.0, 0.0])
def test_file_has_the_peak_and_the_steps_of_16_bits(peak_dbfs):
    held = stress.in_16_bits(noise(5000), peak_dbfs)
    assert 20 * np.log10(np.abs(held).max()) == pytest.approx(peak_dbfs, abs=0.03)
    np.testing.assert_array_equal(held * 32768, np.round(held * 32768))


def test_sweep_shows_who_is_deaf_to_quiet_files():
    pairs = [(syllables(), syllables() + 0.01 * noise(2 * SAMPLE_RATE, seed=1))]
    honest, deaf = (stress.level_sweep(e, pairs, (-45.0, -10.0)) for e in (same, gate))
    assert honest["-45"] == pytest.approx(honest["-10"], abs=0.2)
    assert deaf["-45"][0] < deaf["-10"][0] - 10


def test_identity_leaves_clean_speech_alone():
    found = stress.clean_speech(same, [syllables()])
    assert found["sdr"][0] > 80


@pytest.mark.parametrize("gain_db", [0.0, -6.0, -40.0])
def test_reduction_is_the_gain_after_the_first_second(gain_db):
    def enhance(samples):
        changed = samples * 10 ** (gain_db / 20)
        changed[:SAMPLE_RATE] = samples[:SAMPLE_RATE]
        return changed

    assert stress.reduction_db(enhance, noise(3 * SAMPLE_RATE)) == pytest.approx(-gain_db, abs=1e-3)


def test_speech_that_a_room_erases_is_seen():
    halved = stress.reverberant_speech(lambda x: x / 2, [syllables()], (0.3, 0.6))
    assert halved == {
        "0.3": [pytest.approx(-6.02, abs=0.01)],
        "0.6": [pytest.approx(-6.02, abs=0.01)],
    }


class Fading:
    """A stream that loses a thousandth with each block."""

    def __init__(self):
        self.gain = 1.0

    def process(self, block):
        self.gain *= 0.999
        return self.gain * block


def test_drift_of_a_stream_that_fades_is_its_fading():
    blocks = 60 // 2 * 2  # of two seconds, in two minutes after the first
    faded = stress.drift_db(Fading().process, syllables(2), minutes=3)
    assert faded == pytest.approx(blocks * 20 * np.log10(0.999), rel=1e-3)
    assert stress.drift_db(same, syllables(2), minutes=3) == 0
