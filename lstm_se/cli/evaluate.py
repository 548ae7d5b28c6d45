"""``lstm-se evaluate``: scores of enhanced speech, alone or beside other denoisers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import ENGINE, FOLDER, JOBS, MODEL

if TYPE_CHECKING:
    from ..scoring.evaluation import Enhancer, Oracle
    from ..scoring.report import Report

    Systems = tuple[dict[str, Enhancer], dict[str, Oracle]]


@click.command("evaluate")
@click.option("--clean", type=FOLDER, help="Folder of clean speech; DNSMOS judges without it.")
@click.option("--noisy", required=True, type=FOLDER, help="Folder of the same speech in noise.")
@click.option("--enhanced", type=FOLDER, help="Folder of enhanced files; else --model enhances.")
@MODEL
@ENGINE
@click.option("--with", "others", multiple=True, metavar="PEER", help="Compare; repeatable.")
@click.option("--metrics", default="", help="Some of the metrics, separated by commas.")
@JOBS
@click.option("--csv", "csv_path", type=FOLDER, help="Write the scores of every file.")
@click.option("--json", "json_path", type=FOLDER, help="Write means and intervals.")
def evaluate_command(
    clean: Path | None,
    noisy: Path,
    enhanced: Path | None,
    model: str,
    engine: str,
    others: tuple[str, ...],
    metrics: str,
    jobs: int | None,
    csv_path: Path | None,
    json_path: Path | None,
) -> None:
    """Score enhanced speech, with the noisy baseline and 95 % intervals.

    --with names a denoiser of another package to compare with on the same files: wiener, gating,
    webrtc, rnnoise, gtcrn, dtln, hush, nsnet2; ideal, a mask of the best gain for each bin, and
    best-mask, that for the waveform, which both know the clean speech; or all of these.
    int8 and firmware are the model itself in other engines.

    Without --clean, DNSMOS predicts what listeners would say of the recordings by themselves;
    --noisy may then be a single file, too.

    \b
    Examples:
      lstm-se evaluate --clean clean_testset_wav --noisy noisy_testset_wav
      lstm-se evaluate --clean clean --noisy noisy --with rnnoise --with ideal
      lstm-se evaluate --clean clean --noisy noisy --enhanced mine --json scores.json
      lstm-se evaluate --noisy my_recording.wav
    """
    from ..scoring.report import comparison_section, comparison_table

    systems = partial(_systems, model, engine, others)
    if clean is None:
        report = _opinions(noisy, enhanced, metrics, systems)
    elif enhanced is None:
        report = _scores(clean, noisy, metrics, jobs, systems)
    elif others:
        raise ValueError("--with compares with a model: leave --enhanced out")
    else:
        report = _scores_of_files(clean, noisy, enhanced, metrics, jobs)
    if len(report.failures) == len(report.rows) * len(report.metrics):
        raise ValueError(f"nothing could be scored: {report.failures[0][3]}")
    click.echo(report.table())
    if others:
        click.echo("\n" + comparison_table(report.differences(model), model))
    if csv_path:
        report.to_csv(csv_path)
    if json_path:
        report.to_json(json_path, **(comparison_section(report, model) if others else {}))


def _systems(model: str, engine: str, others: tuple[str, ...]) -> Systems:
    """The model, itself in other engines, and other packages' denoisers; and what knows more."""
    from ..chip.engines import STREAMS, load
    from ..scoring import peers

    engines = {name: load(model, name) for name in others if name in STREAMS}
    blind, oracles = peers.systems(name for name in others if name not in STREAMS)
    return {model: load(model, engine), **engines, **blind}, oracles


def _scores(
    clean: Path, noisy: Path, metrics: str, jobs: int | None, systems: Callable[[], Systems]
) -> Report:
    """Measures of what the systems make of the noisy files."""
    from ..corpora.pairs import paired
    from ..scoring.evaluation import evaluate

    pairs = paired(clean, noisy)
    enhancers, oracles = systems()
    return evaluate(pairs, enhancers, _names(metrics), jobs, oracles=oracles)


def _scores_of_files(
    clean: Path, noisy: Path, enhanced: Path, metrics: str, jobs: int | None
) -> Report:
    """Measures of files that something else has enhanced."""
    from ..corpora.pairs import paired
    from ..scoring.evaluation import evaluate_files

    pairs, files = paired(clean, noisy), paired(clean, enhanced)
    return evaluate_files(pairs, files, enhanced.name, _names(metrics), jobs)


def _names(metrics: str) -> tuple[str, ...]:
    """The metrics between commas; all if there is none."""
    from ..scoring.metrics import METRICS

    return tuple(name.strip() for name in metrics.split(",") if name.strip()) or tuple(METRICS)


def _opinions(
    noisy: Path, enhanced: Path | None, metrics: str, systems: Callable[[], Systems]
) -> Report:
    """Predicted opinions of the recordings by themselves."""
    from ..scoring import dnsmos
    from ..sound import audio

    if enhanced is not None or metrics:
        option = "--metrics" if enhanced is None else "--enhanced"
        raise ValueError(f"{option} needs --clean: name the clean folder, or leave {option} out")
    enhancers, oracles = systems()
    if oracles:
        raise ValueError(f"--with {next(iter(oracles))} needs --clean: it has to know the speech")
    paths = audio.find(noisy) if noisy.is_dir() else [noisy]
    return dnsmos.evaluate_dnsmos(paths, enhancers)
