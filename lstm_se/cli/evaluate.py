"""``lstm-se evaluate``: scores of enhanced speech, alone or beside other denoisers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import ENGINE, FOLDER, JOBS, MODEL

if TYPE_CHECKING:
    from ..scoring.report import Report


@click.command("evaluate")
@click.option("--clean", type=FOLDER, help="Folder of clean speech; DNSMOS judges without it.")
@click.option("--noisy", required=True, type=FOLDER, help="Folder of the same speech in noise.")
@click.option("--enhanced", type=FOLDER, help="Folder of enhanced files; else --model enhances.")
@MODEL
@ENGINE
@click.option("--with", "others", multiple=True, metavar="PEER", help="Compare; or ideal, all.")
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

    if clean is None:
        report = _opinions(noisy, enhanced, (model, engine), others, metrics)
    else:
        report = _scores(clean, noisy, enhanced, (model, engine), others, metrics, jobs)
    if len(report.failures) == len(report.rows) * len(report.metrics):
        raise ValueError(f"nothing could be scored: {report.failures[0][3]}")
    click.echo(report.table())
    if csv_path:
        report.to_csv(csv_path)
    compared = comparison_section(report, model) if others else {}
    if others:
        click.echo("\n" + comparison_table(report.differences(model), model))
    if json_path:
        report.to_json(json_path, **compared)


def _scores(
    clean: Path,
    noisy: Path,
    enhanced: Path | None,
    model: tuple[str, str],
    others: tuple[str, ...],
    metrics: str,
    jobs: int | None,
) -> Report:
    """Measures against the clean speech."""
    from ..corpora.pairs import paired
    from ..scoring.evaluation import evaluate as score
    from ..scoring.evaluation import evaluate_files
    from ..scoring.metrics import METRICS

    names = tuple(name.strip() for name in metrics.split(",") if name.strip()) or tuple(METRICS)
    pairs = paired(clean, noisy)
    if enhanced is None:
        found, oracles = _denoisers(model, others)
        return score(pairs, found, names, jobs, oracles=oracles)
    if others:
        raise ValueError("--with compares with a model: leave --enhanced out")
    return evaluate_files(pairs, paired(clean, enhanced), enhanced.name, names, jobs)


def _opinions(
    noisy: Path,
    enhanced: Path | None,
    model: tuple[str, str],
    others: tuple[str, ...],
    metrics: str,
) -> Report:
    """Predicted opinions of the recordings by themselves."""
    from ..scoring import dnsmos
    from ..sound import audio

    if enhanced is not None or metrics:
        option = "--metrics" if enhanced is None else "--enhanced"
        raise ValueError(f"{option} needs --clean: name the clean folder, or leave {option} out")
    found, oracles = _denoisers(model, others)
    if oracles:
        raise ValueError(f"--with {next(iter(oracles))} needs --clean: it has to know the speech")
    paths = audio.find(noisy) if noisy.is_dir() else [noisy]
    return dnsmos.evaluate_dnsmos(paths, found)


def _denoisers(model: tuple[str, str], others: tuple[str, ...]) -> tuple[dict, dict]:
    """The model, itself in other engines, and other packages' denoisers; and what knows more."""
    from ..chip.engines import STREAMS, load
    from ..scoring import peers

    own = {name: load(model[0], name) for name in others if name in STREAMS}
    found, oracles = peers.chosen(tuple(name for name in others if name not in STREAMS))
    return {model[0]: load(*model), **own, **found}, oracles
