"""What a training run draws its batches from, and the record of every file behind them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..config import Config
from ..corpora import banks, mini
from ..corpora.mixing import Mixer, Recipe
from ..corpora.pairs import Corpus, Pair, voicebank_demand
from ..corpora.recordings import StoredPair, from_store
from ..sound.noises import TRAINING_SYNTHETIC
from ..workers import Progress
from . import pipeline

TRAINING_RECIPE = Recipe(synthetic=0.3, synthetic_kinds=TRAINING_SYNTHETIC, synthetic_pool=64)
VALIDATION_SEED = 1_000_003  # far from any seed of a training run
Labelled = Sequence[tuple[str, banks.Bank]]


@dataclass(frozen=True)
class Loaded:
    """Sources that batches can be drawn from.

    Attributes:
        train: Batches to train on.
        validation: Batches that choose the weights to keep.
        used: The files of both, as banks, each with its use: ``"train speech"`` or another.
        mixing: Recipe of the mixtures to train on; ``None`` where pairs are taken as they are.
    """

    train: pipeline.Source
    validation: pipeline.Source
    used: Labelled
    mixing: Recipe | None = None

    def facts(self) -> dict[str, Any]:
        """What ``recipe.json`` says of them: minutes by use, a digest of all files, the mixing."""
        entries = [[use, bank.name, *entry] for use, bank in self.used for entry in bank.entries]
        minutes = dict.fromkeys((use for use, _ in self.used), 0.0)
        for use, bank in self.used:
            minutes[use] += bank.minutes
        return {
            "minutes": {use: round(total, 1) for use, total in minutes.items()},
            "mixing": dataclasses.asdict(self.mixing) if self.mixing else None,
            "sources_sha256": hashlib.sha256(json.dumps(entries).encode()).hexdigest(),
            "validation_seed": VALIDATION_SEED,
        }


@dataclass(frozen=True)
class Sources:
    """Where the sound of a training run lies.

    Attributes:
        corpora: Folders in VoiceBank-DEMAND's layout, or ``mini``.
        speech: Folders of clean speech to mix.
        noise: Folders of noise to mix.
        validation_speech: Folders of other talkers; the corpora's validation talkers if empty.
        validation_noise: Folders of other noises; the training noises if empty.
    """

    corpora: Sequence[Path] = ()
    speech: Sequence[Path] = ()
    noise: Sequence[Path] = ()
    validation_speech: Sequence[Path] = ()
    validation_noise: Sequence[Path] = ()

    def words(self) -> list[str]:
        """Options of ``lstm-se train`` that name them: folders without where they lay.

        That is of no use on another machine; ``sources.csv`` tells what was in them.
        """
        options = {
            "--data": self.corpora,
            "--speech": self.speech,
            "--noise": self.noise,
            "--validation-speech": self.validation_speech,
            "--validation-noise": self.validation_noise,
        }
        return [w for option, paths in options.items() for p in paths for w in (option, name_of(p))]

    def load(self, config: Config) -> Loaded:
        """Read them: the pairs of the corpora as they are, or, with speech or noise, to mix.

        Raises:
            FileNotFoundError: If a folder does not exist or holds no sound.
            ValueError: If there is nothing to train or to validate on, or a file is on both sides.
        """
        corpora = [_corpus(folder) for folder in self.corpora]
        train = [pair for corpus in corpora for pair in corpus.train]
        validation = [pair for corpus in corpora for pair in corpus.validation]
        if self.speech or self.noise:
            return self._mixed(config, train, validation)
        if not train or not validation:
            raise ValueError(
                "name a corpus with training and validation talkers, for instance --data mini"
            )
        if self.validation_speech or self.validation_noise:
            raise ValueError(
                "--validation-speech and --validation-noise are for mixtures: "
                "name --speech or --noise, too"
            )
        pairs = from_store([*train, *validation])
        learnt, held_out = pairs[: len(train)], pairs[len(train) :]
        used = [*_listed("train", learnt), *_listed("validation", held_out)]
        _refuse_shared_files(used)
        return Loaded(
            pipeline.PairSampler(learnt, config, seed=config.seed),
            pipeline.PairSampler(held_out, config, seed=VALIDATION_SEED),
            used,
        )

    def _mixed(self, config: Config, train: Iterable[Pair], validation: Iterable[Pair]) -> Loaded:
        """Mixtures of all talkers and all noises."""
        talkers = by_speaker(train)
        others = banks.by_folder(self.validation_speech) or by_speaker(validation)
        if not others:
            raise ValueError(
                "no talker to validate on: name --validation-speech or a corpus with some"
            )
        for name, paths in banks.by_folder(self.speech).items():
            talkers.setdefault(name, []).extend(paths)
        load_speech = partial(banks.load_speech, in_store=True)
        load_noise = partial(banks.load_noise, in_store=True)
        speech = load_speech(talkers, progress=_bar("speech"))
        judges = load_speech(others, voices=(1.0,), progress=_bar("validation speech"))
        noise = load_noise(banks.by_folder(self.noise), progress=_bar("noise"))
        groups = banks.by_folder(self.validation_noise)
        held_out = load_noise(groups, speeds=(1.0,), progress=_bar("validation noise"))
        uses = "train speech", "train noise", "validation speech", "validation noise"
        loaded = speech, noise, judges, held_out
        used = [(use, b) for use, group in zip(uses, loaded, strict=True) for b in group]
        _refuse_shared_files(used)
        train_mixer = _mixer(config, speech, noise, config.seed, TRAINING_RECIPE)
        # by the plain recipe, so that the losses of all training runs on these recordings compare
        judge = _mixer(config, judges, held_out or noise, VALIDATION_SEED, Recipe())
        return Loaded(train_mixer, judge, used, TRAINING_RECIPE)


def name_of(folder: Path) -> str:
    """What a folder is called, also where it is named by its place, as ``.``."""
    return os.path.basename(os.path.abspath(folder))


def by_speaker(pairs: Iterable[Pair]) -> dict[str, list[Path]]:
    """Clean files of each speaker."""
    groups: dict[str, list[Path]] = {}
    for pair in pairs:
        groups.setdefault(pair.speaker, []).append(pair.clean)
    return groups


def _corpus(folder: Path) -> Corpus:
    """The corpus in a folder, or the bundled one by its name."""
    return mini.mini() if str(folder) == "mini" else voicebank_demand(folder)


def _listed(side: str, pairs: Sequence[StoredPair]) -> Labelled:
    """Files of the pairs that are taken as they are, by speaker."""
    listed = []
    for number, kind in enumerate(("clean", "noisy")):
        for speaker in dict.fromkeys(pair.speaker for pair in pairs):
            entries = tuple(p.sounds[number].entry for p in pairs if p.speaker == speaker)
            listed.append((f"{side} {kind}", banks.Bank(speaker, (), entries, refused=())))
    return listed


def _refuse_shared_files(used: Labelled) -> None:
    """A file that trains must not choose the weights as well."""
    sides: dict[str, str] = {}
    for use, bank in used:
        side = use.split()[0]
        for name, _, digest in bank.entries:
            if sides.setdefault(digest, side) != side:
                raise ValueError(f"{name} is used for training and for validation: keep it in one")


def _mixer(
    config: Config,
    speech: Sequence[banks.Bank],
    noise: Sequence[banks.Bank],
    seed: int,
    recipe: Recipe,
) -> Mixer:
    """A mixer of all voices and all noises."""
    voices = [bank.samples for bank in speech]
    noises = [samples for bank in noise for samples in bank.samples]
    length = int(config.segment_seconds * config.sample_rate)
    return Mixer(voices, noises, length, config.batch_size, recipe, seed)


def _bar(name: str) -> Progress:
    """A progress bar over groups of files."""
    return lambda groups: tqdm(groups, name, delay=2, disable=None, leave=False)
