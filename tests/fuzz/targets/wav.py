"""``open_source`` and ``open_stream``: samples that are numbers, or which file has none."""

import io
from pathlib import Path

import numpy as np
from promise import refused_as_documented

from lstm_se.sound.source import SoundSource, open_source, open_stream


def heard(source: SoundSource) -> None:
    with source:
        for block in source.blocks():
            assert block.dtype == np.float32 and np.isfinite(block).all()
            assert block.size > 0 and len(block) == source.channels
    assert len(source.note.splitlines()) <= 1


def check(data: bytes, folder: Path) -> None:
    path = folder / "a.wav"
    path.write_bytes(data)
    with refused_as_documented(str(path), ValueError):
        heard(open_source(path))
    with refused_as_documented("standard input", ValueError):
        heard(open_stream(io.BytesIO(data), "standard input"))
