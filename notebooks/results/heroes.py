"""Compare a new model with an old one in pairs, and write ``09_heroes.json``.

Usage: ``python notebooks/results/heroes.py NEW [OLD] [--second DIR] [--pairs DIR] [--out FILE]``,
with the folder of a run or the name of a model. Both run in float and as the C of the firmware, on
the bundled test set, on the same speech in loud rooms, and on two more if they are there:
``data/second_test.py --out DIR`` builds the second test set, and ``--pairs`` names a folder with
``clean``, ``noisy`` and a ``pairs.csv`` that says ``utterance`` and ``stratum_db``. There the means
are those within the strata, and then over them: not the score that others give for a whole set.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import command, fingerprint, minus, rounded, write_json

import lstm_se
import numpy as np
from lstm_se.chip import engines
from lstm_se.corpora.mixing import mix
from lstm_se.corpora.pairs import Pair, pair_folders, paired
from lstm_se.network.pretrained import folder_of
from lstm_se.scoring import stress
from lstm_se.scoring.evaluation import Utterance, evaluate
from lstm_se.scoring.report import LABELS, Report
from lstm_se.scoring.statistics import stratified_interval
from lstm_se.sound.rooms import early, impulse_response, reverberate
from lstm_se.tables import aligned

from robustness import test_noises

RESULTS = Path(__file__).with_name("09_heroes.json")
METRICS = ("pesq_wb", "stoi", "estoi", "si_sdr", "sdr")
QUESTIONS = (("new", "old"), ("new int8", "old int8"), ("new int8", "new"), ("old int8", "old"))
LOUD_DBFS = -0.1  # peak of a file that somebody has normalised
DRIFT_MINUTES = 60.0

Strata = Mapping[str, Any]  # name of an utterance to its stratum
Values = Mapping[str, float]  # by name of the utterance


@dataclass(frozen=True)
class InLoudRoom:
    """A pair as it would be in a reverberant room, at an SNR of -6 to 9 dB, at full scale."""

    pair: Pair
    number: int

    @property
    def name(self) -> str:
        """That of the pair."""
        return self.pair.name

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """Speech with its early reflections, and all that the microphone hears."""
        rng = np.random.default_rng(self.number)
        clean, noisy = self.pair.load()
        rooms = [
            impulse_response(rng, rng.choice(stress.ROOMS_SECONDS), rng.uniform(-6, 3))
            for _ in range(2)
        ]
        speech, noise = map(reverberate, (clean, noisy - clean), rooms)
        _, noisy = mix(speech, noise, rng.uniform(-6, 9))
        return reverberate(clean, early(rooms[0])), stress.in_16_bits(noisy, LOUD_DBFS)


def over(values: Values, strata: Strata) -> dict[str, float]:
    """Mean and interval of some values: of all alike, but within the strata where there are any."""
    groups = defaultdict(list)
    for name, value in values.items():
        groups[strata.get(name)].append(value)
    found = stratified_interval(groups.values())
    return {"n": len(values), **found._asdict()}


def summary(scores: Mapping[str, Values], strata: Strata) -> dict[str, Any]:
    """Means of all systems, and their differences."""
    means = {system: over(values, strata) for system, values in scores.items()}
    differences = {
        f"{ours} minus {theirs}": over(minus(scores[ours], scores[theirs]), strata)
        for ours, theirs in QUESTIONS
    }
    return {"means": means, "differences": differences}


def compared(
    utterances: Iterable[Utterance], systems: Mapping[str, Any], strata: Strata, jobs: int | None
) -> dict[str, Any]:
    """All metrics on one set."""
    report: Report = evaluate(list(utterances), systems, METRICS, jobs=jobs)
    for failure in report.failures:
        print("failed:", *failure)
    return {
        metric: summary({s: report.values(s, metric) for s in report.systems}, strata)
        for metric in METRICS
    }


def clean_speech(systems: Mapping[str, Any], pairs: Iterable[Pair]) -> dict[str, Any]:
    """What the systems leave of speech that had no noise to lose."""
    cleans = {pair.name: pair.load()[0] for pair in pairs}
    scores: dict[str, dict[str, Values]] = defaultdict(dict)
    for system, enhance in systems.items():
        for metric, values in stress.clean_speech(enhance, cleans.values()).items():
            scores[metric][system] = dict(zip(cleans, values, strict=True))
    return {metric: summary(by_system, {}) for metric, by_system in scores.items()}


def of_all(measure: Callable[[Any], float], systems: Mapping[str, Any]) -> dict[str, float]:
    """One number for each system."""
    return {system: measure(enhance) for system, enhance in systems.items()}


def table(metrics: Mapping[str, Any]) -> str:
    """What was found on one set, for a monospaced font."""
    rows = [["metric", "what", "n", "mean", "95 % interval"]]
    for metric, found in metrics.items():
        label, digits = LABELS[metric]
        for what, line in {**found["means"], **found["differences"]}.items():
            sign = "+" if "minus" in what else ""
            mean, low, high = (f"{line[k]:{sign}.{digits + 1}f}" for k in ("mean", "low", "high"))
            rows.append([label, what, str(line["n"]), mean, f"{low} to {high}"])
    return "\n".join(aligned(rows, head=True))


def strata_of(folder: Path) -> dict[str, str]:
    """Stratum of each utterance of a folder, from its ``pairs.csv``."""
    with (folder / "pairs.csv").open(newline="", encoding="utf-8") as file:
        return {row["utterance"]: row["stratum_db"] for row in csv.DictReader(file)}


def arguments(description: str | None, out: Path) -> argparse.ArgumentParser:
    """A parser with the options of all scripts that score these sets."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--second", type=Path, metavar="DIR")
    parser.add_argument("--pairs", type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, default=out, metavar="FILE")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes")
    return parser


