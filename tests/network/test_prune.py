"""Pruned networks are networks like any other, and what is taken out is what mattered least."""

import dataclasses
import hashlib
import json
from functools import partial

import numpy as np
import pytest
from random_network import noise, random_denoiser, random_weights, small

import lstm_se
from lstm_se.chip import export, footprint, quantize
from lstm_se.chip.stream import IntegerStream, PcmDenoiser
from lstm_se.cli.main import commands
from lstm_se.config import Config
from lstm_se.network import in_keras, in_numpy, pretrained, prune
from lstm_se.network.denoiser import Denoiser
from lstm_se.research.skipping import Skipping
from lstm_se.sound.audio import snr_db

KINDS = [
    {},
    {"cell": "gru"},
    {"cell": "rnn"},
    {"batch_norm": True},
    {"dense": (7,), "smoothing": 0.5},
    {"local": True, "mask": "bands"},
]
each_kind = pytest.mark.parametrize("changes", KINDS, ids=str)
KEPT = [np.array([0, 2, 3, 5]), np.array([1, 2, 4])]  # of the 6 and 5 units of `small`


def gone(config, i):
    return np.setdiff1d(np.arange(config.units[i]), KEPT[i])


def with_mute_units(config):
    """Random weights, but nobody listens to the units that will go."""
    weights = random_weights(config)
    for i in range(len(config.units)):
        weights[f"{prune._above(config, i)}/kernel"][gone(config, i)] = 0
        weights[f"rnn_{i}/recurrent_kernel"][gone(config, i)] = 0
    return Denoiser(config, weights)


@each_kind
def test_units_that_nobody_hears_can_go_without_any_change(changes):
    whole = with_mute_units(small(**changes))
    sound = noise(2, 4000)
    heard = prune.activity(whole, sound)
    for means in (None, heard):
        narrow = prune.prune(whole, KEPT, means)
        assert narrow.config.units == (4, 3)
        assert snr_db(whole.enhance(sound), narrow.enhance(sound)) > 100


@each_kind
def test_units_that_say_something_do_change_the_sound(changes):
    whole = random_denoiser(small(**changes))
    narrow = prune.prune(whole, KEPT)
    assert snr_db(whole(noise(4000)), narrow(noise(4000))) < 60


@each_kind
def test_units_that_never_change_live_on_in_the_biases(changes):
    """Units with no input but a bias settle: their mean is all there is to them."""
    config = small(**changes)
    whole = random_denoiser(config)
    for i, units in enumerate(config.units):
        gates = in_numpy.GATES[config.cell]
        mute = np.concatenate([gate * units + gone(config, i) for gate in range(gates)])
        whole.weights[f"rnn_{i}/kernel"][:, mute] = 0
        whole.weights[f"rnn_{i}/recurrent_kernel"][:, mute] = 0
    settled = prune.activity(whole, [noise(40_000)])
    before = whole(noise(40_000))[20_000:]
    with_means = snr_db(before, prune.prune(whole, KEPT, settled)(noise(40_000))[20_000:])
    without = snr_db(before, prune.prune(whole, KEPT)(noise(40_000))[20_000:])
    assert with_means > 25 and with_means > without + 10


@each_kind
def test_pruned_weights_have_the_shapes_of_their_configuration(changes, tmp_path):
    narrow = prune.prune(random_denoiser(small(**changes)), KEPT)
    in_numpy.save_weights(tmp_path / "weights.npz", narrow.weights)
    read = in_numpy.load_weights(tmp_path / "weights.npz", narrow.config)
    assert read.keys() == in_numpy.shapes(narrow.config).keys()
    assert all(value.dtype == np.float32 for value in narrow.weights.values())


def test_keras_takes_the_pruned_weights_and_computes_the_same():
    narrow = prune.prune(random_denoiser(small(local=True)), KEPT)
    model = in_keras.DenoiserModel(narrow.config)
    sound = noise(1, 1600)
    model(sound)
    in_keras.set_weights(model.network, narrow.weights)
    assert snr_db(narrow.enhance(sound), model(sound).numpy()) > 80


def test_pruned_network_streams():
    narrow = prune.prune(random_denoiser(small(normalisation="running")), KEPT)
    stream, sound = narrow.stream(), noise(3205)
    parts = [stream.process(sound[:1000]), stream.process(sound[1000:]), stream.flush()]
    streamed = np.concatenate(parts)[stream.latency :]
    assert snr_db(narrow(sound), streamed) > 100


def test_pruning_leaves_the_whole_network_alone():
    whole = random_denoiser(small())
    before = {name: value.copy() for name, value in whole.weights.items()}
    prune.prune(whole, KEPT, prune.activity(whole, [noise(2000)]))
    for name, value in whole.weights.items():
        np.testing.assert_array_equal(value, before[name])


