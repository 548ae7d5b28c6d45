"""Every pitfall of page 8 can be found, names its guard, and the guard is there."""

import ast
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from lstm_se.corpora import mini
from lstm_se.scoring.report import Report, Row
from lstm_se.sound import features, stft

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "notebooks" / "08_pitfalls.ipynb"
NUMBERS = range(1, 23)
GUARD = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def page():
    cells = nbformat.read(PAGE, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def pitfalls():
    """Number, heading and text of each pitfall, in the order of the page."""
    body = page().split("\n## Check your understanding")[0]
    parts = re.split(r"^### Pitfall (\d+): (.+)$", body, flags=re.MULTILINE)
    return list(zip(map(int, parts[1::3]), parts[2::3], parts[3::3], strict=True))


def slug(heading):
    """Anchor that the book gives to a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def defined_in(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_page_has_all_pitfalls_once():
    assert sorted(number for number, *_ in pitfalls()) == list(NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_pitfall_names_a_guard_that_exists(number):
    (text,) = (text for found, _, text in pitfalls() if found == number)
    guards = GUARD.findall(text)
    assert guards, f"pitfall {number} names no test"
    for path, name in guards:
        assert name in defined_in(path), f"{path} has no {name}"


def test_finder_leads_to_every_pitfall_and_nowhere_else():
    links = re.findall(r"\[(\d+)\]\(#([\w-]+)\)", page())
    there = {(str(number), slug(f"Pitfall {number}: {name}")) for number, name, _ in pitfalls()}
    assert set(links) == there


def test_compressed_features_use_the_steps_of_an_int8():
    """Pitfall 11: without compression nearly every value is the smallest one."""
    noisy = mini.mini().train[0].load()[1]
    bands = np.abs(stft.stft(noisy)) ** 2 @ features.filterbank(64)

    def steps(kind):
        values = features.compress(bands, kind)
        return np.round((values - values.min()) / np.ptp(values) * 255)

    assert np.mean(steps("none") == 0) > 0.6
    for kind in ("log", "power"):
        assert np.mean(steps(kind) == 0) < 0.05
        assert len(np.unique(steps(kind))) > 100


def test_mean_of_a_report_counts_every_file_once():
    """Pitfall 10: 33 files in batches of 32 give the last one half of all the weight."""
    values = np.append(np.zeros(32), 33.0)
    rows = [Row(str(i), "noisy", {"si_sdr": value}, {}) for i, value in enumerate(values)]
    (summary,) = Report(tuple(rows), ("si_sdr",)).summary()
    assert (summary.n, summary.mean) == (33, 1.0)
