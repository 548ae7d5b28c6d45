"""Three engines for one model: float in NumPy, integers in NumPy, and the firmware's C."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal, overload

from ..network import pretrained
from ..network.denoiser import Denoiser
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
) -> Denoiser | PcmDenoiser: ...


def load(
    model: str | Path = "tiny", engine: str = "float", limit_db: float | None = None
) -> Denoiser | PcmDenoiser:
    """Load a denoiser.

    Args:
        model: Name of a model that comes with the package, or the folder of a training run.
        engine: ``"float"``; ``"int8"`` for the integers of the microcontroller, or ``"firmware"``
            for its C, compiled here: both give the same bits.
        limit_db: Most that a frequency is turned down, from 0 up, whole dB but for float; ``None``:
            no limit.

    Raises:
        FileNotFoundError: If there is no such model.
        ValueError: If there is no such engine or no compiler, or it cannot run the model or keep to
            the limit.
    """
    if engine not in ENGINES:
        raise ValueError(f"no engine {engine!r}: choose one of {', '.join(ENGINES)}")
    trained = pretrained.load_float(model)
    if engine == "float":
        return Denoiser(trained.config, trained.weights, limit_db=limit_db)
    quantized = quantize(trained.weights, trained.config)
    if engine == "int8":
        IntegerStream(quantized, limit_db)  # refuses a limit here, and not with a recording
        return PcmDenoiser(trained.config, partial(IntegerStream, quantized, limit_db))
    from .builds import compiled_stream  # what compiles takes a tenth of a second to import

    return PcmDenoiser(trained.config, compiled_stream(quantized, limit_db).another)
