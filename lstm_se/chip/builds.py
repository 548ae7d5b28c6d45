"""The firmware's builds on this machine: a library of the host's compiler, and WebAssembly."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ..files import write_whole
from . import toolchain
from .quantize import Quantized
from .stft import HOP

STATE_BYTES = 1 << 16  # more than any model's se_state


class NativeStream:
    """One ``se_state`` of the host's build: hops of int16 in, as many out."""

    def __init__(self, library: str | Path) -> None:
        """Start from silence, with a library that ``toolchain.build_library`` made."""
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


def compiled_stream(model: Quantized) -> NativeStream:
    """A stream of the firmware, compiled for this machine with a model of one's own.

    Raises:
        FileNotFoundError: If there is no C compiler.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        sources = toolchain.copy_denoiser(model, Path(folder) / "speech_denoiser")
        return NativeStream(toolchain.build_library(Path(folder) / "denoiser.so", sources))


def write_module(model: Quantized, path: str | Path) -> Path:
    """Compile a model and the firmware's C into a WebAssembly module.

    Args:
        model: Quantized network.
        path: File to write; the same model gives the same bytes.

    Raises:
        FileNotFoundError: If the extra ``firmware`` is not installed.
        ValueError: If the compiler complains.
    """
    path = Path(path)
    with tempfile.TemporaryDirectory() as folder:
        sources = toolchain.copy_denoiser(model, Path(folder) / "speech_denoiser")
        built = toolchain.build_wasm(Path(folder) / "denoiser.wasm", sources)
        write_whole(path, built.read_bytes())
    return path


class WasmStream:
    """One instance of the module: hops of int16 in, as many out."""

    def __init__(self, path: str | Path) -> None:
        """Start from silence, with a module that :func:`write_module` wrote."""
        import wasmtime

        self._store = wasmtime.Store()
        module = wasmtime.Module.from_file(self._store.engine, str(path))
        self._exports: Any = wasmtime.Instance(self._store, module, []).exports(self._store)

    def _call(self, name: str) -> Any:
        return self._exports[name](self._store)

    @property
    def version(self) -> str:
        """Version of the code and fingerprint of the model that were compiled."""
        begin = self._call("version")
        text = bytes(self._exports["memory"].read(self._store, begin, begin + 99))
        return text.partition(b"\0")[0].decode()

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._call("reset")

    def selftest(self) -> bool:
        """Whether the module computes what Python does; it starts from silence afterwards."""
        return bool(self._call("selftest"))

    def process(self, pcm: np.ndarray) -> np.ndarray:
        """Denoise whole hops: int16 ``(hops * 256,)``, 256 samples later."""
        memory, into, out = self._exports["memory"], self._call("input"), self._call("output")
        enhanced = np.empty_like(pcm)
        for begin in range(0, len(pcm), HOP):
            memory.write(self._store, pcm[begin : begin + HOP].astype("<i2").tobytes(), into)
            self._call("process")
            said = memory.read(self._store, out, out + 2 * HOP)
            enhanced[begin : begin + HOP] = np.frombuffer(said, "<i2")
        return enhanced
