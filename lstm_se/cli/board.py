"""``lstm-se board``: a report from a board on the desk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import COUNT, FOLDER, MODEL
from .terminal import bar

if TYPE_CHECKING:
    import numpy as np

CLIP_SECONDS = 4  # of the bundled sentence; each takes about six over the wire


@click.command("board")
@click.argument("port")
@click.argument("sound", required=False, type=FOLDER)
@MODEL
@click.option("--baud", type=COUNT, default=115_200, show_default=True, help="As in the example.")
@click.option(
    "--seconds", type=COUNT, default=5, show_default=True, help="How long to listen first."
)
@click.option("--out", type=FOLDER, help="Folder for board.json, board.md and enhanced.wav.")
def board_command(
    port: str, sound: Path | None, model: str, baud: int, seconds: int, out: Path | None
) -> None:
    """Listen to a board, send it a sound, and compare every bit with Python's integers.

    PORT is the ST-LINK's of a board that runs firmware/examples/stm32f746g-disco. What it says and
    computes becomes a table for an issue. While it denoises SOUND, or else a bundled sentence, its
    own microphones rest.

    \b
    Examples:
      lstm-se board /dev/ttyACM0
      lstm-se board /dev/ttyACM0 noisy.wav --out report
    """
    from ..chip import silicon
    from ..chip.link import Link
    from ..chip.quantize import quantize
    from ..files import make_folder, write_whole
    from ..network import pretrained
    from ..sound import audio

    trained = pretrained.load_float(model)
    whole = quantize(trained.weights, trained.config)
    name, samples = _named(sound)
    if out:
        make_folder(out)
    with Link(port, baud) as link:
        click.echo(f"listening to {port} for {seconds} s", err=True)
        progress = partial(bar, name="on the board", unit="hop")
        report, enhanced = silicon.board_report(
            link, whole, name, audio.to_pcm(samples), seconds, progress
        )
    click.echo(report.markdown())
    if out:
        write_whole(out / "board.json", report.json())
        write_whole(out / "board.md", report.markdown())
        audio.write(out / "enhanced.wav", enhanced / audio.FULL_SCALE)
    if report.wrong_samples:
        raise ValueError(
            f"{port}: {report.wrong_samples:,} samples are not what Python computes: compiler"
            " options, mixed files, or something new: please report it"
        )


def _named(sound: Path | None) -> tuple[str, np.ndarray]:
    """Name and samples of a file, or of a bundled sentence."""
    from ..corpora.mini import mini
    from ..sound import audio

    if sound:
        return sound.name, audio.read(sound).samples
    pair = mini().test[0]
    return pair.name, pair.load()[1][: CLIP_SECONDS * audio.SAMPLE_RATE]