def test_keeping_every_unit_changes_nothing():
    whole = random_denoiser(small())
    every = [np.arange(units) for units in whole.config.units]
    same = prune.prune(whole, every, prune.activity(whole, [noise(2000)]))
    assert same.config == whole.config
    assert snr_db(whole(noise(2000)), same(noise(2000))) > 100


@pytest.mark.parametrize(
    "kept", [[[0]], [[], [0]], [[1, 0], [0]], [[0, 0], [0]], [[6], [0]], [[-1, 2], [0]]]
)
def test_units_that_cannot_be_kept_are_refused(kept):
    with pytest.raises(ValueError, match="layer"):
        prune.prune(random_denoiser(small()), kept)


@pytest.mark.parametrize("units", [[7, 5], [6], [0, 5]])
def test_more_units_than_there_are_cannot_be_kept(units):
    with pytest.raises(ValueError, match=r"the layers have \[6, 5\]"):
        prune.narrowed(random_denoiser(small()), units, [])


def test_without_a_recording_nothing_is_chosen():
    with pytest.raises(ValueError, match="no recording"):
        prune.narrowed(random_denoiser(small()), [3, 3], [])


def test_activity_is_what_the_units_say():
    whole = random_denoiser(small())
    (first, _) = prune.activity(whole, [noise(320), noise(640, seed=1)])
    said = []
    for sound in (noise(320), noise(640, seed=1)):

        class Heard(in_numpy.MaskNetwork):
            def __call__(self, frame):
                mask = super().__call__(frame)
                said.append(self.states[0][0][0])
                return mask

        Denoiser(whole.config, whole.weights, Heard)(sound)
    np.testing.assert_allclose(first.mean, np.mean(said, 0), atol=1e-6)
    np.testing.assert_allclose(first.deviation, np.std(said, 0), atol=1e-6)


def test_scores_put_what_nobody_hears_last():
    whole = with_mute_units(small(batch_norm=True))
    scores = prune.contribution(whole, prune.activity(whole, [noise(2000)]))
    for kept, expected in zip(prune.strongest(scores, (4, 3)), KEPT, strict=True):
        np.testing.assert_array_equal(kept, expected)


def test_group_norm_is_the_norm_of_all_that_belongs_to_a_unit():
    config = small()
    weights = random_weights(config)
    whole = Denoiser(config, weights)
    for i, j in ((0, 2), (1, 4)):
        marked = {name: np.zeros(value.shape, bool) for name, value in weights.items()}
        columns = [gate * config.units[i] + j for gate in range(4)]
        marked[f"rnn_{i}/kernel"][:, columns] = True
        marked[f"rnn_{i}/recurrent_kernel"][:, columns] = True
        marked[f"rnn_{i}/recurrent_kernel"][j] = True
        marked[f"{prune._above(config, i)}/kernel"][j] = True
        squares = sum((weights[name][where] ** 2).sum() for name, where in marked.items())
        assert prune.group_norm(whole)[i][j] == pytest.approx(np.sqrt(squares), rel=1e-5)


@pytest.fixture(scope="module")
def shipped():
    return pretrained.load_float("tiny")


@pytest.fixture(scope="module")
def narrow(shipped):
    return prune.narrowed(shipped, [96, 80], lstm_se.mini().validation[:4])


def test_choice_beats_chance_on_the_shipped_network(shipped, narrow):
    rng = np.random.default_rng(0)
    random = [np.sort(rng.permutation(128)[:n]) for n in narrow.config.units]
    noisy = lstm_se.mini().validation[8].load()[1]
    exact = shipped(noisy)
    chance = snr_db(exact, prune.prune(shipped, random)(noisy))
    assert snr_db(exact, narrow(noisy)) > chance + 3


def test_pruned_network_is_quantized_and_exported_like_any_other(narrow):
    whole = quantize.quantize(narrow.weights, narrow.config)
    assert [layer.units for layer in whole.layers] == [96, 80]
    assert "#define SE_CELLS 176\n" in export.sources(whole)["se_weights.h"]
    noisy = lstm_se.mini().validation[8].load()[1]
    integers = PcmDenoiser(narrow.config, partial(IntegerStream, whole))
    assert snr_db(narrow(noisy), integers(noisy)) > 25


@pytest.mark.slow
def test_firmware_of_a_pruned_network_is_smaller_and_faster(narrow):
    whole = quantize.quantize(narrow.weights, narrow.config)
    pruned, full = footprint.measure(frames=8, model=whole), footprint.measure(frames=8)
    assert pruned["macs_per_frame"] == in_numpy.macs(narrow.config)
    for name in ("flash_bytes", "ram_bytes", "instructions_per_frame"):
        assert pruned[name] < full[name]


