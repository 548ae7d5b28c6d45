"""Three engines for one model: float in NumPy, integers in NumPy, and the firmware's C."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal, overload

from ..network import pretrained
from ..network.denoiser import AnyRateDenoiser, Denoiser
from .builds import compiled_stream
from .quantize import quantize
from .stream import IntegerStream, PcmDenoiser

ENGINES = ("float", "int8", "firmware")


@overload
def load(
    model: str | Path = "tiny", engine: Literal["float"] = "float", limit_db: float | None = None
) -> Denoiser: ...


@overload
def load(
    model: str | Path = "tiny", engine: str = "float", limit_db: float | None = None
) -> AnyRateDenoiser: ...


def load(
    model: str | Path = "tiny", engine: str = "float", limit_db: float | None = None
) -> AnyRateDenoiser:
    """Load a denoiser.

    Args:
        model: Name of a model that comes with the package, or the folder of a training run.
        engine: ``"float"``; ``"int8"`` for the integers of the microcontroller, or ``"firmware"``
            for its C, compiled here: both give the same bits.
        limit_db: No frequency is turned down by more than this; ``None``: without limit.

    Raises:
        FileNotFoundError: If there is no such model.
        ValueError: If there is no such engine or no compiler, or it cannot run the model.
    """
    if engine not in ENGINES:
        raise ValueError(f"no engine {engine!r}: choose one of {', '.join(ENGINES)}")
    trained = pretrained.load_float(model)
    if engine == "float":
        return Denoiser(trained.config, trained.weights, limit_db=limit_db)
    quantized = quantize(trained.weights, trained.config)
    integers = partial(IntegerStream, quantized)
    return PcmDenoiser(
        trained.config, integers if engine == "int8" else compiled_stream(quantized).another
    )
