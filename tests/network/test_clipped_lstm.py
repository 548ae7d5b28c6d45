"""The written-out LSTM against Keras' own, and its gradient against automatic differentiation."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from lstm_se.network.clipped_lstm import ClippedLSTM, recur


class ClippedCell(layers.LSTMCell):
    """The same cell as Keras would loop over it."""

    def __init__(self, units, clip):
        super().__init__(units)
        self.clip = clip

    def call(self, inputs, states, training=False):
        h, c = states
        gates = ops.matmul(inputs, self.kernel) + ops.matmul(h, self.recurrent_kernel) + self.bias
        i, f, g, o = ops.split(gates, 4, axis=-1)
        c = ops.clip(ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g), -self.clip, self.clip)
        h = ops.sigmoid(o) * ops.tanh(c)
        return h, [h, c]


def inputs(frames=40, batch=3, width=5):
    rng = np.random.default_rng(frames)
    return tf.constant(2 * rng.standard_normal((batch, frames, width)), tf.float32)


def gradients(layer, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(tf.sin(3 * layer(x)))
    return tape.gradient(loss, [x, *layer.trainable_variables])


@pytest.mark.parametrize("clip", [0.3, 10.0])
@pytest.mark.parametrize("frames", [1, 2, 40])
@pytest.mark.parametrize("xla", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_outputs_and_gradients_are_those_of_a_loop_over_cells(clip, frames, xla):
    x = inputs(frames)
    ours, keras_own = ClippedLSTM(7, clip), layers.RNN(ClippedCell(7, clip), return_sequences=True)
    ours(x), keras_own(x)
    keras_own.set_weights(ours.get_weights())
    outputs = tf.function(ours, jit_compile=xla)(x)
    np.testing.assert_allclose(outputs, keras_own(x), atol=1e-6)
    compiled = tf.function(lambda x: gradients(ours, x), jit_compile=xla)
    for found, expected in zip(compiled(x), gradients(keras_own, x), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-4)


def test_clipping_is_reached():
    x = inputs()
    wide, narrow = ClippedLSTM(7, 10.0), ClippedLSTM(7, 0.3)
    wide(x), narrow(x)
    narrow.set_weights(wide.get_weights())
    assert np.abs(wide(x) - narrow(x)).max() > 0.1
    assert np.abs(narrow(x)).max() <= np.tanh(0.3)


def test_weights_start_as_those_of_keras():
    keras.utils.set_random_seed(0)
    ours = ClippedLSTM(6)
    ours.build((None, None, 4))
    own = layers.LSTM(6)
    own.build((None, None, 4))
    kernel, recurrent, bias = ours.get_weights()
    np.testing.assert_array_equal(bias, own.get_weights()[2])
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(6), atol=1e-5)
    assert np.abs(kernel).max() <= np.sqrt(6 / (4 + 24))


def test_outputs_are_as_many_as_frames_when_their_number_is_unknown():
    @tf.function(input_signature=[tf.TensorSpec((None, None, 8)), tf.TensorSpec((2, 8))])
    def run(gates, recurrent):
        rest = tf.zeros((3, 2))
        return recur(gates, recurrent, 10.0, (rest, rest))[0]

    found = run(tf.ones((9, 3, 8)), tf.ones((2, 8)))
    assert found.shape == (9, 3, 2)


def test_pieces_with_state_are_the_whole_and_so_is_their_gradient():
    layer, x = ClippedLSTM(7, 0.5), inputs(40)
    rest = tf.zeros((3, 7))

    def in_pieces(x):
        state, parts = (rest, rest), []
        for piece in tf.split(x, 4, axis=1):
            part, state = layer.resumed(piece, state)
            parts.append(part)
        return tf.concat(parts, axis=1)

    np.testing.assert_allclose(layer(x), in_pieces(x), atol=1e-6)
    found = []
    for run in (layer, in_pieces):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.sin(3 * run(x)))
        found.append(tape.gradient(loss, [x, *layer.trainable_variables]))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5, rtol=1e-4)
