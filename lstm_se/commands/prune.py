"""``lstm-se prune``: a narrower network out of a trained one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from .options import FOLDER
from .terminal import bar


@click.command()
@click.argument("model", default="tiny")
@click.option("--units", required=True, help="To keep in each layer: 96, or 96,80.")
@click.option("--data", type=FOLDER, default="mini", show_default=True, help="Corpus folder.")
@click.option("--out", required=True, type=FOLDER, help="Folder of the new model.")
def prune(model: str, units: str, data: Path, out: Path) -> None:
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
    from ..network import prune as pruning

    if (out / "weights.npz").exists():
        raise FileExistsError(f"{out} holds a model: name another folder")
    whole = pretrained.load_float(model)
    corpus = mini() if str(data) == "mini" else voicebank_demand(data)
    counts = _counts(units, len(whole.config.units))
    files = partial(bar, name="hearing", unit="file")
    narrow = pruning.narrowed(whole, counts, corpus.train, files)
    out.mkdir(parents=True, exist_ok=True)
    narrow.config.save(out / "config.json")
    in_numpy.save_weights(out / "weights.npz", narrow.weights)
    for name, count in (("weights", in_numpy.parameters), ("MAC a frame", in_numpy.macs)):
        click.echo(f"{name}: {count(whole.config):,} -> {count(narrow.config):,}")
    click.echo(out)


def _counts(text: str, layers: int) -> list[int]:
    """Units of each layer; one number stands for all."""
    try:
        counts = [int(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(f"--units {text}: write 96, or one number a layer, as in 96,80") from None
    return counts * layers if len(counts) == 1 else counts
