"""A recipe names all that its training takes but the folder of the material."""

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_se import files
from lstm_se.cli import main
from lstm_se.config import Config
from lstm_se.corpora import open_material
from lstm_se.corpora.manifest import open_recordings
from lstm_se.training.recipes import RECIPES, recipe_of


@pytest.fixture
def material(tmp_path):
    """A folder as ``data open`` leaves it, without the sound."""
    (tmp_path / "open").mkdir()
    listed = [recording.target for recording in open_recordings() if recording.part]
    columns = open_material.MADE_COLUMNS
    rows = [[name, *[""] * (len(columns) - 1)] for name in listed]
    files.write_csv(tmp_path / "open" / "SOURCES.csv", columns, rows)
    for name in listed:
        (tmp_path / "open" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "open" / name).touch()
    return tmp_path / "open"


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_is_of_a_preset(name):
    assert Config.preset(RECIPES[name].preset).streams


def test_recipe_trains_on_each_side_of_the_material(material):
    sources = recipe_of("tiny").sources(material)
    assert sources.corpora == (Path("mini"),)
    assert sources.speech == (material / "speech",)
    assert sources.validation_noise == (material / "validation_noise",)


def test_material_that_is_not_complete_is_told(material):
    left = sorted(material.rglob("*.flac"))
    for path in left[:3]:
        path.unlink()
    with pytest.warns(UserWarning, match=f"open lacks 3 of {len(left):,} files.*data open --root"):
        recipe_of("tiny").sources(material)


def test_folder_without_material_is_refused_with_what_brings_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"lstm-se data open --root {tmp_path}"):
        recipe_of("tiny").sources(tmp_path)


def test_unknown_recipe_is_refused():
    with pytest.raises(ValueError, match="no recipe 'huge': choose one of tiny, bandwise"):
        recipe_of("huge")


def test_recipe_never_stops_early():
    schedule = recipe_of("tiny").schedule(epochs=3, steps=4)
    assert (schedule.epochs, schedule.steps_per_epoch, schedule.patience) == (3, 4, 3)
    assert recipe_of("tiny").schedule().patience == RECIPES["tiny"].epochs


def test_words_of_a_recipe_are_read_by_the_command_line(material):
    words = [*recipe_of("tiny").words(material), "--out", "run"]
    read = main.commands.commands["train"].make_context("train", words).params
    assert (read["recipe"], read["corpora"]) == ("tiny", (Path("open"),))


@pytest.mark.parametrize(
    "more", ["--speech x", "--distribute workers:2", "--initial tiny", "--data mini"]
)
def test_recipe_refuses_what_would_make_another_training(material, tmp_path, more):
    words = f"train --recipe tiny --data {material} {more} --out {tmp_path / 'run'}"
    result = CliRunner().invoke(main.commands, shlex.split(words))
    assert "--recipe takes" in str(result.exception)
    assert not (tmp_path / "run").exists()


def test_material_named_by_its_place_has_its_name_in_the_command(material, monkeypatch):
    monkeypatch.chdir(material)
    assert recipe_of("tiny").words(Path(".")) == ["--recipe", "tiny", "--data", "open"]
