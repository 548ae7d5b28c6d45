"""``lstm-se export``: a model in the form that other programs take."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FOLDER


@click.command()
@click.argument("model", default="tiny")
@click.option("--to", "form", type=click.Choice(["c", "golden"]), required=True)
@click.option("--out", required=True, type=FOLDER, help="Folder for c, file for golden.")
def export(model: str, form: str, out: Path) -> None:
    """Write a quantized model as C sources, or its stages on a known sound as golden vectors.

    \b
    Examples:
      lstm-se export tiny --to c --out firmware/speech_denoiser
      lstm-se export run --to golden --out golden.npz
    """
    from .. import enhance, golden
    from .. import export as sources
    from ..quantize import quantize

    trained = enhance.load(model)
    whole = quantize(trained.weights, trained.config)
    if form == "c":
        for path in sources.write_sources(whole, out):
            click.echo(path)
        return
    if out.suffix != ".npz":
        raise ValueError(f"{out} must end in .npz: golden vectors are such an archive")
    golden.save(whole, out)
    click.echo(out)
