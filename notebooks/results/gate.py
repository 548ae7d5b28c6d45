"""Whether a network deserves its long run: short runs on validation clips, in ``10_gate.json``.

Usage: ``python notebooks/results/gate.py FIRST RUN ... --data DIR [--clips N] [--out FILE]``, with
the folders of finished training runs and the folder of ``lstm-se data open`` that they learned
from. All are compared with the first, clip by clip. No test set is looked at, so what is found here
may decide what is trained next.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

from common import command, rounded, write_json

from lstm_se.network.pretrained import load_float
from lstm_se.research.run_report import spoken
from lstm_se.training.recipes import RECIPES, recipe_of

from hours import facts, scored, told_apart

RESULTS = Path(__file__).with_name("10_gate.json")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--clips", type=int, default=96, metavar="N")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes")
    given = parser.parse_args()
    runs = told_apart(parser, given.runs)
    systems = {name: load_float(run) for name, run in runs.items()}
    config = next(iter(systems.values())).config
    validation = recipe_of(next(iter(RECIPES))).sources(given.data).load(config).validation
    clips = list(itertools.islice(spoken(validation), given.clips))
    content = {
        "command": command("gate.py FIRST RUN ...", data=given.data),
        "runs": {name: facts(run) for name, run in runs.items()},
        "clips": scored(clips, systems, {}, given.jobs),
    }
    write_json(given.out, rounded(content))


if __name__ == "__main__":
    main()
