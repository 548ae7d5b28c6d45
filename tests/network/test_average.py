"""The mean of two models is a model, and says what it is the mean of."""

import hashlib
import json

import numpy as np
import pytest
from click.testing import CliRunner
from random_network import random_denoiser, small

from lstm_se.cli.main import commands
from lstm_se.network import edit, in_numpy, pretrained

CONFIG = small()


@pytest.fixture
def folders(tmp_path):
    """Two models of one shape, the second with records of its training."""
    for seed, name in enumerate(("first", "last")):
        folder = tmp_path / name
        folder.mkdir()
        CONFIG.save(folder / "config.json")
        in_numpy.save_weights(folder / "weights.npz", random_denoiser(CONFIG, seed).weights)
    (tmp_path / "last" / "recipe.json").write_text('{"steps": 3}')
    (tmp_path / "last" / "history.csv").write_text("epoch\n0\n")
    return tmp_path / "first", tmp_path / "last"


def test_every_weight_is_the_mean():
    one, other = random_denoiser(CONFIG, 0), random_denoiser(CONFIG, 1)
    mean = edit.average([one, other])
    for name, value in mean.weights.items():
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, (one.weights[name] + other.weights[name]) / 2, atol=1e-6)


@pytest.mark.parametrize(("shares", "end"), [((1, 0), 0), ((0, 1), 1)])
def test_all_of_one_model_is_that_model(shares, end):
    ends = [random_denoiser(CONFIG, 0), random_denoiser(CONFIG, 1)]
    found = edit.average(ends, shares)
    for name, value in found.weights.items():
        np.testing.assert_array_equal(value, ends[end].weights[name])


def test_one_model_has_no_average():
    with pytest.raises(ValueError, match="needs two models"):
        edit.average([random_denoiser(CONFIG)])


def test_models_of_other_shapes_are_refused():
    wider = random_denoiser(small(units=(7, 5)))
    with pytest.raises(ValueError, match="have other layers"):
        edit.average([random_denoiser(CONFIG), wider])


def test_command_writes_a_model_that_names_its_parents(folders, tmp_path):
    out = tmp_path / "mean"
    done = CliRunner().invoke(commands, ["average", *map(str, folders), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert done.output.split() == [str(out / "weights.npz")]
    expected = edit.average([pretrained.load_float(folder) for folder in folders])
    for name, value in pretrained.load_float(out).weights.items():
        np.testing.assert_array_equal(value, expected.weights[name])
    recipe = json.loads((out / "recipe.json").read_text())
    digests = [hashlib.sha256((f / "weights.npz").read_bytes()).hexdigest() for f in folders]
    assert recipe == {"steps": 3, "averaged": [f"first {digests[0]}", f"last {digests[1]}"]}
    assert (out / "history.csv").read_text() == "epoch\n0\n"


def test_model_that_is_there_is_not_overwritten(folders):
    before = (folders[0] / "weights.npz").read_bytes()
    with pytest.raises(FileExistsError, match="holds a model: name another folder"):
        edit.average_folders(folders, folders[0])
    assert (folders[0] / "weights.npz").read_bytes() == before
