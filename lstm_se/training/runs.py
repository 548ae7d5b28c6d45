"""The folder of one training run: it survives interruption, and says what was done in it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

from ..config import Config
from ..files import claimed, make_folder, read_csv, write_csv, write_whole, writing
from ..network import in_keras, in_numpy
from .records import reading

Finish = Callable[[in_numpy.Weights], in_numpy.Weights]  # what happens to weights that are kept
NAME_BYTES = 4096  # that HDF5 takes for a variable beside its numbers, and more
HISTORY = ("epoch", "seconds", "loss", "val_loss", "learning_rate")


class Run:
    """The folder of one training run.

    ``config.json``, ``history.csv`` (one row an epoch), ``weights.npz`` (the best epoch so far, all
    that inference needs), ``checkpoint.weights.h5`` (the last state, with the optimizer's) and
    ``logs`` (curves for TensorBoard). ``lstm-se train`` adds ``recipe.json`` and ``sources.csv``:
    what it takes to do it again. Each file but the logs is written under a hidden name and renamed,
    so none is ever half there.
    """

    def __init__(self, path: Path) -> None:
        """The run in the folder ``path``, which need not be there yet."""
        self.path = path
        self.weights, self.state = path / "weights.npz", path / "checkpoint.weights.h5"
        self.log, self.logs = path / "history.csv", path / "logs"

    def check(self, config: Config, resume: bool) -> None:
        """Refuse to overwrite a run or model, or to resume none or another one; writes nothing."""
        path, there = self.path, self.state.exists()
        if there and not resume:
            raise FileExistsError(f"{path} holds a training run: use --resume or another folder")
        if self.weights.exists() and not there and not resume:
            raise FileExistsError(f"{path} holds a model: name another folder")
        if resume and not there:
            raise FileNotFoundError(f"{path} holds no training to resume: start without --resume")
        if resume and Config.load(path / "config.json") != config:
            raise ValueError(
                f"{path} was started with another configuration than the one asked for"
            )

    @contextmanager
    def alone(self, config: Config, resume: bool) -> Iterator[None]:
        """Make the folder, unless :meth:`check` refuses it, and keep other processes out within."""
        self.check(config, resume)
        make_folder(self.path)
        with claimed(self.path):
            self.check(config, resume)  # what another one has left while this one waited
            yield

    def open(self, config: Config, model: in_keras.DenoiserModel, resume: bool) -> None:
        """Within :meth:`alone`: start a run, or load the state of one into ``model``."""
        if resume:
            model.load_weights(self.state)
            return
        config.save(self.path / "config.json")
        self._write_history([])
        self.checkpoint(model)

    def checkpoint(self, model: in_keras.DenoiserModel) -> None:
        """Save model and optimizer.

        Raises:
            OSError: If they cannot be written; the state before stays.
        """
        part = self.path / ".part.weights.h5"
        try:
            with writing(self.state):
                part.write_bytes(bytes(_most_bytes(model)))  # HDF5 crashes where there is no room
                model.save_weights(part, overwrite=True)
                os.replace(part, self.state)
        finally:
            part.unlink(missing_ok=True)

    def keep(self, model: in_keras.DenoiserModel, finish: Finish = lambda weights: weights) -> None:
        """Save the weights that inference needs, finished."""
        in_numpy.save_weights(self.weights, finish(in_keras.get_weights(model.network)))

    def history(self) -> list[dict[str, float]]:
        """Rows of ``history.csv``; a ValueError names it if it is damaged."""
        _, rows = read_csv(self.log)
        with reading(self.log):
            return [{column: float(row[column]) for column in HISTORY} for row in rows]

    def append(self, row: dict[str, float]) -> None:
        """Add the row of an epoch; one that was written before a kill is replaced."""
        self._write_history([old for old in self.history() if old["epoch"] < row["epoch"]] + [row])

    def _write_history(self, rows: list[dict[str, float]]) -> None:
        lines = [[int(row["epoch"]), *(row[column] for column in HISTORY[1:])] for row in rows]
        write_csv(self.log, HISTORY, lines)


def _most_bytes(model: in_keras.DenoiserModel) -> int:
    """At most so many has the file of a model and its optimizer, float32 and their names."""
    variables = [*model.variables, *model.optimizer.variables]
    return sum(4 * math.prod(variable.shape) + NAME_BYTES for variable in variables)


class Curves:
    """Curves that TensorBoard draws while a training runs.

    Keras' own callback writes them through the package ``tensorboard``, which TensorFlow does not
    bring with it; this needs TensorFlow alone.
    """

    def __init__(self, folder: Path) -> None:
        """Write into ``folder``, which is made with the first point."""
        self.folder = folder
        self._writer: tf.summary.SummaryWriter | None = None

    def add(self, row: dict[str, float]) -> None:
        """Add a point to each curve: a row of the history.

        Raises:
            OSError: If they cannot be written.
        """
        try:
            self._add(row)
        except tf.errors.OpError as error:
            reason = error.message.splitlines()[0].rpartition("; ")[2]
            raise OSError(f"cannot write {self.folder}: {reason}") from None

    def _add(self, row: dict[str, float]) -> None:
        plugin = tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
        kind = tf.compat.v1.SummaryMetadata(plugin_data=plugin)
        self._writer = self._writer or tf.summary.create_file_writer(str(self.folder))
        with self._writer.as_default(step=int(row["epoch"])):
            for name, value in row.items():
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=kind)
        self._writer.flush()


CIRCUMSTANCES = {"command", "versions"}  # may change in the middle of a training run


def write_recipe(run: str | Path, resume: bool = False, **facts: Any) -> None:
    """Write ``recipe.json`` into a run: what it was trained on, so that it can be repeated.

    Args:
        run: Its folder.
        resume: Refuse facts that are not those which the run was started with.
        facts: Anything that JSON can hold.

    Raises:
        ValueError: If it is resumed with other facts, but for command and versions, or those that
            are there are damaged.
    """
    path = Path(run) / "recipe.json"
    text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
    with reading(path):
        before = path.read_text(encoding="utf-8") if resume and path.exists() else text
        other = difference(before, text)
    if other:
        name, was, now = other
        raise ValueError(
            f"{run} was started with another recipe: {name} was {was} and is {now}; "
            "give the first value again, or choose another folder"
        )
    write_whole(path, text)


def difference(before: str | bytes, now: str | bytes) -> tuple[str, Any, Any] | None:
    """The first fact in which two records differ, but for circumstances, with both values."""
    one, other = _flat(json.loads(before)), _flat(json.loads(now))
    names = sorted(one.keys() | other.keys())
    found = ((name, one.get(name), other.get(name)) for name in names)
    return next((fact for fact in found if fact[1] != fact[2]), None)


def _flat(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts without circumstances, and those of a nested record as facts of their own."""
    flat: dict[str, Any] = {}
    for name in facts.keys() - CIRCUMSTANCES:
        fact = facts[name]
        nested = isinstance(fact, dict)
        flat |= {f"{name}.{inner}": fact[inner] for inner in fact} if nested else {name: fact}
    return flat
