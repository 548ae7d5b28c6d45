"""Runs a study: trains every variant with every seed, scores whole files, keeps what is done."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ..config import Config
from ..corpora.pairs import Pair
from ..network import in_keras
from ..network.denoiser import Denoiser
from ..scoring import ideal, metrics
from ..training import fit, pipeline
from .materials import Material, digest_of
from .studies import STUDY_METRICS, Results, Study, Variant, cost, fields_of, fingerprint

DIGITS = 4  # of a score in the file
LOSSES_KEPT = 8  # of a training run: points of its curve
STFT = ("n_fft", "hop_length")  # what an ideal mask depends on


def run_study(
    study: Study,
    material: Material,
    sets: Mapping[str, Sequence[Pair]],
    path: str | Path,
    command: str = "",
    only: Collection[str] = (),
    tell: Callable[[str], None] = print,
) -> Results:
    """Make the runs of a study that are not in its file yet, one after the other.

    The file is written after each run, so that Ctrl-C or a crash loses no more than the one that
    was under way. All variants are trained with the first seed, then with the second. Runs of
    another configuration, recipe or data than the one asked for are left out and made anew.

    Args:
        study: What to train.
        material: What on.
        sets: Pairs to score on, by name; nothing in them may be in the material.
        path: JSON file with the results; made if missing.
        command: What makes the file again, for its reader.
        only: Names of variants to train now; all if empty.
        tell: Is given a line for each run.

    Returns:
        The results, those of earlier calls included.

    Raises:
        ValueError: If the file holds another study or runs of another length, or there is no such
            variant.
    """
    if unknown := sorted(set(only) - {variant.name for variant in study.variants}):
        raise ValueError(f"study {study.name!r} has no variant {unknown[0]!r}")
    digests = {where: digest_of(pairs) for where, pairs in sets.items()}
    data = " ".join([material.digest, *digests.values()])
    results = _opened(study, sets, digests, Path(path), command)
    mark = partial(fingerprint, study, data=data, known=results.content["config"])
    variants = {variant.name: variant for variant in study.variants}
    made = results.content["runs"]
    runs = results.content["runs"] = [
        row
        for row in made
        if row["variant"] in variants
        and row["fingerprint"] == mark(variants[row["variant"]], row["seed"])
    ]
    if stale := len(made) - len(runs):
        tell(f"{stale} runs in the file were made otherwise and are left out")
    loaded = {where: [pair.load() for pair in pairs] for where, pairs in sets.items()}
    for seed in study.seeds:
        for variant in study.variants:
            done = seed in results.seeds(variant.name)
            if not done and (not only or variant.name in only):
                row = _row(study, material, loaded, variant, seed)
                runs.append({**row, "fingerprint": mark(variant, seed)})
                results.save(path)
                means = [
                    f"{where} {np.nanmean(np.array(scores['si_sdr'], float)):.2f} dB"
                    for where, scores in row["scores"].items()
                ]
                tell(f"{variant.name}, seed {seed}: {row['seconds']:.0f} s, {', '.join(means)}")
    return results


def _opened(
    study: Study,
    sets: Mapping[str, Sequence[Pair]],
    digests: Mapping[str, str],
    path: Path,
    command: str,
) -> Results:
    """The runs in the file, under the description of the study as it is now."""
    every = dict.fromkeys(field.name for field in dataclasses.fields(Config))
    old: dict[str, Any] = {"study": study.name, "config": every, "sets": {}, "runs": []}
    if path.exists():
        old = Results.load(path).content
    if old["study"] != study.name:
        raise ValueError(f"{path} holds study {old['study']!r}: name another file")
    if old["runs"] and old["segments"] != study.segments:
        lengths = f"{old['segments']} segments, not of {study.segments}"
        raise ValueError(f"{path} holds runs of {lengths}: name another file, or delete it")
    config = fields_of(study.base, old["config"])
    same_stft = all(old["config"].get(field) == config.get(field) for field in STFT)
    described = {}
    for where, pairs in sets.items():
        described[where] = old["sets"].get(where, {})
        if described[where].get("digest") != digests[where] or not same_stft:
            described[where] = {"digest": digests[where], **_references(study, pairs)}
    variants: dict[str, Any] = {
        v.name: {"changes": dict(v.changes), "recipe": dict(v.recipe), "share": v.share}
        | cost(v.config(study.base, 0))
        for v in study.variants
    }
    asked = {"study": study.name, "command": command, "config": config, "segments": study.segments}
    return Results({**asked, "variants": variants, "sets": described, "runs": old["runs"]})


def _references(study: Study, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Scores of the noisy files, and of what their phase-sensitive masks make of them."""
    loaded, masked = [pair.load() for pair in pairs], []
    for clean, noisy in loaded:
        mask = ideal.phase_sensitive_mask(clean, noisy, study.base)
        masked.append((clean, ideal.masked(noisy, mask, study.base)))
    references = {"noisy": scored(loaded), "oracle": scored(masked)}
    return {"names": [pair.name for pair in pairs], "references": references}


def scored(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> dict[str, list[float | None]]:
    """Score ``(clean, estimate)`` pairs: by metric one value a file, ``None`` if it failed."""
    values = [metrics.score(clean, estimate, STUDY_METRICS).values for clean, estimate in pairs]
    return {
        name: [round(v[name], DIGITS) if name in v else None for v in values]
        for name in STUDY_METRICS
    }


def _row(
    study: Study,
    material: Material,
    loaded: Mapping[str, Sequence[tuple[np.ndarray, np.ndarray]]],
    variant: Variant,
    seed: int,
) -> dict[str, Any]:
    """Train and score one run."""
    config = variant.config(study.base, seed)
    begin = time.monotonic()
    source = material.source(config, variant)
    denoiser, curve = train_segments(config, source, study.segments, study.xla)
    row = {"variant": variant.name, "seed": seed, "seconds": round(time.monotonic() - begin, 1)}
    scores = {
        where: scored([(clean, denoiser(noisy)) for clean, noisy in pairs])
        for where, pairs in loaded.items()
    }
    return {**row, "curve": curve, "scores": scores}


def train_segments(
    config: Config, source: pipeline.Source, segments: int, xla: bool = False
) -> tuple[Denoiser, list[float | None]]:
    """Train for a number of segments and take the last weights: nothing is chosen by any score.

    Returns:
        The denoiser, and the mean training loss of up to ``LOSSES_KEPT`` equal parts of the
        training, one after the other; ``None`` where it is not finite.
    """
    keras.backend.clear_session()
    steps = segments // config.batch_size
    model = fit.compile_model(config, fit.Schedule(1, steps), xla=xla)
    batches = pipeline.dataset(source, 0, steps)
    parts = math.gcd(steps, LOSSES_KEPT)
    history = model.fit(
        batches, epochs=parts, steps_per_epoch=steps // parts, shuffle=False, verbose=0
    ).history
    with model.optimizer.averaged(model.trainable_variables):
        weights = in_keras.get_weights(model.network)
    curve = [round(loss, 5) if np.isfinite(loss) else None for loss in history["loss"]]
    return Denoiser(config, weights), curve
