"""What lies above the network's band follows the top of that band, aligned to the sample."""

import numpy as np
import pytest
from random_network import noise, random_weights, small

from lstm_se.network.denoiser import Denoiser
from lstm_se.network.in_numpy import MaskNetwork
from lstm_se.network.upper_band import UpperBand
from lstm_se.sound.audio import rms_dbfs, snr_db


def denoiser(bias, **changes):
    """A denoiser whose masks are all one, or all zero."""
    config = small(n_fft=512, hop_length=256, **changes)
    weights = random_weights(config, size=0.1)
    weights[f"dense_{len(config.dense)}/bias"][:] = bias
    return Denoiser(config, weights)


def hiss(rate, samples, seed=0):
    """Noise above 9 kHz and a little of everything."""
    spectrum = np.fft.rfft(0.1 * noise(samples, seed=seed))
    spectrum[np.fft.rfftfreq(samples, 1 / rate) < 9000] *= 0.1
    return np.fft.irfft(spectrum, samples).astype(np.float32)


@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("samples", [100, 30_001, 100_000])
def test_open_mask_gives_the_sound_back(rate, samples):
    sound = hiss(rate, samples)
    assert snr_db(sound, denoiser(100).enhance(sound, rate)) > 60


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_closed_mask_closes_the_upper_band_too(rate):
    sound = hiss(rate, 3 * rate)
    silenced = denoiser(-100).enhance(sound, rate)
    assert rms_dbfs(silenced[rate:]) < rms_dbfs(sound) - 60


def test_network_of_another_rate_takes_the_gain_from_the_top_of_its_own_band():
    sound = hiss(48_000, 48_000)
    silenced = denoiser(-100, sample_rate=8_000).enhance(sound, 48_000)
    assert rms_dbfs(silenced[24_000:]) < rms_dbfs(sound) - 60


def test_gain_is_taken_from_5_to_below_7500_hz_at_16_khz():
    frequency = np.fft.rfftfreq(512, 1 / 16_000)
    expected = (frequency >= 5000.0) & (frequency < 7500.0)
    np.testing.assert_array_equal(UpperBand(16_000, 48_000, 1)._top, expected)


def test_upper_band_can_be_left_out():
    sound = hiss(48_000, 48_000)
    without = denoiser(100).enhance(sound, 48_000, full_band=False)
    spectrum = np.abs(np.fft.rfft(without * np.hanning(48_000)))
    assert spectrum[10_000:].max() < 1e-3 * spectrum[:7_000].max()


def test_at_the_network_s_own_rate_and_below_there_is_none():
    sound = 0.1 * noise(20_000)
    for rate in (8_000, 16_000):
        with_it, without = (denoiser(0).enhance(sound, rate, full_band=f) for f in (True, False))
        np.testing.assert_array_equal(with_it, without)


def test_upper_band_opens_with_the_speech_and_closes_behind_it():
    """A network that masks all but the second of three seconds: so does the upper band."""
    rate = 48_000

    class Gate(MaskNetwork):
        frame = 0

        def __call__(self, frame):
            self.frame += 1
            return np.full((1, 257), 62 < self.frame <= 125, np.float32)

    config = small(n_fft=512, hop_length=256)
    gated = Denoiser(config, random_weights(config), make=Gate)
    sound = hiss(rate, 3 * rate)
    heard = gated.enhance(sound, rate) - gated.enhance(sound, rate, full_band=False)
    before, within, after = (rms_dbfs(heard[int(t * rate) :][:30_000]) for t in (0.2, 1.1, 2.3))
    assert within > rms_dbfs(sound) - 2
    assert max(before, after) < within - 40


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_blocks_of_any_length_give_the_samples_of_the_whole(seed):
    rng, sound = np.random.default_rng(seed), hiss(44_100, 60_000)
    stream = denoiser(0).any_rate_stream(1, 44_100)
    cuts = np.sort(rng.integers(0, len(sound), 20))
    parts = [stream.process(part[None]) for part in np.split(sound, cuts)]
    whole = np.concatenate([*parts, stream.flush()], axis=1)[0]
    np.testing.assert_allclose(whole, denoiser(0).enhance(sound, 44_100), atol=1e-7)
