"""The firmware's builds at work: for this machine, for WebAssembly, for an emulated Cortex-M7."""

from __future__ import annotations

import ctypes
import tempfile
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import optional
from ..files import write_whole
from . import toolchain
from .cortex import Cortex
from .fixed import whole_decibels
from .quantize import Quantized
from .stft import HOP
from .stream import PcmStream

STATE_BYTES = 1 << 16  # more than any model's se_state
HOP_BYTES = 2 * HOP
VERSION_BYTES = 99  # more than any version is long


class FirmwareStream(PcmStream):
    """One ``se_state`` of a build.

    Attributes:
        version: Version of the code and fingerprint of the model that were compiled.
    """

    def __init__(self, version: bytes) -> None:
        """Start from silence; the version ends at the first zero, if there is one."""
        self.version = version.partition(b"\0")[0].decode()
        self._decibels = whole_decibels(None)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far; the limit, which the C forgets, too, is set again."""
        self._run("reset")
        self._run("set_limit", self._decibels)

    def set_limit(self, limit_db: float | None) -> None:
        """Turn no frequency down by more whole dB from the next hop on; ``None``: no limit."""
        self._decibels = whole_decibels(limit_db)
        self._run("set_limit", self._decibels)

    def selftest(self) -> bool:
        """Whether the build computes what Python does; it starts from silence afterwards."""
        passed = bool(self._run("selftest"))
        self.reset()
        return passed

    def process(self, pcm: np.ndarray) -> np.ndarray:
        """Denoise whole hops: int16 ``(hops * 256,)``, 256 samples later."""
        hops = [self._process(hop.tobytes()) for hop in pcm.astype("<i2").reshape(-1, HOP)]
        return np.frombuffer(b"".join(hops), "<i2").astype(np.int16)

    @abstractmethod
    def _run(self, name: str, *arguments: int) -> int:
        """Run ``se_reset``, ``se_selftest`` or ``se_set_limit``."""

    @abstractmethod
    def _process(self, noisy: bytes) -> bytes:
        """Denoise one hop."""


class NativeStream(FirmwareStream):
    """The host's build, in this process."""

    def __init__(self, library: str | Path | ctypes.CDLL) -> None:
        """Start from silence, with a library that ``toolchain.build_library`` made."""
        if not isinstance(library, ctypes.CDLL):
            library = ctypes.CDLL(str(library))
        self._library = library
        self._library.se_version.restype = ctypes.c_char_p
        self._state = ctypes.create_string_buffer(STATE_BYTES)
        super().__init__(self._library.se_version())

    def another(self) -> NativeStream:
        """Another stream of the same library, from silence, with the same limit."""
        stream = NativeStream(self._library)
        stream._decibels = self._decibels
        stream.reset()
        return stream

    def _run(self, name: str, *arguments: int) -> int:
        return self._library[f"se_{name}"](self._state, *arguments)

    def _process(self, noisy: bytes) -> bytes:
        hop = ctypes.create_string_buffer(noisy, HOP_BYTES)
        self._library.se_process(self._state, hop, hop)
        return hop.raw


class WasmStream(FirmwareStream):
    """The WebAssembly build, in wasmtime."""

    def __init__(self, path: str | Path) -> None:
        """Start from silence, with a module that :func:`write_module` wrote.

        Raises:
            ValueError: If the extra ``firmware`` is not installed.
        """
        wasmtime = optional.module("wasmtime", "wasmtime", "firmware")
        self._store = wasmtime.Store()
        module = wasmtime.Module.from_file(self._store.engine, str(path))
        self._exports = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._input, self._output = self._run("input"), self._run("output")
        super().__init__(self._read(self._run("version"), VERSION_BYTES))

    def _run(self, name: str, *arguments: int) -> int:
        return self._exports[name](self._store, *arguments)

    def _process(self, noisy: bytes) -> bytes:
        self._exports["memory"].write(self._store, noisy, self._input)
        self._run("process")
        return self._read(self._output, HOP_BYTES)

    def _read(self, address: int, size: int) -> bytes:
        return bytes(self._exports["memory"].read(self._store, address, address + size))


class CortexStream(FirmwareStream):
    """The microcontroller's build, on an emulated one.

    Attributes:
        cpu: The processor.
        state: Address of the ``se_state``.
        input: Address of the hop that is denoised.
        output: Address of the hop that comes out; it may be the same.
    """

    def __init__(self, elf: str | Path) -> None:
        """Start from silence, with a program that ``toolchain.build_elf`` made.

        Raises:
            ValueError: If the extra ``firmware`` is not installed.
        """
        self.cpu = Cortex(elf)
        self.state = self.cpu.allocate(STATE_BYTES)
        self.input, self.output = self.cpu.allocate(HOP_BYTES), self.cpu.allocate(HOP_BYTES)
        super().__init__(self.cpu.read(self.cpu.call("se_version"), VERSION_BYTES))

    def _run(self, name: str, *arguments: int) -> int:
        return self.cpu.call(f"se_{name}", self.state, *arguments)

    def _process(self, noisy: bytes) -> bytes:
        self.cpu.write(self.input, noisy)
        self.cpu.call("se_process", self.state, self.input, self.output)
        return self.cpu.read(self.output, HOP_BYTES)


def compiled_stream(
    model: Quantized, limit_db: float | None = None, options: Sequence[str] = toolchain.FAST
) -> NativeStream:
    """A stream of the firmware, compiled for this machine with a model of one's own.

    Args:
        model: Quantized network.
        limit_db: As ``set_limit`` takes it.
        options: Of the optimiser.

    Raises:
        ValueError: If there is no C compiler, or the limit is none.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        sources = toolchain.copy_denoiser(model, Path(folder) / "speech_denoiser")
        library = toolchain.build_library(Path(folder) / "denoiser.so", sources, options=options)
        stream = NativeStream(library)
        stream.set_limit(limit_db)
        return stream


def write_module(model: Quantized, path: str | Path) -> Path:
    """Compile a model and the firmware's C into a WebAssembly module.

    Args:
        model: Quantized network.
        path: File to write; the same model gives the same bytes.

    Raises:
        ValueError: If the extra ``firmware`` is not installed, or the compiler complains.
    """
    with tempfile.TemporaryDirectory() as folder:
        sources = toolchain.copy_denoiser(model, Path(folder) / "speech_denoiser")
        built = toolchain.build_wasm(Path(folder) / "denoiser.wasm", sources)
        write_whole(path, built.read_bytes())
    return Path(path)
