"""Training as ``lstm-se train`` does it: from folders to a run that says how to do it again."""

from __future__ import annotations

import dataclasses
import json
import platform
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tensorflow as tf

from ..config import Config
from ..corpora import banks
from ..files import sha256_of
from ..network import edit, in_numpy
from . import fit, runs
from .replicas import Replicas, replicas_of
from .sources import Sources, name_of


@dataclass(frozen=True)
class Start:
    """What a training run begins with.

    Attributes:
        preset: Name of a preset.
        changes: ``FIELD=VALUE`` each.
        initial: Folder of a model to start from, whose configuration takes the preset's place.
    """

    preset: str = "tiny"
    changes: Sequence[str] = ()
    initial: Path | None = None

    def words(self) -> list[str]:
        """Options of ``lstm-se train`` that ask for it."""
        begin = ["--initial", name_of(self.initial)] if self.initial else ["--preset", self.preset]
        return [*begin, *self.set_words()]

    def set_words(self) -> list[str]:
        """Those of them that name the changes."""
        return [word for change in self.changes for word in ("--set", change)]

    def config(self) -> Config:
        """The configuration to train.

        Raises:
            FileNotFoundError: If there is no such model.
            ValueError: If there is no such preset or field, or a value is not allowed.
        """
        changes = dict(_parsed(change) for change in self.changes)
        if self.initial is None:
            return Config.preset(self.preset, **changes)
        path = self.initial / "config.json"
        return Config.of({**dataclasses.asdict(Config.load(path)), **changes}, str(path))


def train_from(
    sources: Sources,
    start: Start,
    out: Path,
    schedule: fit.Schedule,
    resume: bool = False,
    distribute: str = "",
    xla: bool = False,
    words: Sequence[str] = (),
    rescale: tuple[float, float] | None = None,
) -> Path:
    """Train from folders, and write down what it takes to do it again.

    Args:
        sources: What to train on.
        start: What to begin with.
        out: Folder of the run.
        schedule: How long.
        resume: Continue the run in ``out``.
        distribute: ``mirrored:N``, ``workers:N`` or nothing; see :mod:`lstm_se.training.replicas`.
        xla: Compile the gradient with XLA.
        words: Options of ``lstm-se train`` that ask for all this, but for ``schedule`` and ``out``;
            spelt out if there are none.
        rescale: Slope and shift of :func:`lstm_se.network.edit.rescale`, for weights that are kept.

    Returns:
        The weights of the best epoch.

    Raises:
        FileExistsError: If ``out`` holds a training run already and ``resume`` is false.
        FileNotFoundError: If a folder does not exist or holds no sound.
        ValueError: If there is nothing to train or to validate on, or the chief has other sound.
    """
    replicas = replicas_of(distribute)  # before anything uses TensorFlow
    config = start.config()
    replicas.check(config)
    if replicas.rank == 0:  # before minutes of reading, and before any writing
        runs.Run(out).check(config, resume)
    parent = start.initial / "weights.npz" if start.initial else None
    initial = in_numpy.load_weights(parent, config) if parent else None
    loaded = sources.load(config)
    hours = schedule.steps * config.batch_size * config.segment_seconds / 3600
    facts = {
        **loaded.facts(),
        "epochs": schedule.epochs,
        "steps": schedule.steps_per_epoch,
        "validation_steps": schedule.validation_steps,
        "patience": schedule.patience,
        "hours_of_mixtures": round(hours, 1),
        "corpora": [name_of(folder) for folder in sources.corpora],
        "command": _command(words or _words(sources, start, distribute, xla), out, schedule),
        "versions": _versions(),
    }
    verbose = 1 if sys.stdout.isatty() else 2  # a bar on a terminal, a line an epoch in a log
    how: dict[str, Any] = {"verbose": verbose, "replicas": replicas, "xla": xla, "initial": initial}
    if parent:
        facts["initial_sha256"] = sha256_of(parent)
    if rescale:
        facts["rescaled"] = dict(zip(("slope", "shift"), rescale, strict=True))
        how["finish"] = partial(edit.rescaled, config, slope=rescale[0], shift=rescale[1])
    _agree(replicas, facts)
    if replicas.rank == 0:
        with runs.Run(out).alone(config, resume):
            runs.write_recipe(out, resume, **facts)
            banks.write_entries(out / "sources.csv", loaded.used)
    data = loaded.train, loaded.validation
    fit.train(config, *data, out, schedule, resume, **how)
    return runs.Run(out).weights


def _agree(replicas: Replicas, facts: dict[str, Any]) -> None:
    """Refuse to share a run among machines that have other sound, or were asked for another one."""
    own = json.dumps(facts).encode()
    if other := runs.difference(replicas.of_chief(own), own):
        name, chiefs, ours = other
        raise ValueError(
            f"worker {replicas.rank} has another {name} than worker 0, {ours} and not {chiefs}: "
            "give both the same command and the same files"
        )
    replicas.of_chief(b"agreed")  # or the chief would go on, and write, while another one refuses


def _parsed(change: str) -> tuple[str, Any]:
    """``FIELD=VALUE`` as a field and a value; what is neither JSON nor ``.006`` is a word."""
    field, equals, value = change.partition("=")
    if not equals:
        raise ValueError(f"--set {change}: write FIELD=VALUE, for instance units=[64,64]")
    for read in (json.loads, float):
        with suppress(ValueError):
            return field, read(value)
    return field, value


def _words(sources: Sources, start: Start, distribute: str, xla: bool) -> list[str]:
    """Options that name each folder and each choice."""
    words = [*sources.words(), *start.words()]
    words += ["--distribute", distribute] if distribute else []
    return [*words, "--xla"] if xla else words


def _command(words: Sequence[str], out: Path, schedule: fit.Schedule) -> str:
    """The command line that does the same."""
    length = ["--epochs", str(schedule.epochs), "--steps", str(schedule.steps_per_epoch)]
    return shlex.join(["lstm-se", "train", *words, *length, "--out", name_of(out)])


def _versions() -> dict[str, str]:
    """Versions of what computes a training run."""
    packages = ("lstm-se", "keras", "librosa", "numpy", "scipy", "soxr")
    own = {"python": platform.python_version(), "tensorflow": tf.__version__}
    return own | {package: version(package) for package in packages}
