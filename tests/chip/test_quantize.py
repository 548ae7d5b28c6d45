"""From float to integers: what is lost, and what is refused."""

import dataclasses

import numpy as np
import pytest
from random_network import random_weights

from lstm_se.chip import builds, matrices, network, quantize, stft
from lstm_se.config import Config
from lstm_se.network import in_numpy, pretrained

MODEL = pretrained.load_float("tiny")


def seen(frames=300):
    """Features as they occur: of about unit variance, now and then far out."""
    rng = np.random.default_rng(5)
    return (0.6 * rng.standard_normal((frames, MODEL.config.bands))).astype(np.float32)


def in_fixed_point(features):
    return stft.to_int16(features * stft.FEATURE_UNIT)


def test_integer_network_follows_the_float_one(model):
    exact = in_numpy.MaskNetwork(MODEL.weights, MODEL.config).masks(seen()[:, None])[:, 0]
    found = network.IntegerNetwork(model).masks(in_fixed_point(seen()))
    assert np.sqrt(np.mean(np.square(found / 2**15 - exact))) < 0.01


def test_rows_use_the_whole_range():
    rows = matrices.rows(np.random.default_rng(0).standard_normal((6, 32)), 15)
    assert (np.abs(rows.weights.astype(int)).max(1) == 127).all()


def test_row_is_its_weights_times_its_multiplier():
    matrix = np.random.default_rng(1).standard_normal((6, 32))
    rows = matrices.rows(matrix, 15)
    back = rows.weights * (rows.multipliers[:, None] * 2.0 ** (15 - 12 - 32))
    assert np.abs(back - matrix).max() <= np.abs(matrix).max() / 127 / 2 * 1.001


def test_gates_of_one_unit_stand_together(model):
    kernel = np.concatenate(
        [MODEL.weights["rnn_1/kernel"], MODEL.weights["rnn_1/recurrent_kernel"]]
    )
    units = MODEL.config.units[1]
    for gate in range(4):
        row = model.layers[1].rows.weights[4 * 7 + gate]
        expected = kernel[:, gate * units + 7]
        assert np.corrcoef(row, expected)[0, 1] > 0.999


@pytest.mark.parametrize("layer", [0, 1])
def test_what_meets_in_a_row_shares_its_unit(layer, model):
    """Else the weights of the one would be too large for those of the other to keep their bits."""
    parts = (MODEL.weights[f"rnn_{layer}/{part}"] for part in ("kernel", "recurrent_kernel"))
    expected = np.concatenate([*parts]).reshape(-1, 4, MODEL.config.units[layer])
    expected = expected.transpose(2, 1, 0).reshape(4 * MODEL.config.units[layer], -1)
    rows, bits = model.layers[layer].rows, quantize.input_bits(layer)
    back = rows.weights * (rows.multipliers[:, None] * 2.0 ** (bits - 12 - 32))
    step = np.abs(expected).max(1, keepdims=True) / 127
    assert (np.abs(back - expected) <= step * 0.501).all()


def test_no_sum_can_leave_32_bits(model):
    for layer in model.layers:
        largest = 32768 * np.abs(layer.rows.weights.astype(np.int64)).sum(1)
        assert (largest + np.abs(layer.bias.astype(np.int64)) < 2**31).all()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cell": "gru"}, "cell"),
        ({"normalisation": "none"}, "normalisation"),
        ({"mask": "bands"}, "mask"),
        ({"dense": (64,)}, "dense"),
        ({"cell_clip": None}, "cell_clip"),
        ({"cell_clip": 20.0}, "cell_clip"),
        ({"n_fft": 256, "hop_length": 128}, "n_fft"),
        ({"units": (124, 126)}, "multiples of 8"),
    ],
)
def test_what_has_no_integers_is_refused(changes, field):
    with pytest.raises(ValueError, match=f"^cannot quantize 'tiny': .*{field}"):
        quantize.quantize({}, Config(**changes))


def test_bias_that_overflows_is_refused():
    rows = matrices.rows(np.full((4, 8), 1e-4), 15)
    with pytest.raises(ValueError, match="overflow 32 bits"):
        matrices.in_accumulators(np.full(4, 100.0), rows)


def test_reset_forgets(model):
    whole = network.IntegerNetwork(model)
    frame = in_fixed_point(seen(1))
    first = whole.masks(frame)
    assert (whole.masks(frame) != first).any()
    whole.reset()
    np.testing.assert_array_equal(whole.masks(frame), first)


def test_band_that_begins_where_no_byte_reaches_is_refused():
    """However many there are: a byte would wrap to bin 0."""
    for bands, f_min in ((248, 281.25), (128, 4031.25)):
        config = Config(bands=bands, f_min=f_min, band_scale="linear", fine_hz=0.0)
        assert stft.bands_of(config).first.max() == 256
        with pytest.raises(ValueError, match="begins at 256"):
            quantize.refuse_undeployable(config)


def test_state_of_the_largest_networks_fits_where_streams_keep_it():
    config = Config(bands=8, fine_hz=0.0, units=(8,) * 333)
    assert not list(quantize.undeployable(config))
    assert list(quantize.undeployable(dataclasses.replace(config, units=(8,) * 334)))
    stream = builds.compiled_stream(quantize.quantize(random_weights(config), config))
    assert stream.selftest()
