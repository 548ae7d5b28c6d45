"""Compare the shipped model with the denoisers people install, and write ``09_peers.json``.

Usage: ``python notebooks/results/peers.py [--second DIR]``: minutes on two cores. The bundled test
set is always there; ``data/second_test.py --out DIR`` builds the second one. What is not measured
in a run is not in the file; only ``--speed`` measures the speed alone, on a machine that has become
quiet, and leaves the scores.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lstm_se
from lstm_se.corpora.pairs import Pair, paired
from lstm_se.files import write_whole
from lstm_se.research import bench
from lstm_se.scoring import adapters, evaluation, peers
from lstm_se.scoring.report import (
    comparison_section,
    comparison_table,
    differences,
)

RESULTS = Path(__file__).with_name("09_peers.json")
MODEL = "tiny"


def described(name: str) -> dict[str, Any]:
    """What a reader wants to know about a peer, beside its scores."""
    peer = peers.peer(name)
    return {
        "label": peer.label,
        "kind": peer.kind,
        "package": peer.package,
        "version": version(peer.package) if peer.package else "",
        "licence": peer.licence,
        "weights": peer.weights(),
        "delay_samples": peers.delay(peer.raw()),
    }


def compared(pairs: Iterable[Pair], jobs: int | None) -> dict[str, Any]:
    """Every system on the same files: means, intervals, and ours minus each other one."""
    found, oracles = peers.chosen([peers.ALL])
    systems = {MODEL: lstm_se.load(MODEL), **found}
    report = evaluation.evaluate(
        list(pairs), systems, jobs=jobs, oracles=oracles
    )
    print(report.table(), end="\n\n")
    section = comparison_section(report, MODEL)
    print(comparison_table(differences(report, MODEL), MODEL))
    return {"summary": [vars(line) for line in report.summary()], **section}


def rounded(content: Any) -> Any:
    """The same with numbers of four digits behind the point."""
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [rounded(value) for value in content]
    return round(content, 4) if isinstance(content, float) else content


def write(content: dict[str, Any]) -> None:
    """Put the results into the repository."""
    write_whole(RESULTS, json.dumps(rounded(content), indent=1) + "\n")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--second", type=Path, metavar="DIR")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes")
    parser.add_argument(
        "--speed", action="store_true", help="only, and keep the scores"
    )
    given = parser.parse_args()
    if given.speed:
        content = json.loads(RESULTS.read_text(encoding="utf-8"))
        write(content | {"speed": bench.peers()})
        return
    sets: dict[str, Iterable[Pair]] = {"mini": lstm_se.mini().test}
    if given.second:
        folders = (f"{kind}_testset_wav" for kind in ("clean", "noisy"))
        sets["second"] = paired(*(given.second / name for name in folders))
    content = {
        "model": MODEL,
        "webrtc_level": adapters.WEBRTC_LEVEL,
        "gating_share": adapters.GATING_SHARE,
        "peers": {name: described(name) for name in peers.available()},
        "sets": {k: compared(pairs, given.jobs) for k, pairs in sets.items()},
        "speed": bench.peers(),
    }
    write(content)


if __name__ == "__main__":
    main()
