"""The NumPy network is the Keras network, frame by frame."""

import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_network import SUBBANDS, noise, random_weights, small

from lstm_se.config import PRESETS, Config
from lstm_se.network import in_keras, in_numpy
from lstm_se.network.denoiser import network_at_rest

VARIANTS = {
    "clipped lstm": small(),
    "unclipped lstm": small(cell_clip=None),
    "gru": small(cell="gru"),
    "rnn": small(cell="rnn"),
    "three layers": small(units=(3, 4, 5)),
    "dense": small(dense=(7, 6)),
    "smoothing": small(smoothing=0.9),
    "mask of bands": small(mask="bands"),
    "batch norm": small(batch_norm=True, cell="gru", dense=(4,)),
    "sub-bands": small(**SUBBANDS),
    "sub-bands and smoothing": small(**{**SUBBANDS, "local": False, "smoothing": 0.9}),
    **{name: Config.preset(name) for name in PRESETS},
}
every_variant = pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS)


def stepped(config: Config, weights: dict, frames: np.ndarray) -> np.ndarray:
    """Masks of the NumPy network, ``(frames, inputs)`` in."""
    step = network_at_rest(weights, config)
    return np.concatenate([step(frame[None]) for frame in frames])


@every_variant
def test_numpy_masks_as_keras_does(config):
    weights = random_weights(config, size=2 / np.sqrt(max(config.units)))
    model = in_keras.mask_network(config)
    in_keras.set_weights(model, weights)
    frames = 2 * noise(40, config.inputs)
    expected = model(frames[None])[0].numpy()
    assert np.ptp(expected) > 0.5  # masks that are all alike would agree too easily
    np.testing.assert_allclose(stepped(config, weights, frames), expected, atol=1e-5)


def test_batch_norm_with_statistics_of_a_training_masks_as_keras_does():
    config = small(batch_norm=True)
    model = in_keras.mask_network(config)
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if layer.name.startswith("norm_"):
            layer.set_weights([rng.uniform(0.2, 2, v.shape) for v in layer.weights])
    frames = noise(30, config.bands)
    weights = in_keras.get_weights(model)
    expected = model(frames[None])[0].numpy()
    np.testing.assert_allclose(stepped(config, weights, frames), expected, atol=1e-5)


def saturated(config: Config) -> dict:
    """Weights that open the input and forget gates and ask for more in every step."""
    weights = random_weights(config, size=0.01)
    for i, units in enumerate(config.units):
        weights[f"rnn_{i}/bias"] = np.full(4 * units, 20, np.float32)
    return weights


def cell_states(config: Config) -> np.ndarray:
    """Cell state of the first layer after 30 frames that ask for more."""
    step = in_numpy.MaskNetwork(saturated(config), config)
    for frame in noise(30, 1, config.bands):
        step(frame)
    return step.states[0][1]


def test_cell_stops_at_the_clip():
    np.testing.assert_array_equal(cell_states(small(cell_clip=4.0)), 4.0)


def test_cell_without_clip_grows_past_it():
    assert cell_states(small(cell_clip=None)).min() > 25


def test_keras_stops_at_the_clip_too():
    config = small(cell_clip=4.0)
    model, free = in_keras.mask_network(config), in_keras.mask_network(small(cell_clip=None))
    weights = saturated(config)
    in_keras.set_weights(model, weights)
    in_keras.set_weights(free, weights)
    frames = noise(30, config.bands)
    expected = model(frames[None])[0].numpy()
    assert np.abs(expected - free(frames[None])[0]).max() > 1e-5  # the clip was reached
    np.testing.assert_allclose(stepped(config, weights, frames), expected, atol=1e-6)


@every_variant
def test_shapes_are_those_of_keras(config):
    got = {name: w.shape for name, w in in_keras.get_weights(in_keras.mask_network(config)).items()}
    assert got == in_numpy.shapes(config)


@every_variant
def test_parameters_are_those_that_keras_trains(config):
    model = in_keras.mask_network(config)
    trained = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert in_numpy.parameters(config) == trained


def test_parameters_of_tiny_by_hand():
    layer_0, layer_1 = 4 * 128 * (104 + 128 + 1), 4 * 128 * (128 + 128 + 1)
    assert in_numpy.parameters(Config()) == layer_0 + layer_1 + 257 * (128 + 1) + 3 * 257


def test_macs_of_tiny_by_hand():
    layer_0, layer_1 = 4 * 128 * (104 + 128), 4 * 128 * (128 + 128)
    assert in_numpy.macs(Config()) == layer_0 + layer_1 + 257 * 128 + 3 * 257


def test_reset_forgets():
    config = small(smoothing=0.5)
    step = in_numpy.MaskNetwork(random_weights(config), config)
    frames = noise(5, 1, config.bands)
    first = [step(frame) for frame in frames]
    step.reset()
    np.testing.assert_array_equal([step(frame) for frame in frames], first)


@every_variant
def test_masks_are_float32(config):
    frame = noise(1, config.inputs)
    assert network_at_rest(random_weights(config), config)(frame).dtype == np.float32


