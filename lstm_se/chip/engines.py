"""Three engines for one model: float in NumPy, integers in NumPy, and the firmware's C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, overload

from ..network import pretrained
from ..network.denoiser import Denoiser
from .builds import compiled_stream
from .quantize import quantize
from .stream import IntegerStream, PcmDenoiser, PcmStream

STREAMS: dict[str, Callable[..., PcmStream]] = {"int8": IntegerStream, "firmware": compiled_stream}
ENGINES = ("float", *STREAMS)


@overload
def load(model: str | Path = "tiny", engine: Literal["float"] = "float") -> Denoiser: ...


@overload
def load(model: str | Path = "tiny", engine: str = "float") -> Denoiser | PcmDenoiser: ...


def load(model: str | Path = "tiny", engine: str = "float") -> Denoiser | PcmDenoiser:
    """Load a denoiser.

    Args:
        model: Name of a model that comes with the package, or the folder of a training run.
        engine: ``"float"``; ``"int8"`` for the integers of the microcontroller, or ``"firmware"``
            for its C, compiled here: both give the same bits.

    Raises:
        FileNotFoundError: If there is no such model.
        ValueError: If there is no such engine or no compiler, or it cannot run the model.
    """
    if engine not in ENGINES:
        raise ValueError(f"no engine {engine!r}: choose one of {', '.join(ENGINES)}")
    trained = pretrained.load_float(model)
    if engine == "float":
        return trained
    stream = STREAMS[engine](quantize(trained.weights, trained.config))
    return PcmDenoiser(trained.config, stream)
