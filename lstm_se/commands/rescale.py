"""``lstm-se rescale``: a softer or stricter mask without training."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FOLDER


@click.command()
@click.argument("model")
@click.option("--slope", default=1.0, show_default=True, help="Below 1: softer; above 1: harder.")
@click.option("--shift", default=0.0, show_default=True, help="Below 0: less is let through.")
@click.option("--out", required=True, type=FOLDER, help="Folder of the new model.")
def rescale(model: str, slope: float, shift: float, out: Path) -> None:
    """Make the mask of a model softer, or stricter, by two numbers.

    What stands before the sigmoid is multiplied by the slope, then the shift is added. Choose the
    two on validation recordings.

    \b
    Example:
      lstm-se rescale tiny --slope 0.9 --shift -0.5 --out stricter
    """
    from ..network.edit import rescale_folder

    click.echo(rescale_folder(model, slope, shift, out))
