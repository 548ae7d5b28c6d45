"""``lstm-se enhance``: noisy files in, denoised files out."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click
from tqdm import tqdm

from .options import ENGINE, FOLDER, MODEL
from .terminal import bar, complain


@click.command("enhance")
@click.argument("sources", metavar="IN...", nargs=-1, required=True, type=FOLDER)
@click.option("-o", "--output", required=True, type=FOLDER, help="File or folder to write.")
@MODEL
@ENGINE
def enhance_command(sources: tuple[Path, ...], output: Path, model: str, engine: str) -> None:
    """Denoise files or whole folders; names, rate, channels and length stay.

    \b
    Examples:
      lstm-se enhance noisy.wav -o enhanced.wav
      lstm-se enhance recordings/ -o enhanced/
      lstm-se enhance noisy.wav -o enhanced.wav --engine firmware
    """
    from ..chip.engines import load
    from ..network.denoiser import enhance_file

    denoiser = load(model, engine)
    jobs, failed = _jobs(sources, output), 0
    for source, target in bar(jobs, "enhancing", "file") if len(jobs) > 1 else jobs:
        frames = partial(bar, name=source.name, unit="frame")
        try:
            note = enhance_file(denoiser, source, target, frames)
        except (ValueError, OSError) as error:  # one bad file is no reason to leave the others
            complain(error)
            failed += 1
        else:
            tqdm.write(f"{target}" + (f" ({note})" if note else ""))
    if failed:
        sys.exit(2)


def _jobs(sources: tuple[Path, ...], output: Path) -> list[tuple[Path, Path]]:
    """Every file to read and the file to write; refused before any work if two would collide."""
    from ..sound import audio

    single = len(sources) == 1 and not sources[0].is_dir()
    if single and output.suffix and not output.is_dir():
        return [(sources[0], output)]
    if output.is_file():
        raise ValueError(f"{output} is a file: name a folder for the output")
    jobs: list[tuple[Path, Path]] = []
    for source in sources:
        if source.is_dir():
            jobs += [(path, output / path.relative_to(source)) for path in audio.find(source)]
        else:
            jobs.append((source, output / source.name))
    targets = [target for _, target in jobs]
    if twice := next((t for t in targets if targets.count(t) > 1), None):
        raise ValueError(f"two inputs would both be written to {twice}: enhance them separately")
    return jobs
