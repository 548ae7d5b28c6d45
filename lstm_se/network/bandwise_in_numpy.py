"""The network of :mod:`lstm_se.network.bandwise` in NumPy, by blocks of frames.

A frame costs some 150 steps of an LSTM over a few numbers each, and NumPy needs longer to be called
than to compute them. In a block of frames the LSTMs over sub-bands take each step for all frames at
once. A stream that wants each hop at once has blocks of one.
"""

from __future__ import annotations

import numpy as np

from ..config import Config
from . import bandwise
from .in_numpy import MaskNetwork, Weights, local, lstm_cell, sigmoid


class BandwiseNetwork(MaskNetwork):
    """Features of frames in, masks out; between its layers ``(subbands, frames, channels, ...)``.

    The channels here are those of the sound: each is a recording of its own.
    """

    def __init__(self, weights: Weights, config: Config) -> None:
        """Use ``weights``, named and shaped as :func:`~.bandwise.bandwise_shapes` says."""
        super().__init__(weights, config)
        sights = bandwise.sights(config.subbands)
        rows = bandwise.numbered([len(sight) for sight in sights])
        self._seen = config.bands + np.array([*np.concatenate(sights), 0])[rows]
        self._split = _widened(weights["split/kernel"], rows)
        rows = bandwise.numbered(config.subbands)
        self._join = _widened(weights["join/kernel"], rows).swapaxes(1, 2)
        self._own = bandwise.gain_places(config.subbands)

    def reset(self) -> None:
        """Forget everything heard so far."""
        super().reset()
        self.states += [None] * self.config.blocks

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Mask of one frame: ``(channels, inputs)`` in, ``(channels, bins)`` in [0, 1] out."""
        return self.masks(frame[None])[0]

    def masks(self, frames: np.ndarray) -> np.ndarray:
        """Masks of frames that follow each other, ``(frames, channels, inputs)`` to ``bins``."""
        logits = self.logits(frames)
        if self.config.local:
            rows = frames.reshape(-1, frames.shape[-1])
            nearby = local(rows, self.weights["local/kernel"], self._neighbours)
            logits = logits + nearby.reshape(logits.shape)
        masks = sigmoid(logits)
        return np.stack([self._smooth(m) for m in masks]) if self.config.smoothing else masks

    def logits(self, frames: np.ndarray) -> np.ndarray:
        """The masks before local view and sigmoid; shapes as :meth:`masks`."""
        x = self._subbands(frames) + self._context(frames[..., : self.config.bands])
        for i in range(self.config.blocks):
            x = x + self._across(x, i)
            x = x + self._along(x, i)
        subbands, count, sounds, channels = x.shape
        gains = x.reshape(subbands, count * sounds, channels) @ self._join
        gains = gains.swapaxes(1, 2).reshape(-1, count * sounds)[self._own]
        return gains.T.reshape(count, sounds, -1) + self.weights["join/bias"]

    def _subbands(self, frames: np.ndarray) -> np.ndarray:
        """Each sub-band through its own matrix."""
        count, sounds, _ = frames.shape
        bins = frames.reshape(count * sounds, -1).T[self._seen]
        x = bins.swapaxes(1, 2) @ self._split + self.weights["split/bias"][:, None]
        return x.reshape(len(x), count, sounds, -1)

    def _context(self, bands: np.ndarray) -> np.ndarray:
        """What is going on in all bands, told to each sub-band."""
        for i in range(len(self.config.units)):
            bands, self.states[i] = self._recurred(f"rnn_{i}", bands, self.states[i])
        told = self._product("context", bands)
        parts = told.reshape(*told.shape[:2], len(self.config.subbands), -1)
        return self._product("inject", parts).transpose(2, 0, 1, 3)

    def _across(self, x: np.ndarray, i: int) -> np.ndarray:
        """One block's look at the other sub-bands of the frame, upwards and downwards at once."""
        names = f"up_{i}", f"down_{i}"
        up, down = (self._product(name, x) for name in names)
        gates = np.stack([up, down[::-1]], axis=1)
        gates = gates.reshape(*gates.shape[:2], -1, gates.shape[-1])
        recurrent = np.stack([self.weights[f"{name}/recurrent_kernel"] for name in names])
        outputs, _ = recur_in_numpy(gates, recurrent, self.config.cell_clip)
        both = np.concatenate([outputs[:, 0], outputs[::-1, 1]], axis=-1)
        return self._product(f"across_{i}", both).reshape(x.shape)

    def _along(self, x: np.ndarray, i: int) -> np.ndarray:
        """One block's memory of the frames before, in each sub-band."""
        k = len(self.config.units) + i
        frames_first = x.swapaxes(0, 1)
        outputs, self.states[k] = self._recurred(f"time_{i}", frames_first, self.states[k])
        return self._product(f"along_{i}", outputs).swapaxes(0, 1)

    def _recurred(
        self, name: str, x: np.ndarray, state: tuple[np.ndarray, np.ndarray] | None
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """An LSTM over the first axis, ``(frames, ..., inputs)``, and its state after it."""
        recurrent = self.weights[f"{name}/recurrent_kernel"]
        return recur_in_numpy(self._product(name, x), recurrent, self.config.cell_clip, state)

    def _product(self, name: str, x: np.ndarray) -> np.ndarray:
        """A linear layer over the last axis; of an LSTM, what the inputs add to its gates."""
        kernel, bias = self.weights[f"{name}/kernel"], self.weights[f"{name}/bias"]
        product = x.reshape(-1, x.shape[-1]) @ kernel + bias  # one product, not one for each row
        return product.reshape(*x.shape[:-1], -1)


def recur_in_numpy(
    gates: np.ndarray,
    recurrent: np.ndarray,
    cell_clip: float | None,
    state: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Run an LSTM over steps.

    Args:
        gates: What the inputs add to the gates i, f, g, o: shape ``(steps, ..., 4 * units)``.
        recurrent: What the last output adds to them, shape ``(..., units, 4 * units)``.
        cell_clip: Bound of the cell state, or ``None``.
        state: Output and cell state before the first step; zeros if ``None``.

    Returns:
        Outputs, shape ``(steps, ..., units)``, and the state after the last step.
    """
    h, c = state or np.zeros((2, *gates.shape[1:-1], recurrent.shape[-2]), np.float32)
    outputs = np.empty((len(gates), *h.shape), np.float32)
    for step, now in enumerate(gates):
        h, c = lstm_cell(now + h @ recurrent, c, cell_clip)
        outputs[step] = h
    return outputs, (h, c)


def _widened(kernel: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Rows of a kernel by sub-band, ``(subbands, widest, channels)``, with zeros to fill up."""
    return np.concatenate([kernel, np.zeros_like(kernel[:1])])[rows]
