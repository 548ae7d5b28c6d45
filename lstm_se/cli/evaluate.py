"""``lstm-se evaluate``: scores of enhanced speech, alone or beside other denoisers."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import ENGINE, FOLDER, JOBS, LIMIT, MODEL, refuse_given
from .terminal import bar

if TYPE_CHECKING:
    from ..scoring.evaluation import Enhancer, Oracle


@click.command("evaluate")
@click.option("--clean", type=FOLDER, help="Folder of clean speech; DNSMOS judges without it.")
@click.option("--noisy", required=True, type=FOLDER, help="Folder of the same speech in noise.")
@click.option("--enhanced", type=FOLDER, help="Folder of enhanced files; else --model enhances.")
@MODEL
@ENGINE
@LIMIT
@click.option("--with", "others", multiple=True, metavar="PEER", help="Compare; repeatable.")
@click.option("--metrics", default="", help="Some of the metrics, separated by commas.")
@click.option("--check", is_flag=True, help="Is this VoiceBank-DEMAND's test set as published?")
@JOBS
@click.option("--csv", "csv_path", type=FOLDER, help="Write the scores of every file.")
@click.option("--json", "json_path", type=FOLDER, help="Write means and intervals.")
def evaluate_command(
    clean: Path | None,
    noisy: Path,
    enhanced: Path | None,
    model: str,
    engine: str,
    limit: float | None,
    others: tuple[str, ...],
    metrics: str,
    check: bool,
    jobs: int | None,
    csv_path: Path | None,
    json_path: Path | None,
) -> None:
    """Score enhanced speech, with the noisy baseline and 95 % intervals.

    --with names a denoiser of another package to compare with on the same files: wiener, gating,
    webrtc, rnnoise, gtcrn, dtln, deepfilternet, nsnet2; ideal, a mask of the best gain for each
    bin, and best-mask, that for the waveform, which both know the clean speech; or all of these.
    int8 and firmware are the model itself in other engines.

    Without --clean, DNSMOS predicts what listeners would say of the recordings by themselves;
    --noisy may then be a single file, too.

    --check scores the noisy files of VoiceBank-DEMAND's test set alone, and compares with what is
    published: PESQ-WB 1.97, STOI 0.921, ESTOI 0.787, SI-SDR 8.45 dB. It names what is likely wrong:
    files missing, another part, sides swapped, late, clipped, cut, or badly resampled. The exit
    code is 0 if they agree, 1 if not.

    \b
    Examples:
      lstm-se evaluate --clean clean_testset_wav --noisy noisy_testset_wav
      lstm-se evaluate --clean clean --noisy noisy --with rnnoise --with ideal
      lstm-se evaluate --clean clean --noisy noisy --enhanced mine --json scores.json
      lstm-se evaluate --noisy my_recording.wav
      lstm-se evaluate --check --clean clean_testset_wav --noisy noisy_testset_wav
    """
    if check:
        sys.exit(_check(clean, noisy, jobs, csv_path, json_path))
    if enhanced is not None:
        refuse_given(("model", "engine", "limit"), "--enhanced is scored as it is")
    from ..corpora.pairs import paired
    from ..scoring.dnsmos import evaluate_dnsmos
    from ..scoring.evaluation import evaluate, evaluate_files
    from ..scoring.metrics import METRICS
    from ..scoring.report import comparison_section, comparison_table
    from ..sound import audio

    names = tuple(name.strip() for name in metrics.split(",") if name.strip()) or tuple(METRICS)
    if clean is None:
        if enhanced is not None or metrics:
            needy = "--metrics" if enhanced is None else "--enhanced"
            raise ValueError(f"{needy} needs --clean: name the clean folder, or leave {needy} out")
        blind, oracles = _systems(model, engine, limit, others)
        if oracles:
            needy = f"--with {next(iter(oracles))}"
            raise ValueError(f"{needy} needs --clean: it has to know the speech")
        report = evaluate_dnsmos(audio.find(noisy) if noisy.is_dir() else [noisy], blind)
    elif enhanced is None:
        pairs = paired(clean, noisy)
        blind, oracles = _systems(model, engine, limit, others)
        report = evaluate(pairs, blind, names, jobs, oracles=oracles)
    elif others:
        raise ValueError("--with compares with a model: leave --enhanced out")
    else:
        pairs, files = paired(clean, noisy), paired(clean, enhanced)
        report = evaluate_files(pairs, files, enhanced.name, names, jobs)
    if len(report.failures) == len(report.rows) * len(report.metrics):
        raise ValueError(f"nothing could be scored: {report.failures[0][3]}")
    click.echo(report.table())
    if others:
        click.echo("\n" + comparison_table(report.differences(model), model))
    if csv_path:
        report.to_csv(csv_path)
    if json_path:
        report.to_json(json_path, **(comparison_section(report, model) if others else {}))


def _check(
    clean: Path | None, noisy: Path, jobs: int | None, csv_path: Path | None, json_path: Path | None
) -> int:
    """Compare the noisy files with what is published: the exit code."""
    from ..scoring.calibration import calibrate

    unused = "enhanced", "model", "engine", "limit", "others", "metrics"
    refuse_given(unused, "--check scores the noisy files alone")
    if clean is None:
        raise ValueError("--check needs --clean: name the folder of the clean test files")
    found = calibrate(clean, noisy, jobs, partial(bar, name="looking", unit="pair"))
    for line in found.lines():
        click.echo(line)
    if csv_path:
        found.report.to_csv(csv_path)
    if json_path:
        found.report.to_json(json_path, check=found.section())
    return 0 if found.agrees else 1


def _systems(
    model: str, engine: str, limit_db: float | None, others: tuple[str, ...]
) -> tuple[dict[str, Enhancer], dict[str, Oracle]]:
    """The model, itself in other engines, and other packages' denoisers; and what knows more."""
    from ..chip.engines import ENGINES, load
    from ..scoring import peers

    engines = {name: load(model, name, limit_db) for name in others if name in ENGINES}
    blind, oracles = peers.systems(name for name in others if name not in ENGINES)
    return {model: load(model, engine, limit_db), **engines, **blind}, oracles
