"""The folder of one training: it survives interruption, and says what was done in it."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import models, network
from .config import Config
from .files import write_whole

HISTORY = ("epoch", "seconds", "loss", "val_loss", "learning_rate")


@dataclass(frozen=True)
class Run:
    """The folder of one training.

    ``config.json``, ``history.csv`` (one row an epoch), ``weights.npz`` (the best epoch so far, all
    that inference needs) and ``checkpoint.weights.h5`` (the last state, with the optimizer's).
    Each file is written under another name and renamed, so none is ever half there.
    """

    path: Path

    @property
    def weights(self) -> Path:
        """Weights of the best epoch."""
        return self.path / "weights.npz"

    @property
    def state(self) -> Path:
        """Last state of model and optimizer."""
        return self.path / "checkpoint.weights.h5"

    @property
    def log(self) -> Path:
        """One row an epoch."""
        return self.path / "history.csv"

    def check(self, config: Config, resume: bool) -> None:
        """Refuse to overwrite a training, or to resume none or another one; writes nothing."""
        if not resume:
            if self.state.exists():
                raise FileExistsError(
                    f"{self.path} holds a training: use --resume or another folder"
                )
            return
        if not self.state.exists():
            raise FileNotFoundError(
                f"{self.path} holds no training to resume: start without --resume"
            )
        if Config.load(self.path / "config.json") != config:
            raise ValueError(
                f"{self.path} was started with another configuration than the one asked for"
            )

    def open(self, config: Config, model: models.Denoiser, resume: bool) -> None:
        """Start a run, or load the state of one into ``model``."""
        self.check(config, resume)
        if resume:
            model.load_weights(self.state)
            return
        self.path.mkdir(parents=True, exist_ok=True)
        config.save(self.path / "config.json")
        self._write_history([])
        self.checkpoint(model)

    def checkpoint(self, model: models.Denoiser) -> None:
        """Save model and optimizer."""
        part = self.path / "part.weights.h5"
        model.save_weights(part, overwrite=True)
        os.replace(part, self.state)

    def keep(self, model: models.Denoiser) -> None:
        """Save the weights that inference needs."""
        save_weights(self.weights, models.get_weights(model.network))

    def history(self) -> list[dict[str, float]]:
        """Rows of ``history.csv``."""
        with self.log.open(newline="") as file:
            return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]

    def append(self, row: dict[str, float]) -> None:
        """Add the row of an epoch; one that was written before a kill is replaced."""
        self._write_history([old for old in self.history() if old["epoch"] < row["epoch"]] + [row])

    def _write_history(self, rows: list[dict[str, float]]) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, HISTORY, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_whole(self.log, text.getvalue())


def save_weights(path: Path, weights: network.Weights) -> None:
    """Write ``weights.npz``, atomically."""
    archive = io.BytesIO()
    np.savez_compressed(archive, **weights)  # type: ignore[arg-type]
    write_whole(path, archive.getvalue())


def describe(run: str | Path, **facts: Any) -> None:
    """Write ``recipe.json`` into a run: what it was trained on, so that it can be repeated."""
    write_whole(Path(run) / "recipe.json", json.dumps(facts, indent=2, sort_keys=True) + "\n")
