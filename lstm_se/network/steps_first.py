"""The clipped LSTM for many short rows: sub-bands of a frame, or frames of many sub-bands.

:mod:`lstm_se.network.clipped_lstm` runs a few rows of many units, where each step is a product with
a large matrix. Here thousands of rows have a few units each, and what costs is to carry numbers to
and fro: so all gates are opened by one function, and nothing is joined to be cut again.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from .clipped_lstm import ClippedLSTM
from .in_numpy import gate_slopes


def recur_from_rest(gates: tf.Tensor, recurrent: tf.Tensor, clip: float) -> tf.Tensor:
    """Run the clipped LSTM over steps, from outputs and cell states of zero.

    Args:
        gates: What the inputs add to the gates i, f, g, o: shape ``(steps, rows, 4 * units)``.
        recurrent: What the last output adds to them, shape ``(units, 4 * units)``.
        clip: The cell state is kept within ``+-clip``.

    Returns:
        Outputs, shape ``(steps, rows, units)``.
    """
    steps, rows, units = tf.shape(gates)[0], tf.shape(gates)[1], recurrent.shape[0]
    rest = tf.zeros((rows, units))
    slope, offset = gate_slopes(units)

    def forward(gates: tf.Tensor, recurrent: tf.Tensor) -> list[tf.Tensor]:
        """Open gates, cell states and outputs of all steps."""

        def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, *kept: tf.TensorArray) -> tuple:
            opened = slope * tf.tanh(slope * (gates[t] + h @ recurrent)) + offset
            i, f, g, o = tf.split(opened, 4, axis=-1)
            c = tf.clip_by_value(f * c + i * g, -clip, clip)
            h = o * tf.tanh(c)
            now = zip(kept, (opened, c, h), strict=True)
            return t + 1, h, c, *(array.write(t, value) for array, value in now)

        kept = (_array(steps, size * units) for size in (4, 1, 1))
        end = tf.while_loop(lambda t, *_: t < steps, step, (tf.constant(0), rest, rest, *kept))
        return [array.stack() for array in end[3:]]

    def backward(
        outer: tf.Tensor, opened: tf.Tensor, cells: tf.Tensor, recurrent: tf.Tensor
    ) -> tf.Tensor:
        """Gradient of the gates of all steps, last step first."""
        before, tanh_cells = _delayed(cells), tf.tanh(cells)
        transposed = tf.transpose(recurrent)

        def step(t: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor, changes: tf.TensorArray) -> tuple:
            i, f, g, o = tf.split(opened[t], 4, axis=-1)
            tanh_c = tanh_cells[t]
            dh += outer[t]
            dc += dh * o * (1 - tanh_c**2)
            dc = tf.where(tf.abs(cells[t]) < clip, dc, 0.0)  # what was clipped cannot be moved
            parts = dc * g * i * (1 - i), dc * before[t] * f * (1 - f), dc * i * (1 - g**2)
            change = tf.concat([*parts, dh * tanh_c * o * (1 - o)], axis=-1)
            return t - 1, change @ transposed, dc * f, changes.write(t, change)

        start = (steps - 1, rest, rest, _array(steps, 4 * units))
        return tf.while_loop(lambda t, *_: t >= 0, step, start)[-1].stack()

    @tf.custom_gradient
    def run(gates: tf.Tensor, recurrent: tf.Tensor) -> tuple:
        opened, cells, outputs = forward(gates, recurrent)

        def gradient(outer: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            change = backward(outer, opened, cells, recurrent)
            earlier = tf.reshape(_delayed(outputs), (-1, units))
            columns = tf.reshape(change, (-1, 4 * units))
            return change, tf.matmul(earlier, columns, transpose_a=True)

        return outputs, gradient

    return run(gates, recurrent)


def _array(steps: tf.Tensor, size: int) -> tf.TensorArray:
    """Room for ``size`` numbers of every row in every step."""
    return tf.TensorArray(tf.float32, steps, element_shape=(None, size))


def _delayed(x: tf.Tensor) -> tf.Tensor:
    """Each step gets the values of the one before, the first one zeros."""
    return tf.concat([tf.zeros_like(x[:1]), x[:-1]], axis=0)


@keras.saving.register_keras_serializable("lstm_se")
class StepsFirst(ClippedLSTM):
    """The clipped LSTM over the first axis of ``(steps, ..., inputs)``; all between is rows."""

    def __init__(self, *args: Any, backwards: bool = False, **kwargs: Any) -> None:
        """As :class:`ClippedLSTM`; ``backwards`` begins with the last step."""
        super().__init__(*args, **kwargs)
        self.backwards = backwards

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Outputs ``(steps, ..., units)`` of inputs ``(steps, ..., inputs)``, from rest."""
        shape = tf.shape(inputs)
        rows = tf.reshape(inputs, (shape[0], -1, inputs.shape[-1]))
        rows = tf.reverse(rows, [0]) if self.backwards else rows
        gates = tf.tensordot(rows, self.kernel, 1) + self.bias
        kernel = tf.convert_to_tensor(self.recurrent_kernel)
        outputs = recur_from_rest(gates, kernel, self.cell_clip)
        outputs = tf.reverse(outputs, [0]) if self.backwards else outputs
        return tf.reshape(outputs, tf.concat([shape[:-1], [self.units]], 0))
