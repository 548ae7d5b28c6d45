"""``lstm-se export``: a model in the form that other programs take."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FOLDER


@click.command("export")
@click.argument("model", default="tiny")
@click.option("--to", "form", type=click.Choice(["c", "wasm", "tflite", "golden"]), required=True)
@click.option("--out", required=True, type=FOLDER, help="Folder for c and tflite, else file.")
def export_command(model: str, form: str, out: Path) -> None:
    """Write a quantized model as C sources or WebAssembly, or its stages on a known sound.

    TensorFlow Lite files are quantized by TensorFlow: the ranges of their integers come from the
    validation recordings of the bundled corpus.

    \b
    Examples:
      lstm-se export tiny --to c --out firmware/speech_denoiser
      lstm-se export tiny --to wasm --out denoiser.wasm
      lstm-se export tiny --to tflite --out tflite
      lstm-se export run --to golden --out golden.npz
    """
    from ..chip import builds, selftest
    from ..chip import export as sources
    from ..chip.quantize import quantize
    from ..network import pretrained

    trained = pretrained.load_float(model)
    if form == "tflite":
        from ..corpora.mini import mini
        from ..tflite import files

        recordings = (pair.load()[1] for pair in mini().validation)
        for path in files.write_tflite(trained, out, recordings).values():
            file = path.read_bytes()
            operators = sorted(files.contents(file).operators.items())
            named = ", ".join(f"{count} {name}" for name, count in operators)
            click.echo(f"{path}: {len(file) / 1024:.0f} KiB: {named}")
        return
    whole = quantize(trained.weights, trained.config)
    if form == "c":
        for path in sources.write_sources(whole, out):
            click.echo(path)
        return
    suffix = ".wasm" if form == "wasm" else ".npz"
    if out.suffix != suffix:
        raise ValueError(f"{out} must end in {suffix}: that is what --to {form} writes")
    (builds.write_module if form == "wasm" else selftest.write_golden_vectors)(whole, out)
    click.echo(out)
