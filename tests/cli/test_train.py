"""What ``lstm-se train`` takes together, and what it refuses."""

import json

import pytest

from lstm_se.cli.main import commands
from lstm_se.training import from_folders


@pytest.fixture
def train(monkeypatch, tmp_path):
    """The command without the training; what it was called with."""
    calls = []
    monkeypatch.setattr("lstm_se.cli.train.hoard", bool)  # of no use to the tests behind this one
    weights = tmp_path / "run" / "weights.npz"
    monkeypatch.setattr(from_folders, "train_from", lambda *args: calls.append(args) or weights)

    def start(*words):
        words = ["train", *map(str, words), "--out", str(tmp_path / "run")]
        commands.main(words, standalone_mode=False)
        return calls[-1]

    return start


@pytest.mark.parametrize("config", ["", '{"cluster": {}}'])
def test_cluster_of_something_else_is_nothing_to_one_who_trains_alone(config, train, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config)
    assert train("--data", "mini")
    assert train("--data", "mini", "--distribute", "mirrored:2")


def test_only_the_chief_of_several_workers_tells_what_was_kept(train, monkeypatch, capsys):
    told = []
    for number in (0, 1):
        task = {"type": "worker", "index": number}
        monkeypatch.setenv("TF_CONFIG", json.dumps({"task": task}))
        train("--data", "mini", "--distribute", "workers:2")
        told.append(capsys.readouterr().out.count("weights of the best epoch"))
    assert told == [1, 0]


@pytest.mark.parametrize("owner", ["recipe", "initial"])
def test_preset_is_refused_where_something_else_brings_one(owner, train):
    with pytest.raises(ValueError, match=f"--{owner} brings its own preset: leave --preset out"):
        train("--data", "mini", f"--{owner}", "tiny", "--preset", "tiny")


def test_preset_goes_with_all_else(train):
    assert train("--data", "mini", "--preset", "plain")[1].preset == "plain"
    assert train("--data", "mini", "--initial", "tiny")[1].initial.name == "tiny"
