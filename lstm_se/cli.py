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
from typing import TYPE_CHECKING, Any, NoReturn

import click
from tqdm import tqdm

from . import __version__

if TYPE_CHECKING:
    from .report import Report

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
@click.option("--clean", type=FOLDER, help="Folder of clean speech; DNSMOS judges without it.")
@click.option("--noisy", required=True, type=FOLDER, help="Folder of the same speech in noise.")
@click.option("--enhanced", type=FOLDER, help="Folder of enhanced files; else --model enhances.")
@click.option("--model", default="tiny", show_default=True, help="Name, or folder of a run.")
@click.option("--with", "others", multiple=True, metavar="PEER", help="Compare; or ideal, all.")
@click.option("--metrics", default="", help="Some of the metrics, separated by commas.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; all cores by default.")
@click.option("--csv", "csv_path", type=FOLDER, help="Write the scores of every file.")
@click.option("--json", "json_path", type=FOLDER, help="Write means and intervals.")
def evaluate(
    clean: Path | None,
    noisy: Path,
    enhanced: Path | None,
    model: str,
    others: tuple[str, ...],
    metrics: str,
    jobs: int | None,
    csv_path: Path | None,
    json_path: Path | None,
) -> None:
    r"""Score enhanced speech, with the noisy baseline and 95 % intervals.

    --with names a denoiser of another package to compare with on the same files: wiener, gating,
    webrtc, rnnoise, gtcrn, dtln, hush, nsnet2; ideal, the best mask there is; or all of these.

    Without --clean, DNSMOS predicts what listeners would say of the recordings by themselves;
    --noisy may then be a single file, too.

    \b
    Examples:
      lstm-se evaluate --clean clean_testset_wav --noisy noisy_testset_wav
      lstm-se evaluate --clean clean --noisy noisy --with rnnoise --with ideal
      lstm-se evaluate --clean clean --noisy noisy --enhanced mine --json scores.json
      lstm-se evaluate --noisy my_recording.wav
    """
    from . import comparison

    if clean is None:
        report = _opinions(noisy, enhanced, model, others, metrics)
    else:
        report = _scores(clean, noisy, enhanced, model, others, metrics, jobs)
    if len(report.failures) == len(report.rows) * len(report.metrics):
        raise ValueError(f"nothing could be scored: {report.failures[0][3]}")
    click.echo(report.table())
    if csv_path:
        report.to_csv(csv_path)
    compared = comparison.section(report, model) if others else {}
    if others:
        click.echo("\n" + comparison.table(comparison.differences(report, model), model))
    if json_path:
        report.to_json(json_path, **compared)


def _scores(
    clean: Path,
    noisy: Path,
    enhanced: Path | None,
    model: str,
    others: tuple[str, ...],
    metrics: str,
    jobs: int | None,
) -> Report:
    """Measures against the clean speech."""
    from . import peers
    from .datasets import paired
    from .enhance import load
    from .evaluation import evaluate as score
    from .evaluation import evaluate_files
    from .metrics import METRICS

    names = tuple(name.strip() for name in metrics.split(",") if name.strip()) or tuple(METRICS)
    pairs = paired(clean, noisy)
    if enhanced is None:
        found, oracles = peers.chosen(others)
        return score(pairs, {model: load(model), **found}, names, jobs, oracles=oracles)
    if others:
        raise ValueError("--with compares with a model: leave --enhanced out")
    return evaluate_files(pairs, paired(clean, enhanced), enhanced.name, names, jobs)


def _opinions(
    noisy: Path, enhanced: Path | None, model: str, others: tuple[str, ...], metrics: str
) -> Report:
    """Predicted opinions of the recordings by themselves."""
    from . import audio, opinion, peers
    from .enhance import load

    if enhanced is not None or metrics:
        option = "--metrics" if enhanced is None else "--enhanced"
        raise ValueError(f"{option} needs --clean: name the clean folder, or leave {option} out")
    found, oracles = peers.chosen(others)
    if oracles:
        raise ValueError(f"--with {next(iter(oracles))} needs --clean: it has to know the speech")
    paths = audio.find(noisy) if noisy.is_dir() else [noisy]
    return opinion.evaluate(paths, {model: load(model), **found})


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


