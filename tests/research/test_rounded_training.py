"""Fine-tuning with rounded weights: the grid of the chip, and a gradient that goes through."""

import numpy as np
import pytest
import rounded_training

import lstm_se
from lstm_se.chip import quantize
from lstm_se.config import Config
from lstm_se.network import in_keras
from lstm_se.network.in_keras import mask_network

SMALL = Config.preset(
    "plain", name="small", bands=8, units=(8,), local=True, segment_seconds=0.25, batch_size=2
)


class Tone:
    """Batches of a tone in noise: nearly every gain should be low."""

    def batch(self, step):
        clean = np.tile(0.1 * np.sin(np.arange(4000) / 5), (2, 1))
        noise = 0.1 * np.random.default_rng(step).standard_normal((2, 4000))
        return (clean + noise).astype(np.float32), clean.astype(np.float32)


@pytest.fixture(scope="module")
def weights():
    return in_keras.get_weights(mask_network(SMALL))


def test_eight_bits_are_those_of_the_integer_model():
    trained = lstm_se.load("tiny")
    whole = quantize.quantize(trained.weights, trained.config)
    found = rounded_training.rounded_weights(trained.weights, trained.config, 8)
    again = quantize.quantize(found, trained.config)
    for before, after in zip(whole.layers, again.layers, strict=True):
        np.testing.assert_array_equal(before.rows.weights, after.rows.weights)
    np.testing.assert_array_equal(whole.output.rows.weights, again.output.rows.weights)


@pytest.mark.parametrize("bits", [2, 4])
def test_few_bits_leave_few_values(bits, weights):
    found = rounded_training.rounded_weights(weights, SMALL, bits)
    for name, kernel in found.items():
        if name.endswith("kernel"):
            assert max(len(np.unique(row)) for row in kernel.T) <= 2**bits - 1, name
        else:
            np.testing.assert_array_equal(kernel, weights[name])


def test_one_bit_is_refused(weights):
    with pytest.raises(ValueError, match="1 bits hold no sign"):
        rounded_training.rounded_weights(weights, SMALL, 1)


@pytest.mark.parametrize("bits", [None, 3])
def test_every_weight_moves_and_little(bits, weights):
    found = rounded_training.fine_tune(weights, SMALL, Tone(), 2, bits, learning_rate=1e-3)
    assert found.keys() == weights.keys()
    for name, value in found.items():
        change = np.abs(value - weights[name])
        assert 0 < change.max() <= 2.1e-3, name


def test_rounded_training_lowers_the_loss_of_rounded_weights(weights):
    def error(values):
        model = in_keras.DenoiserModel(SMALL)
        in_keras.set_weights(model.network, rounded_training.rounded_weights(values, SMALL, 3))
        noisy, clean = Tone().batch(99)
        return float(np.mean((model(noisy) - clean) ** 2))

    tuned = rounded_training.fine_tune(weights, SMALL, Tone(), 40, 3, learning_rate=1e-2)
    assert error(tuned) < 0.9 * error(weights)
