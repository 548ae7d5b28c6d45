"""Two numbers make the mask of a model softer or stricter, and its weights carry them."""

import hashlib
import json

import numpy as np
import pytest
from click.testing import CliRunner
from random_network import random_denoiser, small

from lstm_se.cli.main import commands
from lstm_se.network import edit, in_numpy, pretrained

CONFIGS = {
    "direct path": small(local=True),
    "none": small(local=False),
    "dense layers": small(dense=(7,)),
}


@pytest.fixture
def folder(tmp_path):
    """A model with the record of its training."""
    model = random_denoiser(small(), 0)
    (tmp_path / "trained").mkdir()
    model.config.save(tmp_path / "trained" / "config.json")
    in_numpy.save_weights(tmp_path / "trained" / "weights.npz", model.weights)
    (tmp_path / "trained" / "recipe.json").write_text('{"steps": 3}')
    return tmp_path / "trained"


def masks(model, frames=5):
    """Masks that a model gives for random features, and what stands before its sigmoid."""
    unit = in_numpy.MaskNetwork(model.weights, model.config)
    features = np.random.default_rng(7).normal(size=(frames, 1, model.config.bands))
    found = np.stack([unit(frame.astype(np.float32)) for frame in features]).astype(np.float64)
    return found, np.log(found / (1 - found))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_what_stands_before_the_sigmoid_is_scaled_and_shifted(config):
    model = random_denoiser(config, 1)
    _, before = masks(model)
    _, after = masks(edit.rescale(model, 0.8, -0.6))
    np.testing.assert_allclose(after, 0.8 * before - 0.6, atol=1e-4)


def test_slope_one_and_shift_zero_change_nothing():
    model = random_denoiser(small(), 1)
    for name, weight in edit.rescale(model, 1.0, 0.0).weights.items():
        np.testing.assert_array_equal(weight, model.weights[name])


def test_a_model_is_not_changed_in_place():
    model = random_denoiser(small(), 1)
    before = {name: weight.copy() for name, weight in model.weights.items()}
    edit.rescale(model, 0.5, 1.0)
    for name, weight in model.weights.items():
        np.testing.assert_array_equal(weight, before[name])


@pytest.mark.parametrize("numbers", [(0.0, 0.0), (-1.0, 0.0), (np.nan, 0.0), (1.0, np.inf)])
def test_numbers_that_make_no_mask_are_refused(numbers):
    with pytest.raises(ValueError, match="the slope must be above 0, both finite"):
        edit.rescale(random_denoiser(small()), *numbers)


def test_command_writes_a_model_that_tells_what_was_done(folder, tmp_path):
    out = tmp_path / "softer"
    numbers = ["--slope", "0.8", "--shift", "-0.6"]
    done = CliRunner().invoke(commands, ["rescale", str(folder), *numbers, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert done.output.split() == [str(out / "weights.npz")]
    expected = edit.rescale(pretrained.load_float(folder), 0.8, -0.6)
    for name, weight in pretrained.load_float(out).weights.items():
        np.testing.assert_array_equal(weight, expected.weights[name])
    digest = hashlib.sha256((folder / "weights.npz").read_bytes()).hexdigest()
    facts = {"of": f"trained {digest}", "slope": 0.8, "shift": -0.6}
    assert json.loads((out / "recipe.json").read_text()) == {"steps": 3, "rescaled": facts}


def test_model_that_is_there_is_not_overwritten(folder):
    before = (folder / "weights.npz").read_bytes()
    with pytest.raises(FileExistsError, match="holds a model: name another folder"):
        edit.rescale_folder(folder, 0.8, 0.0, folder)
    assert (folder / "weights.npz").read_bytes() == before


@pytest.mark.parametrize("content", [b'{"a":', b"[1]", b"\xff"])
def test_damaged_record_of_the_training_is_named_before_anything_is_written(
    content, folder, tmp_path
):
    (folder / "recipe.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"trained/recipe\.json is no record of a training run"):
        edit.rescale_folder(folder, 0.8, 0.0, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_folder_that_cannot_be_made_is_told(folder, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(FileExistsError, match="cannot make the folder .*choose another output"):
        edit.rescale_folder(folder, 0.8, 0.0, tmp_path / "out")
