"""What ``lstm-se info`` tells: a model's size and cost, computed; its training and scores, read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import fill
from typing import Any

import click

from ..config import Config
from ..files import read_csv
from ..network import in_numpy, pretrained
from ..tables import aligned
from ..training.records import reading

WIDTH = 80


def describe(model: str | Path) -> str:
    """Size, cost, training data and scores of a model, as text.

    Args:
        model: Name of a model that comes with the package, or the folder of a run.

    Raises:
        FileNotFoundError: If there is no such model.
        ValueError: If its files are damaged.
    """
    folder = pretrained.folder_of(model)
    config = pretrained.load_float(folder).config
    sections = filter(None, [_network(config), _training(folder), _scores(folder)])
    return "\n\n".join(sections)


def _network(config: Config) -> str:
    """What follows from the configuration alone."""
    frames = config.sample_rate / config.hop_length
    weights, macs = in_numpy.parameters(config), in_numpy.macs(config)
    latency = 1000 * config.n_fft / config.sample_rate
    layers = " + ".join(f"{config.cell.upper()}-{units}" for units in config.units)
    terms = {"log error": config.snr_weight, "lost intelligibility": config.estoi_weight}
    loss = [f"{config.loss} loss", *(f"{w:g} x {name}" for name, w in terms.items() if w)]
    return _rows(
        f"{config.name}: {config.bands} {config.band_scale} bands, {layers}, mask {config.outputs}",
        {
            "weights": f"{weights:,} ({4 * weights / 1024:,.0f} KiB as float32)",
            "cost": f"{macs:,} MAC a frame, {frames * macs / 1e6:.1f} million a second",
            "frame": f"{1000 / frames:.0f} ms; algorithmic latency {latency:.0f} ms",
            "streams": "yes" if config.streams else "no: it looks into the future",
            "trained with": " + ".join(loss),
            "seed": str(config.seed),
        },
    )


def _training(folder: Path) -> str:
    """What ``recipe.json`` and ``sources.csv`` record."""
    recipe, sources = folder / "recipe.json", folder / "sources.csv"
    if not recipe.exists():
        return ""
    banks: dict[str, dict[str, None]] = defaultdict(dict)
    listed = read_csv(sources)[1] if sources.exists() else []
    with reading(sources):
        for row in listed:
            banks[row["use"]][row["bank"]] = None
    config = Config.load(folder / "config.json")
    epochs = len(read_csv(folder / "history.csv")[1])  # fewer than planned, if it was interrupted
    with reading(recipe):
        facts: dict[str, Any] = json.loads(recipe.read_text(encoding="utf-8"))
        hours = epochs * facts["steps"] * config.batch_size * config.segment_seconds / 3600
        rows = {"command": facts["command"], "heard": f"{hours:.1f} h of mixtures"}
        for use, names in banks.items():
            rows[use] = f"{facts['minutes'][use]} min: {', '.join(_gathered(names))}"
        return _rows("training", rows)


def _gathered(banks: Iterable[str]) -> Iterator[str]:
    """Names of banks; those of one collection, which differ after the last hyphen, as one."""
    groups: dict[str, list[str]] = defaultdict(list)
    for bank in banks:
        groups[bank.rpartition("-")[0] or bank].append(bank)
    for collection, members in groups.items():
        yield f"{collection} ({len(members)})" if len(members) > 1 else members[0]


def _scores(folder: Path) -> str:
    """What ``scores.json`` records, as ``lstm-se evaluate --json`` wrote it."""
    path = folder / "scores.json"
    if not path.exists():
        return ""
    from ..scoring.report import Report, Row

    title = "scores on the bundled test set, talkers and noises unheard in training"
    with reading(path):
        content = json.loads(path.read_text(encoding="utf-8"))
        report = Report(tuple(Row(**row) for row in content["rows"]), tuple(content["metrics"]))
        return f"{title}\n{report.table()}"


def _rows(title: str, rows: dict[str, str]) -> str:
    """A title and aligned lines, the long ones wrapped in their column."""
    hang = " " * (2 + max(map(len, rows)) + 2)
    lines = (
        fill(line, WIDTH, initial_indent="  ", subsequent_indent=hang)
        for line in aligned(rows.items())
    )
    return "\n".join([title, *lines])


@click.command("info")
@click.argument("model", default="tiny")
def info_command(model: str) -> None:
    """Tell a model's size, cost, training and scores.

    \b
    Example:
      lstm-se info tiny
    """
    click.echo(describe(model))
