"""The Keras denoiser does what the NumPy one does, and learns what it should learn."""

import numpy as np
import pytest
import tensorflow as tf
from random_network import SUBBANDS, noise, random_weights, small

from lstm_se.config import PRESETS, Config
from lstm_se.network import in_keras
from lstm_se.network.denoiser import Denoiser


@pytest.mark.parametrize("name", PRESETS)
def test_keras_enhances_as_numpy_does(name):
    config = Config.preset(name, normalisation="running" if name == "tiny" else "none")
    weights = random_weights(config, size=0.1)
    model = in_keras.DenoiserModel(config)
    in_keras.set_weights(model.network, weights)
    waveform = noise(8000)
    expected = Denoiser(config, weights).enhance(waveform)
    np.testing.assert_allclose(model(waveform[None])[0], expected, atol=1e-5)


@pytest.mark.parametrize(
    "config",
    [
        *(small(), small(cell="gru"), small(cell="rnn", dense=(3,)), small(batch_norm=True)),
        small(local=True),
        small(**SUBBANDS),
    ],
    ids=["lstm", "gru", "rnn and dense", "batch norm", "local", "sub-bands"],
)
def test_weights_that_were_set_are_got_back(config):
    weights = random_weights(config)
    model = in_keras.mask_network(config)
    in_keras.set_weights(model, weights)
    got = in_keras.get_weights(model)
    for name, weight in weights.items():
        np.testing.assert_allclose(got[name], weight, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("mask", ["bins", "bands"])
def test_local_view_is_the_same_in_both(mask):
    config = small(local=True, mask=mask, fine_hz=2000.0, bands=20)
    weights = random_weights(config)
    model = in_keras.DenoiserModel(config)
    in_keras.set_weights(model.network, weights)
    blind = {**weights, "local/kernel": np.zeros_like(weights["local/kernel"])}
    waveform = noise(3000)
    found = model(waveform[None])[0]
    np.testing.assert_allclose(found, Denoiser(config, weights).enhance(waveform), atol=1e-5)
    assert np.abs(found - Denoiser(config, blind).enhance(waveform)).max() > 1e-2


def test_missing_weight_cannot_be_set():
    weights = random_weights(small())
    del weights["dense_0/kernel"]
    with pytest.raises(KeyError, match="dense_0/kernel"):
        in_keras.set_weights(in_keras.mask_network(small()), weights)


def test_training_moves_the_statistics_of_batch_norm():
    model = in_keras.DenoiserModel(small(batch_norm=True))
    waveforms = noise(2, 1000)
    before = in_keras.get_weights(model.network)["norm_0/shift"]
    model(waveforms, training=True)
    assert np.abs(in_keras.get_weights(model.network)["norm_0/shift"] - before).max() > 0


def test_inference_leaves_the_statistics_of_batch_norm():
    model = in_keras.DenoiserModel(small(batch_norm=True))
    before = in_keras.get_weights(model.network)["norm_0/shift"]
    model(noise(2, 1000))
    np.testing.assert_array_equal(in_keras.get_weights(model.network)["norm_0/shift"], before)


def test_fit_trains_with_batch_statistics():
    """Keras hands ``training`` on only to a ``call`` that asks for it."""
    model = in_keras.DenoiserModel(small(batch_norm=True))
    model.compile("sgd", "mse", jit_compile=False)
    before = model.network.get_layer("norm_0").moving_mean.numpy()
    model.fit(noise(2, 1000), noise(2, 1000, seed=1), verbose=0)
    assert np.abs(model.network.get_layer("norm_0").moving_mean.numpy() - before).max() > 0


@pytest.mark.parametrize("mask", ["bins", "bands"])
def test_mask_lies_between_zero_and_one(mask):
    config = small(mask=mask)
    model = in_keras.DenoiserModel(config)
    in_keras.set_weights(model.network, random_weights(config, size=5))
    spectrum = tf.signal.rfft(tf.constant(noise(1, 10, config.n_fft)))
    found = model.mask(spectrum).numpy()
    assert 0 <= found.min() <= found.max() <= 1 + 1e-6


@pytest.mark.parametrize(
    "config",
    [small(dense=(4,), mask="bands", batch_norm=True, smoothing=0.5), small(**SUBBANDS)],
    ids=["one network", "sub-bands"],
)
def test_every_weight_gets_a_gradient(config):
    model = in_keras.DenoiserModel(config)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(noise(2, 1000)) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    assert all(g is not None and bool(tf.reduce_any(g != 0)) for g in gradients)


def test_smoothing_is_an_average_that_starts_at_the_first_frame():
    masks = noise(1, 4, 3)
    average = [masks[0, 0]]
    for mask in masks[0, 1:]:
        average.append(0.9 * average[-1] + 0.1 * mask)
    np.testing.assert_allclose(in_keras.Smoothing(0.9)(masks)[0], average, atol=1e-6)
