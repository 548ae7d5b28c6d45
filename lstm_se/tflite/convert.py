"""The mask network through TensorFlow Lite's converter, which may end the process it runs in.

Run by :mod:`lstm_se.tflite.files` as ``python -m lstm_se.tflite.convert FOLDER FORM``. The folder
holds ``config.json``, ``weights.npz`` and ``streams.npz``; ``network.tflite`` is added to it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ..config import Config
from ..network import in_numpy

Streams = Mapping[str, np.ndarray]


class Network(tf.Module):
    """What both forms share: weights, and the layers after the recurrent ones."""

    def __init__(self, config: Config, weights: in_numpy.Weights) -> None:
        """Use ``weights``, named and shaped as :func:`lstm_se.network.in_numpy.shapes` says."""
        super().__init__()
        self.config, self.weights = config, weights
        self.clip = float(config.cell_clip or 0)

    def layer(self, i: int) -> list[tf.Tensor]:
        """Kernel, recurrent kernel and bias of a recurrent layer."""
        parts = ("kernel", "recurrent_kernel", "bias")
        return [tf.constant(self.weights[f"rnn_{i}/{part}"]) for part in parts]

    def mask(self, x: tf.Tensor, features: tf.Tensor) -> tf.Tensor:
        """Mask of a frame, from the last recurrent layer and from the features themselves."""
        for i in range(len(self.config.dense)):
            x = tf.nn.relu(self._dense(i, x))
        logits = self._dense(len(self.config.dense), x)
        if self.config.local:
            # as a full matrix, (bands, outputs): one operator
            matrix = np.zeros((self.config.bands, self.config.outputs), np.float32)
            places = in_numpy.neighbours(self.config), np.arange(self.config.outputs)
            np.add.at(matrix, places, self.weights["local/kernel"])
            logits += tf.matmul(features, tf.constant(matrix))
        return tf.sigmoid(logits)

    def _dense(self, i: int, x: tf.Tensor) -> tf.Tensor:
        kernel, bias = (tf.constant(self.weights[f"dense_{i}/{p}"]) for p in ("kernel", "bias"))
        return tf.matmul(x, kernel) + bias


class Fused(Network):
    """One operator for each recurrent layer, which keeps its state between two calls."""

    def signature(self) -> list[tf.TensorSpec]:
        """One frame of features, ``(1, 1, bands)``."""
        return [tf.TensorSpec((1, 1, self.config.bands), tf.float32, name="features")]

    def __call__(self, features: tf.Tensor) -> dict[str, tf.Tensor]:
        """Mask of one frame, ``(1, 1, outputs)``."""
        x = features
        for i, units in enumerate(self.config.units):
            rest = tf.zeros((1, units))
            _, x, *_ = _lstm(f"layer_{i}", self.clip)(x, rest, rest, *self.layer(i))
        return {"mask": self.mask(x, features)}

    @staticmethod
    def examples(streams: Streams) -> Iterator[dict[str, np.ndarray]]:
        """Frames as they follow each other; the operator keeps the state itself."""
        for frame in streams["features"]:
            yield {"features": frame[None, None]}


class Step(Network):
    """One frame with the state as inputs and outputs, from the simplest operators."""

    def signature(self) -> list[tf.TensorSpec]:
        """Features, then output and cell state of each layer."""
        named = {"features": self.config.bands}
        for i, units in enumerate(self.config.units):
            named |= {f"h{i}": units, f"c{i}": units}
        return [tf.TensorSpec((1, n), tf.float32, name=name) for name, n in named.items()]

    def __call__(self, features: tf.Tensor, *states: tf.Tensor) -> dict[str, tf.Tensor]:
        """Mask and new states."""
        x = features
        new: dict[str, tf.Tensor] = {}
        for i in range(len(self.config.units)):
            x, c = _step(x, states[2 * i], states[2 * i + 1], self.layer(i), self.clip)
            new |= {f"new_h{i}": x, f"new_c{i}": c}
        return {**new, "mask": self.mask(x, features)}

    @staticmethod
    def examples(streams: Streams) -> Iterator[dict[str, np.ndarray]]:
        """Frames with the states that the float network has there."""
        # dictionaries, for the converter changes the order of lists
        for t in range(len(streams["features"])):
            yield {name: values[t][None] for name, values in streams.items()}


def _step(
    x: tf.Tensor, h: tf.Tensor, c: tf.Tensor, layer: Sequence[tf.Tensor], clip: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Output and cell state after a frame: the twin of ``in_numpy.lstm_step``."""
    kernel, recurrent, bias = layer
    i, f, g, o = tf.split(tf.matmul(x, kernel) + tf.matmul(h, recurrent) + bias, 4, axis=-1)
    c = tf.clip_by_value(tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g), -clip, clip)
    return tf.sigmoid(o) * tf.tanh(c), c


def _lstm(name: str, clip: float) -> Callable[..., Any]:
    """A function that the converter replaces by UNIDIRECTIONAL_SEQUENCE_LSTM.

    It goes by the attribute, by the name of the function and by its arguments and results, which
    are those of Keras 2's LSTM; what is inside is for those who call it in TensorFlow.
    """
    layout = {"time_major": False, "go_backwards": False}
    attributes = {"api_implements": f"lstm_{name}", "api_preferred_device": "CPU", **layout}

    @tf.function(autograph=False, experimental_attributes=attributes)
    def standard_lstm(x, h, c, kernel, recurrent, bias):  # type: ignore[no-untyped-def]
        def step(state: Sequence[tf.Tensor], frame: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            h, c = state
            return _step(frame, h, c, (kernel, recurrent, bias), clip)

        outputs, cells = tf.scan(step, tf.transpose(x, (1, 0, 2)), (h, c))
        last = outputs[-1]
        return last, tf.transpose(outputs, (1, 0, 2)), last, cells[-1], tf.constant(1.0)

    return standard_lstm


def convert(folder: Path, form: str) -> None:
    """Write ``network.tflite`` beside what lies in a folder.

    Args:
        folder: With configuration, weights, and inputs from which the ranges are taken.
        form: ``"fused"`` or ``"step"``, and ``"float"``, ``"int8"`` or ``"16x8"``.
    """
    config = Config.load(folder / "config.json")
    weights = in_numpy.load_weights(folder / "weights.npz", config)
    kind, numbers = form.split("_")
    module: Any = {"fused": Fused, "step": Step}[kind](config, weights)
    step = tf.function(module.__call__, input_signature=module.signature()).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([step], module)
    if numbers != "float":
        streams = dict(np.load(folder / "streams.npz"))
        sets, wide = tf.lite.OpsSet, numbers == "16x8"
        mixed = sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [mixed if wide else sets.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int16 if wide else tf.int8
        converter.inference_output_type = converter.inference_input_type
        converter.representative_dataset = lambda: module.examples(streams)
    (folder / "network.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    convert(Path(sys.argv[1]), sys.argv[2])
