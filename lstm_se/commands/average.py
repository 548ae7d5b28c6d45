"""``lstm-se average``: one model out of several of the same shape."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FOLDER


@click.command()
@click.argument("models", nargs=-1, required=True)
@click.option("--out", required=True, type=FOLDER, help="Folder of the new model.")
def average(models: tuple[str, ...], out: Path) -> None:
    """Average the weights of a model and of what a further training made of it.

    The mean often has most of what train --initial gained and keeps more of what came before. Try
    it on validation recordings.

    \b
    Example:
      lstm-se average tiny tuned --out mean
    """
    from ..network.edit import average_folders

    click.echo(average_folders(models, out))
