"""Real Fourier transform of 512 points in float32, each operation in the firmware's order.

NumPy's own transform computes in an order that nobody promises. This one gives the same bits as
``firmware/speech_denoiser/se_fft.c`` on every machine: products and sums are rounded one by one.
Spectra are kept as there: ``X[0]`` and ``X[256]``, which are real, then real and imaginary part of
``X[1]`` ... ``X[255]``.
"""

from __future__ import annotations

import numpy as np

POINTS = 256  # complex ones, that hold 512 real ones


def twiddles(points: int, count: int) -> np.ndarray:
    """``exp(-2j pi k / points)`` for ``k < count``, shape ``(count, 2)``, float32."""
    angle = -2 * np.pi * np.arange(count) / points
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1).astype(np.float32)


TWIDDLES = twiddles(POINTS, POINTS)
HALF_TWIDDLES = twiddles(2 * POINTS, POINTS // 2)
# decimation in time: the base-4 digits of each place reversed, and the places that this exchanges
ORDER = np.arange(POINTS).reshape(4, 4, 4, 4).T.ravel()
EXCHANGED = np.stack([np.arange(POINTS), ORDER], axis=-1)[np.arange(POINTS) < ORDER]
MIDDLE = POINTS // 2
LOW, HIGH = slice(1, MIDDLE), slice(POINTS - 1, MIDDLE, -1)  # bins that share their two terms


def forward(samples: np.ndarray) -> np.ndarray:
    """Spectra of frames: ``(frames, 512)`` float32 to the same shape."""
    re, im = _transform(samples[:, 0::2], samples[:, 1::2])
    spectrum = np.empty_like(samples)
    spectrum[:, 0], spectrum[:, 1] = re[:, 0] + im[:, 0], re[:, 0] - im[:, 0]
    pr, pi, qr, qi = re[:, LOW], im[:, LOW], re[:, HIGH], im[:, HIGH]
    even_r, even_i = (pr + qr) / 2, (pi - qi) / 2
    turned_r, turned_i = _turned((pi + qi) / 2, (qr - pr) / 2, HALF_TWIDDLES[LOW])
    pairs = spectrum.reshape(len(samples), POINTS, 2)
    pairs[:, LOW, 0], pairs[:, LOW, 1] = even_r + turned_r, even_i + turned_i
    pairs[:, HIGH, 0], pairs[:, HIGH, 1] = even_r - turned_r, turned_i - even_i
    pairs[:, MIDDLE, 0], pairs[:, MIDDLE, 1] = re[:, MIDDLE], -im[:, MIDDLE]
    return spectrum


def inverse(spectrum: np.ndarray) -> np.ndarray:
    """512 times the frames of :func:`forward`'s spectra, the same shape, float32."""
    pairs = spectrum.reshape(len(spectrum), POINTS, 2)
    re, im = np.empty_like(pairs[..., 0]), np.empty_like(pairs[..., 0])
    first, last = pairs[:, 0].T
    re[:, 0], im[:, 0] = first + last, last - first
    (pr, pi), (qr, qi) = (np.moveaxis(pairs[:, part], -1, 0) for part in (LOW, HIGH))
    cosine, sine = HALF_TWIDDLES[LOW].T
    even_r, even_i, gap_r, gap_i = pr + qr, pi - qi, pr - qr, pi + qi
    turned_r, turned_i = gap_r * cosine + gap_i * sine, gap_i * cosine - gap_r * sine
    re[:, LOW], im[:, LOW] = even_r - turned_i, -(even_i + turned_r)
    re[:, HIGH], im[:, HIGH] = even_r + turned_i, even_i - turned_r
    re[:, MIDDLE], im[:, MIDDLE] = 2 * pairs[:, MIDDLE].T
    re, im = _transform(re, im)
    return np.stack([re, -im], axis=-1).reshape(spectrum.shape)


def _transform(re: np.ndarray, im: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Complex transform of ``(frames, 256)``, not scaled, by decimation in time."""
    z = np.stack([re[:, ORDER], im[:, ORDER]])
    for size in (1, 4, 16, 64):
        z = _stage(z.reshape(2, len(re), -1, 4, size), size).reshape(2, len(re), POINTS)
    return z[0], z[1]


def _stage(z: np.ndarray, size: int) -> np.ndarray:
    """Four transforms of ``size`` points into one, many at once: ``(2, frames, many, 4, size)``."""
    k = np.arange(size) * (POINTS // (4 * size))
    (ar, ai), *rest = ((z[0, :, :, part], z[1, :, :, part]) for part in range(4))
    (br, bi), (cr, ci), (dr, di) = (
        _turned(*pair, TWIDDLES[turns * k]) if size > 1 else pair
        for turns, pair in enumerate(rest, 1)
    )
    even_r, even_i, odd_r, odd_i = ar + cr, ai + ci, ar - cr, ai - ci
    sum_r, sum_i, gap_r, gap_i = br + dr, bi + di, br - dr, bi - di
    parts_r = even_r + sum_r, odd_r + gap_i, even_r - sum_r, odd_r - gap_i
    parts_i = even_i + sum_i, odd_i - gap_r, even_i - sum_i, odd_i + gap_r
    return np.stack([np.stack(parts, axis=2) for parts in (parts_r, parts_i)])


def _turned(re: np.ndarray, im: np.ndarray, turns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A complex product: each of its four products and two sums is rounded."""
    cosine, sine = turns.T
    return re * cosine - im * sine, re * sine + im * cosine
