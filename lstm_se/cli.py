"""The command line: ``lstm-se enhance | evaluate | data | train | info | bench``.

Commands import what they need when they run, so that ``--help`` and ``enhance`` start without
TensorFlow. A wrong input ends with one line and exit code 2.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click
from tqdm import tqdm

from . import __version__

FOLDER = click.Path(path_type=Path)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that half a file is tidied up
    try:
        commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (ValueError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort) as interrupt:
        click.echo(f"\ninterrupted{_reason(interrupt)}", err=True)
        sys.exit(130)
    sys.exit(0)


def _reason(interrupt: BaseException) -> str:
    """What an interrupted command has to say, if anything; click hides it behind its own."""
    said = str(interrupt.__cause__ or interrupt)
    return f": {said}" if said else ""


def _bar(items: Iterable[Any], name: str, unit: str) -> Iterable[Any]:
    """A progress bar that appears after two seconds, and only on a terminal."""
    return tqdm(items, name, delay=2, disable=None, unit=unit, leave=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="lstm-se")
def commands() -> None:
    """Speech denoising with a small LSTM, from noisy WAV files to a microcontroller."""


@commands.command()
@click.argument("sources", metavar="IN...", nargs=-1, required=True, type=FOLDER)
@click.option("-o", "--output", required=True, type=FOLDER, help="File or folder to write.")
@click.option("--model", default="tiny", show_default=True, help="Name, or folder of a run.")
def enhance(sources: tuple[Path, ...], output: Path, model: str) -> None:
    r"""Denoise files or whole folders; names, rate, channels and length stay.

    \b
    Examples:
      lstm-se enhance noisy.wav -o enhanced.wav
      lstm-se enhance recordings/ -o enhanced/
    """
    from .enhance import enhance_file, load

    denoiser = load(model)
    jobs, failed = _jobs(sources, output), 0
    for source, target in _bar(jobs, "enhancing", "file") if len(jobs) > 1 else jobs:
        frames = partial(_bar, name=source.name, unit="frame")
        try:
            note = enhance_file(denoiser, source, target, frames)
        except (ValueError, OSError) as error:  # one bad file is no reason to leave the others
            tqdm.write(f"error: {error}", file=sys.stderr)
            failed += 1
        else:
            tqdm.write(f"{target}" + (f" ({note})" if note else ""))
    if failed:
        sys.exit(2)


def _jobs(sources: tuple[Path, ...], output: Path) -> list[tuple[Path, Path]]:
    """Every file to read and the file to write; refused before any work if two would collide."""
    from . import audio

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


@commands.command()
@click.option("--clean", required=True, type=FOLDER, help="Folder of clean speech.")
@click.option("--noisy", required=True, type=FOLDER, help="Folder of the same speech in noise.")
@click.option("--enhanced", type=FOLDER, help="Folder of enhanced files; else --model enhances.")
@click.option("--model", default="tiny", show_default=True, help="Name, or folder of a run.")
@click.option("--metrics", default="", help="Some of the metrics, separated by commas.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; all cores by default.")
@click.option("--csv", "csv_path", type=FOLDER, help="Write the scores of every file.")
@click.option("--json", "json_path", type=FOLDER, help="Write means and intervals.")
def evaluate(
    clean: Path,
    noisy: Path,
    enhanced: Path | None,
    model: str,
    metrics: str,
    jobs: int | None,
    csv_path: Path | None,
    json_path: Path | None,
) -> None:
    r"""Score enhanced speech, with the noisy baseline and 95 % intervals.

    \b
    Examples:
      lstm-se evaluate --clean clean_testset_wav --noisy noisy_testset_wav
      lstm-se evaluate --clean clean --noisy noisy --enhanced mine --json scores.json
    """
    from .datasets import paired
    from .enhance import load
    from .evaluation import evaluate as score
    from .evaluation import evaluate_files
    from .metrics import METRICS

    names = tuple(name.strip() for name in metrics.split(",") if name.strip()) or tuple(METRICS)
    pairs = paired(clean, noisy)
    if enhanced is None:
        report = score(pairs, {model: load(model)}, names, jobs)
    else:
        report = evaluate_files(pairs, paired(clean, enhanced), enhanced.name, names, jobs)
    if len(report.failures) == len(report.rows) * len(report.metrics):
        raise ValueError(f"nothing could be scored: {report.failures[0][3]}")
    click.echo(report.table())
    if csv_path:
        report.to_csv(csv_path)
    if json_path:
        report.to_json(json_path)


@commands.group()
def data() -> None:
    """Prepare corpora in VoiceBank-DEMAND's layout."""


