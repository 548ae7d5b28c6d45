"""How long each lesson takes, and how much of its visible code is not what it is about.

Run ``python book/tools/measure_lessons.py``; needs executed notebooks. The reading time is a model:
170 words a minute, 3.5 s for a line of code that is shown, 12 s for a figure.
*Plumbing* are imports, plots, prints and asserts, counted by line from the syntax tree.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from lstm_se.tables import aligned

ROOT = Path(__file__).parents[2]
HIDING = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
WORDS_A_MINUTE, SECONDS_A_LINE, SECONDS_A_FIGURE = 170, 3.5, 12
PLUMBING = re.compile(
    r"(print|(?:tables\.)?show_table|display|Markdown|HTML|(?:players\.)?listen|switch|np\.testing\.\w+|pytest\.raises"
    r"|(plt|plots|figure|fig|axes?|axis|left|right|upper|lower|slider|fader|chart)\b.*)$"
)
WIDEST = 80  # characters of an output line
Cell = dict[str, Any]


@dataclass(frozen=True)
class Lesson:
    """What was counted on one page."""

    name: str
    minutes: int
    seconds: str
    lines: int
    plumbing: int
    longest: int
    figures: int
    sounds: int
    exercises: int
    quiz: int
    wide: int


def source(cell: Cell) -> str:
    """Text of a cell, without the lines that only a notebook understands."""
    return "\n".join(
        "pass" if line.lstrip().startswith(("%", "!")) else line
        for line in "".join(cell["source"]).split("\n")
    )


def shown(cell: Cell) -> bool:
    """Whether a reader sees the code."""
    return cell["cell_type"] == "code" and not HIDING & set(cell["metadata"].get("tags", []))


def is_plumbing(statement: ast.stmt) -> bool:
    """Whether a statement shows or checks something, instead of computing it."""
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.Assert | ast.Pass):
        return True
    if isinstance(statement, ast.For | ast.With | ast.If | ast.FunctionDef):
        return all(map(is_plumbing, statement.body))
    value = getattr(statement, "value", None)
    if isinstance(value, ast.Call):
        return bool(PLUMBING.match(ast.unparse(value.func)))
    return False


def plumbing_lines(statements: Sequence[ast.stmt]) -> int:
    """Lines of those statements that are plumbing, in blocks too."""
    count = 0
    for statement in statements:
        if is_plumbing(statement):
            count += (statement.end_lineno or statement.lineno) - statement.lineno + 1
        elif body := getattr(statement, "body", None):
            count += plumbing_lines([part for part in body if isinstance(part, ast.stmt)])
    return count


def code_lines(cell: Cell) -> int:
    """Lines of code that are not empty."""
    return sum(bool(line.strip()) for line in source(cell).split("\n"))


def outputs(cells: Sequence[Cell]) -> Iterator[Cell]:
    """All outputs."""
    for cell in cells:
        yield from cell.get("outputs", [])


def wide_lines(cells: Sequence[Cell]) -> list[str]:
    """Printed lines that a page would cut; what is also a table or a picture is shown as that."""
    texts = []
    for output in outputs(cells):
        data = output.get("data", {})
        texts.append(output.get("text", data.get("text/plain", "") if len(data) == 1 else ""))
    return [line for text in texts for line in "".join(text).split("\n") if len(line) > WIDEST]


def prose_of(cells: Sequence[Cell]) -> str:
    """Text between the code."""
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def pictures(cells: Sequence[Cell]) -> int:
    """Number of figures."""
    return sum("image/png" in output.get("data", {}) for output in outputs(cells))


def reading_minutes(cells: Sequence[Cell]) -> int:
    """How long a page takes to read, by the model above."""
    prose = re.sub(r"\]\([^)]*\)|\$[^$]*\$", "]", prose_of(cells))
    words = len(re.findall(r"\w[\w'’-]*", prose))
    lines = sum(code_lines(cell) for cell in cells if shown(cell))
    seconds = SECONDS_A_LINE * lines + SECONDS_A_FIGURE * pictures(cells)
    return round(words / WORDS_A_MINUTE + seconds / 60)


def lesson_of(path: Path) -> Lesson:
    """Count one notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    prose = prose_of(cells)
    visible = [cell for cell in cells if shown(cell)]
    lines = [code_lines(cell) for cell in visible]
    plumbing = sum(plumbing_lines(ast.parse(source(cell)).body) for cell in visible)
    code = "\n".join(source(cell) for cell in cells if cell["cell_type"] == "code")
    (running,) = re.findall(r"\| (\d+ s) on", prose) or ["–"]
    return Lesson(
        name=path.stem,
        minutes=reading_minutes(cells),
        seconds=running,
        lines=sum(lines),
        plumbing=plumbing,
        longest=max(lines, default=0),
        figures=pictures(cells),
        sounds=len(re.findall(r"(?<!def )\b(?:listen|switch)\(|players\.", code)),
        exercises=len(re.findall(r"^\*\*\d+\.\d+ \(", prose, re.M)),
        quiz=prose.count("**Quick check.**"),
        wide=len(wide_lines(cells)),
    )


def pages() -> list[Path]:
    """Notebooks of the book, in the order of its table of contents."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [chapter["file"] for part in contents["parts"] for chapter in part["chapters"]]
    paths = [ROOT / f"{file}.ipynb" for file in files]
    return [path for path in paths if path.is_file()]


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    lessons = [lesson_of(path) for path in pages()]
    head = [field.name for field in fields(Lesson)]
    rows = [[str(cell) for cell in astuple(one)] for one in lessons]
    print("\n".join(aligned([head, *rows], left=1, head=True)))
    minutes, lines, plumbing = (
        sum(getattr(one, field) for one in lessons) for field in ("minutes", "lines", "plumbing")
    )
    print(f"{minutes} minutes, {lines} lines shown, {plumbing / lines:.0%} of them plumbing")


if __name__ == "__main__":
    main()
