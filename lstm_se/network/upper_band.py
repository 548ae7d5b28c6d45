"""What lies above the band of the network, turned down as the top of that band is.

A network for 16 kHz hears nothing above 8 kHz; without that part, speech at 44.1 or 48 kHz sounds
dull. Fricatives reach from 4 to beyond 12 kHz, and most noises fall off slowly: whether the top of
the network's band holds speech or noise tells well enough what to do above it.
"""

from __future__ import annotations

import numpy as np

from ..sound import stft
from ..sound.resampler import Resampler

# of the network's rate, where the gain is taken: 5 to 7.5 kHz at 16, above vowels, below the filter
FROM, TO = 5 / 16, 7.5 / 16
N_FFT, HOP = 512, 256
RELEASE = 0.6  # at least that much of a gain is left a hop later: it opens at once, closes softly


class Backlog:
    """Samples that wait for others: appended at one end, taken at the other."""

    def __init__(self, channels: int) -> None:
        """Start with none."""
        self.waiting = np.zeros((channels, 0), np.float32)

    @property
    def count(self) -> int:
        """How many of each channel are there."""
        return self.waiting.shape[1]

    def append(self, block: np.ndarray) -> None:
        """Add a block behind the others."""
        self.waiting = np.concatenate([self.waiting, block], axis=1)

    def take(self, count: int) -> np.ndarray:
        """The first ``count`` samples; they wait no longer."""
        taken, self.waiting = np.split(self.waiting, [count], axis=1)
        return taken


class UpperBand:
    """The upper band of a recording, block by block, aligned with it."""

    def __init__(self, rate: int, full_rate: int, channels: int) -> None:
        """Start a recording.

        Args:
            rate: Of the network in Hz.
            full_rate: Of the recording in Hz.
            channels: Rows of a block.
        """
        self._rate, self._full_rate = rate, full_rate
        self._up = Resampler(rate, full_rate, channels)
        self._full, self._lower = Backlog(channels), Backlog(channels)
        self._noisy, self._enhanced = Backlog(channels), Backlog(channels)
        half = np.zeros((channels, N_FFT // 2), np.float32)  # the first frame is centred at 0
        self._noisy.append(half)
        self._enhanced.append(half)
        self._gains = np.ones((channels, 0))
        self._first = 0  # number of the frame of the first gain that is still kept
        self._done = 0
        frequency = np.fft.rfftfreq(N_FFT)
        self._top = (frequency >= FROM) & (frequency < TO)

    def process(self, full: np.ndarray, noisy: np.ndarray, enhanced: np.ndarray) -> np.ndarray:
        """Take what has arrived, and give what can be told.

        Args:
            full: Samples of the recording, ``(channels, samples)``.
            noisy: The same at the network's rate, as far as the resampler has come.
            enhanced: What the network made of it, as far as it has come.

        Returns:
            Samples above the network's band, ``(channels, samples)``, float32.
        """
        self._full.append(full)
        self._lower.append(self._up.process(noisy))
        self._noisy.append(noisy)
        self._enhanced.append(enhanced)
        self._measure()
        known = (self._first + self._gains.shape[1] - 1) * HOP * self._full_rate // self._rate
        return self._give(max(0, known - self._done))

    def flush(self) -> np.ndarray:
        """The rest."""
        silence = np.zeros((len(self._gains), N_FFT), np.float32)  # completes the last frames
        self._noisy.append(silence)
        self._enhanced.append(silence)
        self._measure()
        self._lower.append(self._up.flush())
        return self._give(self._full.count)

    def _measure(self) -> None:
        """Gains of all frames that are complete."""
        ready = min(self._noisy.count, self._enhanced.count)
        if ready < N_FFT:
            return
        count = (ready - N_FFT) // HOP + 1
        noisy, enhanced = (self._power(s, count) for s in (self._noisy, self._enhanced))
        gains = np.sqrt(np.minimum(1.0, (enhanced + 1e-12) / (noisy + 1e-12)))
        for gain in gains.T:
            if self._gains.shape[1]:
                gain = np.maximum(gain, RELEASE * self._gains[:, -1])
            self._gains = np.concatenate([self._gains, gain[:, None]], axis=1)

    def _power(self, samples: Backlog, count: int) -> np.ndarray:
        """Power in the top of the network's band: ``(channels, frames)``."""
        heard = samples.waiting[:, : (count - 1) * HOP + N_FFT]
        samples.take(count * HOP)
        frames = np.lib.stride_tricks.sliding_window_view(heard, N_FFT, -1)[:, ::HOP]
        spectrum = np.fft.rfft(frames * stft.sqrt_hann(N_FFT))[..., self._top]
        return (spectrum.real**2 + spectrum.imag**2).sum(axis=-1)

    def _give(self, count: int) -> np.ndarray:
        """The next samples: what the lower band lacks, at its gain."""
        count = min(count, self._full.count, self._lower.count)
        if not count:
            return self._full.take(0)
        upper = self._full.take(count) - self._lower.take(count)
        place = (self._done + np.arange(count)) * (self._rate / self._full_rate / HOP)
        frames = self._first + np.arange(self._gains.shape[1])
        self._done += count
        for channel, gains in zip(upper, self._gains, strict=True):
            channel *= np.interp(place, frames, gains).astype(np.float32)
        self._forget(int(self._done * self._rate / self._full_rate / HOP))
        return upper

    def _forget(self, frame: int) -> None:
        """Gains before a frame are not needed any more."""
        keep = max(0, min(frame - self._first, self._gains.shape[1] - 1))
        self._gains, self._first = self._gains[:, keep:], self._first + keep
