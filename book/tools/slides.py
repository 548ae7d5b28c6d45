"""Slides of lessons, made from the built book: figures, sounds, questions, no sentence to read out.

Run ``make book``, then ``python book/tools/slides.py 05 06``. Each lesson becomes one file with its
pictures, sounds and scripts inside. The only file beside it draws the formulas, without a network.
"""

from __future__ import annotations

import argparse
import base64
import mimetypes
import shutil
import sys
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template

from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "_build/html"
FORMULAS = "_static/mathjax/tex-svg.js"
CODE = ".cell > .cell_input"  # what is folded lies deeper
# What a section shows, and whose the sounds are.
SHOWN = (
    f":is({CODE}, .cell > .cell_output > *, div.math, p.credit, "
    ".pst-scrollable-table-container:has(> table)):not(details *, .cell_output > * *)"
)
LONGEST_CODE = 15  # lines
# In lines: what a slide holds, and what a picture takes, and a formula or a row of players.
ROOM, PICTURE, ROW = 20, 15, 4


def deck(page: Path) -> str:
    """All slides of one page of the built book, as a page of its own."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    lesson, title = soup.select("article > section")[0], escape(soup.select("title")[0].text)
    _clean(lesson, page.parent)
    names = [tag.decode_contents() for tag in soup.select(".component-author, .extra_footer")]
    credit = " · ".join([title.partition(" — ")[2], *names])
    opening = lesson.select(":scope > h1, :scope > h1 + p")
    slides = [_slide([*opening, f'<p class="credit">{credit}</p>'])]
    for section in lesson.select(":scope > section"):
        slides += _slides_of(section)
    colours = (page.parents[1] / "_static/pygments.css").read_text(encoding="utf-8")
    template = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
    return template.substitute(title=title, colours=colours, slides="\n".join(slides))


def _clean(lesson: Tag, folder: Path) -> None:
    """Leave nothing that needs another file."""
    for tag in lesson.select(".headerlink, .sd-summary-state-marker"):
        tag.decompose()
    for link in lesson.select("a:not([href^=http])"):
        link.unwrap()
    for media in lesson.select("img, audio"):
        media["src"] = _embedded(str(media["src"]), folder)
        for name in ("loading", "preload"):  # all of it is here, and what waits is not printed
            media.attrs.pop(name, None)
    for paragraph in lesson.select('p:-soup-contains("CC BY")'):
        paragraph["class"] = "credit"


def _embedded(address: str, folder: Path) -> str:
    """The file behind an address, as an address that holds it."""
    if address.startswith("data:"):
        return address
    data = base64.b64encode((folder / address).read_bytes()).decode()
    return f"data:{mimetypes.guess_type(address)[0]};base64,{data}"


def _slides_of(section: Tag) -> list[str]:
    """Slides of one section; exercises and references are for the reader."""
    heading = section.select("h2")[0]
    parts: list[list[Tag]] = []
    if heading.text[0].isdigit():
        parts = [*_packed(_things(section)), *_quizzes(section)]
    elif heading.text == "Check your understanding":
        parts = _questions(section)
    elif heading.text == "What to keep":
        parts = [section.select("ul")]
    return [_slide([heading, *part]) for part in parts]


def _slide(content: Iterable[Tag | str]) -> str:
    """One slide."""
    return "\n".join(['<section class="slide">', *map(str, content), "</section>"])


def _things(section: Tag) -> list[Tag]:
    """What a section shows, in order; of its code the longest cell that a slide can hold."""
    code = section.select(CODE)
    fitting = [cell for cell in code if _lines(cell) <= LONGEST_CODE]
    left_out = {id(cell) for cell in code} - {id(max(fitting, key=_lines, default=None))}
    return [thing for thing in section.select(SHOWN) if id(thing) not in left_out]


def _lines(thing: Tag) -> float:
    """How much of a slide a thing takes, roughly."""
    if thing.name == "img" or thing.select("img, svg"):
        return PICTURE
    if thing.select("audio") or thing.css.match("div.math"):
        return ROW
    return max(len(thing.text.strip().splitlines()), 1.4 * len(thing.select("tr")))


def _packed(things: Iterable[Tag]) -> list[list[Tag]]:
    """Things shared out to as many slides as they need, with a line between them."""
    parts: list[list[Tag]] = [[]]
    for thing in things:
        if parts[-1] and sum(_lines(one) + 1 for one in [*parts[-1], thing]) > ROOM + 1:
            parts.append([])
        parts[-1].append(thing)
    return parts


def _quizzes(section: Tag) -> list[list[Tag]]:
    """Questions inside a section, each with its choices."""
    parts: list[list[Tag]] = []
    for choice in section.select("details.quiz"):
        before = choice.find_previous_siblings(True, limit=1)
        if parts and before[0] is parts[-1][-1]:
            parts[-1].append(choice)
        else:
            parts.append([*before, choice])
    return parts


def _questions(section: Tag) -> list[list[Tag]]:
    """Questions at the end of a lesson, each with its answer: it stands in the item or after it."""
    parts = []
    for number, item in enumerate(section.select(":scope > ol > li"), 1):
        answer = [] if item.select("details") else item.find_all_next("details", limit=1)
        item["value"] = str(number)
        parts.append([item.wrap(Tag(name="ol")), *answer])
    return parts


def _page_of(number: int) -> Path:
    """A lesson in the built book; if there is none, the program ends with a line that says why."""
    pages = {page.name[:2]: page for page in (BUILT / "notebooks").glob("[0-9][0-9]_*.html")}
    if not pages:
        sys.exit(f"error: no book in {BUILT}: run `make book` first")
    if f"{number:02}" not in pages:
        sys.exit(f"error: no lesson {number:02}: choose from {min(pages)} to {max(pages)}")
    return pages[f"{number:02}"]


def main() -> None:
    """Write a file for each lesson, and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lessons", type=int, nargs="+", metavar="NN", help="number of a lesson")
    parser.add_argument("--out", type=Path, default=ROOT / "_build/slides", metavar="FOLDER")
    options = parser.parse_args()
    pages = [_page_of(number) for number in options.lessons]
    options.out.mkdir(parents=True, exist_ok=True)
    shutil.copy(BUILT / FORMULAS, options.out)
    for page in pages:
        (options.out / page.name).write_text(deck(page), encoding="utf-8")
        print(options.out / page.name)


if __name__ == "__main__":
    main()
