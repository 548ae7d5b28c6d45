"""The firmware on this machine: its C compiled into a library and called from Python."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path

import numpy as np

from . import toolchain
from .frames import HOP
from .quantize import Quantized

STATE_BYTES = 1 << 16  # more than any model's se_state


class NativeStream:
    """One ``se_state`` of the host's build: hops of int16 in, as many out."""

    def __init__(self, library: str | Path) -> None:
        """Start from silence, with a library that :func:`lstm_se.toolchain.build_library` made."""
        self._library = ctypes.CDLL(str(library))
        self._library.se_version.restype = ctypes.c_char_p
        self._state = ctypes.create_string_buffer(STATE_BYTES)
        self.reset()

    @property
    def version(self) -> str:
        """Version of the code and fingerprint of the model that were compiled."""
        return str(self._library.se_version().decode())

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._library.se_init(self._state)

    def process(self, pcm: np.ndarray) -> np.ndarray:
        """Denoise whole hops: int16 ``(hops * 256,)``, 256 samples later."""
        enhanced = np.empty_like(pcm)
        for begin in range(0, len(pcm), HOP):
            heard, said = (x[begin:].ctypes.data_as(ctypes.c_void_p) for x in (pcm, enhanced))
            self._library.se_process(self._state, heard, said)
        return enhanced


def stream(model: Quantized) -> NativeStream:
    """A stream of the firmware, compiled for this machine with a model of one's own.

    Raises:
        FileNotFoundError: If there is no C compiler.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        sources = toolchain.copy_denoiser(model, Path(folder) / "speech_denoiser")
        return NativeStream(toolchain.build_library(Path(folder) / "denoiser.so", sources))
