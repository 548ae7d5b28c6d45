"""Every pitfall stands on the card, leads to where it is shown, and names a guard that is there."""

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
NOTEBOOKS = ROOT / "notebooks"
PAGE = NOTEBOOKS / "17_pitfalls.ipynb"
NUMBERS = range(1, 23)
GUARD = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
LINK = re.compile(r"\]\(([\w./]*)#([\w-]+)\)")


def cells(path=PAGE):
    return nbformat.read(path, as_version=4).cells


def prose(path=PAGE):
    return "\n\n".join(cell.source for cell in cells(path) if cell.cell_type == "markdown")


def card():
    """Cells of each row of the card, as the executed page shows it."""
    shown = [output for cell in cells() for output in cell.get("outputs", [])]
    (table,) = (o.data["text/markdown"] for o in shown if "text/markdown" in o.get("data", {}))
    head, _, *rows = table.splitlines()
    return [[part.strip() for part in row.strip("|").split(" | ")] for row in rows]


def guards():
    """Text of each line in the list of guards, by the number of its pitfall."""
    (listed,) = re.findall(r":::\{dropdown\} The test that guards.*?\n:::", prose(), re.DOTALL)
    lines = re.findall(r"^(\d+)\. (.+)$", listed, re.MULTILINE)
    return {int(number): text for number, text in lines}


def slug(heading):
    """Anchor that the book gives to a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def anchors(path):
    return {slug(heading) for heading in re.findall(r"^#+ (.+?) *$", prose(path), re.MULTILINE)}


def defined_in(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_card_has_all_pitfalls_in_order():
    numbers = [int(re.search(r"\d+", row[0])[0]) for row in card()]
    assert numbers == list(NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_row_of_the_card_has_a_symptom_what_happened_here_a_cure_and_a_place(number):
    _, symptom, here, cure, where = card()[number - 1]
    assert symptom and cure
    assert re.search(r"\d|`\w+`", here), "neither a number nor a name that the page computed"
    links = LINK.findall(where)
    assert links
    for name, anchor in links:
        path = NOTEBOOKS / name if name else PAGE
        assert anchor in anchors(path), f"{path.name} has no heading #{anchor}"


@pytest.mark.parametrize("number", NUMBERS)
def test_pitfall_names_a_guard_that_exists(number):
    named = GUARD.findall(guards()[number])
    assert named, f"pitfall {number} names no test"
    for path, name in named:
        assert name in defined_in(path), f"{path} has no {name}"


def test_pitfalls_that_are_shown_here_have_the_names_and_numbers_of_the_list():
    shown = re.findall(r"^### Pitfall (\d+): (.+)$", prose(), re.MULTILINE)
    assert shown
    listed = guards()
    for number, name in shown:
        assert listed[int(number)].startswith(f"{name}: ")
        assert f"(#{slug(f'Pitfall {number}: {name}')})" in card()[int(number) - 1][-1]


def test_compressed_features_use_the_steps_of_an_int8():
    """Pitfall 9: without compression nearly every value is the smallest one."""
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
