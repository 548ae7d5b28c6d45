"""``lstm-se bench``: how fast things are on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..files import write_whole
from ..tables import aligned
from .options import FOLDER
from .terminal import quieten_tensorflow

_BENCHES = ["engines", "training", "xla", "peers", "firmware"]


@click.command("bench")
@click.argument("what", type=click.Choice(_BENCHES), default="engines")
@click.option("--json", "json_path", type=FOLDER, help="Write the figures.")
def bench_command(what: str, json_path: Path | None) -> None:
    """Measure speed on this machine: medians, and ratios within one run.

    firmware counts the instructions that an emulated Cortex-M7 executes: they are the same on every
    machine.

    \b
    Examples:
      lstm-se bench engines
      lstm-se bench training --json training.json
      lstm-se bench firmware
    """
    quieten_tensorflow()
    from ..chip import footprint
    from ..research import bench

    if what == "firmware":
        figures = footprint.measure()
        click.echo(footprint.footprint_table(figures))
    else:
        figures = bench.BENCHES[what]()
        click.echo("\n".join(aligned([(name, f"{n:.3g}") for name, n in figures.items()])))
    if json_path:
        write_whole(json_path, json.dumps(figures, indent=2) + "\n")
