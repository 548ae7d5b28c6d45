"""The clipped LSTM over whole segments, with the gradient written out.

Automatic differentiation of a loop over frames keeps every intermediate value of every frame and
adds up the gradient of the kernels one frame at a time. Written out, the products with the input
kernel are one large product before the loop, those for the gradient of both kernels one after it,
the slopes of all gates are known before the gradient goes through them, and the loops hold what
really depends on the frame before. The results are the same.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import layers

from .in_numpy import gate_slopes

State = tuple[tf.Tensor, tf.Tensor]


def recur(
    gates: tf.Tensor, recurrent: tf.Tensor, clip: float, state: State
) -> tuple[tf.Tensor, State]:
    """Run the clipped LSTM over frames.

    Args:
        gates: What the inputs add to the gates i, f, g, o: shape ``(frames, batch, 4 * units)``.
        recurrent: What the last output adds to them, shape ``(units, 4 * units)``.
        clip: The cell state is kept within ``+-clip``.
        state: Output and cell state before the first frame, shape ``(batch, units)`` each.

    Returns:
        Outputs, shape ``(frames, batch, units)``, and the state after the last frame.
    """
    frames, units = tf.shape(gates)[0], recurrent.shape[0]
    slope, offset = gate_slopes(units)

    def array(size: int) -> tf.TensorArray:
        """Room for ``size`` numbers of every unit in every frame."""
        return tf.TensorArray(tf.float32, frames, element_shape=(None, size * units))

    def forward(
        gates: tf.Tensor, recurrent: tf.Tensor, h: tf.Tensor, c: tf.Tensor
    ) -> list[tf.Tensor]:
        """Open gates, cell states and outputs of all frames."""

        def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, *kept: tf.TensorArray) -> tuple:
            opened = slope * tf.tanh(slope * (gates[t] + h @ recurrent)) + offset
            i, f, g, o = tf.split(opened, 4, axis=-1)
            c = tf.clip_by_value(f * c + i * g, -clip, clip)
            h = o * tf.tanh(c)
            now = zip(kept, (opened, c, h), strict=True)
            return t + 1, h, c, *(array.write(t, value) for array, value in now)

        state = (tf.constant(0), h, c, *map(array, (4, 1, 1)))
        end = tf.while_loop(lambda t, *_: t < frames, step, state)
        return [array.stack() for array in end[3:]]

    def backward(
        outer: tf.Tensor,
        last: tf.Tensor,
        states: list[tf.Tensor],
        recurrent: tf.Tensor,
        first: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Gradient of the gates of all frames and of the first state, last frame first."""
        opened, cells, _ = states
        i, f, g, o = tf.split(opened, 4, axis=-1)
        squashed, before = tf.tanh(cells), _delayed(cells, first)
        moved = tf.cast(tf.abs(cells) < clip, tf.float32)  # what was clipped cannot be
        through = moved * o * (1 - squashed**2)
        parts = g * i * (1 - i), before * f * (1 - f), i * (1 - g**2), squashed * o * (1 - o)
        slopes, transposed = tf.concat(parts, axis=-1), tf.transpose(recurrent)

        def step(t: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor, changes: tf.TensorArray) -> tuple:
            dh += outer[t]
            dc = dc * moved[t] + dh * through[t]
            change = tf.concat([dc, dc, dc, dh], axis=-1) * slopes[t]
            return t - 1, change @ transposed, dc * f[t], changes.write(t, change)

        state = (frames - 1, tf.zeros_like(last), last, array(4))
        _, dh, dc, changes = tf.while_loop(lambda t, *_: t >= 0, step, state)
        return changes.stack(), dh, dc

    @tf.custom_gradient
    def run(gates: tf.Tensor, recurrent: tf.Tensor, h: tf.Tensor, c: tf.Tensor) -> tuple:
        states = forward(gates, recurrent, h, c)
        _, cells, outputs = states

        def gradient(outer: tf.Tensor, last: tf.Tensor) -> tuple[tf.Tensor, ...]:
            change, dh, dc = backward(outer, last, states, recurrent, c)
            rows = tf.reshape(_delayed(outputs, h), (-1, units))
            columns = tf.reshape(change, (-1, 4 * units))
            return change, tf.matmul(rows, columns, transpose_a=True), dh, dc

        return (outputs, cells[-1]), gradient

    outputs, cell = run(gates, recurrent, *state)
    return outputs, (outputs[-1], cell)


def _delayed(x: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
    """Each frame gets the values of the one before, the first one ``first``."""
    return tf.concat([first[None], x[:-1]], axis=0)


class ClippedLSTM(layers.Layer):
    """LSTM whose cell state stays within ``+-cell_clip``.

    An int16 state must have a bound, and TensorFlow Lite clips at 10 whether Keras did or not: a
    network that was trained with the clip loses nothing to either.
    """

    def __init__(
        self,
        units: int,
        cell_clip: float = 10.0,
        kernel_initializer: str = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        """Make a layer of ``units`` whose state is bounded by ``cell_clip``."""
        super().__init__(**kwargs)
        self.units, self.cell_clip = units, cell_clip
        self.kernel_initializer = kernel_initializer

    def build(self, shape: tuple[int, ...]) -> None:
        """Draw the weights as Keras' own LSTM does; input ``(batch, frames, inputs)``."""
        size = 4 * self.units
        self.kernel = self.add_weight((shape[-1], size), self.kernel_initializer, name="kernel")
        recurrent = self.add_weight((self.units, size), "orthogonal", name="recurrent_kernel")
        self.recurrent_kernel = recurrent
        self.bias = self.add_weight((size,), self._open, name="bias")

    def _open(self, shape: tuple[int, ...], dtype: str | None = None) -> tf.Tensor:
        """Biases of 0, but 1 for the forget gate: a new cell remembers."""
        return tf.repeat(tf.constant([0.0, 1.0, 0.0, 0.0], dtype), shape[0] // 4)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Outputs ``(batch, frames, units)`` of inputs ``(batch, frames, inputs)``, from rest."""
        rest = tf.zeros((tf.shape(inputs)[0], self.units))
        return self.resumed(inputs, (rest, rest))[0]

    def resumed(self, inputs: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        """Outputs from a state on, and the state after them.

        Args:
            inputs: Shape ``(batch, frames, inputs)``.
            state: Output and cell state before, shape ``(batch, units)`` each.
        """
        gates = tf.tensordot(tf.transpose(inputs, (1, 0, 2)), self.kernel, 1) + self.bias
        kernel = tf.convert_to_tensor(self.recurrent_kernel)
        outputs, state = recur(gates, kernel, self.cell_clip, state)
        return tf.transpose(outputs, (1, 0, 2)), state
