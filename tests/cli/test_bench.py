"""``lstm-se bench`` takes what belongs to each benchmark, and nothing else."""

import json

import pytest
from command_line import assert_one_clear_line, run
from random_network import random_weights

from lstm_se.config import Config
from lstm_se.network import in_numpy


@pytest.mark.slow
def test_firmware_of_an_own_network_is_counted(tmp_path):
    config = Config(units=(32,))
    config.save(tmp_path / "config.json")
    in_numpy.save_weights(tmp_path / "weights.npz", random_weights(config))
    found = run("bench", "firmware", tmp_path, "--json", tmp_path / "figures.json")
    assert found.returncode == 0, found.stderr
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["macs_per_frame"] == in_numpy.macs(config)
    assert f"({figures['macs_per_frame']:,} MAC)" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("corpus",), ("takes the folder of a corpus",)),
        (("engines", "x"), ("'bench engines' takes neither a model nor a folder",)),
        (("firmware", "nowhere"), ("nowhere",)),
    ],
)
def test_wrong_use_is_told(arguments, words):
    assert_one_clear_line(run("bench", *arguments), *words)
