"""Studies: variants of one configuration, trained with several seeds, and what they differ in.

The results are one JSON file with a score of every file under every run, so that any two variants
can be compared in pairs later on. Nothing here trains; see ``experiments``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..config import Config
from ..files import write_whole
from ..network import in_numpy
from ..scoring.statistics import Difference, crossed_difference

STUDY_METRICS = ("si_sdr", "estoi", "pesq_wb")


@dataclass(frozen=True)
class Variant:
    """One change, or several, to what a study starts from.

    Attributes:
        name: Unlike that of any other variant.
        changes: Fields of the configuration.
        recipe: Fields of the mixing recipe.
        share: Share of the training utterances that is used.
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0

    def config(self, base: Config, seed: int) -> Config:
        """The configuration to train.

        Raises:
            ValueError: If a field does not exist, or a value is not allowed.
        """
        fields = {**dataclasses.asdict(base), **self.changes, "seed": seed}
        return Config.of(fields, f"variant {self.name!r}")


@dataclass(frozen=True)
class Study:
    """What to train.

    Attributes:
        name: Of the study.
        base: Configuration that the variants change.
        variants: The first one is what the others are compared with.
        seeds: Each variant is trained once with each.
        segments: Segments that every run sees, whatever its batch size.
        xla: Compile the steps; no score changes by more than rounding does.
    """

    name: str
    base: Config
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]
    segments: int
    xla: bool = False

    def __post_init__(self) -> None:
        """Refuse a variant that cannot be trained before the first hour is spent."""
        names = [variant.name for variant in self.variants]
        if not names or not self.seeds:
            raise ValueError(f"study {self.name!r} needs at least one variant and one seed")
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two variants of study {self.name!r} are called {twice!r}")
        for variant in self.variants:
            batch = variant.config(self.base, 0).batch_size
            if self.segments < batch or self.segments % batch:
                whole = f"{self.segments} segments are no whole number of batches of {batch}"
                raise ValueError(f"variant {variant.name!r}: {whole}")


def fields_of(config: Config, known: Collection[str]) -> dict[str, Any]:
    """Fields of a configuration that are known, or differ from the preset ``plain``.

    With ``known`` from an older file, a field that has been added since makes no old run void.
    """
    plain = dataclasses.asdict(Config.preset("plain"))
    fields = dataclasses.asdict(config)
    return {k: v for k, v in fields.items() if k in known or v != plain[k]}


def fingerprint(
    study: Study, variant: Variant, seed: int, data: str, known: Collection[str]
) -> str:
    """Changes with all that the scores of a run depend on, except for the code.

    Args:
        study: Gives the base and the number of segments.
        variant: What was trained.
        seed: Of the run.
        data: Fingerprint of all sound.
        known: As :func:`fields_of` takes it.
    """
    fields = fields_of(variant.config(study.base, seed), known)
    facts = [fields, dict(variant.recipe), variant.share, study.segments, data]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def cost(config: Config) -> dict[str, float]:
    """What the network costs: weights, and operations (a multiply-accumulate is two of them)."""
    frames, macs = config.sample_rate / config.hop_length, in_numpy.macs(config)
    speeds = {"mops_per_frame": 2 * macs / 1e6, "mops_per_second": 2 * macs * frames / 1e6}
    return {"weights": in_numpy.parameters(config), **speeds}


@dataclass(frozen=True)
class Results:
    """What a study has found so far, as its JSON file keeps it."""

    content: dict[str, Any]

    @classmethod
    def load(cls, path: str | Path) -> Results:
        """Read what :meth:`save` wrote.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it holds no results of a study.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            missing = {"study", "config", "variants", "sets", "runs"} - set(content)
        except (json.JSONDecodeError, UnicodeDecodeError, TypeError):
            raise ValueError(f"{path} is no JSON file of a study: restore or delete it") from None
        if missing:
            raise ValueError(f"{path} holds no study: {sorted(missing)[0]!r} is missing")
        return cls(content)

    def save(self, path: str | Path) -> None:
        """Write everything, whole or not at all; a line for each run keeps differences small."""
        head = {key: value for key, value in self.content.items() if key != "runs"}
        text = json.dumps(head, indent=1, allow_nan=False).removesuffix("\n}")
        runs = ",\n".join("  " + json.dumps(run, allow_nan=False) for run in self.content["runs"])
        write_whole(path, f'{text},\n "runs": [\n{runs}\n ]\n}}\n')

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the variants that have been trained at least once, the base first."""
        done = {run["variant"] for run in self.content["runs"]}
        return tuple(name for name in self.content["variants"] if name in done)

    def seeds(self, variant: str) -> tuple[int, ...]:
        """Seeds with which a variant has been trained."""
        return tuple(sorted(r["seed"] for r in self.content["runs"] if r["variant"] == variant))

    def scores(self, variant: str, where: str, metric: str) -> np.ndarray:
        """Scores of a variant, shape ``(seeds, files)``; NaN where a measure failed.

        Args:
            variant: Name of a variant; a reference such as ``"noisy"`` has one row.
            where: Name of a set.
            metric: Name of a metric.

        Raises:
            ValueError: If there are no such scores.
        """
        references = self.content["sets"].get(where, {}).get("references", {})
        if variant in references:
            rows = [references[variant].get(metric)]
        else:
            runs = [run for run in self.content["runs"] if run["variant"] == variant]
            runs.sort(key=lambda run: run["seed"])
            rows = [run["scores"].get(where, {}).get(metric) for run in runs]
        if not rows or None in rows:
            raise ValueError(f"no scores of {variant} on {where} in {metric}")
        return np.array(rows, np.float64)

    def difference(self, variant: str, reference: str, where: str, metric: str) -> Difference:
        """Variant minus reference over the seeds that both were trained with, and all files.

        A file that could not be measured under one of the runs is left out of all.
        """
        common = sorted(set(self.seeds(variant)) & set(self.seeds(reference)))
        tables = [
            self.scores(name, where, metric)[[self.seeds(name).index(seed) for seed in common]]
            for name in (variant, reference)
        ]
        table = tables[0] - tables[1]
        return crossed_difference(table[:, np.isfinite(table).all(0)])
