"""Which networks become C, by every field of ``Config``: as a script it renews the README."""

import re
from itertools import groupby

from lstm_se.chip import toolchain
from lstm_se.chip.quantize import undeployable
from lstm_se.config import PRESETS, Config

README = toolchain.firmware() / "README.md"

# The i-th network takes the i-th value of each, or begins again.
RUNS = {
    "sample_rate": [16_000],
    "n_fft": [512],
    "hop_length": [256],
    "center": [False],
    "bands": [8, 64, 104, 248, 40],
    "band_scale": ["erb", "mel", "linear"],
    "fine_hz": [0.0, 1000.0, 2500.0],
    "f_min": [0.0, 100.0],
    "compression": ["log"],
    "normalisation": ["running"],
    "level_seconds": [0.5, 3.0],
    "cell": ["lstm"],
    "units": [(8,), (16, 24), (128, 128), (264, 248), (32, 16, 8, 24)],
    "cell_clip": [0.5, 10.0, 15.9],
    "batch_norm": [False],
    "dense": [()],
    "mask": ["bins"],
    "local": [False, True],
    "subbands": [(), PRESETS["bandwise"]["subbands"], (1, 7, 120, 128)],
    "channels": [24, 8, 40],
    "blocks": [2, 1, 3],
    "across": [16, 24, 8],
    "context": [8, 16],
    "smoothing": [0.0],
}
REFUSED = {
    "sample_rate": [8000, 48_000],
    "n_fft": [1024],
    "hop_length": [128],
    "center": [True],
    "bands": [100, 256],
    "compression": ["power", "none"],
    "normalisation": ["none", "zscore", "minmax"],
    "cell": ["gru", "rnn"],
    "units": [(100,), (256, 264), (8,) * 400],
    "cell_clip": [16.0, None],
    "batch_norm": [True],
    "dense": [(64,)],
    "mask": ["bands"],
    "subbands": [(1,) * 256],
    "channels": [20, 264],
    "across": [12, 264],
    "context": [12, 520],
    "smoothing": [0.5],
}
# what a refused value asks for beside it, or matters with
NEEDS = {"compression": {"normalisation": "none"}}
NEEDS |= dict.fromkeys(["channels", "across", "context"], {"subbands": (128, 128)})
OF_TRAINING = ["initializer", "loss", "complex_weight", "snr_weight", "estoi_weight"]
OF_TRAINING += ["segment_seconds", "batch_size", "optimizer", "learning_rate", "averaging", "seed"]
UNUSED = ["name", "normalisation_scope"]


def networks():
    """Configurations that run, with every value of :data:`RUNS` in one of them."""
    for i in range(max(map(len, RUNS.values()))):
        yield Config(**{field: values[i % len(values)] for field, values in RUNS.items()})


def refusals():
    """Field, refused value and configuration of everything in :data:`REFUSED`."""
    for field, values in REFUSED.items():
        for value in values:
            yield field, value, Config(**{field: value, **NEEDS.get(field, {})})


def table():
    """What runs and what is refused, for the README."""
    rows = ["| field of `Config` | runs | is refused |", "| --- | --- | --- |"]
    for field, values in RUNS.items():
        of_field = [(v, dict(undeployable(c))[field]) for f, v, c in refusals() if f == field]
        reasons = [
            f"{_listed(value for value, _ in group)}: {why.replace(chr(39), '`')}"
            for why, group in groupby(of_field, key=lambda pair: pair[1])
        ]
        rows.append(f"| `{field}` | {_listed(values)} | {'; '.join(reasons)} |")
    return "\n".join(rows)


def _listed(values):
    return ", ".join(f"`{_written(value)}`" for value in values)


def _written(value):
    if not isinstance(value, tuple):
        return value
    return str(list(value)) if len(value) < 9 else f"[{value[0]}, …, {value[-1]}]"


def renewed(page):
    """The page with the table of today."""
    return re.sub(r"\| field of `.*?\n\n", lambda _: table() + "\n\n", page, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
