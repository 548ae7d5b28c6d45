"""The mask network in NumPy, one frame at a time: the same function for a file and for a stream.

It runs from one ``weights.npz`` and needs no TensorFlow; a test holds it to Keras within 1e-5.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..config import Config
from ..files import write_whole
from ..sound.features import feature_of_output
from . import bandwise

Weights = Mapping[str, np.ndarray]
MOST_BYTES = 1 << 28  # of weights in a file: hundreds of times what the presets have
TAPS = 3  # a local gain sees its own band and the two beside it
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight, in Keras' layout (kernels ``(inputs, outputs)``)."""
    if config.subbands:
        return bandwise.bandwise_shapes(config)
    layout: dict[str, tuple[int, ...]] = {}
    inputs, gates = config.bands, GATES[config.cell]
    for i, units in enumerate(config.units):
        layout[f"rnn_{i}/kernel"] = (inputs, gates * units)
        layout[f"rnn_{i}/recurrent_kernel"] = (units, gates * units)
        layout[f"rnn_{i}/bias"] = (2, gates * units) if config.cell == "gru" else (gates * units,)
        if config.batch_norm:
            layout[f"norm_{i}/scale"] = layout[f"norm_{i}/shift"] = (units,)
        inputs = units
    for i, units in enumerate((*config.dense, config.outputs)):
        layout[f"dense_{i}/kernel"], layout[f"dense_{i}/bias"] = (inputs, units), (units,)
        inputs = units
    if config.local:
        layout["local/kernel"] = (TAPS, config.outputs)
    return layout


def parameters(config: Config) -> int:
    """Number of weights, biases included."""
    return sum(int(np.prod(shape)) for shape in shapes(config).values())


def macs(config: Config) -> int:
    """Multiply-accumulates for one frame: a kernel is used once, or once in every sub-band."""
    kernels = {k: int(np.prod(s)) for k, s in shapes(config).items() if k.endswith("kernel")}
    return sum(size * bandwise.uses(name, config) for name, size in kernels.items())


def load_weights(path: str | Path, config: Config) -> dict[str, np.ndarray]:
    """Read ``weights.npz``.

    Args:
        path: The file.
        config: What the weights must fit.

    Returns:
        Name to array, float32.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, or its weights do not fit the configuration.
    """
    content = io.BytesIO(Path(path).read_bytes())
    try:
        with np.load(content, allow_pickle=False) as archive, np.errstate(over="ignore"):
            if sum(member.file_size for member in archive.zip.infolist()) > MOST_BYTES:
                raise ValueError("it would fill the memory")
            weights = {name: _as_float(archive[name]) for name in archive.files}
    except Exception:  # a single wrong bit in a ZIP file can raise any of a dozen kinds
        raise ValueError(f"{path} is damaged or no archive of weights: copy it again") from None
    for name, shape in shapes(config).items():
        if name not in weights:
            raise ValueError(f"{path} holds no {name}: it was saved with another configuration")
        if (got := weights[name].shape) != shape:
            raise ValueError(f"{path}: {name} has shape {got}, its config.json asks for {shape}")
        if not np.isfinite(weights[name]).all():
            raise ValueError(f"{path}: {name} has values that are NaN or infinite: train it again")
    return weights


def _as_float(array: np.ndarray) -> np.ndarray:
    """Numbers as float32; complex ones and texts are none, and what overflows is not finite."""
    return array.astype(np.float32, casting="same_kind")


def save_weights(path: str | Path, weights: Weights) -> None:
    """Write ``weights.npz``, atomically."""
    archive = io.BytesIO()
    np.savez_compressed(archive, **weights)  # type: ignore[arg-type]
    write_whole(path, archive.getvalue())


class MaskNetwork:
    """Features of one frame in, mask of one frame out; what it remembers is in :attr:`states`."""

    def __init__(self, weights: Weights, config: Config) -> None:
        """Use ``weights``, named and shaped as :func:`shapes` says."""
        self.weights, self.config = weights, config
        self._neighbours = neighbours(config)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far."""
        self.states: list[tuple[np.ndarray, np.ndarray] | None] = [None] * len(self.config.units)
        self._smoothed: np.ndarray | None = None

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Mask of one frame: ``(channels, bands)`` in, ``(channels, outputs)`` in [0, 1] out."""
        logits = self.logits(frame)
        if self.config.local:
            logits = logits + local(frame, self.weights["local/kernel"], self._neighbours)
        return self._smooth(sigmoid(logits))

    def masks(self, frames: np.ndarray) -> np.ndarray:
        """Masks of frames that follow each other, ``(frames, channels, inputs)`` to ``outputs``."""
        return np.stack([self(frame) for frame in frames])

    def logits(self, frame: np.ndarray) -> np.ndarray:
        """What the layers with memory and those above them make of one frame.

        Args:
            frame: Features, shape ``(channels, bands)``.

        Returns:
            The mask before local view and sigmoid, shape ``(channels, outputs)``.
        """
        for i, units in enumerate(self.config.units):
            frame = self._recur(i, units, frame)
            if self.config.batch_norm:
                frame = frame * self.weights[f"norm_{i}/scale"] + self.weights[f"norm_{i}/shift"]
        for i in range(len(self.config.dense)):
            frame = np.maximum(self._dense(i, frame), 0)
        return self._dense(len(self.config.dense), frame)

    def _dense(self, i: int, frame: np.ndarray) -> np.ndarray:
        return frame @ self.weights[f"dense_{i}/kernel"] + self.weights[f"dense_{i}/bias"]

    def _smooth(self, mask: np.ndarray) -> np.ndarray:
        """Exponential moving average that starts at the first mask, not at zero."""
        if self.config.smoothing:
            past = mask if self._smoothed is None else self._smoothed
            mask = self._smoothed = past + np.float32(1 - self.config.smoothing) * (mask - past)
        return mask

    def _recur(self, i: int, units: int, frame: np.ndarray) -> np.ndarray:
        """One step of one recurrent layer."""
        parts = ("kernel", "recurrent_kernel", "bias")
        kernel, recurrent, bias = (self.weights[f"rnn_{i}/{part}"] for part in parts)
        h, c = self.states[i] or np.zeros((2, len(frame), units), np.float32)
        if self.config.cell == "lstm":
            h, c = lstm_step(frame, h, c, kernel, recurrent, bias, self.config.cell_clip)
        elif self.config.cell == "gru":
            h = gru_step(frame, h, kernel, recurrent, bias)
        else:
            h = np.tanh(frame @ kernel + h @ recurrent + bias)
        self.states[i] = (h, c)
        return h


