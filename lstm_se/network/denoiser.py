"""Denoising with a trained model in NumPy: whole recordings, streams and files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .. import files
from ..config import Config
from ..sound import audio, features, stft
from ..workers import Progress
from .in_numpy import MaskNetwork, Weights

Maker = Callable[[Weights, Config], MaskNetwork]


class AnyRateDenoiser(ABC):
    """Recordings of any rate through a denoiser that knows its own only."""

    config: Config

    def __call__(self, noisy: np.ndarray) -> np.ndarray:
        """:meth:`enhance` at the network's own rate."""
        return self.enhance(noisy)

    def enhance(
        self, noisy: np.ndarray, sample_rate: int | None = None, progress: Progress = iter
    ) -> np.ndarray:
        """Remove the noise from a recording.

        Args:
            noisy: Shape ``(samples,)`` or ``(channels, samples)``, float in [-1, 1]; channels are
                denoised on their own.
            sample_rate: Of ``noisy`` in Hz; the network's own if ``None``. From another rate the
                sound is resampled and back, and what lies above 8 kHz is lost.
            progress: Wraps the range of frames or blocks, for instance ``tqdm``.

        Returns:
            Same shape, aligned with the input to the sample, float32.

        Raises:
            ValueError: If there is no sample.
        """
        if not noisy.size:
            raise ValueError("cannot enhance an empty recording: it has 0 samples")
        own = self.config.sample_rate
        rate = sample_rate or own
        channels = np.atleast_2d(noisy)
        enhanced = self._enhance(audio.resample(channels, rate, own), progress)
        restored = audio.resample(enhanced, own, rate)
        return restored[:, : channels.shape[1]].reshape(noisy.shape)

    @abstractmethod
    def _enhance(self, noisy: np.ndarray, progress: Progress) -> np.ndarray:
        """Enhance ``(channels, samples)`` at the network's rate."""


class Denoiser(AnyRateDenoiser):
    """A mask network with its weights; it keeps no sound, so one serves many callers."""

    def __init__(self, config: Config, weights: Weights, make: Maker = MaskNetwork) -> None:
        """Use ``weights``, named and shaped as :func:`lstm_se.network.in_numpy.shapes` says.

        ``make`` starts the network of each recording.
        """
        self.config, self.weights, self._make = config, weights, make

    def _enhance(self, noisy: np.ndarray, progress: Progress) -> np.ndarray:
        c, samples = self.config, noisy.shape[-1]
        segment = int(c.segment_seconds * c.sample_rate)
        scope = segment if c.normalisation_scope == "segment" else None
        change = features.normalisation(noisy, c.normalisation, scope)
        spectrum = stft.stft(change.apply(noisy), c.n_fft, c.hop_length, c.center)
        masker = self.masker()
        for frame in progress(range(spectrum.shape[1])):
            spectrum[:, frame] *= masker(spectrum[:, frame])
        return change.undo(stft.istft(spectrum, samples, c.n_fft, c.hop_length, c.center))

    def stream(self, channels: int = 1) -> Stream:
        """Start a stream.

        Raises:
            ValueError: If the model needs to know the future.
        """
        return Stream(self, channels)

    def masker(self) -> Masker:
        """Start the masks of a recording or a stream."""
        return Masker(self.config, self.weights, self._make)


class Masker:
    """Noisy spectrum of one frame to its mask; remembers level and recurrent states."""

    def __init__(self, config: Config, weights: Weights, make: Maker = MaskNetwork) -> None:
        """Start from silence."""
        self.config = config
        self._level, self._network = features.RunningLevel(config), make(weights, config)

    def __call__(self, spectrum: np.ndarray) -> np.ndarray:
        """Mask of a frame: ``(channels, bins)`` complex in, ``(channels, bins)`` in [0, 1] out."""
        power = spectrum.real**2 + spectrum.imag**2
        mask = self._network(features.features(power, self.config, self._level))
        if self.config.mask == "bands":
            mask = mask @ features.inverse_bank_of(self.config)
        return mask