@data.command()
@click.option("--out", type=FOLDER, help="Where to; the user's cache folder by default.")
def mini(out: Path | None) -> None:
    r"""Mix the bundled corpus, ten minutes of recorded speech, and print its folder.

    \b
    Example:
      lstm-se data mini --out corpora
    """
    from .bundled import mini as bundled

    corpus = bundled(out)
    parts = f"{len(corpus.train)} training, {len(corpus.validation)} validation"
    click.echo(f"{corpus.root}\n{parts} and {len(corpus.test)} test pairs", err=False)


@data.command()
@click.option("--root", required=True, type=FOLDER, help="Folder of the corpus.")
@click.option("--url", default="", help="Mirror, with {id} or {name} in the address.")
@click.option("--keep-archives", is_flag=True, help="Keep the ZIP files.")
def voicebank(root: Path, url: str, keep_archives: bool) -> None:
    r"""Download VoiceBank-DEMAND (6 GB), check it, and resample it once to 16 kHz.

    Interrupted, it continues where it stopped.

    \b
    Example:
      lstm-se data voicebank --root voicebank
    """
    from .datasets import voicebank_demand
    from .download import URL, download

    corpus = voicebank_demand(download(root, url or URL, keep_archives))
    click.echo(f"{root}: {len(corpus.train) + len(corpus.validation)} and {len(corpus.test)} pairs")


@commands.command()
@click.option("--data", "corpora", multiple=True, type=FOLDER, help="Corpus folder, or 'mini'.")
@click.option("--speech", multiple=True, type=FOLDER, help="Clean speech to mix; repeatable.")
@click.option("--noise", multiple=True, type=FOLDER, help="Noise to mix; repeatable.")
@click.option("--validation-speech", multiple=True, type=FOLDER, help="Talkers to choose by.")
@click.option("--validation-noise", multiple=True, type=FOLDER, help="Noises to choose by.")
@click.option("--preset", default="tiny", show_default=True, help="tiny, paper or lstm2022.")
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE", help="Change the preset.")
@click.option("--out", required=True, type=FOLDER, help="Folder of the run.")
@click.option("--epochs", type=click.IntRange(min=1), default=40, show_default=True)
@click.option(
    "--steps", type=click.IntRange(min=1), default=250, show_default=True, help="An epoch."
)
@click.option("--resume", is_flag=True, help="Continue an interrupted run.")
def train(**options: Any) -> None:
    r"""Train a denoiser.

    --data alone trains on the pairs of a corpus as they are. With --speech or --noise, clean speech
    and noise are mixed anew in every step, the corpus' own included.

    \b
    Examples:
      lstm-se train --data mini --out run --epochs 5 --steps 50
      lstm-se train --data mini --speech voices --noise noises --out run
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from .ingredients import train_from

    weights = train_from(**options)
    click.echo(f"{weights}: the weights of the best epoch")


@commands.command()
@click.argument("model", default="tiny")
def info(model: str) -> None:
    r"""Tell a model's size, cost, training and scores.

    \b
    Example:
      lstm-se info tiny
    """
    from .card import describe

    click.echo(describe(model))


@commands.command()
@click.argument("what", type=click.Choice(["engines", "training"]), default="engines")
@click.option("--json", "json_path", type=FOLDER, help="Write the figures.")
def bench(what: str, json_path: Path | None) -> None:
    r"""Measure speed on this machine: medians, and ratios within one run.

    \b
    Examples:
      lstm-se bench engines
      lstm-se bench training --json training.json
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from . import bench as benches

    figures = benches.BENCHES[what]()
    click.echo(benches.table(figures))
    if json_path:
        benches.save(json_path, figures)
