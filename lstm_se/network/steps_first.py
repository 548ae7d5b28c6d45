"""The clipped LSTM for many short rows: sub-bands of a frame, or frames of many sub-bands."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .clipped_lstm import ClippedLSTM, recur


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
        rest = tf.zeros((tf.shape(rows)[1], self.units))
        outputs, _ = recur(gates, kernel, self.cell_clip, (rest, rest))
        outputs = tf.reverse(outputs, [0]) if self.backwards else outputs
        return tf.reshape(outputs, tf.concat([shape[:-1], [self.units]], 0))