def sets_of(second: Path | None, pairs: Path | None) -> dict[str, tuple[list[Pair], Strata]]:
    """Utterances of the sets that are there, beside the bundled one, and their strata."""
    sets: dict[str, tuple[list[Pair], Strata]] = {}
    if second:
        sets["second"] = paired(*pair_folders(second, "testset")), {}
    if pairs:
        sets["pairs, stratified"] = paired(pairs / "clean", pairs / "noisy"), strata_of(pairs)
    return sets


def main() -> None:
    """Measure and write."""
    parser = arguments(__doc__, RESULTS)
    parser.add_argument("new", help="folder or name of a model")
    parser.add_argument("old", nargs="?", default="tiny", help="and of the one before (tiny)")
    given = parser.parse_args()
    models = {"new": given.new, "old": given.old}
    systems = {role: engines.load(model) for role, model in models.items()}
    facts = {
        role: {"model": folder_of(model).name, "integers": fingerprint(systems[role])}
        for role, model in models.items()
    }
    systems |= {f"{role} int8": engines.load(model, "firmware") for role, model in models.items()}
    mini = lstm_se.mini().test
    sets: dict[str, tuple[Iterable[Utterance], Strata]] = {
        "mini": (mini, {}),
        "loud rooms": ([InLoudRoom(pair, k) for k, pair in enumerate(mini)], {}),
    }
    sets |= sets_of(given.second, given.pairs)
    made = command("heroes.py NEW OLD", second=given.second, pairs=given.pairs)
    content: dict[str, Any] = {"command": made, **facts, "sets": {}}
    for name, (utterances, strata) in sets.items():
        content["sets"][name] = compared(utterances, systems, strata, given.jobs)
        print(f"\n{name}\n{table(content['sets'][name])}", flush=True)
    content["clean_speech"] = clean_speech(systems, mini)
    print(f"\nclean speech\n{table(content['clean_speech'])}")
    content["noise_reduction_db"] = {
        kind: of_all(lambda enhance, sound=sound: stress.reduction_db(enhance, sound), systems)
        for kind, sound in test_noises().items()
    }
    print("\nnoise alone falls by (dB)", rounded(content["noise_reduction_db"]))
    noisy = mini[0].load()[1]
    content["drift_db"] = {"minutes": DRIFT_MINUTES} | of_all(
        lambda enhance: stress.drift_db(enhance.stream().process, noisy, DRIFT_MINUTES), systems
    )
    print("drift", rounded(content["drift_db"]))
    write_json(given.out, rounded(content))


if __name__ == "__main__":
    main()
