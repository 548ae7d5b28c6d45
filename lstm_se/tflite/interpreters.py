"""TensorFlow Lite files at work: on LiteRT, and on TFLM, which is what a microcontroller has."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from bisect import bisect_left
from functools import partial
from pathlib import Path

import numpy as np

from .. import optional
from ..config import Config
from ..network.denoiser import Denoiser
from ..network.in_numpy import MaskNetwork
from .files import Contents, Tensor, contents

AMPLE_BYTES = 1 << 20
ARENA_STEP = 16  # bytes; TFLM aligns to so many


class LiteRT:
    """The interpreter of telephones and computers, with its plain kernels on one thread."""

    def __init__(self, file: bytes, content: Contents) -> None:
        """Load a file whose contents are known."""
        runtime = optional.module("ai_edge_litert.interpreter", "ai-edge-litert", "tflite")
        # without delegates, which compute otherwise on another processor
        plain = runtime.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self._interpreter = runtime.Interpreter(
            model_content=file, num_threads=1, experimental_op_resolver_type=plain
        )
        self._interpreter.allocate_tensors()
        self._content = content

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._interpreter.reset_all_variables()

    def run(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """Outputs for inputs, both in the order of the file."""
        for tensor, value in zip(self._content.inputs.values(), inputs, strict=True):
            self._interpreter.set_tensor(tensor.index, value)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(t.index) for t in self._content.outputs.values()]


class Micro:
    """TFLM, the interpreter of microcontrollers, compiled for this computer."""

    def __init__(self, file: bytes, content: Contents, arena_bytes: int = AMPLE_BYTES) -> None:
        """Load a file; an arena too small for it ends the process, see :func:`smallest_arena`."""
        runtime = optional.module("tflite_micro", "tflite-micro", "tflite").runtime
        self._interpreter = runtime.Interpreter.from_bytes(file, arena_size=arena_bytes)
        self._outputs = len(content.outputs)

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._interpreter.reset()

    def run(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """Outputs for inputs, both in the order of the file."""
        for i, value in enumerate(inputs):
            self._interpreter.set_input(value, i)
        self._interpreter.invoke()
        return [self._interpreter.get_output(i) for i in range(self._outputs)]


INTERPRETERS: dict[str, type[LiteRT | Micro]] = {"litert": LiteRT, "tflm": Micro}


class LiteNetwork(MaskNetwork):
    """A file in the place of a network: features of one frame in, its mask out."""

    def __init__(self, config: Config, file: bytes, interpreter: str = "litert") -> None:
        """Load a file of :mod:`lstm_se.tflite.files`.

        Args:
            config: Of the network that it was made of.
            file: All of its bytes.
            interpreter: ``"litert"`` or ``"tflm"``.

        Raises:
            ValueError: If there is no such interpreter here, or no such file.
        """
        if interpreter not in INTERPRETERS:
            raise ValueError(f"no interpreter {interpreter!r}: choose litert or tflm")
        self.contents = contents(file)
        self._interpreter = INTERPRETERS[interpreter](file, self.contents)
        super().__init__({}, config)

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._interpreter.reset()
        inputs = self.contents.inputs
        self._inputs = {name: np.zeros(t.shape, np.float32) for name, t in inputs.items()}

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Mask of one frame: ``(1, bands)`` in, ``(1, outputs)`` in [0, 1] out, float32."""
        self._inputs["features"] = frame
        inputs = [to_steps(self._inputs[name], t) for name, t in self.contents.inputs.items()]
        named = zip(self.contents.outputs.items(), self._interpreter.run(inputs), strict=True)
        outputs = {name: from_steps(value, tensor) for (name, tensor), value in named}
        mask = outputs.pop("mask")
        self._inputs |= {name.removeprefix("new_"): state for name, state in outputs.items()}
        return mask.reshape(1, -1)


def to_steps(values: np.ndarray, tensor: Tensor) -> np.ndarray:
    """Floats as a tensor wants them: whole steps of its scale from its zero, or floats."""
    shaped = values.reshape(tensor.shape)
    if not tensor.scale:
        return shaped.astype(tensor.dtype)
    limits = np.iinfo(tensor.dtype)
    steps = np.round(shaped / np.float32(tensor.scale)) + tensor.zero
    return np.clip(steps, limits.min, limits.max).astype(tensor.dtype)


def from_steps(values: np.ndarray, tensor: Tensor) -> np.ndarray:
    """What a tensor stands for, float32."""
    if not tensor.scale:
        return values.astype(np.float32)
    return (values.astype(np.float32) - tensor.zero) * np.float32(tensor.scale)


def lite_denoiser(config: Config, file: bytes) -> Denoiser:
    """A denoiser whose network is a file; transforms and features are those of this package.

    Args:
        config: Of the network that the file was made of.
        file: All of its bytes.
    """
    return Denoiser(config, {}, lambda _, config: LiteNetwork(config, file))


def smallest_arena(file: bytes) -> int:
    """Bytes of memory that TFLM needs for a file, beside the file itself.

    Each size is tried in a process of its own, because one that is too small ends it.

    Args:
        file: All bytes of the TensorFlow Lite file.

    Raises:
        ValueError: If TFLM cannot run the file with any.
    """
    optional.module("tflite_micro", "tflite-micro", "tflite")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.tflite"
        path.write_bytes(file)
        if not _suffices(path, AMPLE_BYTES):
            raise ValueError(f"TFLM cannot run this file in {AMPLE_BYTES} bytes")
        sizes = range(ARENA_STEP, AMPLE_BYTES + 1, ARENA_STEP)
        return sizes[bisect_left(sizes[:-1], True, key=partial(_suffices, path))]


def _suffices(path: Path, arena_bytes: int) -> bool:
    """Whether a process with so much memory comes to the end."""
    command = [sys.executable, "-m", "lstm_se.tflite.interpreters", str(path), str(arena_bytes)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def try_arena(file: bytes, arena_bytes: int) -> None:
    """Run two frames in an arena of the size asked for, as in one that is ample."""
    content = contents(file)
    rng = np.random.default_rng(0)
    small, ample = Micro(file, content, arena_bytes), Micro(file, content)
    for _ in range(2):
        frame = [to_steps(rng.uniform(-1, 1, t.shape), t) for t in content.inputs.values()]
        for value, expected in zip(small.run(frame), ample.run(frame), strict=True):
            np.testing.assert_array_equal(value, expected)


if __name__ == "__main__":
    try_arena(Path(sys.argv[1]).read_bytes(), int(sys.argv[2]))
