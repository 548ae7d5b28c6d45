"""Sound in and out: files of any rate and width become float32 at one rate, and come back whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soxr

from .. import optional
from .containers import CONTAINERS
from .sink import SoundSink
from .source import open_source

SAMPLE_RATE = 16_000
SUFFIXES = (  # of what libsndfile reads
    *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc"),
    *(".w64", ".rf64", ".bw64", ".caf", ".au", ".snd", ".sph", ".nist", ".voc"),
)
FRAME = 320  # samples over which a level is taken: 20 ms at 16 kHz
SILENCE_DBFS = -120.0
CANCELLED_DB = 20.0  # that a mean of channels lies below the louder one if they cancel out
FULL_SCALE = 32_768  # of int16


@dataclass(frozen=True)
class Recording:
    """What :func:`read` read.

    Attributes:
        samples: float32 in [-1, 1], shape ``(samples,)`` if mono, else ``(channels, samples)``.
        sample_rate: Rate of ``samples`` in Hz.
        source_rate: Rate of the file in Hz.
        source_channels: Channels of the file.
        seconds: Length of the sound in the file.
        subtype: How the file stores a sample, as soundfile names it, for instance ``"PCM_16"``.
        note: What was done to get from the file to ``samples``; empty if nothing.
    """

    samples: np.ndarray = field(repr=False)
    sample_rate: int
    source_rate: int
    source_channels: int
    seconds: float
    subtype: str
    note: str


def read(path: str | Path, sample_rate: int | None = SAMPLE_RATE, mono: bool = True) -> Recording:
    """Read a sound file.

    Args:
        path: What :func:`lstm_se.sound.source.open_source` opens.
        sample_rate: Rate to resample to, in Hz; ``None`` keeps the file's own.
        mono: Average the channels; if they cancel out, since the plug of one was wired the other
            way round, take the louder one.

    Returns:
        The samples, and a note of what was done to them.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no sound file, or holds no sample, or one that is no sane number.
    """
    with open_source(path) as source:
        samples = np.concatenate([block.T for block in source.blocks()]).T
    source_rate, channels = source.sample_rate, source.channels
    seconds = samples.shape[1] / source_rate
    steps = list(source.notes)
    if mono and channels > 1:
        samples, step = _mix(samples)
        steps.append(step)
    if sample_rate is not None and sample_rate != source_rate:
        samples = resample(samples, source_rate, sample_rate)
        steps.append(f"resampled from {source_rate} to {sample_rate} Hz")
    samples = samples[0] if mono else samples
    rate = sample_rate or source_rate
    origin = source_rate, channels, seconds, source.subtype
    return Recording(samples, rate, *origin, ", ".join(steps))


def write(
    path: str | Path,
    samples: np.ndarray,
    sample_rate: int = SAMPLE_RATE,
    subtype: str | None = None,
) -> None:
    """Write a sound file, whole or not at all.

    Args:
        path: Where to; the suffix chooses the format.
        samples: Shape ``(samples,)`` or ``(channels, samples)``, float in [-1, 1]. Louder samples
            are clipped, unless the format stores floats.
        sample_rate: Rate in Hz.
        subtype: How to store a sample; the format's default if ``None`` or unknown to it.

    Raises:
        ValueError: If the suffix names no format that can be written, or not at this rate, or a
            sample is no finite number.
        OSError: If the folder cannot be written to.
    """
    channels, length = np.atleast_2d(samples).shape
    with SoundSink(path, sample_rate, channels, subtype, length) as sink:
        sink.write(samples)


def find(folder: str | Path) -> list[Path]:
    """All sound files below a folder, sorted; those with video if they can be read.

    Raises:
        FileNotFoundError: If the folder does not exist, or holds no sound.
    """
    return sounds_and_others(folder)[0]


def sounds_and_others(folder: str | Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Sound files below a folder, and what looks like sound but cannot be read here.

    Returns:
        Both sorted; to each of the others the reason, without its name.

    Raises:
        FileNotFoundError: If the folder does not exist, or holds no sound.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder: check the name")
    visible = sorted(path for path in folder.rglob("*") if _visible(path, folder))
    reason = None if optional.has("av") else str(optional.missing("av", "formats"))
    readable = SUFFIXES if reason else (*SUFFIXES, *CONTAINERS)
    sounds = [path for path in visible if path.suffix.lower() in readable]
    others = [(path, reason) for path in visible if reason and path.suffix.lower() in CONTAINERS]
    if not sounds:
        looked_for = f"{folder} holds no sound file: looked for {', '.join(SUFFIXES)}"
        left_out = f"; {len(others)} left out, {reason}" if others else ""
        raise FileNotFoundError(looked_for + left_out)
    return sounds, others


def resample(samples: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """Change the sample rate, band-limited, without delay.

    Args:
        samples: Shape ``(..., samples)``.
        from_rate: Rate of ``samples`` in Hz.
        to_rate: Rate wanted in Hz.

    Returns:
        Shape ``(..., ceil(samples * to_rate / from_rate))``, float32.
    """
    if from_rate == to_rate or not samples.shape[-1]:
        return samples.astype(np.float32, copy=False)
    flat = np.atleast_2d(samples).reshape(-1, samples.shape[-1])
    length = -(-samples.shape[-1] * to_rate // from_rate)
    rows = [soxr.resample(row, from_rate, to_rate, quality="VHQ")[:length] for row in flat]
    padded = [np.pad(row, (0, length - len(row))) for row in rows]  # soxr may round down
    return np.stack(padded).reshape(*samples.shape[:-1], length).astype(np.float32)


def rms_dbfs(samples: np.ndarray) -> float:
    """Root-mean-square level in dB relative to full scale (a full-scale square wave is 0 dB)."""
    return _dbfs(np.mean(np.square(samples, dtype=np.float64)) if samples.size else 0.0)


def peak_dbfs(samples: np.ndarray) -> float:
    """Largest absolute sample in dB relative to full scale."""
    return _dbfs(float(np.max(np.abs(samples), initial=0.0)) ** 2)


def active_level_dbfs(samples: np.ndarray) -> float:
    """Level of the frames within 30 dB of the loudest: pauses do not make a talker quieter.

    Args:
        samples: Shape ``(samples,)``.
    """
    power = frame_power(samples)
    return _dbfs(power[power >= power.max() * 1e-3].mean())


def frame_power(samples: np.ndarray) -> np.ndarray:
    """Mean square of each frame of 20 ms, shape ``(frames,)``; a shorter signal is one frame."""
    frames = max(1, len(samples) // FRAME)
    pieces = samples[: frames * FRAME].reshape(frames, -1)
    return np.square(pieces, dtype=np.float64).mean(axis=1)


def trim_silence(samples: np.ndarray, top_db: float = 40.0) -> np.ndarray:
    """Cut what lies more than ``top_db`` below the loudest frame, at both ends only.

    What is left behind the last whole frame goes too, however loud: under 20 ms.

    Args:
        samples: Shape ``(samples,)``.
        top_db: Frames of 20 ms quieter than the loudest one by more than this are silence, in dB.
    """
    power = frame_power(samples)
    loud = np.flatnonzero(power > power.max() * 10 ** (-top_db / 10))
    return samples[loud[0] * FRAME : (loud[-1] + 1) * FRAME] if len(loud) else samples[:0]


def to_pcm(samples: np.ndarray) -> np.ndarray:
    """Float in [-1, 1) to int16, rounded; what is above full scale is clipped."""
    return np.clip(np.round(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def snr_db(signal: np.ndarray, estimate: np.ndarray) -> float:
    """Energy of a signal over the energy of what an estimate of it lacks or adds, in dB.

    No scale is fitted: an estimate at half the level has an SNR of 6 dB.
    """
    exact = signal.astype(np.float64)
    error = np.sum(np.square(exact - estimate))
    return float(10 * np.log10(np.sum(np.square(exact)) / max(error, 1e-30)))


def _visible(path: Path, folder: Path) -> bool:
    """Whether it is a file, and nothing from the folder on is hidden: a bin of deleted files is."""
    return path.is_file() and "/." not in f"/{path.relative_to(folder).as_posix()}"


def _mix(samples: np.ndarray) -> tuple[np.ndarray, str]:
    """One channel of several, shape ``(1, samples)``, and how it was made."""
    mean, levels = samples.mean(axis=0, keepdims=True), [rms_dbfs(row) for row in samples]
    if rms_dbfs(mean) > max(levels) - CANCELLED_DB or max(levels) == SILENCE_DBFS:
        return mean, f"averaged {len(samples)} channels"
    louder, alive = int(np.argmax(levels)), sum(x > max(levels) - CANCELLED_DB for x in levels)
    note = "channels cancel out: took channel" if alive > 1 else "no other has sound: took channel"
    return samples[louder : louder + 1], f"{note} {louder + 1}"


def _dbfs(power: float) -> float:
    """Mean square to dB, with a floor instead of minus infinity."""
    return max(SILENCE_DBFS, 10 * float(np.log10(max(float(power), 1e-30))))
