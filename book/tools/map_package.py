"""Write what a reader sees of the package's order: the sections of the API page, and its map.

Run ``python book/tools/map_package.py`` after a module came, went or moved. The floors are those of
the contract ``one-way`` in ``pyproject.toml``, the arrows are read from the imports.
"""

from __future__ import annotations

import pkgutil
import textwrap
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import grimp
import lstm_se
from lstm_se.files import write_whole

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "book" / "api.md"
MAP = ROOT / "book" / "_static" / "wings.svg"
MARK = "<!-- From here on written by book/tools/map_package.py. -->\n"
GROUND = "ground"  # the modules that stand beside the wings, taken together
NO_PAGE = {"__main__"}

COLUMN, MARGIN, GAP, LINE = 148, 16, 30, 17  # pixels
INK, WOOD, FRAME = "#1f2933", "#eef3f8", "#7b8794"

Imports = Mapping[str, set[str]]
Span = tuple[int, int]  # first column, and the one after the last


@cache
def wings() -> dict[str, list[str]]:
    """Modules of each wing by name, and those beside the wings as ``ground``."""
    present: dict[str, list[str]] = {}
    for module in pkgutil.walk_packages(lstm_se.__path__):
        if module.ispkg:
            inside = Path(lstm_se.__file__).parent / module.name
            present[module.name] = [part.name for part in pkgutil.iter_modules([str(inside)])]
        elif module.name not in NO_PAGE:
            present.setdefault(GROUND, []).append(module.name)
    return present


def floors() -> list[list[str]]:
    """Wings that stand side by side, from the ground up."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = (part["layers"] for part in contracts if part["id"] == "one-way")
    named = [[name.strip(" ()") for name in layer.split("|")] for layer in reversed(layers)]
    kept = [[name for name in floor if name in wings()] for floor in named]
    return [[GROUND], *filter(None, kept)]


def sections() -> str:
    """The API page below its mark: a section a wing, with every module of it."""
    present = wings()
    ground, *upper = [name for floor in floors() for name in floor]
    parts = []
    for wing in [*upper, ground]:
        prefix = "" if wing == GROUND else f"{wing}."
        says = "What every wing stands on.\n" if wing == GROUND else _directive(wing, members=False)
        parts += [f"## {wing.capitalize()}\n", says]
        for module in present[wing]:
            parts += [f"### `{prefix}{module}`\n", _directive(prefix + module, members=True)]
    return "\n".join(parts)


def _directive(module: str, members: bool) -> str:
    """Docstring of one module of the package, with or without what is in it."""
    option = "   :members:\n" if members else ""
    return f"```{{eval-rst}}\n.. automodule:: lstm_se.{module}\n{option}```\n"


def imports() -> dict[str, set[str]]:
    """What each wing imports directly, less what it has through another wing."""
    graph = grimp.build_graph("lstm_se", exclude_type_checking_imports=True)
    direct: dict[str, set[str]] = {name: set() for name in wings()}
    for module in graph.modules - {"lstm_se", "lstm_se.__main__"}:
        importer = _wing_of(module)
        for target in graph.find_modules_directly_imported_by(module):
            direct[importer] |= {_wing_of(target)} - {importer}
    through = {name: set().union(*(_reached(direct, t) for t in direct[name])) for name in direct}
    return {name: direct[name] - through[name] for name in direct}


def _wing_of(module: str) -> str:
    name = module.split(".")[1]
    return name if name in wings() else GROUND


def _reached(direct: Imports, start: str) -> set[str]:
    """Everything that a wing imports, directly or not."""
    return direct[start].union(*(_reached(direct, target) for target in direct[start]))


def spans(arrows: Imports) -> dict[str, Span]:
    """Columns of each wing: siblings have one each, the others lie over or under their own."""
    levels = floors()
    middle = max(levels, key=len)
    columns = {name: (column, column + 1) for column, name in enumerate(middle)}
    above = [name for floor in levels[levels.index(middle) + 1 :] for name in floor]
    below = [name for floor in levels[: levels.index(middle)][::-1] for name in floor]
    for name in above:
        columns[name] = _union(columns[target] for target in arrows[name] if target in columns)
    for name in below:
        columns[name] = _union(columns[other] for other in arrows if name in arrows[other])
    return columns


def _union(parts: Iterable[Span]) -> Span:
    first, end = zip(*parts, strict=True)
    return min(first), max(end)


def draw() -> str:
    """The map as SVG: a house with the ground at its foot, and arrows to what a wing imports."""
    present, arrows = wings(), imports()
    columns = spans(arrows)
    words = {name: _words(present[name], columns[name]) for name in present}
    tops, heights, y = {}, {}, MARGIN
    for floor in reversed(floors()):
        height = LINE * max(len(words[name]) + 2 for name in floor)
        for name in floor:
            tops[name], heights[name] = y, height
        y += height + GAP
    parts = [_box(name, words[name], columns[name], tops[name], heights[name]) for name in present]
    for upper, lower in sorted((name, target) for name in arrows for target in arrows[name]):
        (first, end), (other, last) = columns[upper], columns[lower]
        x = MARGIN + COLUMN * (max(first, other) + min(end, last)) / 2
        parts.append(_arrow(x, tops[upper] + heights[upper], tops[lower]))
    width = 2 * MARGIN + COLUMN * max(end for _, end in columns.values())
    return _svg(parts, width, y - GAP + MARGIN)


def _words(modules: list[str], span: Span) -> list[str]:
    """Names of modules in lines as long as the box is wide."""
    if span[1] - span[0] == 1:
        return modules
    return textwrap.wrap("\N{NO-BREAK SPACE}· ".join(modules), (span[1] - span[0]) * COLUMN // 7)


def _box(name: str, words: list[str], span: Span, top: int, height: int) -> str:
    left, width = MARGIN + COLUMN * span[0] + 6, COLUMN * (span[1] - span[0]) - 12
    middle = left + width / 2
    frame = f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="6"'
    bold = 'font-size="15" font-weight="bold"'
    lines = [
        f'{frame} fill="{WOOD}" stroke="{FRAME}"/>',
        f'<text x="{middle:g}" y="{top + LINE + 3}" {bold}>{name}</text>',
    ]
    for number, line in enumerate(words, 2):
        lines.append(f'<text x="{middle:g}" y="{top + number * LINE + 4}">{line}</text>')
    return "\n".join(lines)


def _arrow(x: float, start: int, end: int) -> str:
    return (
        f'<path d="M{x:g} {start} V{end - 7}" stroke="{INK}" stroke-width="1.5"/>'
        f'<path d="M{x - 5:g} {end - 9} h10 l-5 8 z" fill="{INK}"/>'
    )


def _svg(parts: list[str], width: int, height: int) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="13" text-anchor="middle" '
        f'fill="{INK}">'
    )
    card = f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>'
    return "\n".join([head, card, *parts, "</svg>\n"])


def page() -> str:
    """The API page with its sections as they should be."""
    return PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + "\n" + sections()


def main() -> None:
    """Write the page and the map."""
    write_whole(PAGE, page())
    write_whole(MAP, draw())


if __name__ == "__main__":
    main()
