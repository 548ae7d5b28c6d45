"""``lstm-se average``, ``prune`` and ``rescale``: models made of trained ones without training."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from .options import FOLDER, numbers
from .terminal import bar


@click.command("average")
@click.argument("models", nargs=-1, required=True)
@click.option("--out", required=True, type=FOLDER, help="Folder of the new model.")
def average_command(models: tuple[str, ...], out: Path) -> None:
    """Average the weights of a model and of what a further training made of it.

    The mean often has most of what train --initial gained and keeps more of what came before. Try
    it on validation recordings.

    \b
    Example:
      lstm-se average tiny tuned --out mean
    """
    from ..network.edit import average_folders

    click.echo(average_folders(models, out))


@click.command("prune")
@click.argument("model", default="tiny")
@click.option("--units", required=True, help="To keep in each layer: 96, or 96,80.")
@click.option("--data", type=FOLDER, default="mini", show_default=True, help="Corpus folder.")
@click.option("--out", required=True, type=FOLDER, help="Folder of the new model.")
def prune_command(model: str, units: str, data: Path, out: Path) -> None:
    """Take whole units out of the recurrent layers of a model, those that matter least.

    Which ones is found on training recordings of a corpus. Training on from the result with
    train --initial wins back part of what was lost.

    \b
    Examples:
      lstm-se prune tiny --units 96 --out pruned
      lstm-se prune run --units 96,80 --data corpus --out pruned
    """
    from ..corpora.mini import mini
    from ..corpora.pairs import voicebank_demand
    from ..network import in_numpy, pretrained
    from ..network.edit import prune_folder

    whole = pretrained.load_float(model).config
    counts = numbers("units", units, int, "96, or one number a layer, as in 96,80")
    if len(counts) == 1:
        counts *= len(whole.units)
    corpus = mini() if str(data) == "mini" else voicebank_demand(data)
    files = partial(bar, name="hearing", unit="file")
    weights = prune_folder(model, counts, corpus.train, out, files)
    narrow = pretrained.load_float(out).config
    for name, count in (("weights", in_numpy.parameters), ("MAC a frame", in_numpy.macs)):
        click.echo(f"{name}: {count(whole):,} -> {count(narrow):,}")
    click.echo(weights)


@click.command("rescale")
@click.argument("model")
@click.option("--slope", default=1.0, show_default=True, help="Below 1: softer; above 1: harder.")
@click.option("--shift", default=0.0, show_default=True, help="Below 0: less is let through.")
@click.option("--out", required=True, type=FOLDER, help="Folder of the new model.")
def rescale_command(model: str, slope: float, shift: float, out: Path) -> None:
    """Make the mask of a model softer, or stricter, by two numbers.

    What stands before the sigmoid is multiplied by the slope, then the shift is added. Choose the
    two on validation recordings.

    \b
    Example:
      lstm-se rescale tiny --slope 0.9 --shift -0.5 --out stricter
    """
    from ..network.edit import rescale_folder

    click.echo(rescale_folder(model, slope, shift, out))
