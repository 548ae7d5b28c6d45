"""The network whose sub-bands share their layers, in whole numbers."""

import numpy as np
import pytest
from random_network import balanced_weights

import lstm_se
from lstm_se.chip import bandwise, engines, fidelity, fixed, network, quantize, stream
from lstm_se.config import Config
from lstm_se.network.denoiser import Denoiser, network_at_rest
from lstm_se.network.in_numpy import save_weights
from lstm_se.scoring import metrics
from lstm_se.sound.audio import to_pcm

CONFIG = Config.preset("bandwise")
HOP = 256


def weights(gain=1.0):
    return balanced_weights(CONFIG, gain)


@pytest.fixture(scope="module")
def model():
    return quantize.quantize(weights(), CONFIG)


@pytest.fixture(scope="module")
def noisy():
    return lstm_se.mini().test[0].load()[1][: 100 * HOP]


def extremes(frames=6):
    """The largest features there are, of either sign, at random."""
    drawn = np.random.default_rng(0).integers(0, 2, (frames, CONFIG.inputs))
    return np.where(drawn, 32767, -32768)


@pytest.mark.parametrize("level", ["as it is", "to full scale", "clipped"])
def test_each_stage_is_faithful(level, model, noisy):
    peak = {"as it is": 1, "to full scale": np.abs(noisy).max(), "clipped": noisy.std()}[level]
    sound = np.clip(noisy / peak, -1, 1)
    found = fidelity.stage_snr_db(Denoiser(CONFIG, weights()), model, sound)
    assert list(found) == [
        *("features", "output 0", "cell 0", "output 1", "cell 1", "output 2", "cell 2"),
        *("mask", "sound"),
    ]
    assert min(found.values()) > 35 and found["mask"] > 50 and found["sound"] > 50


@pytest.mark.parametrize(("gain", "most"), [(1, 0.002), (2, 0.01)])
def test_masks_follow_the_float_network(gain, most):
    """Also where weights are so large that most gates are wide open or shut."""
    drawn = weights(gain)
    features = 0.6 * np.random.default_rng(5).standard_normal((60, CONFIG.inputs))
    frames = np.round(features * 2**13).astype(np.int64)
    exact = network_at_rest(drawn, CONFIG).masks(np.float32(frames / 2**13)[:, None])[:, 0]
    found = stream.integer_network(quantize.quantize(drawn, CONFIG)).masks(frames) / 2**15
    assert exact.std() > 0.1
    assert np.sqrt(np.mean(np.square(found - exact))) < most


def test_no_sum_can_leave_32_bits(model):
    layers = [*model.layers, *model.bandwise.layers, model.output]
    assert len(layers) == 1 + 32 + 2 + 2 * 5 + 1
    for layer in layers:
        largest = 32768 * np.abs(layer.rows.weights.astype(np.int64)).sum(1)
        assert (largest + np.abs(layer.bias.astype(np.int64)) < 2**31).all()


def test_no_step_leaves_32_bits_and_no_layer_reads_more_than_16(monkeypatch):
    """Not even where channels reach the ends of their range, and stay there."""
    read = []

    def within(x, bits):
        assert (x >= -(2 ** (bits - 1))).all() and (x < 2 ** (bits - 1)).all()
        return x

    def reads(product, x):
        read.append(np.abs(within(x, 16)).max())
        return multiply(product, x)

    requantise, saturate, multiply = fixed.requantise, fixed.saturate, network.Product.__call__
    monkeypatch.setattr(network.Product, "__call__", reads)
    monkeypatch.setattr(
        fixed, "requantise", lambda sums, by: within(requantise(within(sums, 32), by), 32)
    )
    monkeypatch.setattr(fixed, "saturate", lambda x: saturate(within(x, 32)))
    frames, drawn = extremes(), weights(4)
    drawn["context/kernel"] *= 8
    stream.integer_network(quantize.quantize(drawn, CONFIG)).masks(frames)
    of_features = len(CONFIG.subbands) + len(frames)  # each sub-band's matrix, each step of rnn_0
    assert max(read[of_features:]) == 32768


def test_what_a_sub_band_makes_of_its_bins_is_saturated_before_anything_is_added():
    found = stream.integer_network(quantize.quantize(weights(4), CONFIG))._subbands(extremes())
    assert found.shape == (32, 6, 24)
    assert (found.min(), found.max()) == (-32768, 32767)


def test_engines_run_a_folder_and_give_the_same_bits(tmp_path, noisy):
    CONFIG.save(tmp_path / "config.json")
    save_weights(tmp_path / "weights.npz", weights())
    exact, whole, compiled = (engines.load(tmp_path, name)(noisy) for name in engines.ENGINES)
    assert whole.shape == noisy.shape
    assert metrics.si_sdr(exact, whole) > 50
    np.testing.assert_array_equal(compiled, whole)


def test_stream_of_hops_is_the_whole(model, noisy):
    pcm = to_pcm(noisy)
    at_once, by_hops = (stream.IntegerStream(model) for _ in range(2))
    parts = [by_hops.process(block) for block in np.split(pcm, np.array([1, 2, 5, 40]) * HOP)]
    np.testing.assert_array_equal(np.concatenate(parts), at_once.process(pcm))


def test_state_is_that_of_the_lstms_over_time_and_is_forgotten(model):
    whole = stream.integer_network(model)
    first = whole.masks(extremes())
    assert first.shape == (6, CONFIG.bins)
    for state in (whole.h, whole.c):
        assert [part.shape for part in state] == [(1, 48), (32, 24), (32, 24)]
    assert (whole.masks(extremes()) != first).any()
    whole.reset()
    np.testing.assert_array_equal(whole.masks(extremes()), first)


def test_bin_at_0_hz_has_the_row_of_its_neighbour_and_a_bias_of_its_own(model):
    rows, bias = model.output.rows, model.output.bias
    np.testing.assert_array_equal(rows.weights[0], rows.weights[1])
    assert rows.multipliers[0] == rows.multipliers[1] and bias[0] != bias[1]


def test_each_sub_band_has_rows_of_its_own_scale(model):
    split = model.bandwise.split
    assert [part.rows.weights.shape for part in (split[0], split[1], split[31])] == [
        *((24, 5), (24, 7), (24, 20)),
    ]
    for part in split:
        assert (np.abs(part.rows.weights.astype(int)).max(1) == 127).all()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"channels": 20}, "channels is 20, the firmware reads 8 at once"),
        ({"across": 12}, "across is 12, the firmware reads 8 at once"),
        ({"context": 6}, "context is 6, the firmware reads 8 at once"),
        ({"channels": 264}, "channels is 264, a layer adds 528 products"),
        ({"channels": 8, "across": 264}, "across is 264, a layer adds 528 products"),
        ({"smoothing": 0.5}, "smoothing is 0.5, "),
        ({"cell_clip": 16.0}, "cell_clip is 16.0, "),
    ],
)
def test_what_has_no_integers_is_refused(changes, why):
    with pytest.raises(ValueError, match=f"^cannot quantize 'bandwise': {why}"):
        quantize.quantize({}, Config.preset("bandwise", **changes))


def test_weight_too_large_for_the_unit_of_the_channels_is_refused():
    drawn = weights()
    drawn["join/kernel"][7, 3] = 20
    with pytest.raises(ValueError, match="a weight of 20 is too large for a 32-bit multiplier"):
        bandwise.rounded_join(drawn)
