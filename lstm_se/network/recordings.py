"""Denoising of sound that is too long to hold: file to file, pipe to pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from ..files import make_folder
from ..sound.pipe import PipeSink
from ..sound.sink import SoundSink, above_full_scale
from ..sound.source import SoundSource, open_source
from .denoiser import AnyRateDenoiser

Listener = Callable[
    [float, float | None], Any
]  # is told how many seconds are done, and of how many


def _nobody(done: float, total: float | None) -> None:
    """Nobody wants to know."""


def enhanced_blocks(
    denoiser: AnyRateDenoiser,
    source: SoundSource,
    full_band: bool = True,
    heard: Listener = _nobody,
) -> Iterator[np.ndarray]:
    """Denoise what comes from a source, in a memory that does not grow with it.

    Args:
        denoiser: Any engine.
        source: Gives the sound, and takes a note of what the denoiser had to clip.
        full_band: Keep what lies above the network's band.
        heard: Is told after each block how many seconds are done, and of how many if that is known.

    Yields:
        Blocks, ``(channels, samples)``: in all as many samples as the source has, aligned with
        them. The first ones may be empty.

    Raises:
        ValueError: If the sound has no sample, or one that is no sane number.
    """
    rate = source.sample_rate
    stream = denoiser.any_rate_stream(source.channels, rate, full_band)
    done, seconds, clipped = 0, source.frames and source.frames / rate, 0
    for block in source.blocks(rate):
        yield stream.process(block)
        done += block.shape[1]
        clipped += above_full_scale(block) if denoiser.clips else 0
        heard(done / rate, seconds)
    source.notes += _clipped(clipped)
    yield stream.flush()


def enhance_file(
    denoiser: AnyRateDenoiser,
    source: str | Path,
    target: str | Path,
    full_band: bool = True,
    heard: Listener = _nobody,
) -> str:
    """Denoise a file of any length into another one of the same rate, channels and length.

    Args:
        denoiser: Any engine.
        source: Sound file of any number of channels; each is denoised on its own.
        target: Where to write, whole or not at all; its suffix chooses the format.
        full_band: Keep what lies above the network's band.
        heard: Is told after each block how many seconds are done, and of how many if that is known.

    Returns:
        What the user may want to know of it; empty if nothing.

    Raises:
        ValueError: If source and target are one file, or the source is no sound.
        OSError: If the target cannot be written.
    """
    source, target = Path(source), Path(target)
    if source.exists() and target.exists() and target.samefile(source):
        raise ValueError(
            f"{target} is the input itself: choose another output, it is not overwritten"
        )
    with open_source(source) as sound:
        return enhance_into_file(denoiser, sound, target, full_band, heard)


def enhance_into_file(
    denoiser: AnyRateDenoiser,
    source: SoundSource,
    target: Path,
    full_band: bool = True,
    heard: Listener = _nobody,
) -> str:
    """Denoise what is open already as :func:`enhance_file` does; its folder is made.

    Returns:
        What the user may want to know of it; empty if nothing.

    Raises:
        ValueError: If the source has no sample, or one that is no sane number.
        OSError: If the target cannot be written.
    """
    blocks = enhanced_blocks(denoiser, source, full_band, heard)
    first = next(blocks)
    make_folder(target.parent)  # not before something could be read
    rate, own = source.sample_rate, denoiser.config.sample_rate
    shape = rate, source.channels, source.subtype, source.frames
    with SoundSink(target, *shape, tags=source.tags) as sink:
        for block in chain([first], blocks):
            sink.write(block)
    notes = [*source.notes]
    if rate != own:
        notes.append(f"{rate} Hz, enhanced at {own} Hz and brought back")
    if rate > own:
        band = f"above {own / 2000:g} kHz"
        notes.append(f"turned down {band} as just below" if full_band else f"nothing {band}")
    return ", ".join(notes + _clipped(sink.clipped))


def enhance_into_pipe(
    denoiser: AnyRateDenoiser, source: SoundSource, sink: PipeSink, full_band: bool = True
) -> str:
    """Denoise what is open already into a pipe, hop by hop.

    Returns:
        What was lost on the way; empty if nothing.

    Raises:
        ValueError: If the source has no sample, or one that is no sane number.
        OSError: If nobody reads the pipe any more.
    """
    for block in enhanced_blocks(denoiser, source, full_band):
        sink.write(block)
    return ", ".join(source.notes + _clipped(sink.clipped))


def _clipped(samples: int) -> list[str]:
    """A note of samples that were clipped, if there were some."""
    return [f"{samples} samples were above full scale and are clipped"] * bool(samples)
