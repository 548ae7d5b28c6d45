"""``lstm-se train``: a run, on one process or several."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from .. import optional
from ..memory import hoard
from .options import COUNT, FOLDER, refuse_given
from .terminal import quieten_tensorflow


@click.command("train")
@click.option("--data", "corpora", multiple=True, type=FOLDER, help="Corpus folder, or 'mini'.")
@click.option("--speech", multiple=True, type=FOLDER, help="Clean speech to mix; repeatable.")
@click.option("--noise", multiple=True, type=FOLDER, help="Noise to mix; repeatable.")
@click.option("--validation-speech", multiple=True, type=FOLDER, help="Talkers to choose by.")
@click.option("--validation-noise", multiple=True, type=FOLDER, help="Noises to choose by.")
@click.option("--recipe", help="A whole training run by its name: tiny or bandwise.")
@click.option(
    "--preset", default="tiny", show_default=True, help="Such as tiny, plain or bandwise."
)
@click.option("--initial", metavar="MODEL", help="Start from a model, instead of a preset.")
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE", help="Change the preset.")
@click.option("--out", required=True, type=FOLDER, help="Folder of the run.")
@click.option("--epochs", type=COUNT, help="40, or what the recipe says.")
@click.option("--steps", type=COUNT, help="An epoch; 250, or what the recipe says.")
@click.option("--resume", is_flag=True, help="Continue an interrupted run.")
@click.option("--distribute", default="", metavar="KIND:N", help="mirrored:2 or workers:2.")
@click.option("--xla", is_flag=True, help="Compile the step; see bench xla.")
def train_command(
    recipe: str | None,
    preset: str,
    initial: str | None,
    changes: tuple[str, ...],
    out: Path,
    epochs: int | None,
    steps: int | None,
    resume: bool,
    distribute: str,
    xla: bool,
    **sources: tuple[Path, ...],
) -> None:
    """Train a denoiser.

    --data alone trains on the pairs of a corpus as they are. With --speech or --noise, clean speech
    and noise are mixed anew in every step; of a corpus, its speech alone takes part.

    --recipe NAME does a whole training run, on a folder that lstm-se data open made: an evening on
    two cores, which --epochs makes shorter. At its end, OUT/report.md has scores and curves.

    --distribute shares each batch: among replicas in this process (mirrored) or among processes
    (workers), on this machine or, one on each, on those in TF_CONFIG. The result is that of one,
    but for rounding.

    \b
    Examples:
      lstm-se train --recipe tiny --data open --out run
      lstm-se train --data mini --out run --epochs 5 --steps 50
      lstm-se train --data mini --speech voices --noise noises --out run
      lstm-se train --data mini --out run --distribute workers:2
      lstm-se train --data mini --initial pruned --set learning_rate=3e-4 --out tuned
    """
    from ..training import cluster

    quieten_tensorflow()
    hoard()
    if recipe or initial:
        refuse_given(("preset",), f"--{'recipe' if recipe else 'initial'} brings its own preset")
    if recipe:
        if distribute or initial or [part for part in sources if sources[part]] != ["corpora"]:
            raise ValueError("--recipe takes --data, --set, --epochs, --steps and --resume alone")
        _again(recipe, sources["corpora"], changes, out, epochs, steps, resume)
        return
    rank: int | None = 0
    if distribute:
        kind, count = cluster.parse(distribute)
        rank = cluster.rank() if kind == "workers" else 0
        if rank is None:
            sys.exit(cluster.launch([sys.executable, "-m", "lstm_se", *sys.argv[1:]], count))
    from ..network.pretrained import folder_of
    from ..training.fit import Schedule
    from ..training.from_folders import Start, train_from
    from ..training.sources import Sources

    start = Start(preset, changes, folder_of(initial) if initial else None)
    schedule = Schedule(epochs or Schedule.epochs, steps or Schedule.steps_per_epoch)
    weights = train_from(Sources(**sources), start, out, schedule, resume, distribute, xla)
    if not rank:  # another worker has kept nothing
        click.echo(f"{weights}: the weights of the best epoch")


def _again(
    name: str,
    material: Sequence[Path],
    changes: Sequence[str],
    out: Path,
    epochs: int | None,
    steps: int | None,
    resume: bool,
) -> None:
    """Do the training run of a recipe, and report on it."""
    for package in ("tensorflow", "matplotlib", "pesq", "pystoi"):  # the report asks after hours
        if not optional.has(package):
            raise optional.missing(package, "lessons")
    from ..research.run_report import write_report
    from ..training.from_folders import Start, train_from
    from ..training.recipes import recipe_of

    if len(material) != 1:
        raise ValueError(f"--recipe takes one --data, got {len(material)}")
    recipe = recipe_of(name)
    sources, schedule = recipe.sources(material[0]), recipe.schedule(epochs, steps)
    start = Start(recipe.preset, [*recipe.changes, *changes])
    words = [*recipe.words(material[0]), *Start(changes=changes).set_words()]
    train_from(sources, start, out, schedule, resume, "", True, words, recipe.rescale)
    click.echo(write_report(out, sources.load(start.config()).validation))
