"""What several commands take: a folder or file, a model, a number of processes."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)
MODEL = click.option("--model", default="tiny", show_default=True, help="Name, or folder of a run.")
JOBS = click.option("--jobs", type=click.IntRange(min=1), help="Processes; all cores by default.")
ENGINE = click.option(
    "--engine",
    type=click.Choice(["float", "int8", "firmware"]),
    default="float",
    show_default=True,
    help="float, the microcontroller's integers, or its C compiled here.",
)
