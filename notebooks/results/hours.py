"""Quality against hours of training: score runs of one recipe, and write ``09_hours.json``.

Usage: ``python notebooks/results/hours.py FIRST RUN ... [--second DIR] [--pairs DIR] [--out FILE]``,
with the folders of training runs that differ in length or seed alone, such as those of
``lstm-se train --recipe tiny --epochs 12 --data open --out RUN``. All are compared with the first.
The sets are those of ``heroes.py``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

from common import command, minus, rounded, write_json

import lstm_se
from lstm_se.config import Config
from lstm_se.network.pretrained import load_float
from lstm_se.scoring.evaluation import Utterance, evaluate
from lstm_se.scoring.report import BASELINE
from lstm_se.training.fit import kept
from lstm_se.training.runs import Run

from heroes import Strata, arguments, over, sets_of

RESULTS = Path(__file__).with_name("09_hours.json")
METRICS = ("pesq_wb", "estoi", "sdr")


def facts(run: Path) -> dict[str, Any]:
    """How long a run trained, and what it came to on its own validation clips."""
    recipe = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
    config, history = Config.load(run / "config.json"), Run(run).history()
    return {
        "network": config.name,
        "learning_rate": config.learning_rate,
        "seed": config.seed,
        "epochs": len(history),
        "hours_of_sound": recipe["hours_of_mixtures"],
        "seconds_an_epoch": median(row["seconds"] for row in history),
        "validation_loss": kept(history)["val_loss"],
    }


def scored(
    utterances: Iterable[Utterance], systems: dict[str, Any], strata: Strata, jobs: int | None
) -> dict[str, Any]:
    """Of each system and metric the mean, and its differences to the noisy files and to the first."""
    first = next(iter(systems))
    report = evaluate(list(utterances), systems, METRICS, jobs=jobs)
    found: dict[str, Any] = {}
    for metric in METRICS:
        values = {system: report.values(system, metric) for system in report.systems}
        found[metric] = {
            system: over(scores, strata)
            | {
                "minus_noisy": over(minus(scores, values[BASELINE]), strata),
                "minus_first": over(minus(scores, values[first]), strata),
            }
            for system, scores in values.items()
        }
    return found


def told_apart(parser: argparse.ArgumentParser, folders: Iterable[Path]) -> dict[str, Path]:
    """Runs by the names of their folders; the command ends where two have the same."""
    runs: dict[str, Path] = {}
    for folder in folders:
        if runs.setdefault(folder.name, folder) is not folder:
            parser.error(f"two runs are called {folder.name!r}: rename a folder")
    return runs


def main() -> None:
    """Measure and write."""
    parser = arguments(__doc__, RESULTS)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    given = parser.parse_args()
    runs = told_apart(parser, given.runs)
    systems = {name: load_float(run) for name, run in runs.items()}
    sets = {"mini": (lstm_se.mini().test, {}), **sets_of(given.second, given.pairs)}
    content = {
        "command": command("hours.py FIRST RUN ...", second=given.second, pairs=given.pairs),
        "runs": {name: facts(run) for name, run in runs.items()},
        "sets": {
            name: scored(of, systems, strata, given.jobs) for name, (of, strata) in sets.items()
        },
    }
    write_json(given.out, rounded(content))


if __name__ == "__main__":
    main()
