"""``lstm-se quantize``: what a model loses as integers."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FOLDER


@click.command("quantize")
@click.argument("model", default="tiny")
@click.option("--sound", type=FOLDER, help="Noisy recording; one of the mini corpus if not given.")
def quantize_command(model: str, sound: Path | None) -> None:
    """Round a model to int8 weights and int16 signals, and tell what each stage loses.

    \b
    Examples:
      lstm-se quantize tiny
      lstm-se quantize run --sound noisy.wav
    """
    from ..chip import export, fidelity
    from ..chip import quantize as rounding
    from ..corpora.mini import mini
    from ..network import pretrained
    from ..sound import audio

    trained = pretrained.load_float(model)
    whole = rounding.quantize(trained.weights, trained.config)
    noisy = audio.read(sound).samples if sound else mini().validation[0].load()[1]
    click.echo(f"{model}: SHA-256 of its integers {export.sha256(whole)[:12]}")
    click.echo("signal-to-noise ratio of the integers, the float network being the signal")
    for stage, ratio in fidelity.stage_snr_db(trained, whole, noisy).items():
        click.echo(f"  {stage:10s} {ratio:5.1f} dB")
