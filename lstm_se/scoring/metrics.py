"""Measures of one enhanced utterance against its clean reference.

Every function takes ``(clean, estimate)`` in this order: whole utterances, one channel,
floating point, equally long, 16 kHz. What cannot be measured raises :class:`ValueError` with
one line that says why; no measure returns NaN, infinity or a stand-in such as -7.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from .. import optional
from ..sound.audio import SAMPLE_RATE

FILTER_TAPS = 512
PESQ_SECONDS = (0.25, 19.0)
PACKAGES = {"pesq_wb": "pesq", "pesq_nb": "pesq", "stoi": "pystoi", "estoi": "pystoi"}
STOI_SAMPLES = 6_350  # 30 frames of 256 samples, 128 apart, at its own 10 kHz


@dataclass(frozen=True)
class Score:
    """The result of :func:`score` for one utterance.

    Attributes:
        values: The measures that succeeded, by name.
        failures: Why each of the others did not, by name.
    """

    values: dict[str, float]
    failures: dict[str, str]


def pesq_wb(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Wide-band PESQ (ITU-T P.862.2), a predicted opinion score from 1.04 to 4.64.

    PESQ aligns the two signals in level and time, but does not treat them alike: it accepts
    swapped arguments silently and answers with another, plausible number. Its C code keeps
    state in globals, so call it from one thread per process.

    Args:
        clean: Reference, shape ``(samples,)``, float, 0.25 s to 19 s.
        estimate: Signal to judge, same shape.
        sample_rate: In Hz; only 16000.

    Returns:
        Mean opinion score, listening quality.

    Raises:
        ValueError: If the signals are unfit (see the module), too short or too long, or PESQ
            finds no speech in the reference.
    """
    return _pesq(clean, estimate, sample_rate, "wb")


