"""``lstm-se bench``: how fast things are on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..files import write_whole
from ..tables import aligned
from .options import FOLDER
from .terminal import quieten_tensorflow

_TIMED = ["engines", "starts", "training", "xla", "parts", "peers"]
_BENCHES = [*_TIMED, "firmware", "builds", "corpus"]


@click.command("bench")
@click.argument("what", type=click.Choice(_BENCHES), default="engines")
@click.argument("of", metavar="[OF]", required=False, type=FOLDER)
@click.option("--json", "json_path", type=FOLDER, help="Write the figures.")
def bench_command(what: str, of: Path | None, json_path: Path | None) -> None:
    """Measure speed on this machine: medians, and ratios within one run.

    firmware counts the instructions that an emulated Cortex-M7 executes: they are the same on every
    machine. OF is your own model, if it is not to be the shipped one. builds counts for two
    compilers, one of them arm-none-eabi-gcc, at each level of optimisation, and compares the bits.
    corpus starts a training run on the pairs in the folder OF, from their stores and from memory.
    parts tells what takes the processor time of a training run, starts how long a command takes
    from nothing.

    \b
    Examples:
      lstm-se bench engines
      lstm-se bench training --json training.json
      lstm-se bench firmware run
      lstm-se bench corpus corpora/voicebank
    """
    if what == "corpus" and not of:
        raise ValueError("'bench corpus' takes the folder of a corpus")
    if of and what not in ("corpus", "firmware"):
        raise ValueError(f"'bench {what}' takes neither a model nor a folder")
    quieten_tensorflow()
    from ..chip import footprint
    from ..chip.quantize import quantize
    from ..network.pretrained import load_float
    from ..research import bench

    if what == "firmware":
        own = load_float(of) if of else None
        figures = footprint.measure(model=quantize(own.weights, own.config) if own else None)
        click.echo(footprint.footprint_table(figures))
    elif what == "builds":
        figures = footprint.measure_levels()
        heads = ("compiler", "level", *footprint.LEVEL_COLUMNS)
        click.echo("\n".join(aligned([heads, *footprint.levels_table(figures)])))
    else:
        figures = bench.corpus(of) if of else bench.BENCHES[what]()
        click.echo("\n".join(aligned([(name, f"{n:.3g}") for name, n in figures.items()])))
    if json_path:
        write_whole(json_path, json.dumps(figures, indent=2) + "\n")
