r"""The studies of lessons 16 and 20: train every variant with every seed, keep all scores.

Run by hand, from the root of the repository:

    python notebooks/results/experiments.py sweep2022
    python notebooks/results/experiments.py tiny --speech DIR --noise DIR \
        --pairs DIR
    python notebooks/results/experiments.py between FIRST LAST --pairs DIR
    python notebooks/results/experiments.py mask MODEL --pairs DIR

The first needs nothing else and takes about an hour on one core. The second
mixes the speech and the noise in your folders, and scores on the folders
`clean` and `noisy` in the one that `--pairs` names; no talker and no noise in
it may be in the others. Started again, both go on where they stopped. The
third scores the weights between two models, of which the second continues the
training of the first; the fourth, masks of one model that are softer or
stricter.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

# Before NumPy and TensorFlow are imported: one core.
for name in ("OMP", "OPENBLAS", "TF_NUM_INTRAOP", "TF_NUM_INTEROP"):
    suffix = "_THREADS" if name.startswith("TF") else "_NUM_THREADS"
    os.environ.setdefault(name + suffix, "1")

from common import write_json

import click
import lstm_se
from lstm_se.config import Config
from lstm_se.corpora import banks
from lstm_se.corpora.pairs import paired
from lstm_se.network import denoiser, edit, pretrained
from lstm_se.research import experiments, materials
from lstm_se.research.studies import Study, Variant

from mixtures import Mixtures

RESULTS = Path(__file__).parent
SEEDS = (0, 1, 2)
BATCH = 16
SHARE = 0.9  # of the training utterances, as in 2022

# Where the sweep of 2022 began: a window of 32 ms, batches of seconds.
# Half as wide as then, so that a reader can afford it.
START = Config.preset(
    "lstm2022", n_fft=512, hop_length=256, units=(128, 128), batch_size=BATCH, learning_rate=3e-3
)


def plain(name: str, **changes: object) -> Variant:
    """A variant that only changes the configuration."""
    return Variant(name, changes, share=SHARE)


SWEEP = Study(
    "sweep2022",
    START,
    (
        plain("base"),
        plain("loss mse", loss="mse"),
        plain("loss mae", loss="mae"),
        plain("loss magnitude", loss="magnitude"),
        plain("loss compressed", loss="compressed"),
        Variant("80 % of the data", share=0.8),
        Variant("70 % of the data", share=0.7),
        Variant("50 % of the data", share=0.5),
        plain("glorot normal", initializer="glorot_normal"),
        plain("he normal", initializer="he_normal"),
        plain("orthogonal", initializer="orthogonal"),
        plain("segment z-score", normalisation_scope="segment"),
        plain("min-max", normalisation="minmax"),
        plain("not normalised", normalisation="none"),
        plain("log, running", normalisation="running", compression="log"),
        plain("batch 32", batch_size=2 * BATCH),
        plain("batch 64", batch_size=4 * BATCH),
        plain("no batch norm", batch_norm=False),
        plain("FFT 256, hop 128", n_fft=256, hop_length=128),
        plain("FFT 512, hop 128", hop_length=128),
        plain("units 256", units=(256, 256)),
    ),
    SEEDS,
    segments=240 * BATCH,
)

TINY = (
    Variant("base"),
    Variant("no intelligibility", {"estoi_weight": 0.0}),
    Variant("Adam", {"optimizer": "adam"}),
    Variant("64 ERB bands", {"bands": 64, "fine_hz": 0.0}),
    Variant("no direct path", {"local": False}),
    Variant("a gain for each band", {"mask": "bands"}),
    Variant("one layer", {"units": (196,)}),
    Variant("GRU", {"cell": "gru", "cell_clip": None}),
    Variant("no running level", {"normalisation": "none"}),
    Variant("no log error", {"snr_weight": 0.0}),
    Variant("no phase in the loss", {"complex_weight": 0.0}),
    Variant("no synthetic noise", recipe={"synthetic": 0.0}),
    Variant("half the talkers", share=0.5),
)

BETWEEN = (0.0, 0.25, 0.5, 0.75, 1.0)  # shares of the last model
SLOPES = (1.0, 0.9, 0.8, 0.7)  # of what stands before the mask's sigmoid
SHIFTS = (0.0, -0.2, -0.4, -0.6, -0.8)
MEASURES = ("pesq_wb", "estoi", "sdr")

PATH = click.Path(path_type=Path)
OUT = click.option("--out", type=PATH, help="JSON file.")
PAIRS = click.option(
    "--pairs", required=True, type=PATH, help="Folder with `clean` and `noisy`, to score on."
)


@click.group()
def main() -> None:
    """Run a study of lesson 16 or 20."""


@main.command()
@OUT
@click.option("--only", multiple=True, help="Names of variants.")
def sweep2022(out: Path | None, only: tuple[str, ...]) -> None:
    """Do the sweep of 2022 again, on the bundled corpus."""
    corpus = lstm_se.mini()
    experiments.run_study(
        SWEEP,
        materials.Recorded(corpus.train),
        {"validation": corpus.validation, "test": corpus.test},
        out or RESULTS / "10_sweep2022.json",
        "python notebooks/results/experiments.py sweep2022",
        only,
        click.echo,
    )


@main.command()
@click.option("--speech", required=True, multiple=True, type=PATH, help="Clean speech.")
@click.option("--noise", required=True, multiple=True, type=PATH, help="Noise.")
@PAIRS
@click.option("--steps", type=click.IntRange(min=1), default=240, show_default=True)
@click.option("--seeds", default="0,1,2", show_default=True)
@OUT
@click.option("--only", multiple=True, help="Names of variants.")
def tiny(
    speech: tuple[Path, ...],
    noise: tuple[Path, ...],
    pairs: Path,
    steps: int,
    seeds: str,
    out: Path | None,
    only: tuple[str, ...],
) -> None:
    """Vary the preset `tiny` on your own speech and noise."""
    judged = paired(pairs / "clean", pairs / "noisy")
    material = Mixtures(
        tuple(banks.load_speech(banks.by_folder(speech))),
        tuple(banks.load_noise(banks.by_folder(noise))),
    )
    base = Config.preset("tiny")
    numbers = tuple(int(seed) for seed in seeds.split(","))
    segments = steps * base.batch_size
    study = Study("tiny", base, TINY, numbers, segments, xla=True)
    experiments.run_study(
        study,
        material,
        {"validation": judged},
        out or RESULTS / "10_tiny.json",
        " ".join(
            [
                "python notebooks/results/experiments.py tiny --speech DIR",
                f"--noise DIR --pairs DIR --steps {steps} --seeds {seeds}",
                *([f"--out {out.name}"] if out else []),
                *(f"--only {name!r}" for name in only),
            ]
        ),
        only,
        click.echo,
    )


@main.command()
@click.argument("models", nargs=2)
@PAIRS
@OUT
def between(models: tuple[str, str], pairs: Path, out: Path | None) -> None:
    """Score the weights between two models, of which the second continues the first."""
    ends = [pretrained.load_float(model) for model in models]
    means = {f"{share:g}": edit.average(ends, (1 - share, share)) for share in BETWEEN}
    content = _judged(means, pairs, "between FIRST LAST")
    write_json(out or RESULTS / "10_between.json", content)


@main.command()
@click.argument("model")
@PAIRS
@OUT
def mask(model: str, pairs: Path, out: Path | None) -> None:
    """Score softer and stricter masks of one model."""
    trained = pretrained.load_float(model)
    rescaled = {
        f"{slope:g} {shift:g}": edit.rescale(trained, slope, shift)
        for slope in SLOPES
        for shift in SHIFTS
    }
    content = _judged(rescaled, pairs, "mask MODEL")
    write_json(out or RESULTS / "10_mask.json", content)


def _judged(models: dict[str, denoiser.Denoiser], pairs: Path, how: str) -> dict[str, Any]:
    """Scores of every file under every model, and what makes them again."""
    judged = paired(pairs / "clean", pairs / "noisy")
    report = lstm_se.evaluate(judged, models, metrics=MEASURES)
    assert not report.failures
    return {
        "command": f"python notebooks/results/experiments.py {how} --pairs DIR",
        "names": [pair.name for pair in judged],
        "scores": {
            name: {
                metric: [
                    round(value, experiments.DIGITS)
                    for value in report.values(name, metric).values()
                ]
                for metric in MEASURES
            }
            for name in models
        },
    }


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    except (KeyboardInterrupt, click.Abort):
        sys.exit("interrupted: a study goes on when it is started again")
