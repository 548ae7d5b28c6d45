"""What a training is made from: corpora, folders of speech and noise, and the record of them."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from . import banks, bundled, pipeline, runs, training
from .config import Config
from .datasets import Corpus, Pair, voicebank_demand
from .mixing import Mixer, Recipe

VALIDATION_SEED = 1_000_003  # far from any seed of a training
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

    Returns:
        The weights of the best epoch.

    Raises:
        FileNotFoundError: If a folder does not exist or holds no sound.
        ValueError: If there is nothing to train or to validate on.
    """
    config = Config.preset(preset, **_parsed(changes))
    runs.Run(out).check(config, resume)  # before minutes of reading, and before any writing
    indexed = [_corpus(folder) for folder in corpora]
    schedule = training.Schedule(epochs=epochs, steps_per_epoch=steps)
    if speech or noise:
        sources, used = _mixers(config, indexed, speech, noise, validation_speech, validation_noise)
    else:
        sources, used = _samplers(config, indexed), []
    out.mkdir(parents=True, exist_ok=True)
    banks.write_entries(out / "sources.csv", used)
    facts = {"corpora": [str(folder.name) for folder in corpora], "epochs": epochs, "steps": steps}
    hours = round(epochs * steps * config.batch_size * config.segment_seconds / 3600, 1)
    recipe = dataclasses.asdict(Recipe()) if used else None
    runs.describe(out, **facts, hours_of_mixtures=hours, mixing=recipe, minutes=_minutes(used))
    training.train(config, *sources, out, schedule, resume, verbose=_verbose())
    return runs.Run(out).weights


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
    return bundled.mini() if str(folder) == "mini" else voicebank_demand(folder)


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
    noises = banks.load_noise(banks.by_folder(noise), _bar("noise"))
    new = banks.load_noise(banks.by_folder(validation_noise), _bar("validation noise")) or noises
    used = [("train speech", bank) for bank in voices] + [("train noise", bank) for bank in noises]
    used += [("validation speech", bank) for bank in unheard]
    used += [("validation noise", bank) for bank in new if new is not noises]
    refuse_overlap(used)
    train = _mixer(config, voices, noises, config.seed)
    return (train, _mixer(config, unheard, new, VALIDATION_SEED)), used


def by_speaker(pairs: Iterable[Pair]) -> dict[str, list[Path]]:
    """Clean files of each speaker."""
    groups: dict[str, list[Path]] = {}
    for pair in pairs:
        groups.setdefault(pair.speaker, []).append(pair.clean)
    return groups


def refuse_overlap(used: Labelled) -> None:
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
    voices = [samples for bank in speech for samples in bank.samples]
    noises = [samples for bank in noise for samples in bank.samples]
    samples = int(config.segment_seconds * config.sample_rate)
    return Mixer(voices, noises, samples, config.batch_size, seed=seed)


def _bar(name: str) -> banks.Progress:
    """A progress bar over groups of files."""
    return lambda groups: tqdm(groups, name, delay=2, disable=None, leave=False)


def _minutes(used: Labelled) -> dict[str, float]:
    """Minutes of sound by use."""
    uses = dict.fromkeys(use for use, _ in used)
    return {use: round(sum(b.minutes for u, b in used if u == use), 1) for use in uses}