def test_channels_do_not_hear_each_other():
    config = small()
    frames = noise(20, 2, config.bands)
    weights = random_weights(config)
    step = in_numpy.MaskNetwork(weights, config)
    both = np.stack([step(frame) for frame in frames])
    np.testing.assert_allclose(both[:, 1], stepped(config, weights, frames[:, 1]), atol=1e-6)


@settings(deadline=None, max_examples=200)
@given(x=st.floats(-(2.0**99), 2.0**99, width=32))
def test_sigmoid_is_the_logistic_function(x):
    expected = 1 / (1 + np.exp(-np.clip(x, -700, 700)))
    assert in_numpy.sigmoid(np.float32([x]))[0] == pytest.approx(expected, abs=1e-6)


def saved(tmp_path, config=None):
    """Path of weights on disk, and the weights."""
    weights = random_weights(config or small())
    np.savez_compressed(tmp_path / "weights.npz", **weights)
    return tmp_path / "weights.npz", weights


def test_saved_weights_come_back(tmp_path):
    path, weights = saved(tmp_path)
    read = in_numpy.load_weights(path, small())
    assert all(np.array_equal(read[name], weights[name]) for name in weights)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_truncated_weights_are_named(share, tmp_path):
    path, _ = saved(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=f"{path} is damaged"):
        in_numpy.load_weights(path, small())


@settings(deadline=None, max_examples=150)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_flipped_bit_is_told_or_harmless(place, bit, tmp_path_factory):
    path, weights = saved(tmp_path_factory.mktemp("flip"))
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        read = in_numpy.load_weights(path, small())
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert all(np.array_equal(read[name], weights[name]) for name in weights)


@pytest.mark.parametrize("content", [b"weights", b"PK\x03\x04nothing more"])
def test_other_file_is_named(content, tmp_path):
    path = tmp_path / "weights.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path} is damaged or no archive"):
        in_numpy.load_weights(path, small())


def test_complex_weights_are_refused(tmp_path):
    weights = {name: np.zeros(shape, complex) for name, shape in in_numpy.shapes(small()).items()}
    in_numpy.save_weights(tmp_path / "weights.npz", weights)
    with pytest.raises(ValueError, match=r"weights\.npz is damaged or no archive"):
        in_numpy.load_weights(tmp_path / "weights.npz", small())


def test_single_array_in_place_of_an_archive_is_named(tmp_path):
    np.save(tmp_path / "weights.npy", np.zeros(3))
    with pytest.raises(ValueError, match="weights.npy is damaged or no archive"):
        in_numpy.load_weights(tmp_path / "weights.npy", small())


def test_missing_weight_is_named(tmp_path):
    path, weights = saved(tmp_path)
    del weights["dense_0/bias"]
    np.savez(path, **weights)
    with pytest.raises(ValueError, match=f"{path} holds no dense_0/bias"):
        in_numpy.load_weights(path, small())


def test_weights_of_another_configuration_are_named(tmp_path):
    path, _ = saved(tmp_path)
    with pytest.raises(ValueError, match=r"rnn_0/kernel has shape \(8, 24\).*asks for \(8, 28\)"):
        in_numpy.load_weights(path, small(units=(7, 5)))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="weights.npz"):
        in_numpy.load_weights(tmp_path / "weights.npz", small())


def test_weights_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(in_numpy, "MOST_BYTES", 100_000)
    np.savez_compressed(tmp_path / "weights.npz", bomb=np.zeros(100_000, np.uint8))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("something was unpacked"))
    with pytest.raises(ValueError, match=r"weights\.npz is damaged or no archive of weights"):
        in_numpy.load_weights(tmp_path / "weights.npz", small())


def test_pickled_objects_are_never_loaded(tmp_path):
    """A pickle runs code; weights from elsewhere must not."""
    path = tmp_path / "weights.npz"
    np.savez(path, **{"rnn_0/kernel": np.array([{"a": 1}], dtype=object)})
    assert zipfile.is_zipfile(path)
    with pytest.raises(ValueError, match="is damaged or no archive"):
        in_numpy.load_weights(path, small())


def test_a_step_of_one_frame_is_that_of_a_batch_of_one():
    config = small()
    weights = random_weights(config)
    layer = [weights[f"rnn_0/{part}"] for part in ("kernel", "recurrent_kernel", "bias")]
    x, h, c = (noise(size, seed=size) for size in (config.bands, 6, 6))
    alone = in_numpy.lstm_step(x, h, c, *layer, 0.2)
    batch = in_numpy.lstm_step(x[None], h[None], c[None], *layer, 0.2)
    for one, found in zip(alone, batch, strict=True):
        np.testing.assert_allclose(one, found[0], atol=1e-7)


def test_each_gain_sees_its_band_and_the_two_beside_it():
    seen = in_numpy.neighbours(small(mask="bands"))
    np.testing.assert_array_equal(seen[1], np.arange(8))
    np.testing.assert_array_equal(seen[0], [0, *range(7)])
    np.testing.assert_array_equal(seen[2], [*range(1, 8), 7])
