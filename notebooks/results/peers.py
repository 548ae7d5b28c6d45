"""Compare the shipped model with the denoisers people install, and write ``09_peers.json``.

Usage: ``python notebooks/results/peers.py [--second DIR]``: minutes on two cores. The bundled test
set is always there; ``data/second_test.py --out DIR`` builds the second one. What is not measured
in a run is not in the file, but for two cases: ``--only NAME`` measures one system and leaves the
rest, but for systems that are no longer compared; ``--speed`` measures the speed alone, on a
machine that has become quiet.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from common import command, rounded, write_json

import lstm_se
from lstm_se.corpora.pairs import Pair, pair_folders, paired
from lstm_se.research import bench
from lstm_se.scoring import adapters, evaluation, peers
from lstm_se.scoring.report import comparison_section, comparison_table

from onnx_macs import macs_per_second
from onnx_weights import weights

RESULTS = Path(__file__).with_name("09_peers.json")
MODEL = "tiny"


def described() -> dict[str, dict[str, Any]]:
    """What a reader wants to know about each peer, beside its scores."""
    return {
        name: {
            "label": peer.label,
            "kind": peer.kind,
            "package": peer.package,
            "version": peer.version,
            "model": peer.model,
            "corpus": peer.corpus,
            "licence": peer.licence,
            "weights": weights(name),
            "macs_per_second": macs_per_second(name),
            "delay_samples": peers.delay(peer.raw()),
        }
        for name, peer in ((name, peers.peer(name)) for name in peers.available())
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
    """What is stored of a set, with the rows of one system anew and none of unknown ones."""
    order = ["noisy", MODEL, *peers.available(), *peers.ORACLES]
    merged = dict(stored)
    for part in ("summary", "differences"):
        rows = {(row["metric"], row["system"]): row for row in stored[part]}
        rows |= {(r["metric"], r["system"]): r for r in measured[part] if r["system"] == name}
        keys = [(m, system) for m in dict.fromkeys(m for m, _ in rows) for system in order]
        merged[part] = [rows[key] for key in keys if key in rows]
    return merged


def with_speed(stored: dict[str, Any], name: str) -> dict[str, Any]:
    """The stored speeds, and that of one system: its ratio to ours, times ours as it is stored.

    Oracles have none.
    """
    if name in peers.ORACLES:
        return stored
    ratio = bench.peers(names=(name,))[f"{name}_over_tiny"]
    factor = ratio * stored[f"{MODEL}_real_time_factor"]
    merged = stored | {f"{name}_real_time_factor": factor, f"{name}_over_tiny": ratio}
    names = (MODEL, *peers.available())
    keys = [f"{n}_{figure}" for figure in ("real_time_factor", "over_tiny") for n in names]
    return {key: merged[key] for key in ("audio_seconds", *keys) if key in merged}


def renew(
    content: dict[str, Any], name: str, sets: Mapping[str, Iterable[Pair]], jobs: int | None
) -> None:
    """Measure one system, and write after each set."""
    content["peers"] = described()
    content["speed"] = with_speed(content["speed"], name)
    nothing: dict[str, Any] = {"summary": [], "differences": []}
    for key, stored in content["sets"].items():
        measured = compared(sets[key], [name], jobs) if key in sets else nothing
        content["sets"][key] = with_system(stored, measured, name)
        write_json(RESULTS, rounded(content))


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
        sets["second"] = paired(*pair_folders(given.second, "testset"))
    if given.speed or given.only:
        content = json.loads(RESULTS.read_text(encoding="utf-8"))
    else:
        content = {
            "model": MODEL,
            "webrtc_level": adapters.WEBRTC_LEVEL,
            "gating_share": adapters.GATING_SHARE,
            "peers": described(),
            "sets": {key: compared(pairs, [peers.ALL], given.jobs) for key, pairs in sets.items()},
        }
    content = {"command": command("peers.py", second="second" in content["sets"])} | content
    if given.only:
        renew(content, given.only, sets, given.jobs)
    else:
        content["speed"] = bench.peers()
        write_json(RESULTS, rounded(content))


if __name__ == "__main__":
    main()
