"""What the firmware's self-test expects, the twin of ``se_selftest.c``; and golden vectors.

Golden vectors are the test's sound and every stage of the integers, for whoever ports them.
"""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np

from ..files import write_whole
from . import stft
from .network import IntegerNetwork
from .quantize import Quantized
from .stft import HOP
from .stream import LATENCY, IntegerStream

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
        ``input``, ``output``: int16 ``(samples,)``; ``features``: int16 ``(frames, bands)``, Q2.13;
        ``hN`` (Q0.15) and ``cN`` (Q4.11) int16 ``(frames, units)`` after each frame; ``mask`` int16
        ``(frames, 257)``, Q0.15.
    """
    pcm = sound()
    hops = np.concatenate([np.zeros(LATENCY, np.int16), pcm]).reshape(-1, HOP)
    spectrum = stft.analyse(np.concatenate([hops[:-1], hops[1:]], axis=1))
    logs = stft.log_bands(spectrum, model.config)
    seen = stft.fixed_features(logs, stft.Level(model.config))
    network = IntegerNetwork(model)
    found: dict[str, list[np.ndarray]] = {}
    for frame in seen:
        found.setdefault("mask", []).append(network(frame[None])[0])
        for i, (h, c) in enumerate(zip(network.h, network.c, strict=True)):
            found.setdefault(f"h{i}", []).append(h[0])
            found.setdefault(f"c{i}", []).append(c[0])
    stages = {name: np.stack(values).astype(np.int16) for name, values in found.items()}
    output = IntegerStream(model).process(pcm)
    return {"input": pcm, "features": seen.astype(np.int16), **stages, "output": output}


def write_golden_vectors(model: Quantized, path: Path) -> None:
    """Write the vectors as a compressed ``.npz``, atomically."""
    archive = io.BytesIO()
    np.savez_compressed(archive, **golden_vectors(model))  # type: ignore[arg-type]
    write_whole(path, archive.getvalue())
