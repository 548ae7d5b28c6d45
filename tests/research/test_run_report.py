"""The report on a run holds the scores of its validation clips, and advice that fits its curves."""

import re
from pathlib import Path

import numpy as np
import pytest
from random_network import noise, small

from lstm_se.network import in_numpy
from lstm_se.research import run_report
from lstm_se.training import runs

SECONDS = 1
FALLING = [(0.5, 0.5), (0.4, 0.42), (0.3, 0.31)]


def history(losses):
    """Rows of training and validation loss."""
    names = runs.HISTORY
    return [
        {**dict.fromkeys(names, 60.0), "epoch": epoch, "loss": loss, "val_loss": val}
        for epoch, (loss, val) in enumerate(losses)
    ]


class Clips:
    """Two clips a batch, one of them without speech."""

    def batch(self, step):
        """One batch."""
        speech = 0.1 * noise(2, 16_000 * SECONDS, seed=step) * [[1], [0]]
        hiss = 0.01 * noise(2, 16_000 * SECONDS, seed=100 + step)
        return (speech + hiss).astype(np.float32), speech.astype(np.float32)


@pytest.fixture
def run(tmp_path):
    """A run with a history, random weights and a recipe."""
    config = small(n_fft=512, hop_length=256, bands=8)
    rng = np.random.default_rng(0)
    shapes = in_numpy.shapes(config).items()
    weights = {name: rng.normal(0, 0.1, shape).astype("f") for name, shape in shapes}
    in_numpy.save_weights(tmp_path / "weights.npz", weights)
    config.save(tmp_path / "config.json")
    record = runs.Run(tmp_path)
    record._write_history(history(FALLING))
    runs.write_recipe(tmp_path, hours_of_mixtures=2.5)
    return tmp_path


def test_report_scores_the_clips_with_speech(run):
    text = run_report.write_report(run, Clips(), clips=3).read_text(encoding="utf-8")
    assert "after 2.5 h of mixtures" in text
    assert "the weights of epoch 3 are kept, validation loss 0.3100" in text
    rows = re.findall(r"^SI-SDR, dB +(\w+) +3 +([\d.]+)", text, re.MULTILINE)
    assert [name for name, _ in rows] == ["noisy", small().name]
    assert float(rows[0][1]) == pytest.approx(20, abs=1)
    assert (run / "report.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("losses", "advice"),
    [
        (FALLING, "`--epochs 6`"),
        ([(0.5, 0.5), (0.3, 0.4)], "33% above that of training"),
        ([(0.5, 0.5), (0.4, 0.3), (0.3, 0.4), (0.2, 0.5)], "lowest long before the end"),
    ],
)
def test_advice_follows_the_curves(losses, advice):
    assert advice in run_report.advice(history(losses), Path("run"))[0]


@pytest.mark.parametrize(
    ("run", "model"),
    [("tiny", "./tiny"), ("runs/tiny", "./runs/tiny"), ("/my runs/1", "'/my runs/1'")],
)
def test_advice_names_the_run_and_no_shipped_model(run, model):
    lines = run_report.advice(history(FALLING), Path(run))[1:]
    assert all(f" {model}" in line for line in lines)
