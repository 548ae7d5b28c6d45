"""Compare the shipped model with the denoisers people install, and write ``09_peers.json``.

Usage: ``python notebooks/results/peers.py [--second DIR]``: minutes on two cores. The bundled test
set is always there; ``data/second_test.py --out DIR`` builds the second one. What is not measured
in a run is not in the file, but for two cases: ``--only NAME`` measures one system and leaves the
rest; ``--speed`` measures the speed alone, on a machine that has become quiet.
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
from lstm_se.research import bench
from lstm_se.scoring import adapters, evaluation, peers
from lstm_se.scoring.report import comparison_section, comparison_table

from common import rounded, write_json
from onnx_weights import weights

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
        "weights": weights(name),
        "delay_samples": peers.delay(peer.raw()),
    }


def compared(pairs: Iterable[Pair], names: Iterable[str], jobs: int | None) -> dict[str, Any]:
    """Systems on the same files: means, intervals, and ours minus each other one."""
    blind, oracles = peers.systems(names)
    systems = {MODEL: lstm_se.load(MODEL), **blind}
    report = evaluation.evaluate(list(pairs), systems, jobs=jobs, oracles=oracles)
    print(report.table(), end="\n\n")
    section = comparison_section(report, MODEL)
    print(comparison_table(report.differences(MODEL), MODEL))
    return {"summary": [vars(line) for line in report.summary()], **section}


def with_system(stored: dict[str, Any], measured: dict[str, Any], name: str) -> dict[str, Any]:
    """What is stored of a set, with the rows of one system anew, behind those of the others."""
    merged = dict(stored)
    for part in ("summary", "differences"):
        metrics = dict.fromkeys(row["metric"] for row in stored[part])
        rows = [row for row in stored[part] if row["system"] != name]
        rows += [row for row in measured[part] if row["system"] == name]
        merged[part] = [r for m in metrics for r in rows if r["metric"] == m]
    return merged


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--second", type=Path, metavar="DIR")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes")
    parser.add_argument("--only", metavar="NAME", help="measure one system")
    parser.add_argument("--speed", action="store_true", help="and that alone")
    given = parser.parse_args()
    sets: dict[str, Iterable[Pair]] = {"mini": lstm_se.mini().test}
    if given.second:
        folders = (f"{kind}_testset_wav" for kind in ("clean", "noisy"))
        sets["second"] = paired(*(given.second / name for name in folders))
    if given.speed or given.only:
        content = json.loads(RESULTS.read_text(encoding="utf-8"))
    else:
        content = {
            "model": MODEL,
            "webrtc_level": adapters.WEBRTC_LEVEL,
            "gating_share": adapters.GATING_SHARE,
            "peers": {name: described(name) for name in peers.available()},
            "sets": {key: compared(pairs, [peers.ALL], given.jobs) for key, pairs in sets.items()},
        }
    if given.only:
        for key, pairs in sets.items():
            measured = compared(pairs, [given.only], given.jobs)
            stored = content["sets"][key]
            content["sets"][key] = with_system(stored, measured, given.only)
    else:
        content["speed"] = bench.peers()
    write_json(RESULTS, rounded(content))


if __name__ == "__main__":
    main()