@data.command()
@click.option("--speech", multiple=True, required=True, type=FOLDER, help="Clean; repeatable.")
@click.option("--noise", multiple=True, required=True, type=FOLDER, help="Noise; repeatable.")
@click.option("--out", required=True, type=FOLDER, help="Folder of the corpus.")
@click.option("--pairs", type=click.IntRange(min=1), help="In all; each speech file once if not.")
@click.option("--seconds", type=float, help="Cut longer speech to this length.")
@click.option("--snr", default="0,5,10,15", show_default=True, help="In dB, with commas.")
@click.option("--test-snr", default="2.5,7.5,12.5,17.5", show_default=True, help="In dB.")
@click.option("--validation-share", type=float, default=0.1, show_default=True)
@click.option("--test-share", type=float, default=0.1, show_default=True)
@click.option("--test-speech", multiple=True, type=FOLDER, help="Instead of a share.")
@click.option("--test-noise", multiple=True, type=FOLDER, help="Instead of a share.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; all cores by default.")
def build(**options: Any) -> None:
    r"""Mix a corpus from clean speech and noise.

    A folder in a speech folder is a speaker. A file in a noise folder is a recording, and so is a
    folder in it. No speaker and no recording is in two of training, validation and test. The same
    seed gives the same bytes. Interrupted, the same command goes on where it stopped.

    \b
    Examples:
      lstm-se data build --speech voices --noise noises --out corpus
      lstm-se data build --speech voices --noise noises --out corpus --pairs 2000 --seconds 4
    """
    from . import building
    from .plan import Settings

    folders = {key: options.pop(key) for key in ("speech", "noise", "test_speech", "test_noise")}
    out, jobs = options.pop("out"), options.pop("jobs")
    for key in ("snr", "test_snr"):
        options[f"{key}s_db"] = _decibels(key, options.pop(key))
    settings = Settings(**options)
    bar = partial(_bar, unit="file")
    corpus = building.build(out=out, settings=settings, jobs=jobs, bar=bar, **folders)
    parts = f"{len(corpus.train)} training, {len(corpus.validation)} validation"
    click.echo(f"{corpus.root}\n{parts} and {len(corpus.test)} test pairs")


def _decibels(name: str, text: str) -> tuple[float, ...]:
    """Numbers between commas."""
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError:
        option = name.replace("_", "-")
        raise ValueError(f"--{option} {text}: write numbers and commas, as in 0,5,10") from None


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
@click.option("--distribute", default="", metavar="KIND:N", help="mirrored:2 or workers:2.")
@click.option("--xla", is_flag=True, help="Compile the step; see bench xla.")
def train(**options: Any) -> None:
    r"""Train a denoiser.

    --data alone trains on the pairs of a corpus as they are. With --speech or --noise, clean speech
    and noise are mixed anew in every step, the corpus' own included.

    --distribute shares each batch: among replicas in this process (mirrored) or among processes on
    this machine (workers). The result is that of one, but for rounding.

    \b
    Examples:
      lstm-se train --data mini --out run --epochs 5 --steps 50
      lstm-se train --data mini --speech voices --noise noises --out run
      lstm-se train --data mini --out run --distribute workers:2
    """
    from . import cluster

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if options["distribute"]:
        kind, count = cluster.parse(options["distribute"])
        if kind == "workers" and cluster.rank() is None:
            same = [sys.executable, "-m", "lstm_se", *sys.argv[1:]]
            sys.exit(cluster.launch(same, count))
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
@click.argument(
    "what", type=click.Choice(["engines", "training", "xla", "peers"]), default="engines"
)
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