class Stream:
    """Denoises sound as it comes in; the output lags by :attr:`latency` samples."""

    def __init__(self, denoiser: Denoiser, channels: int) -> None:
        """Start from silence; see :meth:`Denoiser.stream`."""
        config = denoiser.config
        if not config.streams:
            why = "centre padding" if config.center else f"normalisation {config.normalisation!r}"
            raise ValueError(f"model {config.name!r} cannot stream: {why} looks into the future")
        self.config, self.channels, self._start = config, channels, denoiser.masker
        self._window = stft.sqrt_hann(config.n_fft)
        self._gain = stft.synthesis_gain(config.n_fft, config.hop_length)
        self.reset()

    @property
    def latency(self) -> int:
        """Samples by which the output lags the input, beside the wait for a full hop."""
        return self.config.n_fft - self.config.hop_length

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._masker = self._start()
        self._waiting = np.zeros((self.channels, 0), np.float32)
        self._heard, self._sum = np.zeros((2, self.channels, self.config.n_fft), np.float32)

    def process(self, block: np.ndarray) -> np.ndarray:
        """Denoise what has arrived.

        Args:
            block: Any number of samples, shape ``(samples,)`` or ``(channels, samples)``.

        Returns:
            As many whole hops as could be finished, in the shape's own number of dimensions.
        """
        if np.atleast_2d(block).shape[0] != self.channels:
            raise ValueError(f"block of shape {block.shape}: this stream has {self.channels} rows")
        waiting = np.concatenate([self._waiting, np.atleast_2d(block)], axis=1, dtype=np.float32)
        hop = self.config.hop_length
        whole = waiting.shape[1] // hop * hop
        done = [self._step(waiting[:, k : k + hop]) for k in range(0, whole, hop)]
        self._waiting = waiting[:, whole:]
        enhanced = np.concatenate([waiting[:, :0], *done], axis=1)
        return enhanced if block.ndim == 2 else enhanced[0]

    def flush(self) -> np.ndarray:
        """The samples that the latency still holds back; then the stream starts afresh.

        Returns:
            Shape ``(channels, samples)``, or ``(samples,)`` for one channel. All that came out,
            without the first :attr:`latency` samples, is as long as all that went in.
        """
        waiting, hop = self._waiting.shape[1], self.config.hop_length
        owed = self.latency + waiting
        zeros = -(-owed // hop) * hop - waiting
        last = self.process(np.zeros((self.channels, zeros), np.float32))[:, :owed]
        self.reset()
        return last if self.channels > 1 else last[0]

    def _step(self, block: np.ndarray) -> np.ndarray:
        """One hop in, one hop out."""
        hop = self.config.hop_length
        self._heard = np.concatenate([self._heard[:, hop:], block], axis=1)
        spectrum = np.fft.rfft(self._heard * self._window).astype(np.complex64)
        spectrum *= self._masker(spectrum)
        self._sum += np.fft.irfft(spectrum, self.config.n_fft).astype(np.float32) * self._window
        finished = self._sum[:, :hop] / self._gain
        self._sum = np.pad(self._sum[:, hop:], [(0, 0), (0, hop)])
        return finished


def enhance_file(
    denoiser: Any, source: str | Path, target: str | Path, progress: Progress = iter
) -> str:
    """Denoise a file into another one of the same rate, channels and length.

    Args:
        denoiser: Anything with :meth:`AnyRateDenoiser.enhance`.
        source: Sound file, mono or stereo.
        target: Where to write; its suffix chooses the format.
        progress: As :meth:`AnyRateDenoiser.enhance` takes it.

    Returns:
        What was done to the rate; empty if nothing.

    Raises:
        ValueError: If source and target are one file, or the source is no mono or stereo sound.
        OSError: If the target cannot be written.
    """
    source, target = Path(source), Path(target)
    if target.exists() and target.samefile(source):
        raise ValueError(
            f"{target} is the input itself: choose another output, it is not overwritten"
        )
    recording = audio.read(source, sample_rate=None, mono=False)
    if recording.source_channels > 2:
        raise ValueError(
            f"{source} has {recording.source_channels} channels: only mono and stereo can be "
            "enhanced; split or mix it down first"
        )
    rate, network_rate = recording.sample_rate, denoiser.config.sample_rate
    enhanced = denoiser.enhance(recording.samples, rate, progress)
    files.make_folder(target.parent)  # not before there is something to write
    audio.write(target, enhanced, rate, recording.subtype)
    if rate == network_rate:
        return ""
    lost = ", what lay above 8 kHz is gone" if rate > network_rate else ""
    return f"{rate} Hz, enhanced at {network_rate} Hz and brought back{lost}"
