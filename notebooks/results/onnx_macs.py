"""Multiply-accumulates a second of the denoisers that ``peers.py`` compares ours with.

onnxruntime writes down the shape of all that goes into and comes out of every node that it runs.
One run on zeros tells how often each weight was multiplied. Products of two signals do not count.
"""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

from onnx_weights import models, rnnoise_layers

Shape = list[int]
FRAMES_PER_SECOND = {
    "rnnoise": 100,
    "gtcrn": 62.5,
    "dtln": 125,
    "deepfilternet": 100,
    "nsnet2": 100,
}


def macs_per_second(name: str) -> int:
    """Multiply-accumulates of a peer for a second of sound; 0 for a classic one.

    Raises:
        ValueError: If its package is not installed.
    """
    if name == "rnnoise":
        layers = rnnoise_layers()
        of_a_frame: float = sum(n for key, n in layers.items() if not key.endswith("_bias"))
    else:
        of_a_frame = sum(macs_per_frame(model) for model in models(name))
    return round(of_a_frame * FRAMES_PER_SECOND.get(name, 0))


def macs_per_frame(model: bytes) -> float:
    """Multiply-accumulates of an ONNX model, as its file holds it, for one frame."""
    frames = 100  # to run where the model leaves that open
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.add_session_config_entry("session.disable_prepacking", "1")  # or shapes are missing
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        puts = session.get_inputs()
        session.run(None, {put.name: np.zeros(_fixed(put.shape, frames), "f4") for put in puts})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    nodes = [e["args"] for e in events if "input_type_shape" in e.get("args", {})]
    total = sum(
        _of_node(n["op_name"], _shapes(n["input_type_shape"]), _shapes(n["output_type_shape"]))
        for n in nodes
    )
    return total / (1 if all(_is_fixed(put.shape) for put in puts) else frames)


def _of_node(operator: str, inputs: list[Shape], outputs: list[Shape]) -> int:
    """Multiply-accumulates of one node."""
    match operator:
        case "Conv":
            return math.prod(outputs[0]) * math.prod(inputs[1][1:])
        case "ConvTranspose":
            return math.prod(inputs[0]) * math.prod(inputs[1][1:])
        case "MatMul" | "Gemm" | "Einsum":  # of these models: one contracted axis, the last
            return math.prod(outputs[0]) * inputs[0][-1]
        case "GRU" | "LSTM":
            steps, batch, _ = inputs[0]
            return steps * batch * (math.prod(inputs[1]) + math.prod(inputs[2]))
    return 0


def _shapes(tensors: list[dict[str, Shape]]) -> list[Shape]:
    """Shapes without their types."""
    return [shape for tensor in tensors for shape in tensor.values()]


def _is_fixed(shape: list[int | str]) -> bool:
    """Whether a model leaves nothing open; axes that it leaves open have names."""
    return all(isinstance(size, int) for size in shape)


def _fixed(shape: list[int | str], frames: int) -> Shape:
    """A shape with a batch of one, if that is open, and so many frames, if they are."""
    batch, *others = shape
    first = batch if isinstance(batch, int) else 1
    return [first, *(size if isinstance(size, int) else frames for size in others)]