def write(folder, denoiser):
    folder.mkdir()
    denoiser.config.save(folder / "config.json")
    in_numpy.save_weights(folder / "weights.npz", denoiser.weights)
    (folder / "recipe.json").write_text('{"steps": 3}')
    return str(folder)


def call(*words):
    commands.main([str(word) for word in words], standalone_mode=False)


@pytest.mark.slow
def test_command_writes_a_model_that_training_goes_on_from(tmp_path, capsys):
    config = dataclasses.replace(small(), segment_seconds=0.5, batch_size=2, n_fft=512)
    config = dataclasses.replace(config, hop_length=256)
    model = write(tmp_path / "model", random_denoiser(config))
    call("prune", model, "--units", "4,3", "--out", tmp_path / "narrow")
    assert "->" in capsys.readouterr().out
    digest = hashlib.sha256((tmp_path / "model" / "weights.npz").read_bytes()).hexdigest()
    facts = {"of": f"model {digest}", "units": [4, 3]}
    recipe = json.loads((tmp_path / "narrow" / "recipe.json").read_text())
    assert recipe == {"steps": 3, "pruned": facts}
    narrow = pretrained.load_float(tmp_path / "narrow")
    assert narrow.config.units == (4, 3)
    options = ["--data", "mini", "--epochs", "1", "--steps", "1", "--out", tmp_path / "tuned"]
    call("train", "--initial", tmp_path / "narrow", *options, "--set", "learning_rate=1e-9")
    tuned = pretrained.load_float(tmp_path / "tuned")
    assert tuned.config == dataclasses.replace(narrow.config, learning_rate=1e-9)
    for name, value in narrow.weights.items():
        np.testing.assert_allclose(tuned.weights[name], value, atol=1e-5)


def test_command_overwrites_no_model(tmp_path):
    model = write(tmp_path / "model", random_denoiser(small()))
    with pytest.raises(FileExistsError, match="another folder"):
        call("prune", model, "--units", "3", "--out", model)


def test_command_wants_numbers(tmp_path):
    with pytest.raises(ValueError, match="--units many: write 96"):
        call("prune", "tiny", "--units", "many", "--out", tmp_path / "out")


def test_network_that_skips_nothing_is_the_network():
    whole = random_denoiser(small(local=True))
    rule = Skipping()
    lazy = Denoiser(whole.config, whole.weights, rule)
    np.testing.assert_array_equal(lazy(noise(2000)), whole(noise(2000)))
    assert rule.share == 1
    assert rule.macs(whole.config) == in_numpy.macs(whole.config)


@pytest.mark.parametrize("every", [2, 3])
def test_every_nth_frame_is_computed_and_the_others_repeat_it(every):
    config = small(local=False)
    rule = Skipping(every=every)
    step = rule(random_weights(config), config)
    masks = [step(noise(1, config.bands, seed=k)) for k in range(12)]
    for k, mask in enumerate(masks):
        np.testing.assert_array_equal(mask, masks[k - k % every])
    assert not np.array_equal(masks[0], masks[every])
    assert rule.share == pytest.approx(1 / every)


def test_local_view_goes_on_while_the_layers_rest():
    config = small(local=True)
    step = Skipping(every=2)(random_weights(config), config)
    assert not np.array_equal(step(noise(1, 8)), step(noise(1, 8, seed=1)))


def test_layers_of_sub_bands_cannot_rest():
    with pytest.raises(ValueError, match="has sub-bands: their layers cannot rest"):
        Skipping()({}, Config.preset("bandwise"))


def test_what_hardly_changes_is_not_computed():
    config = Config()
    step = Skipping(threshold=0.1)
    masker = step(random_weights(config), config)
    frame = noise(1, config.bands)
    for change in (0, 0.05, 0.2, 0.2):
        masker(frame + np.float32(change))
    assert (step.updates, step.frames) == (2, 4)


def test_skipping_streams_as_it_enhances():
    whole = random_denoiser(small(normalisation="running"))
    lazy = Denoiser(whole.config, whole.weights, Skipping(every=2))
    stream, sound = lazy.stream(), noise(3205)
    parts = [stream.process(sound), stream.flush()]
    assert snr_db(lazy(sound), np.concatenate(parts)[stream.latency :]) > 100


@pytest.mark.parametrize("wrong", [{"every": 0}, {"threshold": -1.0}])
def test_rule_that_means_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="give 1 and 0 or more"):
        Skipping(**wrong)