def pesq_nb(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Narrow-band PESQ (ITU-T P.862.1) of 16 kHz signals, from 1.02 to 4.55.

    It listens through a telephone: not comparable with :func:`pesq_wb`, whose arguments,
    limits and errors it shares.
    """
    return _pesq(clean, estimate, sample_rate, "nb")


def stoi(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Short-time objective intelligibility (Taal et al., 2011), at most 1.

    Args:
        clean: Reference, shape ``(samples,)``, float, with at least 0.4 s of speech.
        estimate: Signal to judge, same shape.
        sample_rate: In Hz; only 16000.

    Returns:
        Mean correlation of the short-time envelopes in 15 third-octave bands.

    Raises:
        ValueError: If the signals are unfit (see the module) or hold too little speech.
    """
    return _stoi(clean, estimate, sample_rate, extended=False)


def estoi(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Extended STOI (Jensen and Taal, 2016), which also hears modulated maskers, at most 1.

    It correlates short-time spectra, not envelopes band by band; arguments and errors are
    those of :func:`stoi`.
    """
    return _stoi(clean, estimate, sample_rate, extended=True)


def si_sdr(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Scale-invariant signal-to-distortion ratio (Le Roux et al., 2019, eq. 3), in dB.

    Both means are removed first: the paper's projection has no term for an offset, and a
    constant that nobody hears, from a sound card or an empty lowest bin, would otherwise
    count as speech in the reference and as distortion in the estimate. A delay is not
    forgiven: one sample costs most of the value.

    Args:
        clean: Reference, shape ``(samples,)``, float.
        estimate: Signal to judge, same shape.
        sample_rate: In Hz; only 16000.

    Returns:
        Ratio in dB. Rounding bounds it: identical signals give about 313 dB, orthogonal ones
        about -313 dB.

    Raises:
        ValueError: If the signals are unfit (see the module).
    """
    clean, estimate = _checked(clean, estimate, sample_rate)
    clean, estimate = _unit(clean - clean.mean()), _unit(estimate - estimate.mean())
    target = (clean @ estimate) / (clean @ clean) * clean
    return _decibels(target, estimate - target)


def sdr(clean: np.ndarray, estimate: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    """Signal-to-distortion ratio of BSS Eval 3 (Vincent et al., 2006) with 512 taps, in dB.

    Everything that a filter of 512 taps (32 ms) makes of the reference counts as signal, so
    a short delay, a gain or an equaliser costs nothing. With zero-mean signals it is never
    below :func:`si_sdr`, which allows one tap.

    Args:
        clean: Reference, shape ``(samples,)``, float.
        estimate: Signal to judge, same shape.
        sample_rate: In Hz; only 16000.

    Returns:
        Ratio in dB, bounded by rounding to about 313 dB either way.

    Raises:
        ValueError: If the signals are unfit (see the module).
    """
    from scipy import fft, linalg

    clean, estimate = (_unit(x) for x in _checked(clean, estimate, sample_rate))
    padded = clean.size + FILTER_TAPS - 1  # a linear convolution, and no lag wraps round
    size = fft.next_fast_len(padded, real=True)
    reference = fft.rfft(clean, size)
    power = fft.irfft(np.abs(reference) ** 2, size)[:FILTER_TAPS]
    cross = fft.irfft(reference.conj() * fft.rfft(estimate, size), size)[:FILTER_TAPS]
    matrix = linalg.toeplitz(power)  # of the normal equations of the least-squares filter
    try:
        taps = linalg.cho_solve(linalg.cho_factor(matrix), cross)
    except linalg.LinAlgError:  # a reference of few frequencies, such as a tone
        taps = linalg.lstsq(matrix, cross)[0]
    target = fft.irfft(reference * fft.rfft(taps, size), size)[:padded]
    return _decibels(target, np.pad(estimate, (0, FILTER_TAPS - 1)) - target)


METRICS: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = MappingProxyType(
    {measure.__name__: measure for measure in (pesq_wb, pesq_nb, stoi, estoi, si_sdr, sdr)}
)


def score(
    clean: np.ndarray, estimate: np.ndarray, metrics: Iterable[str] = tuple(METRICS)
) -> Score:
    """Measure one utterance; a measure that fails does not stop the others.

    Args:
        clean: Reference, shape ``(samples,)``, float, 16 kHz.
        estimate: Signal to judge, same shape.
        metrics: Names from ``METRICS``.

    Returns:
        The values, and the reasons of those that could not be had.

    Raises:
        ValueError: If a name is not in ``METRICS``, or there is none.
    """
    values: dict[str, float] = {}
    failures: dict[str, str] = {}
    for name in known(metrics):
        try:
            values[name] = METRICS[name](clean, estimate)
        except ValueError as error:
            failures[name] = str(error)
    return Score(values, failures)


def known(metrics: Iterable[str]) -> tuple[str, ...]:
    """The names as a tuple without repeats, if all of them can be measured.

    Args:
        metrics: Names, or one name.

    Returns:
        The names, in the order given.

    Raises:
        ValueError: If a name is not in ``METRICS``, there is none, or its package is not installed.
    """
    names = tuple(dict.fromkeys([metrics] if isinstance(metrics, str) else metrics))
    unknown = [name for name in names if name not in METRICS]
    if unknown or not names:
        wrong = f"unknown metric {', '.join(unknown)}" if unknown else "no metric given"
        raise ValueError(f"{wrong}: choose from {', '.join(METRICS)}")
    for package in {PACKAGES[name] for name in names if name in PACKAGES}:
        if not optional.has(package):
            raise optional.missing(package, "scores")
    return names


def _checked(
    clean: np.ndarray, estimate: np.ndarray, sample_rate: int
) -> tuple[np.ndarray, np.ndarray]:
    """Both signals as float64, if they can be compared at all."""
    if sample_rate != SAMPLE_RATE:
        only = f"metrics are defined here at {SAMPLE_RATE} Hz"
        raise ValueError(f"{only}, not {sample_rate}: resample first")
    clean, estimate = _waveform(clean, "clean reference"), _waveform(estimate, "estimate")
    if clean.size != estimate.size:
        sizes = f"{clean.size} samples and the estimate {estimate.size}"
        raise ValueError(f"the clean reference has {sizes}: they must be equally long")
    return clean, estimate


def _waveform(samples: np.ndarray, name: str) -> np.ndarray:
    """One channel of finite, not silent floats."""
    samples = np.asarray(samples)
    if samples.ndim != 1 or samples.size == 0:
        raise ValueError(f"the {name} has shape {samples.shape}, expected one channel (samples,)")
    if not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(f"the {name} holds {samples.dtype}, expected float samples in [-1, 1]")
    if bad := np.count_nonzero(~np.isfinite(samples)):
        raise ValueError(f"the {name} has {bad} samples that are NaN or infinite")
    if np.ptp(samples) == 0:
        raise ValueError(f"the {name} is silent: all its {samples.size} samples are equal")
    return samples.astype(np.float64)


def _pesq(clean: np.ndarray, estimate: np.ndarray, sample_rate: int, mode: str) -> float:
    pesq = optional.module("pesq", "pesq", "scores")
    clean, estimate = _checked(clean, estimate, sample_rate)
    seconds, (shortest, longest) = clean.size / sample_rate, PESQ_SECONDS
    if not shortest <= seconds <= longest:
        # The C code has room for 50 stretches of speech, each at least 0.39 s with its pause,
        # and does not check: beyond, it overwrites its memory and may end the process.
        needed = f"PESQ needs {shortest:g} s to {longest:g} s"
        raise ValueError(f"{needed}, this is {seconds:.4g} s: score single utterances")
    try:
        value = pesq.pesq(sample_rate, clean, estimate, mode)
    except pesq.NoUtterancesError:
        raise ValueError("PESQ finds no speech in the clean reference") from None
    except (pesq.PesqError, ValueError) as error:
        raise ValueError(f"PESQ failed: {error}") from None
    return _finite(value, "PESQ")


def _stoi(clean: np.ndarray, estimate: np.ndarray, sample_rate: int, extended: bool) -> float:
    clean, estimate = _checked(clean, estimate, sample_rate)
    too_short = "STOI needs 0.4 s of speech in the clean reference: this has too little"
    if clean.size < STOI_SAMPLES:
        raise ValueError(too_short)
    measure = optional.module("pystoi", "pystoi", "scores").stoi
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Not enough STFT frames")
        state = np.random.get_state()
        np.random.seed(0)  # pystoi dithers from this generator: the same dither every time
        try:
            value = measure(_unit(clean), _unit(estimate), sample_rate, extended)
        except RuntimeWarning:
            raise ValueError(too_short) from None
        finally:
            np.random.set_state(state)
    return _finite(value, "STOI")


def _finite(value: float, name: str) -> float:
    if not np.isfinite(value):
        raise ValueError(f"{name} gives no number for these signals")
    return float(value)


def _unit(samples: np.ndarray) -> np.ndarray:
    """Peak 1, so that squares of very soft or loud samples stay within float64."""
    return samples / np.abs(samples).max()


def _decibels(target: np.ndarray, distortion: np.ndarray) -> float:
    """Power ratio in dB; the rounding of float64 stands in for a power that is exactly zero."""
    rounding = np.finfo(np.float64).eps ** 2 * (target @ target + distortion @ distortion)
    ratio = (target @ target + rounding) / (distortion @ distortion + rounding)
    return float(10 * np.log10(ratio))
