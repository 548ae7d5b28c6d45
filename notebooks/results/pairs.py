"""Score the shipped model on 142 test pairs of VoiceBank-DEMAND, and write ``09_pairs.json``.

Usage: ``python notebooks/results/pairs.py --pairs DIR`` or ``--corpus DIR``: a folder as
``heroes.py`` takes it, or VoiceBank-DEMAND itself, of which the files that ``09_pairs.json`` names
are taken. The means are those within the SNRs of the mixtures, and then over them: with other
shares of the SNRs than in the whole set, a plain mean would be that of other mixtures.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from common import command, fingerprint, minus, rounded, write_json

from lstm_se.chip import engines
from lstm_se.corpora.pairs import pair_folders, paired
from lstm_se.network.pretrained import load_float
from lstm_se.scoring.evaluation import evaluate
from lstm_se.scoring.report import BASELINE, Report

from heroes import METRICS, Strata, over, strata_of

RESULTS = Path(__file__).with_name("09_pairs.json")
MODEL = "tiny"


def stored_strata() -> dict[str, str]:
    """SNR of each file, as the stored result has it."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))["strata"]


def summary(report: Report, strata: Strata) -> dict[str, Any]:
    """Both systems and their difference, for each metric."""
    found = {}
    for metric in report.metrics:
        before, after = (report.values(system, metric) for system in (BASELINE, MODEL))
        values = {BASELINE: before, MODEL: after, "difference": minus(after, before)}
        found[metric] = {name: over(each, strata) for name, each in values.items()}
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--pairs", type=Path, metavar="DIR")
    source.add_argument("--corpus", type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes")
    given = parser.parse_args()
    strata = strata_of(given.pairs) if given.pairs else stored_strata()
    folders = (
        (given.pairs / "clean", given.pairs / "noisy")
        if given.pairs
        else pair_folders(given.corpus, "testset")
    )
    pairs = [pair for pair in paired(*folders) if pair.name in strata]
    if len(pairs) < len(strata):
        parser.error(f"{folders[0]} holds {len(pairs)} of the {len(strata)} files")
    report = evaluate(pairs, {MODEL: engines.load(MODEL, "int8")}, METRICS, jobs=given.jobs)
    content = {
        "command": command("pairs.py", pairs=given.pairs, corpus=given.corpus),
        "sha256": fingerprint(load_float(MODEL)),
        "strata": strata,
        "metrics": summary(report, strata),
    }
    write_json(given.out, rounded(content))


if __name__ == "__main__":
    main()
