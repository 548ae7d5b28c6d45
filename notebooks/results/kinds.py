"""Score a model by the kind of noise, mark the six weakest kinds, and write ``09_kinds.json``.

Usage: ``python notebooks/results/kinds.py MODEL [--minus OLD] [--second DIR] [--out FILE]``: the
folder of a run or the name of a model, and of one to compare it with in pairs. The bundled test set
is always there; ``data/second_test.py --out DIR`` builds the second one.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from common import command, fingerprint, minus, rounded, write_json

import lstm_se
import numpy as np
from lstm_se.corpora.pairs import Pair, conditions_of, pair_folders, paired
from lstm_se.network.pretrained import folder_of, load_float
from lstm_se.scoring.evaluation import evaluate
from lstm_se.scoring.report import BASELINE, LABELS, Report
from lstm_se.scoring.statistics import student_interval
from lstm_se.scoring.stress import reduction_db
from lstm_se.tables import aligned

RESULTS = Path(__file__).with_name("09_kinds.json")
METRICS = ("pesq_wb", "estoi", "sdr")
WEAKEST = 6


def by_kind(root: Path, pairs: Iterable[Pair]) -> dict[str, list[Pair]]:
    """Pairs of a corpus by the kind of noise: ``keyboard_2`` is a keyboard."""
    conditions = conditions_of(root)
    kinds = defaultdict(list)
    for pair in pairs:
        kinds[re.split("_|-of-", conditions[pair.name][0])[0]].append(pair)
    return dict(kinds)


def stated(values: Iterable[float]) -> dict[str, float]:
    """Mean and 95 % interval of a few values, rounded: a kind has three files, or ten."""
    return rounded(student_interval(values)._asdict())


def line_of(report: Report) -> dict[str, Any]:
    """Mean, gain over the noisy files and, with an old model, over that, for each metric."""
    line: dict[str, Any] = {}
    for metric in report.metrics:
        values = {system: report.values(system, metric) for system in report.systems}
        ours = values.pop("new")
        line[metric] = {"n": len(ours), "mean": stated(ours.values())} | {
            f"minus {system}": stated(minus(ours, theirs).values())
            for system, theirs in values.items()
        }
    return line


def falls_db(enhance: Any, pairs: Iterable[Pair]) -> list[float]:
    """By how much the noise of each pair falls when it is alone."""
    return [reduction_db(enhance, noisy - clean) for clean, noisy in (p.load() for p in pairs)]


def measured(
    kinds: Mapping[str, list[Pair]], systems: Mapping[str, Any], jobs: int | None
) -> dict[str, Any]:
    """A line for each kind."""
    pairs = [pair for group in kinds.values() for pair in group]
    report = evaluate(pairs, systems, METRICS, jobs=jobs)
    lines = {}
    for kind, group in kinds.items():
        names = {pair.name for pair in group}
        part = Report(tuple(row for row in report.rows if row.name in names), METRICS)
        lines[kind] = line_of(part) | {"alone_db": stated(falls_db(systems["new"], group))}
    return lines


def weakest(lines: Mapping[str, Any]) -> list[str]:
    """The kinds in which the model gains least: those of the lowest mean rank over the metrics."""
    gains = [[line[m][f"minus {BASELINE}"]["mean"] for line in lines.values()] for m in METRICS]
    ranks = np.argsort(np.argsort(gains, axis=1), axis=1).mean(0)
    return [list(lines)[k] for k in np.argsort(ranks, kind="stable")[:WEAKEST]]


def table(lines: Mapping[str, Any], marked: Iterable[str]) -> str:
    """A row for each kind; an asterisk marks the weakest."""
    against = [key for key in next(iter(lines.values()))["sdr"] if key.startswith("minus")]
    heads = [f"{LABELS[metric][0]} {key}" for key in against for metric in METRICS]
    rows = [["", "kind", "n", *heads, "alone, dB"]]
    for kind, line in lines.items():
        cells = [
            "{mean:+.{d}f} [{low:+.{d}f}, {high:+.{d}f}]".format(**line[m][key], d=LABELS[m][1])
            for key in against
            for m in METRICS
        ]
        alone = "{mean:.1f} [{low:.1f}, {high:.1f}]".format(**line["alone_db"])
        rows.append(["*" if kind in marked else "", kind, str(line["sdr"]["n"]), *cells, alone])
    return "\n".join(aligned(rows, head=True))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="folder or name")
    parser.add_argument("--minus", metavar="OLD", help="another one, to compare it with")
    parser.add_argument("--second", type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes")
    given = parser.parse_args()
    models = {"new": given.model} | ({"old": given.minus} if given.minus else {})
    systems = {role: load_float(model) for role, model in models.items()}
    mini = lstm_se.mini()
    corpora = {mini.root: mini.test}
    if given.second:
        corpora[given.second] = paired(*pair_folders(given.second, "testset"))
    lines: dict[str, Any] = {}
    for root, pairs in corpora.items():  # one by one, for both have an allison_001
        lines |= measured(by_kind(root, pairs), systems, given.jobs)
    marked = weakest(lines)
    print(table(lines, marked))
    facts = {
        role: {"model": folder_of(model).name, "integers": fingerprint(systems[role])}
        for role, model in models.items()
    }
    made = command("kinds.py MODEL", minus=given.minus, second=given.second)
    write_json(given.out, rounded({"command": made, **facts, "kinds": lines, "weakest": marked}))


if __name__ == "__main__":
    main()
