"""What a training is made from: corpora, folders of speech and noise, and the record of them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import soundfile
import tensorflow as tf
from tqdm import tqdm

from ..config import Config
from ..corpora import banks, mini
from ..corpora.mixing import Mixer, Recipe
from ..corpora.pairs import Corpus, Pair, voicebank_demand
from ..network import in_numpy
from ..workers import Progress
from . import fit, pipeline, runs
from .replicas import replicas_of

VALIDATION_SEED = 1_000_003  # far from any seed of a training
WEIGHTS = "weights.npz"
Labelled = list[tuple[str, banks.Bank]]


def train_from(
    corpora: Sequence[Path],
    speech: Sequence[Path],
    noise: Sequence[Path],
    validation_speech: Sequence[Path],
    validation_noise: Sequence[Path],
    preset: str,
    changes: Sequence[str],
    out: Path,
    epochs: int,
    steps: int,
    resume: bool,
    distribute: str = "",
    xla: bool = False,
    initial: Path | None = None,
) -> Path:
    """Train from folders, as ``lstm-se train`` does.

    Args:
        corpora: Folders in VoiceBank-DEMAND's layout, or ``mini``.
        speech: Folders of clean speech to mix.
        noise: Folders of noise to mix.
        validation_speech: Folders of other talkers; the corpora's validation talkers if empty.
        validation_noise: Folders of other noises; the training noises if empty.
        preset: Name of a preset.
        changes: ``FIELD=VALUE`` each.
        out: Folder of the run.
        epochs: Number of epochs.
        steps: Batches in an epoch.
        resume: Continue the run in ``out``.
        distribute: ``mirrored:N``, ``workers:N`` or nothing; see :mod:`lstm_se.training.replicas`.
        xla: Compile the step with XLA.
        initial: Folder of a model to start from, whose configuration takes the preset's place.

    Returns:
        The weights of the best epoch.

    Raises:
        FileNotFoundError: If a folder does not exist or holds no sound.
        ValueError: If there is nothing to train or to validate on.
    """
    given = dict(locals())
    replicas = replicas_of(distribute)  # before anything uses TensorFlow
    config, weights = _begun(preset, initial, _parsed(changes))
    replicas.check(config)
    if replicas.rank == 0:  # before minutes of reading, and before any writing
        runs.Run(out).check(config, resume)
    indexed = [_corpus(folder) for folder in corpora]
    schedule = fit.Schedule(epochs=epochs, steps_per_epoch=steps)
    mixed = bool(speech or noise)
    if mixed:
        sources, used = _mixers(config, indexed, speech, noise, validation_speech, validation_noise)
    else:
        sources, used = _samplers(config, indexed), _listed(indexed)
    with replicas.folder(out, resume) as own:
        own.mkdir(parents=True, exist_ok=True)
        recipe = dataclasses.asdict(Recipe()) if mixed else None
        facts = _facts(config, schedule, used) | {"command": command(given), "mixing": recipe}
        facts |= {"initial_sha256": _digest(initial / WEIGHTS)} if initial else {}
        runs.write_recipe(own, resume, corpora=[folder.name for folder in corpora], **facts)
        banks.write_entries(own / "sources.csv", used)
    options: dict[str, Any] = {"verbose": _verbose(), "replicas": replicas, "xla": xla}
    options["initial"] = weights
    fit.train(config, *sources, out, schedule, resume, **options)
    return runs.Run(out).weights


def _begun(
    preset: str, initial: Path | None, changes: dict[str, Any]
) -> tuple[Config, in_numpy.Weights | None]:
    """The configuration to train, and the weights to start from if there are any."""
    if initial is None:
        return Config.preset(preset, **changes), None
    path = initial / "config.json"
    config = Config.of({**dataclasses.asdict(Config.load(path)), **changes}, str(path))
    return config, in_numpy.load_weights(initial / WEIGHTS, config)


def _facts(config: Config, schedule: fit.Schedule, used: Labelled) -> dict[str, Any]:
    """What ``recipe.json`` says of any training; ``config.json`` says the rest."""
    hours = schedule.steps * config.batch_size * config.segment_seconds / 3600
    entries = [[use, bank.name, *entry] for use, bank in used for entry in bank.entries]
    return {
        "epochs": schedule.epochs,
        "steps": schedule.steps_per_epoch,
        "validation_steps": schedule.validation_steps,
        "patience": schedule.patience,
        "validation_seed": VALIDATION_SEED,
        "hours_of_mixtures": round(hours, 1),
        "minutes": _minutes(used),
        "sources_sha256": hashlib.sha256(json.dumps(entries).encode()).hexdigest(),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Versions of what computes a training."""
    packages = ("lstm-se", "keras", "librosa", "numpy", "scipy", "soxr")
    found = {name: version(name) for name in packages}
    return {"python": platform.python_version(), "tensorflow": tf.__version__, **found}


def command(given: Mapping[str, Any]) -> str:
    """The command line that does what a call of :func:`train_from` did; folders by their name.

    Where they lay is of no use on another machine; ``sources.csv`` tells what was in them.
    """
    words = ["lstm-se", "train"]
    folders = ("speech", "noise", "validation_speech", "validation_noise")
    for option in ("corpora", *folders):
        name = "data" if option == "corpora" else option.replace("_", "-")
        words += [word for folder in given[option] for word in (f"--{name}", folder.name)]
    initial = given["initial"]
    words += ["--initial", initial.name] if initial else ["--preset", given["preset"]]
    words += [word for change in given["changes"] for word in ("--set", change)]
    words += ["--epochs", str(given["epochs"]), "--steps", str(given["steps"])]
    words += ["--distribute", given["distribute"]] if given["distribute"] else []
    words += ["--xla"] if given["xla"] else []
    return shlex.join([*words, "--out", given["out"].name])


