"""TensorFlow Lite files of the mask network: written, looked into, and refused if they are wrong.

A file holds the network alone, from features to mask; the transforms and the features around it
stay in float. A form, such as ``step_int8``, is named by its kind and its numbers. The kinds are:

* ``fused``: one operator for each recurrent layer, which remembers its own state.
* ``step``: simple operators only; the state goes in and comes out with every frame.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import optional
from ..config import Config
from ..files import make_folder, write_whole
from ..network.denoiser import Denoiser
from ..network.in_numpy import MaskNetwork, save_weights
from ..sound import stft
from ..sound.features import RunningLevel, features

FORMS = ("fused_float", "fused_int8", "step_float", "step_int8", "step_16x8")
BAKED_CLIP = 10.0  # the converter writes it into every fused LSTM, whatever the network does
FUSED_OPERATOR = "UNIDIRECTIONAL_SEQUENCE_LSTM"
_SIMPLE = {"FULLY_CONNECTED", "ADD", "LOGISTIC"}
OPERATORS = {
    "fused": _SIMPLE | {FUSED_OPERATOR},
    "step": _SIMPLE | {"MUL", "TANH", "SPLIT", "MINIMUM", "MAXIMUM", "QUANTIZE"},
}
TYPES = {
    "fused_float": {"FLOAT32"},
    "fused_int8": {"INT8", "INT16", "INT32"},  # int16: the cell state; int32: biases
    "step_float": {"FLOAT32", "INT32"},  # int32: the axis of a split
    "step_int8": {"INT8", "INT32"},
    "step_16x8": {"INT16", "INT8", "INT32", "INT64"},  # int64: biases
}


@dataclass(frozen=True)
class Tensor:
    """An input or output of a file.

    Attributes:
        index: Its number among all tensors.
        shape: With the leading dimensions of 1.
        dtype: NumPy's name of its type.
        scale: What one step of an integer stands for; 0 for floats.
        zero: The integer that stands for 0.
    """

    index: int
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero: int


@dataclass(frozen=True)
class Contents:
    """What a file is made of.

    Attributes:
        operators: Name to how often it occurs.
        types: Of everything that an operator reads or writes.
        clips: Bound of the cell state that is written into each fused LSTM.
        inputs: By name, in the order of the file.
        outputs: The same.
    """

    operators: dict[str, int]
    types: set[str]
    clips: tuple[float, ...]
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


def write_tflite(
    denoiser: Denoiser, folder: str | Path, recordings: Iterable[np.ndarray]
) -> dict[str, Path]:
    """Write a file of each form, but none that :func:`verify` refuses.

    Args:
        denoiser: Trained network.
        folder: Where to; made if it is not there.
        recordings: Noisy speech that gives the ranges of the integers, 16 kHz, ``(samples,)`` each.

    Returns:
        Form to file.

    Raises:
        ValueError: If the network has no such form.
        ChildProcessError: If the converter fails.
    """
    folder, inputs = Path(folder), streams(denoiser, recordings)
    make_folder(folder)
    paths = {form: folder / f"{form}.tflite" for form in FORMS}
    for form, path in paths.items():
        write_whole(path, tflite_bytes(denoiser, form, inputs))
    return paths


def streams(denoiser: Denoiser, recordings: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
    """What the network sees and remembers in one long stream, from which ranges are taken.

    Args:
        denoiser: Float network.
        recordings: Noisy speech, 16 kHz, ``(samples,)`` each, one after the other.

    Returns:
        ``features``, and ``hN`` and ``cN`` of each layer before the frame: ``(frames, width)``.
    """
    config = denoiser.config
    refuse_unconvertible(config)
    level, network = RunningLevel(config), MaskNetwork(denoiser.weights, config)
    noisy = np.concatenate(list(recordings))
    rest = [(np.zeros((1, units), np.float32),) * 2 for units in config.units]
    frames = []
    for power in np.abs(stft.stft(noisy, config.n_fft, config.hop_length)) ** 2:
        frame = features(power[None], config, level)
        inputs = {"features": frame}
        for i, state in enumerate(network.states):
            inputs[f"h{i}"], inputs[f"c{i}"] = state or rest[i]
        frames.append(inputs)
        network(frame)
    return {name: np.concatenate([inputs[name] for inputs in frames]) for name in frames[0]}


def refuse_unconvertible(config: Config) -> None:
    """Refuse what has no form.

    Raises:
        ValueError: Which field, and what it must be.
    """
    needed = {
        "cell": "lstm",
        "cell_clip": BAKED_CLIP,
        "batch_norm": False,
        "subbands": (),
        "smoothing": 0.0,
    }
    refused = f"no TensorFlow Lite file of {config.name!r}:"
    for field, value in needed.items():
        if (found := getattr(config, field)) != value:
            why = ": the converter bakes it into the file" if field == "cell_clip" else ""
            raise ValueError(f"{refused} {field} is {found!r}, it must be {value!r}{why}")
    if not config.streams:
        raise ValueError(f"{refused} it looks into the future")


def tflite_bytes(denoiser: Denoiser, form: str, inputs: dict[str, np.ndarray]) -> bytes:
    """One file, made by the converter in a process of its own.

    Args:
        denoiser: Trained network.
        form: One of :data:`FORMS`.
        inputs: From :func:`streams`.

    Raises:
        ValueError: If there is no such form, or the file is not what was asked for.
        ChildProcessError: If the converter fails or ends its process.
    """
    if form not in FORMS:
        raise ValueError(f"no form {form!r}: choose one of {', '.join(FORMS)}")
    refuse_unconvertible(denoiser.config)
    _schema()  # better to miss it now than after a minute
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        denoiser.config.save(folder / "config.json")
        save_weights(folder / "weights.npz", denoiser.weights)
        np.savez(folder / "streams.npz", **inputs)  # type: ignore[arg-type]
        command = [sys.executable, "-m", "lstm_se.tflite.convert", name, form]
        run_guarded(command, f"converting to {form}")
        file = (folder / "network.tflite").read_bytes()
    verify(file, form, denoiser.config)
    return file


def run_guarded(command: Sequence[str], what: str) -> None:
    """Run a program that may crash.

    Args:
        command: Its words.
        what: What it is there for, as the error tells it.

    Raises:
        ChildProcessError: If it ends in any way but well: one line, whatever it wrote.
    """
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode < 0:
        raise ChildProcessError(
            f"{what}: TensorFlow's converter crashed (signal {-done.returncode}); "
            "install the versions in constraints.txt"
        )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it gave no reason"]
        raise ChildProcessError(f"{what}: TensorFlow's converter failed: {lines[-1]}")


def verify(file: bytes, form: str, config: Config) -> None:
    """Make sure that a file holds what its form promises, and no more.

    Raises:
        ValueError: Which operator, type or number it is that does not belong there.
    """
    kind, numbers = form.split("_")
    content = contents(file)
    if strange := sorted(set(content.operators) - OPERATORS[kind]):
        raise ValueError(f"{form}: the converter left operator {strange[0]}, no chip runs it")
    if strange := sorted(content.types - TYPES[form]):
        raise ValueError(f"{form}: the converter left numbers of type {strange[0]}")
    layers = len(config.units) if kind == "fused" else 0
    clips = set(content.clips) - {config.cell_clip}
    if content.operators.get(FUSED_OPERATOR, 0) != layers or clips:
        raise ValueError(f"{form}: not one {FUSED_OPERATOR} a layer that clips as the network does")
    dtype = {"float": "float32", "int8": "int8", "16x8": "int16"}[numbers]
    for name, tensor in (content.inputs | content.outputs).items():
        if tensor.dtype != dtype:
            raise ValueError(f"{form}: {name} is {tensor.dtype}, not {dtype}")


def contents(file: bytes) -> Contents:
    """Look into a file.

    Args:
        file: All of its bytes.

    Raises:
        ValueError: If it is no TensorFlow Lite file.
    """
    schema = _schema()
    if file[4:8] != b"TFL3":
        raise ValueError("no TensorFlow Lite file: its first bytes lack the mark TFL3")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(file, 0))
    graph, (signature,) = model.subgraphs[0], model.signatureDefs
    codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in model.operatorCodes]
    operators = _names(schema.BuiltinOperator)
    types = _names(schema.TensorType)
    used = {int(t) for o in graph.operators for t in (*o.inputs, *o.outputs) if t >= 0}
    options = [o.builtinOptions for o in graph.operators]
    return Contents(
        dict(Counter(operators[codes[o.opcodeIndex]] for o in graph.operators)),
        {types[graph.tensors[t].type] for t in used},
        tuple(o.cellClip for o in options if hasattr(o, "cellClip")),
        _ports(graph, graph.inputs, signature.inputs, types),
        _ports(graph, graph.outputs, signature.outputs, types),
    )


def _ports(graph: Any, order: Sequence[int], named: Any, types: dict[int, str]) -> dict:
    """Inputs or outputs by name, in the order of the file."""
    names = {port.tensorIndex: port.name.decode() for port in named}
    ports = {}
    for index in map(int, order):
        tensor = graph.tensors[index]
        steps = tensor.quantization.scale if tensor.quantization else None
        scale, zero = (0.0, 0) if steps is None else (steps[0], tensor.quantization.zeroPoint[0])
        shape, dtype = tuple(map(int, tensor.shape)), types[tensor.type].lower()
        ports[names[index]] = Tensor(index, shape, dtype, float(scale), int(zero))
    return ports


def _names(numbers: type) -> dict[int, str]:
    """Names of the numbers that the file format gives to operators or types."""
    return {v: name for name, v in vars(numbers).items() if isinstance(v, int)}


def _schema() -> Any:
    """The file format, as LiteRT's package has it."""
    return optional.module("ai_edge_litert.schema_py_generated", "ai-edge-litert", "tflite")
