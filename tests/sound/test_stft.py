"""The window pair gives back what it was given, in NumPy and in TensorFlow; both agree."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from random_network import noise

from lstm_se.sound.audio import snr_db
from lstm_se.sound.stft import istft, istft_tf, padding, sqrt_hann, stft, stft_tf, synthesis_gain

SIZES = st.sampled_from(
    [(512, 256), (512, 128), (512, 64), (256, 128), (256, 64), (400, 200), (64, 8), (6, 3), (2, 1)]
)
CASE = {
    "samples": st.integers(1, 3000),
    "sizes": SIZES,
    "center": st.booleans(),
    "seed": st.integers(0, 2**32 - 1),
}


@settings(deadline=None, max_examples=80)
@given(**CASE)
def test_round_trip_is_transparent(samples, sizes, center, seed):
    waveform = noise(samples, seed=seed)
    restored = istft(stft(waveform, *sizes, center), samples, *sizes, center)
    assert snr_db(waveform, restored) > 100


@settings(deadline=None, max_examples=30)
@given(**CASE)
def test_round_trip_in_tensorflow_is_transparent(samples, sizes, center, seed):
    waveform = noise(samples, seed=seed)
    restored = istft_tf(stft_tf(tf.constant(waveform), *sizes, center), samples, *sizes, center)
    assert snr_db(waveform, restored.numpy()) > 100


@settings(deadline=None, max_examples=30)
@given(**CASE)
def test_tensorflow_transforms_as_numpy_does(samples, sizes, center, seed):
    waveform = noise(samples, seed=seed)
    spectrum = stft(waveform, *sizes, center)
    difference = np.abs(stft_tf(tf.constant(waveform), *sizes, center) - spectrum).max()
    assert difference <= 1e-5 * max(1, np.abs(spectrum).max())


@settings(deadline=None, max_examples=30)
@given(**CASE)
def test_tensorflow_inverts_as_numpy_does(samples, sizes, center, seed):
    """On a spectrum that no waveform has, as a mask makes it."""
    rng = np.random.default_rng(seed)
    spectrum = stft(noise(samples, seed=seed), *sizes, center)
    spectrum *= rng.uniform(0, 1, spectrum.shape).astype(np.float32)
    expected = istft(spectrum, samples, *sizes, center)
    found = istft_tf(tf.constant(spectrum), samples, *sizes, center)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(700,), (3, 700), (2, 3, 700)])
def test_leading_axes_are_kept(shape):
    waveform = noise(*shape)
    assert istft(stft(waveform), 700).shape == shape


@pytest.mark.parametrize("shape", [(700,), (3, 700), (2, 3, 700)])
def test_leading_axes_are_transformed_on_their_own(shape):
    waveform = noise(*shape)
    rows = np.stack([stft(row) for row in waveform.reshape(-1, 700)])
    np.testing.assert_array_equal(stft(waveform).reshape(rows.shape), rows)


def test_spectrum_of_a_tone_is_the_textbook_formula():
    """Against a plain DFT sum of one frame, not against another fast transform."""
    waveform, n = noise(2048), np.arange(512)
    frame = waveform[256:768] * np.sin(np.pi * n / 512)
    dft = np.exp(-2j * np.pi * np.arange(257)[:, None] * n / 512) @ frame
    np.testing.assert_allclose(stft(waveform)[2], dft, atol=1e-4)


def test_centred_frames_begin_in_the_mirrored_signal():
    waveform = noise(2048)
    mirrored = np.concatenate([waveform[256:0:-1], waveform])
    frame = np.fft.rfft(mirrored[:512] * sqrt_hann(512))
    np.testing.assert_allclose(stft(waveform, center=True)[0], frame, atol=1e-4)


def test_future_samples_do_not_change_past_frames():
    waveform = noise(4096)
    changed = waveform.copy()
    changed[2048:] = noise(2048, seed=1)
    np.testing.assert_array_equal(stft(waveform)[:8], stft(changed)[:8])


def test_squared_windows_sum_to_one():
    squared = sqrt_hann(512).astype(np.float64) ** 2
    np.testing.assert_allclose(squared[:256] + squared[256:], 1, atol=1e-6)


def test_squared_symmetric_windows_would_not_sum_to_one():
    """Guards the classic mistake: numpy's Hann window is symmetric."""
    symmetric = np.hanning(512)
    assert np.ptp(symmetric[:256] + symmetric[256:]) > 1e-3


@pytest.mark.parametrize(("hop_length", "gain"), [(256, 1), (128, 2), (64, 4)])
def test_synthesis_gain_is_the_overlap_of_squared_windows(hop_length, gain):
    np.testing.assert_allclose(synthesis_gain(512, hop_length), gain, rtol=1e-6)


@settings(deadline=None, max_examples=100)
@given(samples=st.integers(1, 10_000), sizes=SIZES)
def test_every_sample_lies_under_all_its_windows(samples, sizes):
    n_fft, hop_length = sizes
    front, tail = padding(samples, n_fft, hop_length)
    starts = range(0, front + samples + tail - n_fft + 1, hop_length)
    first = sum(start <= front < start + n_fft for start in starts)
    last = sum(start <= front + samples - 1 < start + n_fft for start in starts)
    assert first == last == n_fft // hop_length


@pytest.mark.parametrize("hop_length", [0, -1, 100, 512])
@pytest.mark.parametrize("transform", [stft, stft_tf])
def test_hop_that_cannot_reconstruct_is_refused(transform, hop_length):
    with pytest.raises(ValueError, match=f"hop_length {hop_length} must divide n_fft / 2 = 256"):
        transform(np.ones(1000, np.float32), 512, hop_length)


def test_odd_window_is_refused():
    with pytest.raises(ValueError, match="n_fft / 2 = 256.5"):
        stft(np.ones(1000, np.float32), 513, 256)


@pytest.mark.parametrize("transform", [stft, stft_tf])
def test_empty_waveform_is_refused(transform):
    with pytest.raises(ValueError, match="0 samples"):
        transform(np.zeros(0, np.float32))


def test_spectrum_with_missing_frames_is_refused():
    with pytest.raises(ValueError, match="1000 samples take 5 frames, not 4"):
        istft(stft(np.ones(1000, np.float32))[:4], 1000)
