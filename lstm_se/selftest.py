"""What the firmware's self-test expects: the twin of ``se_selftest.c``."""

from __future__ import annotations

import zlib

import numpy as np

from .engine import HOP, IntegerStream
from .quantize import Quantized

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
