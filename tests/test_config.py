"""A configuration says everything, survives the disk, and refuses what cannot work."""

import dataclasses
import json
import os
from typing import Literal, get_origin

import pytest

from lstm_se.config import FIELDS, KINDS, PRESETS, Config

CHOICES = [name for name, kind in FIELDS.items() if get_origin(kind) is Literal]


@pytest.mark.parametrize("name", PRESETS)
def test_preset_carries_its_name(name):
    assert Config.preset(name).name == name


@pytest.mark.parametrize("name", PRESETS)
def test_saved_configuration_comes_back_equal(name, tmp_path):
    config = Config.preset(name, seed=7)
    config.save(tmp_path / "config.json")
    assert Config.load(tmp_path / "config.json") == config


def test_defaults_are_the_preset_tiny():
    assert Config() == Config.preset("tiny")


def test_what_an_older_file_does_not_name_is_plain():
    assert Config.of({"name": "plain"}, "a file") == Config.preset("plain")


def test_preset_takes_changes():
    assert Config.preset("paper", units=(32,)).units == (32,)


def test_list_from_json_becomes_tuple():
    assert Config.preset("tiny", units=[8, 9]).units == (8, 9)


def test_unknown_preset_names_the_known_ones():
    with pytest.raises(ValueError, match="no preset 'huge'.*tiny, plain, paper, lstm2022"):
        Config.preset("huge")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"subbands": (100, 100)}, "subbands cover 200 bins: let them add up to 256"),
        ({"cell": "gru"}, "cell is 'gru': subbands need 'lstm'"),
        ({"mask": "bands"}, "mask is 'bands': subbands need 'bins'"),
        ({"dense": (3,)}, "dense is .*: subbands need"),
        ({"cell_clip": None}, "cell_clip is None: subbands need a bound"),
        ({"blocks": 0}, "blocks is 0: it must be positive"),
    ],
)
def test_subbands_that_cannot_work_are_refused(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        Config.preset("bandwise", **changes)


def test_only_subbands_see_bins():
    assert (Config.preset("bandwise").inputs, Config().inputs) == (104 + 257, 104)


def test_unknown_field_is_named():
    with pytest.raises(ValueError, match="unknown field 'windw'"):
        Config.preset("tiny", windw=3)


@pytest.mark.parametrize("field", CHOICES)
@pytest.mark.parametrize("value", ["other", ("log",), None])
def test_value_outside_the_choices_is_refused(field, value):
    with pytest.raises(ValueError, match=f"{field} is .*: choose one of"):
        Config(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n_fft", "512"),
        ("bands", 1.5),
        ("bands", True),
        ("center", "False"),
        ("center", 0),
        ("smoothing", "much"),
        ("cell_clip", "none"),
        ("units", 64),
        ("units", (64, 0)),
        ("dense", ("a",)),
        ("name", 3),
    ],
)
def test_value_of_another_kind_is_refused(field, value):
    """As in DTLN, where a flag was read as bool('False'), which is true."""
    with pytest.raises(ValueError, match=f"^{field} is .*: give a|^{field} is .*: give true"):
        Config(**{field: value})


def test_every_field_has_a_kind_that_is_checked():
    assert {FIELDS[name] for name in FIELDS if name not in CHOICES} == set(KINDS)


@pytest.mark.parametrize("field", ["n_fft", "hop_length", "bands", "batch_size", "segment_seconds"])
def test_zero_is_refused_where_nothing_would_be_left(field):
    with pytest.raises(ValueError, match=f"{field} is 0: it must be positive"):
        Config(**{field: 0})


@pytest.mark.parametrize("field", ["f_min", "fine_hz", "estoi_weight", "snr_weight"])
def test_weights_and_frequencies_below_zero_are_refused(field):
    with pytest.raises(ValueError, match=f"{field} is -0.5: it must not be negative"):
        Config(**{field: -0.5})
    assert getattr(Config(**{field: 0.0}), field) == 0


@pytest.mark.parametrize("clip", [0.0, -10.0])
@pytest.mark.parametrize("name", ["tiny", "bandwise"])
def test_bound_that_would_make_another_network_is_refused(name, clip):
    with pytest.raises(ValueError, match=f"cell_clip is {clip}: it must be positive"):
        Config.preset(name, cell_clip=clip)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"learning_rate": -1.0}, "learning_rate is -1.0: it must not be negative"),
        ({"segment_seconds": 1e-9}, "segment_seconds is 1e-09: that is not one sample"),
    ],
)
def test_training_that_would_learn_nothing_is_refused(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        Config(**changes)
    assert Config(learning_rate=0.0, segment_seconds=1 / 16_000)  # what stands still is measured


@pytest.mark.parametrize(("n_fft", "hop_length"), [(512, 512), (512, 100), (513, 256), (510, 256)])
def test_hop_that_cannot_reconstruct_is_refused(n_fft, hop_length):
    with pytest.raises(ValueError, match=f"hop_length {hop_length} must divide"):
        Config(n_fft=n_fft, hop_length=hop_length)


def test_running_level_needs_log_features():
    with pytest.raises(ValueError, match="needs compression 'log'"):
        Config(normalisation="running", compression="power")


def test_network_without_recurrent_layer_is_refused():
    with pytest.raises(ValueError, match="units is empty"):
        Config(units=())


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_smoothing_that_would_never_move_is_refused(smoothing):
    with pytest.raises(ValueError, match="smoothing"):
        Config(smoothing=smoothing)


@pytest.mark.parametrize(
    ("changes", "streams"),
    [
        ({"normalisation": "running"}, True),
        ({"normalisation": "none"}, True),
        ({"normalisation": "zscore"}, False),
        ({"normalisation": "minmax"}, False),
        ({"center": True}, False),
    ],
)
def test_only_what_needs_no_future_streams(changes, streams):
    assert Config(**changes).streams is streams


@pytest.mark.parametrize(("mask", "outputs"), [("bins", 257), ("bands", 104)])
def test_outputs_follow_the_mask(mask, outputs):
    assert Config(mask=mask).outputs == outputs


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not a configuration in JSON"),
        (b"\xff\xfe\x00", "is not a configuration in JSON"),
        (b"[1, 2]", "holds no fields"),
        (b'{"colour": "red"}', "unknown field 'colour'"),
        (b'{"bands": 0}', "bands is 0: it must be positive"),
        (b'{"seed": %s}' % (b"9" * 5000), "is not a configuration in JSON"),
    ],
)
def test_damaged_file_is_named(content, reason, tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path}.*{reason}"):
        Config.load(path)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing.json"):
        Config.load(tmp_path / "nothing.json")


def test_file_has_every_field(tmp_path):
    Config().save(tmp_path / "config.json")
    written = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert list(written) == [field.name for field in dataclasses.fields(Config)]


def test_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "config.json"
    Config(seed=1).save(path)

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        Config(seed=2).save(path)
    assert Config.load(path).seed == 1


@pytest.mark.parametrize("name", ["", "page 6", "-x", "a/b"])
def test_name_that_no_graph_takes_is_refused(name):
    with pytest.raises(ValueError, match="name is"):
        Config(name=name)


def test_preset_can_be_renamed():
    assert Config.preset("paper", name="mine").name == "mine"