def _verbose() -> int:
    """Keras' bar on a terminal, a line for each epoch in a log."""
    return 1 if sys.stderr.isatty() else 2


def _parsed(changes: Iterable[str]) -> dict[str, Any]:
    """``FIELD=VALUE`` to a field and a value; what is not JSON is a word."""
    parsed: dict[str, Any] = {}
    for change in changes:
        field, equals, value = change.partition("=")
        if not equals:
            raise ValueError(f"--set {change}: write FIELD=VALUE, for instance units=[64,64]")
        try:
            parsed[field] = json.loads(value)
        except json.JSONDecodeError:
            parsed[field] = value
    return parsed


def _corpus(folder: Path) -> Corpus:
    """The corpus in a folder, or the bundled one by its name."""
    return mini.mini() if str(folder) == "mini" else voicebank_demand(folder)


def _samplers(config: Config, corpora: Sequence[Corpus]) -> tuple[pipeline.Source, pipeline.Source]:
    """Training and validation segments of the pairs as they are."""
    train = [pair for corpus in corpora for pair in corpus.train]
    validation = [pair for corpus in corpora for pair in corpus.validation]
    if not train or not validation:
        raise ValueError(
            "name a corpus with training and validation talkers, for instance --data mini"
        )
    return (
        pipeline.PairSampler(train, config, seed=config.seed),
        pipeline.PairSampler(validation, config, seed=VALIDATION_SEED),
    )


def _mixers(
    config: Config,
    corpora: Sequence[Corpus],
    speech: Sequence[Path],
    noise: Sequence[Path],
    validation_speech: Sequence[Path],
    validation_noise: Sequence[Path],
) -> tuple[tuple[pipeline.Source, pipeline.Source], Labelled]:
    """Training and validation mixtures, and the files that they are drawn from."""
    talkers = by_speaker(pair for corpus in corpora for pair in corpus.train)
    own = by_speaker(pair for corpus in corpora for pair in corpus.validation)
    others = banks.by_folder(validation_speech) if validation_speech else own
    if not others:
        raise ValueError("no talker to validate on: name --validation-speech or a corpus with some")
    for name, paths in banks.by_folder(speech).items():
        talkers.setdefault(name, []).extend(paths)
    voices = banks.load_speech(talkers, progress=_bar("speech"))
    unheard = banks.load_speech(others, voices=(1.0,), progress=_bar("validation speech"))
    noises = banks.load_noise(banks.by_folder(noise), progress=_bar("noise"))
    held_out = banks.by_folder(validation_noise)
    new = banks.load_noise(held_out, speeds=(1.0,), progress=_bar("validation noise")) or noises
    used = [("train speech", bank) for bank in voices] + [("train noise", bank) for bank in noises]
    used += [("validation speech", bank) for bank in unheard]
    used += [("validation noise", bank) for bank in new if new is not noises]
    refuse_shared_files(used)
    train = _mixer(config, voices, noises, config.seed)
    return (train, _mixer(config, unheard, new, VALIDATION_SEED)), used


def _listed(corpora: Sequence[Corpus]) -> Labelled:
    """Files of the pairs that are taken as they are, by speaker."""
    sides = {"train": [p for c in corpora for p in c.train]}
    sides["validation"] = [p for c in corpora for p in c.validation]
    listed: Labelled = []
    for side, pairs in sides.items():
        for kind in ("clean", "noisy"):
            for speaker in dict.fromkeys(pair.speaker for pair in pairs):
                paths = [getattr(pair, kind) for pair in pairs if pair.speaker == speaker]
                entries = tuple(_entry(path) for path in paths)
                listed.append((f"{side} {kind}", banks.Bank(speaker, (), entries, ())))
    return listed


def _entry(path: Path) -> tuple[str, float, str]:
    """Name, seconds and SHA-256 of a file."""
    return path.name, round(soundfile.info(path).duration, 2), _digest(path)


def _digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def by_speaker(pairs: Iterable[Pair]) -> dict[str, list[Path]]:
    """Clean files of each speaker."""
    groups: dict[str, list[Path]] = {}
    for pair in pairs:
        groups.setdefault(pair.speaker, []).append(pair.clean)
    return groups


def refuse_shared_files(used: Labelled) -> None:
    """A file that trains must not choose the weights as well.

    Raises:
        ValueError: If a file is on both sides.
    """
    sides: dict[str, str] = {}
    for use, bank in used:
        side = use.split()[0]
        for name, _, digest in bank.entries:
            if sides.setdefault(digest, side) != side:
                raise ValueError(f"{name} is used for training and for validation: keep it in one")


def _mixer(
    config: Config, speech: Sequence[banks.Bank], noise: Sequence[banks.Bank], seed: int
) -> Mixer:
    """A mixer of all voices and all noises."""
    talkers = [bank.samples for bank in speech]
    noises = [samples for bank in noise for samples in bank.samples]
    samples = int(config.segment_seconds * config.sample_rate)
    return Mixer(talkers, noises, samples, config.batch_size, seed=seed)


def _bar(name: str) -> Progress:
    """A progress bar over groups of files."""
    return lambda groups: tqdm(groups, name, delay=2, disable=None, leave=False)


def _minutes(used: Labelled) -> dict[str, float]:
    """Minutes of sound by use."""
    uses = dict.fromkeys(use for use, _ in used)
    return {use: round(sum(b.minutes for u, b in used if u == use), 1) for use in uses}
