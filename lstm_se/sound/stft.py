"""Short-time Fourier transform with one square-root Hann window pair.

Analysis and synthesis use the same window, so that a spectrum that nobody touched gives back the
waveform it came from, and a mask meets no gain ripple. The NumPy and the TensorFlow version agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf


def sqrt_hann(n_fft: int) -> np.ndarray:
    """Square root of the periodic Hann window, shape ``(n_fft,)``, float32.

    Periodic, not symmetric: only then do squared windows ``n_fft / 2`` apart sum to one.
    """
    return np.sin(np.pi * np.arange(n_fft) / n_fft).astype(np.float32)


def padding(samples: int, n_fft: int, hop_length: int, center: bool = False) -> tuple[int, int]:
    """Samples to put in front and behind, so that every sample lies under all its windows.

    With ``center`` and a hop below ``n_fft / 2``, the first ones lie under fewer: :func:`istft`
    divides by what there is.

    Args:
        samples: Length of the signal.
        n_fft: Window length in samples.
        hop_length: Samples between frames; must divide ``n_fft / 2``.
        center: Half a window in front instead of ``n_fft - hop_length``.

    Raises:
        ValueError: If ``hop_length`` does not divide ``n_fft / 2``, or there is no sample.
    """
    if hop_length < 1 or n_fft % (2 * hop_length):
        raise ValueError(f"hop_length {hop_length} must divide n_fft / 2 = {n_fft / 2:g}")
    if samples == 0:
        raise ValueError("cannot transform an empty waveform: it has 0 samples")
    front = n_fft // 2 if center else n_fft - hop_length
    frames = -(-(samples + front) // hop_length)
    return front, (frames - 1) * hop_length + n_fft - samples - front


def stft(
    waveform: np.ndarray, n_fft: int = 512, hop_length: int = 256, center: bool = False
) -> np.ndarray:
    """Complex spectrum of a waveform.

    Args:
        waveform: Samples, shape ``(..., samples)``, float in [-1, 1].
        n_fft: Window length in samples.
        hop_length: Samples between frames; must divide ``n_fft / 2``.
        center: Mirror half a window in front, as librosa does with ``pad_mode="reflect"`` (which
            mirrors the end too; here zeros follow). Otherwise ``n_fft - hop_length`` zeros stand
            in front, as in a stream that starts from silence.

    Returns:
        Spectrum, shape ``(..., frames, n_fft // 2 + 1)``, complex64.

    Raises:
        ValueError: If ``hop_length`` does not divide ``n_fft / 2``, or there is no sample.
    """
    front, tail = padding(waveform.shape[-1], n_fft, hop_length, center)
    waveform, channels = np.asarray(waveform, np.float32), [(0, 0)] * (waveform.ndim - 1)
    if center and waveform.shape[-1] > 1:
        waveform, front = np.pad(waveform, [*channels, (front, 0)], mode="reflect"), 0
    padded = np.pad(waveform, [*channels, (front, tail)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft, -1)[..., ::hop_length, :]
    return np.fft.rfft(frames * sqrt_hann(n_fft)).astype(np.complex64)


def istft(
    spectrum: np.ndarray,
    samples: int,
    n_fft: int = 512,
    hop_length: int = 256,
    center: bool = False,
) -> np.ndarray:
    """Waveform of a spectrum made by :func:`stft`, by windowed overlap-add.

    Args:
        spectrum: Shape ``(..., frames, n_fft // 2 + 1)``, complex.
        samples: Length of the waveform that :func:`stft` was given.
        n_fft: Window length in samples.
        hop_length: Samples between frames; must divide ``n_fft / 2``.
        center: As :func:`stft` was told.

    Returns:
        Waveform, shape ``(..., samples)``, float32, aligned with the input of :func:`stft`.

    Raises:
        ValueError: If ``hop_length`` does not divide ``n_fft / 2``, or frames are missing.
    """
    front, tail = padding(samples, n_fft, hop_length, center)
    frames = (front + samples + tail - n_fft) // hop_length + 1
    if spectrum.shape[-2] != frames:
        raise ValueError(f"{samples} samples take {frames} frames, not {spectrum.shape[-2]}")
    pieces = np.fft.irfft(spectrum, n_fft).astype(np.float32) * sqrt_hann(n_fft)
    waveform = overlap_add(pieces, hop_length) / _window_sum(frames, n_fft, hop_length)
    return waveform[..., front : front + samples]


def overlap_add(
    frames: np.ndarray, hop_length: int, before: np.ndarray | None = None
) -> np.ndarray:
    """Frames added where they were cut.

    Args:
        frames: Shape ``(..., frames, length)``.
        hop_length: Samples between frames.
        before: What earlier frames have left, ``(..., at most length)``: it is added to.

    Returns:
        Shape ``(..., samples)``.
    """
    *channels, count, length = frames.shape
    waveform = np.zeros((*channels, (count - 1) * hop_length + length), frames.dtype)
    if before is not None:
        waveform[..., : before.shape[-1]] = before
    for place, frame in enumerate(np.moveaxis(frames, -2, 0)):
        waveform[..., place * hop_length :][..., :length] += frame
    return waveform


def _window_sum(frames: int, n_fft: int, hop_length: int) -> np.ndarray:
    """Sum of the squared windows over each sample; one where no window reaches.

    It is ``n_fft / (2 * hop_length)`` everywhere but at the two ends, where windows are missing.
    """
    total = overlap_add(np.broadcast_to(sqrt_hann(n_fft) ** 2, (frames, n_fft)), hop_length)
    return np.where(total > 1e-6, total, 1).astype(np.float32)


def synthesis_gain(n_fft: int, hop_length: int) -> np.ndarray:
    """What overlap-add multiplies one hop by, far from the ends, shape ``(hop_length,)``."""
    return _window_sum(2 * n_fft // hop_length, n_fft, hop_length)[n_fft : n_fft + hop_length]


def stft_tf(
    waveform: tf.Tensor, n_fft: int = 512, hop_length: int = 256, center: bool = False
) -> tf.Tensor:
    """:func:`stft` in TensorFlow, for use inside a graph; the number of samples must be static."""
    import tensorflow as tf

    samples = waveform.shape[-1]
    front, tail = padding(samples, n_fft, hop_length, center)
    if center and samples > 1:
        # tf.pad mirrors once only: a signal shorter than half a window needs it several times
        mirror = np.pad(np.arange(samples), (front, 0), mode="reflect")[:front]
        waveform = tf.concat([tf.gather(waveform, mirror, axis=-1), waveform], axis=-1)
        front = 0
    padded = tf.pad(waveform, [*[[0, 0]] * (waveform.shape.rank - 1), [front, tail]])
    frames = tf.signal.frame(padded, n_fft, hop_length)
    return tf.signal.rfft(frames * sqrt_hann(n_fft))


def istft_tf(
    spectrum: tf.Tensor, samples: int, n_fft: int = 512, hop_length: int = 256, center: bool = False
) -> tf.Tensor:
    """:func:`istft` in TensorFlow, for use inside a graph."""
    import tensorflow as tf

    front, tail = padding(samples, n_fft, hop_length, center)
    frames = (front + samples + tail - n_fft) // hop_length + 1
    pieces = tf.signal.irfft(spectrum, [n_fft]) * sqrt_hann(n_fft)
    waveform = tf.signal.overlap_and_add(pieces, hop_length)
    gain = _window_sum(frames, n_fft, hop_length)
    return (waveform / gain)[..., front : front + samples]
