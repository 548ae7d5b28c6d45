"""What a training run ends with: scores on validation clips, curves, and what to try next."""

from __future__ import annotations

import io
import itertools
import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files import write_whole
from ..network import pretrained
from ..pages import plots
from ..scoring.evaluation import evaluate
from ..training.fit import kept
from ..training.pipeline import Source
from ..training.runs import Run

REPORTED = ("pesq_wb", "estoi", "si_sdr")
CLIPS = 64


@dataclass(frozen=True, eq=False)
class Mixture:
    """One validation clip."""

    name: str
    clean: np.ndarray
    noisy: np.ndarray

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """Clean and noisy samples."""
        return self.clean, self.noisy


def spoken(source: Source) -> Iterator[Mixture]:
    """Clips of a source in which somebody speaks, without end."""
    for step in itertools.count():
        for row, (noisy, clean) in enumerate(zip(*source.batch(step), strict=True)):
            if clean.any():
                yield Mixture(f"{step:03d}-{row}", clean, noisy)


def write_report(run: str | Path, validation: Source, clips: int = CLIPS) -> Path:
    """Score the weights that a run has kept, and write ``report.md`` and ``report.png`` into it.

    Args:
        run: Folder of the run.
        validation: Where its validation clips come from. They chose the weights, so the scores
            flatter them a little; a test set does not.
        clips: How many of them to score.

    Returns:
        ``report.md``.
    """
    folder, denoiser = Path(run), pretrained.load_float(run)
    heard = list(itertools.islice(spoken(validation), clips))
    report = evaluate(heard, {denoiser.config.name: denoiser.enhance}, REPORTED, progress=False)
    history = Run(folder).history()
    first = heard[0]
    sounds = {"noisy": first.noisy, "enhanced": denoiser.enhance(first.noisy), "clean": first.clean}
    picture = io.BytesIO()
    plots.training_curves(history, sounds).savefig(picture, format="png")
    write_whole(folder / "report.png", picture.getvalue())
    hours = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))["hours_of_mixtures"]
    epoch = kept(history)
    seconds = sum(row["seconds"] for row in history)
    lines = [
        f"# {folder.name}: {denoiser.config.name} after {hours:g} h of mixtures",
        f"{len(history)} epochs, {seconds / 3600:.2f} h on this machine; the weights of epoch "
        f"{epoch['epoch'] + 1:.0f} are kept, validation loss {epoch['val_loss']:.4f}.",
        f"{len(heard)} validation clips of {denoiser.config.segment_seconds:g} s, which chose the "
        "weights: mean and 95 % interval.",
        f"```text\n{report.table()}\n```",
        "![Loss by epoch, and a clip before, after and as it should be](report.png)",
        "## What to try next",
        "\n".join(f"- {line}" for line in advice(history, folder)),
    ]
    write_whole(folder / "report.md", "\n\n".join(lines) + "\n")
    return folder / "report.md"


def advice(history: Sequence[Mapping[str, float]], run: Path) -> list[str]:
    """What to try next, from the losses of a training run.

    Args:
        history: Rows of ``history.csv``.
        run: Its folder.
    """
    model = shlex.quote(os.path.join(".", run))  # a bare name would be that of a shipped model
    losses = [row["val_loss"] for row in history]
    gap = losses[-1] / history[-1]["loss"] - 1
    lines = []
    if len(losses) - 1 - int(np.argmin(losses)) > len(losses) / 4:
        lines.append(
            "The validation loss was lowest long before the end: more talkers and more noises help "
            "now, and more epochs do not."
        )
    elif gap > 0.1:
        lines.append(
            f"The validation loss is {gap:.0%} above that of training: it learns its talkers and "
            "noises by heart. More of them help more than more epochs."
        )
    else:
        lines.append(
            "The validation loss fell to the end and stays near that of training: another run with "
            f"`--epochs {2 * len(losses)}` is likely to be better."
        )
    lines += [
        f"Listen: `lstm-se enhance noisy.wav -o enhanced.wav --model {model}`.",
        "Measure on talkers and noises that it never heard: "
        f"`lstm-se evaluate --clean clean --noisy noisy --model {model}`.",
        f"Make it small: `lstm-se quantize {model}` says what that costs, and "
        f"`lstm-se export {model} --to c --out c` writes it for the microcontroller.",
    ]
    return lines
