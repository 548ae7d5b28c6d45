"""The pages at the end of the book keep up with the rest of it."""

import json
import pkgutil
import re
from pathlib import Path

import exportable
import map_package
import measure_lessons
import nbformat
import numpy as np
import pytest
import torture

import lstm_se
from lstm_se.sound import audio

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(lstm_se.__file__).parent
GLOSSARY = ROOT / "book" / "glossary.md"


def text_of(path):
    """Source of a page: prose and cells."""
    if path.suffix in {".md", ".svg"}:
        return path.read_text(encoding="utf-8")
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


def entries():
    """Terms of the glossary, each with its synonyms."""
    groups = []
    for block in re.findall(r"```\{glossary\}\n(.*?)```", text_of(GLOSSARY), re.DOTALL):
        for entry in block.strip().split("\n\n"):
            groups.append([line for line in entry.splitlines() if not line.startswith(" ")])
    return groups


def written():
    """Everything that a reader meets: pages, docstrings (they are the API page), the firmware."""
    pages = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("book/*.ipynb"), *ROOT.glob("book/*.md")]
    pages = [path for path in pages if path != GLOSSARY]
    sources = [*PACKAGE.rglob("*.py"), ROOT / "firmware" / "README.md"]
    texts = [text_of(path) for path in pages]
    texts += [path.read_text(encoding="utf-8") for path in sources]
    return re.sub(r"\s+", " ", " ".join(texts)).lower()


def test_glossary_has_each_term_once():
    terms = [term.lower() for group in entries() for term in group]
    assert len(terms) == len(set(terms)) > 50


def test_glossary_explains_no_word_that_the_book_does_not_use():
    text = written()
    unused = [group for group in entries() if not any(term.lower() in text for term in group)]
    assert not unused


@pytest.mark.parametrize("path", sorted(ROOT.glob("book/*.md")), ids=lambda path: path.stem)
def test_prose_names_terms_of_the_glossary_only(path):
    known = {term.lower() for group in entries() for term in group}
    for named in re.findall(r"\{term\}`([^`]+)`", text_of(path)):
        target = re.search(r"<(.+)>$", named)
        assert (target[1] if target else named).lower() in known


def test_api_page_has_every_module_of_the_package():
    shown = re.findall(r"automodule:: (lstm_se\.[\w.]+)", text_of(ROOT / "book" / "api.md"))
    modules = {part.name for part in pkgutil.walk_packages(lstm_se.__path__, "lstm_se.")}
    assert sorted(shown) == sorted(modules - {"lstm_se.__main__"})


def test_api_page_and_the_map_on_it_are_those_of_today():
    """After a module came, went or moved: python book/tools/map_package.py."""
    assert text_of(map_package.PAGE) == map_package.page()
    assert text_of(map_package.MAP) == map_package.draw()


def test_map_leaves_out_what_a_wing_has_through_another():
    arrows = map_package.imports()
    assert arrows["sound"] == {"ground"} and arrows["corpora"] == {"sound"}
    assert "network" in arrows["training"] and "corpora" not in arrows["training"]


def test_troubleshooting_quotes_messages_that_exist():
    """What opens a row in backticks, and is a sentence, is what a program here prints."""
    files = [*PACKAGE.rglob("*.py"), ROOT / "Makefile"]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    source = re.sub(r'"\s*\n?\s*f?"|\{[^{}]*\}', "", source)
    first = re.findall(
        r"^\| `([^`]+)`", text_of(ROOT / "book" / "troubleshooting.md"), re.MULTILINE
    )
    messages = [quote for quote in first if " " in quote and not quote.startswith(("pip", "make"))]
    assert len(messages) > 15
    for message in messages:
        pieces = [piece.strip(" :") for piece in re.split(r"…|28, 56|28", message)]
        for piece in filter(None, pieces):
            assert piece.removeprefix("error: ") in source, message


def test_table_of_odd_files_is_that_of_today():
    """After a change of them or of a reader: python tests/support/torture.py --page."""
    page = text_of(torture.PAGE)
    assert torture.table() in page and torture.renewed(page) == page


def test_minutes_that_teachers_plan_with_are_those_of_today():
    """After a lesson grew or shrank: python book/tools/measure_lessons.py says what to write."""
    lessons = {page.stem[:2]: page for page in measure_lessons.pages()}
    page = text_of(ROOT / "book" / "for_teachers.md")
    behind = r"(?:\| |lessons? )((?:\d+(?:, | and ))*\d+) \((\d+)\)"
    planned = re.findall(behind, page)
    assert len(planned) == 2 + 6 + 12, planned  # one session, six sessions, twelve weeks
    for names, minutes in planned:
        read = [lessons[f"{int(name):02d}"] for name in re.findall(r"\d+", names)]
        assert sum(measure_lessons.lesson_of(path).minutes for path in read) == int(minutes), names


def test_width_that_teachers_call_just_enough_halves_the_instructions():
    """The project asks for half; lesson 22 counted the widths."""
    page = text_of(ROOT / "book" / "for_teachers.md")
    told = int(re.search(r"(\d+) units just pass", page)[1])
    stored = (ROOT / "notebooks" / "results" / "pruning.json").read_text(encoding="utf-8")
    count = {row["units"][0]: row["instructions_per_frame"] for row in json.loads(stored)["costs"]}
    passing = [units for units, work in count.items() if work <= count[max(count)] / 2]
    assert told == max(passing)


def test_configuration_page_tells_of_each_field_what_the_firmware_makes_of_it():
    """It asks the exporter; the tests of the firmware run and refuse values of their own."""
    page = nbformat.read(ROOT / "book" / "configuration.ipynb", as_version=4)
    outputs = [output for cell in page.cells for output in cell.get("outputs", [])]
    told = {}
    for output in outputs:
        rows = [
            row.split(" | ") for row in output.get("data", {}).get("text/markdown", "").split("\n")
        ]
        if "the firmware" in rows[0]:
            column = rows[0].index("the firmware")
            told |= {row[0].strip("| `"): row[column] for row in rows[2:]}
    silent = {field for field, words in told.items() if words == "does not ask"}
    assert silent == {*exportable.OF_TRAINING, *exportable.UNUSED}
    free = {field for field, words in told.items() if words == "takes any"}
    assert free == exportable.RUNS.keys() - exportable.REFUSED.keys()
    assert told.keys() - silent - free == exportable.REFUSED.keys()


def test_lines_that_denoise_in_python_run_as_they_stand(tmp_path, monkeypatch):
    part = text_of(ROOT / "book" / "how_to_use.md").split("## Denoise in Python\n")[1]
    code = "\n".join(re.findall(r"```python\n(.*?)```", part.split("\n## ")[0], re.DOTALL))
    sound = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    audio.write(tmp_path / "noisy.wav", sound)
    monkeypatch.chdir(tmp_path)
    exec(code, there := {})
    assert audio.read("enhanced.wav").samples.shape == sound.shape
    late = np.concatenate(there["streamed"])[256:]
    np.testing.assert_allclose(late, there["enhanced"][0], atol=1e-5)
