"""Prune the shipped model, train on from what is left, skip updates: ``pruning.json``.

Run by hand, from the root of the repository; half an hour on an idle core:

    python notebooks/results/pruning.py

Units are chosen, and the training runs fed, by the training half of the bundled
corpus alone; its test half is scored. Trainings are kept in ``_build/pruning``,
under the fingerprint of the weights they began with: started again, the script
goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import fingerprint, scores, write_json

import lstm_se
import numpy as np
from lstm_se.chip import footprint, quantize
from lstm_se.files import shipped
from lstm_se.network import in_numpy, pretrained, prune
from lstm_se.network.denoiser import Denoiser
from lstm_se.research.skipping import Skipping
from lstm_se.scoring.evaluation import evaluate
from lstm_se.training import fit, from_folders
from lstm_se.training.sources import Sources

HERE = Path(__file__).parent
RUNS = HERE.parents[1] / "_build" / "pruning"
METRICS = ("pesq_wb", "estoi", "sdr")
KEPT = (112, 96, 64, 48)
SEEDS = (0, 1, 2)  # of the random choices that ours is compared with
RANDOM_TUNED = (64,)  # from the first seed
EPOCHS, STEPS, RATE = 4, 60, 1e-3  # the best of 1e-3 and 3e-4 on validation
EVERY = (2, 3, 4)
THRESHOLDS = (0.3, 0.35, 0.4, 0.5)

Systems = dict[str, tuple[dict[str, Any], Denoiser]]


def chosen(whole: Denoiser) -> Systems:
    """Every network that only loses units, with what tells it from others."""
    train = lstm_se.mini().train
    heard = prune.activity(whole, [pair.load()[1] for pair in train])
    scores = {
        "contribution": prune.contribution(whole, heard),
        "group norm": prune.group_norm(whole),
    }
    widths = whole.config.units
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        scores[f"random {seed}"] = [rng.random(units) for units in widths]
    systems: Systems = {"unpruned": ({"by": "nothing", "tuned": False}, whole)}
    for by, score in scores.items():
        for kept in KEPT:
            units = [kept] * len(widths)
            narrow = prune.prune(whole, prune.strongest(score, units), heard)
            systems[f"{by}, {kept}"] = ({"by": by, "tuned": False}, narrow)
    return systems


def digest(weights: in_numpy.Weights) -> str:
    """Fingerprint of a network."""
    content = hashlib.sha256()
    for name in sorted(weights):
        content.update(np.ascontiguousarray(weights[name]).tobytes())
    return content.hexdigest()[:12]


def tuned(name: str, start: Denoiser) -> Denoiser:
    """What a short training on the bundled corpus makes of a network."""
    folder = RUNS / f"{digest(start.weights)}-{EPOCHS}-{STEPS}-{RATE}"
    begun, run = folder / "begun", folder / "run"
    if not (run / "history.csv").exists():
        begun.mkdir(parents=True, exist_ok=True)
        start.config.save(begun / "config.json")
        in_numpy.save_weights(begun / "weights.npz", start.weights)
    resume = (run / "checkpoint.weights.h5").exists()
    rows = (run / "history.csv").read_text() if resume else ""
    if rows.count("\n") <= EPOCHS:
        print(f"training on from {name}", flush=True)
        from_folders.train_from(
            Sources(corpora=[Path("mini")], noise=[shipped("mini") / "noise_trainset"]),
            from_folders.Start(changes=[f"learning_rate={RATE}"], initial=begun),
            run,
            fit.Schedule(EPOCHS, STEPS),
            resume=resume,
        )
    return pretrained.load_float(run)


def trained_on(untuned: Systems) -> Iterator[tuple[str, Any]]:
    """Every network that was trained on, and the full one as a control."""
    names = ["unpruned", *(f"contribution, {kept}" for kept in KEPT)]
    names += [f"random {SEEDS[0]}, {kept}" for kept in RANDOM_TUNED]
    for name in names:
        facts, start = untuned[name]
        yield f"{name}, tuned", ({**facts, "tuned": True}, tuned(name, start))


def size(denoiser: Denoiser) -> dict[str, Any]:
    """What a network has and computes."""
    config = denoiser.config
    return {
        "units": list(config.units),
        "weights": in_numpy.parameters(config),
        "macs_per_frame": in_numpy.macs(config),
    }


def costs(denoiser: Denoiser) -> dict[str, Any]:
    """What its firmware takes, counted on an emulated Cortex-M7."""
    whole = quantize.quantize(denoiser.weights, denoiser.config)
    figures = footprint.measure(model=whole)
    names = ("flash_bytes", "ram_bytes", "instructions_per_frame")
    return {
        **size(denoiser),
        **{name: figures[name] for name in names},
        "estimated_ms": [round(ms, 3) for ms in figures["estimated_ms"]],
    }


def skipping() -> dict[str, Skipping]:
    """Rules by which updates are left out."""
    rules = {f"every {n}": Skipping(every=n) for n in EVERY}
    moved = {f"moved {t}": Skipping(threshold=t) for t in THRESHOLDS}
    return {**rules, **moved}


def told(rule: Skipping, whole: Denoiser) -> dict[str, Any]:
    """What a rule is, and what it left out on the test set."""
    return {
        "every": rule.every,
        "threshold": rule.threshold,
        "updates_per_frame": round(rule.share, 4),
        "macs_per_frame": round(rule.macs(whole.config)),
    }


def main() -> None:
    """Measure and write."""
    whole = lstm_se.load("tiny")
    systems = chosen(whole)
    systems |= dict(trained_on(systems))
    rules = skipping()
    enhancers: dict[str, Denoiser] = {name: d for name, (_, d) in systems.items()}
    for name, rule in rules.items():
        enhancers[name] = Denoiser(whole.config, whole.weights, rule)
    report = evaluate(lstm_se.mini().test, enhancers, METRICS)
    print(report.table())
    content = {
        "command": "python notebooks/results/pruning.py",
        "sha256": fingerprint(whole),
        "training": {"epochs": EPOCHS, "steps": STEPS, "learning_rate": RATE},
        "failures": len(report.failures),
        "noisy": scores(report, "noisy", "unpruned"),
        "costs": [
            costs(systems[name][1]) for name in ("unpruned", *(f"contribution, {k}" for k in KEPT))
        ],
        "pruned": [
            {**facts, **size(d), "scores": scores(report, name, "unpruned")}
            for name, (facts, d) in systems.items()
        ],
        "skipping": [
            {**told(rule, whole), "scores": scores(report, name, "unpruned")}
            for name, rule in rules.items()
        ],
    }
    write_json(HERE / "pruning.json", content)


if __name__ == "__main__":
    main()
