"""What the firmware's self-test expects, the twin of ``se_selftest.c``; and golden vectors.

Golden vectors are the test's sound and every stage of the integers, for whoever ports them.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from ..network.in_numpy import save_weights
from .quantize import Quantized
from .stft import HOP
from .stream import IntegerStream, integer_stages

HOPS = 63  # one second


def sound() -> np.ndarray:
    """A buzz that comes and goes, in noise: int16 ``(HOPS * 256,)``, from whole numbers only."""
    n = np.arange(HOPS * HOP)
    noise, values = 1, np.empty(len(n), np.int64)
    for i in n:
        noise = (noise * 1664525 + 1013904223) & 0xFFFF_FFFF
        values[i] = (noise >> 21) - 1024
    saw = n % 131 * 120 - 7860
    return (np.where(n >> 12 & 1, saw, 0) + values).astype(np.int16)


def crc(model: Quantized) -> int:
    """CRC-32 of the denoised sound, little-endian."""
    return zlib.crc32(IntegerStream(model).process(sound()).astype("<i2").tobytes())


def golden_vectors(model: Quantized) -> dict[str, np.ndarray]:
    """Every stage of the self-test's sound, frame by frame.

    Returns:
        ``input``, ``output``: int16 ``(samples,)``; ``features``, Q2.13, int16
        ``(frames, inputs)``; ``hN`` (Q0.15) and ``cN`` (Q4.11) int16 ``(frames, units)`` after each
        frame, with the units of all sub-bands; ``mask`` int16 ``(frames, 257)``, Q0.15.
    """
    pcm = sound()
    frames = list(integer_stages(model, pcm))
    stages = {name: np.array([frame[name] for frame in frames], np.int16) for name in frames[0]}
    return {"input": pcm, **stages, "output": IntegerStream(model).process(pcm)}


def write_golden_vectors(model: Quantized, path: Path) -> None:
    """Write the vectors as a compressed ``.npz``, atomically."""
    save_weights(path, golden_vectors(model))
