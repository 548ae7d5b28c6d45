"""Golden vectors: a sound and every stage of the integers, for whoever ports them elsewhere."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from . import frames, selftest
from .engine import HOP, LATENCY, IntegerStream
from .files import write_whole
from .integer import IntegerNetwork
from .quantize import Quantized


def vectors(model: Quantized) -> dict[str, np.ndarray]:
    """Every stage of the self-test's sound, frame by frame.

    Returns:
        ``input``, ``output``: int16 ``(samples,)``; ``features``: int16 ``(frames, bands)``, Q2.13;
        ``hN`` (Q0.15) and ``cN`` (Q4.11) int16 ``(frames, units)`` after each frame; ``mask`` int16
        ``(frames, 257)``, Q0.15.
    """
    sound = selftest.sound()
    hops = np.concatenate([np.zeros(LATENCY, np.int16), sound]).reshape(-1, HOP)
    spectrum = frames.analyse(np.concatenate([hops[:-1], hops[1:]], axis=1))
    logs = frames.log_bands(spectrum, model.config)
    seen = frames.features(logs, frames.Level(model.config))
    network = IntegerNetwork(model)
    found: dict[str, list[np.ndarray]] = {}
    for frame in seen:
        found.setdefault("mask", []).append(network(frame[None])[0])
        for i, (h, c) in enumerate(zip(network.h, network.c, strict=True)):
            found.setdefault(f"h{i}", []).append(h[0])
            found.setdefault(f"c{i}", []).append(c[0])
    stages = {name: np.stack(values).astype(np.int16) for name, values in found.items()}
    output = IntegerStream(model).process(sound)
    return {"input": sound, "features": seen.astype(np.int16), **stages, "output": output}


def save(model: Quantized, path: Path) -> None:
    """Write the vectors as a compressed ``.npz``, atomically."""
    archive = io.BytesIO()
    np.savez_compressed(archive, **vectors(model))  # type: ignore[arg-type]
    write_whole(path, archive.getvalue())