def neighbours(config: Config) -> np.ndarray:
    """For each gain the features that its local view sees, shape ``(3, outputs)``."""
    return beside(feature_of_output(config))


def beside(band: np.ndarray) -> np.ndarray:
    """The band below each, itself and the one above, shape ``(3, len(band))``.

    At the ends a band is its own neighbour.
    """
    steps = np.arange(TAPS)[:, None] - TAPS // 2
    return np.clip(band + steps, band.min(), band.max())


def local(features: np.ndarray, kernel: np.ndarray, bands: np.ndarray) -> np.ndarray:
    """What each gain sees directly of the bands around its own.

    Args:
        features: Shape ``(batch, bands)``.
        kernel: Weight of the band below, its own and the one above, shape ``(3, outputs)``.
        bands: These bands, as :func:`neighbours` tells them.

    Returns:
        Shape ``(batch, outputs)``.
    """
    return (features[:, bands] * kernel).sum(axis=1)


def lstm_step(
    x: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
    kernel: np.ndarray,
    recurrent_kernel: np.ndarray,
    bias: np.ndarray,
    cell_clip: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """One step of an LSTM (Hochreiter and Schmidhuber 1997, with forget gate), gates i f g o.

    Args:
        x: Input, shape ``(..., inputs)``.
        h: Output of the step before, shape ``(..., units)``.
        c: Cell state, shape ``(..., units)``.
        kernel: Shape ``(inputs, 4 * units)``.
        recurrent_kernel: Shape ``(units, 4 * units)``.
        bias: Shape ``(4 * units,)``.
        cell_clip: Bound of ``|c|``, or ``None``.

    Returns:
        New ``h`` and ``c``.
    """
    return lstm_cell(x @ kernel + h @ recurrent_kernel + bias, c, cell_clip)


def lstm_cell(
    gates: np.ndarray, c: np.ndarray, cell_clip: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What an LSTM does with its gates i, f, g and o before they are opened.

    Args:
        gates: Shape ``(..., 4 * units)``.
        c: Cell state, shape ``(..., units)``.
        cell_clip: Bound of ``|c|``, or ``None``.

    Returns:
        New output and cell state.
    """
    units = c.shape[-1]
    slope, offset = gate_slopes(units)
    opened = np.tanh(slope * gates)
    opened *= slope
    opened += offset
    i, f, g, o = (opened[..., k * units : (k + 1) * units] for k in range(4))
    c = f * c + i * g
    if cell_clip is not None:
        c = np.minimum(np.maximum(c, -np.float32(cell_clip)), np.float32(cell_clip))
    return o * np.tanh(c), c


@lru_cache
def gate_slopes(units: int) -> tuple[np.ndarray, np.ndarray]:
    """Slope and offset with which ``slope * tanh(slope * x) + offset`` opens all gates at once.

    It is :func:`sigmoid` for i, f and o, and tanh for g; both of shape ``(4 * units,)``, float32.
    """
    slope = np.repeat(np.array([0.5, 0.5, 1, 0.5], np.float32), units)
    return slope, 1 - slope  # an offset of 0.5 for the three, 0 for g


def gru_step(
    x: np.ndarray, h: np.ndarray, kernel: np.ndarray, recurrent_kernel: np.ndarray, bias: np.ndarray
) -> np.ndarray:
    """One step of a GRU in Keras' form (reset after the product, two biases), gates z r h."""
    xz, xr, xh = np.split(x @ kernel + bias[0], 3, axis=-1)
    hz, hr, hh = np.split(h @ recurrent_kernel + bias[1], 3, axis=-1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return z * h + (1 - z) * np.tanh(xh + r * hh)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Logistic function by tanh, which cannot overflow; the dtype of ``x`` is kept."""
    half = x.dtype.type(0.5)
    return half * np.tanh(half * x) + half
