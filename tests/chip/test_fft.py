"""The firmware's Fourier transform against NumPy's."""

import numpy as np
import pytest

from lstm_se.chip import fft


def frames(seed=0):
    return np.random.default_rng(seed).standard_normal((5, 512)).astype(np.float32)


def complex_of(spectrum):
    inner = spectrum[:, 2::2] + 1j * spectrum[:, 3::2]
    return np.concatenate([spectrum[:, :1], inner, spectrum[:, 1:2]], axis=1)


def test_forward_is_the_real_transform():
    found = complex_of(fft.forward(frames()))
    expected = np.fft.rfft(frames().astype(np.float64))
    assert np.abs(found - expected).max() < 2e-5
    noise = np.sum(np.abs(found - expected) ** 2) / np.sum(np.abs(expected) ** 2)
    assert 10 * np.log10(noise) < -135


def test_inverse_gives_the_frames_back():
    found = fft.inverse(fft.forward(frames())) / 512
    assert np.abs(found - frames()).max() < 2e-6


@pytest.mark.parametrize("transform", [fft.forward, fft.inverse])
def test_each_frame_stands_alone(transform):
    together = transform(frames())
    for frame, found in zip(frames(), together, strict=True):
        np.testing.assert_array_equal(transform(frame[None])[0], found)


def test_result_is_float32():
    assert fft.forward(frames()).dtype == fft.inverse(frames()).dtype == np.float32
