"""The network whose sub-bands share their layers: what they see, share and remember."""

import numpy as np
import pytest
import tensorflow as tf
from random_network import SUBBANDS, noise, random_denoiser, random_weights, small

from lstm_se.config import Config
from lstm_se.network import bandwise, in_keras, in_numpy
from lstm_se.network.clipped_lstm import ClippedLSTM
from lstm_se.network.edit import rescale
from lstm_se.network.steps_first import StepsFirst

CONFIG = small(**SUBBANDS, normalisation="running")


def masks(model, frames: np.ndarray) -> np.ndarray:
    """Masks of ``(frames, inputs)`` from rest."""
    return model.masker()._network.masks(frames[:, None])[:, 0]


def test_weights_of_the_preset_by_hand():
    context = 4 * 48 * (104 + 48 + 1) + 256 * (48 + 1) + 24 * (8 + 1)
    across = 2 * 4 * 16 * (24 + 16 + 1) + 24 * (32 + 1)
    along = 4 * 24 * (24 + 24 + 1) + 24 * (24 + 1)
    split, join = 24 * (256 + 4 * 32 - 4) + 24 * 32, 256 * 24 + 257
    total = context + split + 2 * (across + along) + join + 3 * 257
    assert in_numpy.parameters(Config.preset("bandwise")) == total <= 100_000


def test_macs_of_the_preset_by_hand():
    context = 4 * 48 * (104 + 48) + 256 * 48
    shared = 8 * 24 + 2 * (2 * 4 * 16 * (24 + 16) + 32 * 24 + 4 * 24 * (24 + 24) + 24 * 24)
    own = 24 * (256 + 4 * 32 - 4) + 256 * 24 + 3 * 257
    assert in_numpy.macs(Config.preset("bandwise")) == context + 32 * shared + own


def test_sub_bands_cover_every_bin_once_and_see_two_beside():
    sights = bandwise.sights((3, 5, 8))
    expected = [np.arange(1, 6), np.arange(2, 11), np.arange(7, 17)]
    for sight, bins in zip(sights, expected, strict=True):
        np.testing.assert_array_equal(sight, bins)
    np.testing.assert_array_equal(bandwise.gain_places((1, 3)), [0, 0, 3, 4, 5])


def test_stream_is_the_file():
    model = random_denoiser(CONFIG)
    sound = noise(2, 3000)
    stream = model.stream(2)
    hops = [stream.process(sound[:, at : at + 50]) for at in range(0, 3000, 50)]
    streamed = np.concatenate([*hops, stream.flush()], axis=1)[:, stream.latency :]
    np.testing.assert_allclose(streamed, model.enhance(sound), atol=1e-6)


def test_future_is_not_heard():
    frames = noise(12, CONFIG.inputs)
    later = frames.copy()
    later[7:] += 1
    model = random_denoiser(CONFIG)
    one, other = masks(model, frames), masks(model, later)
    np.testing.assert_allclose(one[:7], other[:7], atol=1e-6)
    assert np.abs(one[7:] - other[7:]).min(axis=1).max() > 1e-4


@pytest.mark.parametrize("bin", [1, 32])
def test_each_end_of_the_spectrum_is_heard_at_the_other(bin):
    """Through the LSTMs over sub-bands: the local view is off, and nothing of it is a band's."""
    weights = random_weights(CONFIG)
    weights["local/kernel"] *= 0
    model = type(random_denoiser(CONFIG))(CONFIG, weights)
    frames = noise(1, CONFIG.inputs)
    changed = frames.copy()
    changed[:, CONFIG.bands + bin] += 1
    moved = np.abs(masks(model, frames) - masks(model, changed))[0]
    assert moved[33 - bin] > 1e-5


def test_bin_at_0_hz_is_heard_by_the_local_view_only():
    weights = random_weights(CONFIG)
    model = random_denoiser(CONFIG)
    frames = noise(1, CONFIG.inputs)
    changed = frames.copy()
    changed[:, CONFIG.bands] += 1
    moved = np.abs(masks(model, frames) - masks(model, changed))[0]
    assert weights["local/kernel"].all()
    np.testing.assert_array_equal(moved > 0, np.arange(33) < 2)


@pytest.mark.parametrize("backwards", [False, True])
def test_steps_first_is_the_clipped_lstm(backwards):
    """The same values and gradients, turned; the clip is reached."""
    x = tf.constant(3 * noise(7, 5, 3))
    rows, steps = ClippedLSTM(4, 0.6), StepsFirst(4, 0.6, backwards=backwards)
    rows.build(x.shape)
    steps.build(x.shape)
    weights = [2 * noise(*w.shape, seed=k) for k, w in enumerate(rows.get_weights())]
    rows.set_weights(weights)
    steps.set_weights(weights)

    def direct(x):
        turned = tf.transpose(tf.reverse(x, [0]) if backwards else x, (1, 0, 2))
        y = tf.transpose(rows(turned), (1, 0, 2))
        return tf.reverse(y, [0]) if backwards else y

    def found(function, layer):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
            loss = tf.reduce_sum(y**3)
        return [y, *tape.gradient(loss, [x, *layer.trainable_weights])]

    for one, other in zip(found(steps, steps), found(direct, rows), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_rescaled_mask_is_the_rescaled_logit():
    model = random_denoiser(CONFIG)
    frames = noise(5, CONFIG.inputs)
    before, after = masks(model, frames), masks(rescale(model, 0.8, -0.3), frames)
    logit = np.log(before / (1 - before))
    np.testing.assert_allclose(after, in_numpy.sigmoid(0.8 * logit - 0.3), atol=1e-5)


def test_kernels_have_no_padding():
    """Every row of the sub-bands' own matrices is used: a change of any is heard."""
    model = in_keras.mask_network(CONFIG)
    weights = random_weights(CONFIG, size=0.2)
    in_keras.set_weights(model, weights)
    frames = noise(1, 3, CONFIG.inputs)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(frames) ** 2)
    own = [model.get_layer(name).kernel.value for name in bandwise.OWN]
    for gradient in tape.gradient(loss, own):
        assert np.all(np.any(tf.convert_to_tensor(gradient).numpy() != 0, axis=1))
