"""Every page of the book keeps its promises: one skeleton, executed, described, reachable."""

import copy
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from execute_notebooks import clean
from measure_lessons import WIDEST, lesson_of, pages, wide_lines

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXECUTED = NOTEBOOKS + sorted((ROOT / "book").glob("*.ipynb"))
PAGES = EXECUTED + sorted((ROOT / "book").glob("*.md"))
CLOSING = ["Check your understanding", "Exercises", "What to keep", "References"]
IGNORED = "nbval-ignore-output"
LONGEST_SECONDS = 120
LONGEST_SETUP = 12  # lines
LONGEST_MINUTES = 25
LONGEST_CELL = 20  # lines that are shown
MOST_PLUMBING = 0.15  # of the lines that are shown


def name(path):
    """Short name of a page, for the test report."""
    return path.stem


every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
every_executed_page = pytest.mark.parametrize("path", EXECUTED, ids=name)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def ignores_output(cell):
    return IGNORED in tags(cell) or "NBVAL_IGNORE_OUTPUT" in cell.source


def headings(path):
    """Second-level headings of a notebook, in order."""
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    return re.findall(r"^## +(.+?) *$", text, re.MULTILINE)


def section(path, heading):
    """Cells from the one that opens with a second-level heading to the next such cell."""
    inside, found = False, []
    for cell in read(path).cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            inside = cell.source.splitlines()[0] == f"## {heading}"
        if inside:
            found.append(cell)
    return found


def prose(cells):
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def images(cell):
    kinds = [kind for output in cell.outputs for kind in output.get("data", {})]
    return [kind for kind in kinds if kind.startswith("image/")]


@every_notebook
def test_title_has_the_number_and_the_name_of_the_file(path):
    title = read(path).cells[0].source.splitlines()[0]
    number, words = re.fullmatch(r"# (\d+)\. (.+)", title).groups()
    slug = re.sub(r"[^a-z0-9]+", "_", words.lower().replace("`", "")).strip("_")
    assert path.stem == f"{int(number):02d}_{slug}"


@every_notebook
def test_promise_is_the_paragraph_after_the_title(path):
    opening = read(path).cells[0].source.split("\n\n")
    assert re.match(r"\*[^*]+\*", opening[1]), "no promise in italics after the title"
    assert "\n- " not in opening[1]


@every_notebook
def test_opening_table_says_what_is_needed_and_how_long_it_takes(path):
    opening = prose(read(path).cells[:3])
    rows = [
        [column.strip() for column in line.strip("| ").split("|")]
        for line in opening.splitlines()
        if line.startswith("|")
    ]
    assert rows[0] == ["you need", "reads in", "runs in", "you will be able to"]
    needs, reads_in, runs_in, able = rows[2]
    assert needs
    counted = lesson_of(path).minutes
    assert reads_in == f"{counted} min", "python book/tools/execute_notebooks.py --reading PAGE"
    assert counted <= LONGEST_MINUTES
    seconds = int(re.fullmatch(r"(\d+) s on [12] CPU cores?", runs_in)[1])
    assert seconds <= LONGEST_SECONDS
    assert 3 <= len(able.split("·")) <= 5


@pytest.mark.parametrize("path", pages(), ids=name)
def test_code_that_is_shown_is_short_and_what_the_page_is_about(path):
    """Hide what draws, prints and checks: python book/tools/measure_lessons.py counts it."""
    page = lesson_of(path)
    assert page.longest <= LONGEST_CELL
    assert page.plumbing <= MOST_PLUMBING * page.lines


@every_notebook
def test_first_code_cell_installs_in_colab_only_and_leaves_its_tensorflow_alone(path):
    cell = code_cells(path)[0]
    assert "google.colab" in cell.source
    assert "remove-input" in tags(cell)
    assert not cell.outputs
    assert not re.search(r"tensorflow|numpy|keras", cell.source)


@every_notebook
def test_set_up_cell_is_short(path):
    """What one later cell needs is imported in that cell."""
    setup = next(cell for cell in code_cells(path)[1:] if "lstm_se" in cell.source)
    assert len(setup.source.splitlines()) <= LONGEST_SETUP


@every_notebook
def test_sections_are_numbered_and_the_page_closes_as_the_others_do(path):
    found = headings(path)
    number = int(path.stem[:2])
    body = found[: -len(CLOSING)]
    assert found[-len(CLOSING) :] == CLOSING
    assert len(body) >= 2
    for position, heading in enumerate(body, 1):
        assert heading.startswith(f"{number}.{position} ")


@every_notebook
def test_every_section_opens_its_own_cell(path):
    opening = [cell for cell in read(path).cells if cell.source.startswith("## ")]
    assert len(opening) == len(headings(path))


@every_notebook
def test_every_question_hides_its_answer(path):
    text = prose(section(path, "Check your understanding"))
    questions = re.findall(r"^\d\. ", text, re.MULTILINE)
    hidden = re.findall(r"^ *:{3,}\{dropdown\}|:class: .*dropdown", text, re.MULTILINE)
    assert 2 <= len(questions) <= 3
    assert len(hidden) == len(questions)


@every_notebook
def test_quick_check_ends_its_section_and_has_one_right_answer(path):
    cells = read(path).cells
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        if not cell.source.startswith("**Quick check.**"):
            continue
        assert following.source.startswith("## ")
        choices = re.findall(
            r"^:::\{dropdown\} ([A-C])\. \S.*\n:class-container: quiz\n(.+)\n:::",
            cell.source,
            re.MULTILINE,
        )
        assert [letter for letter, _ in choices] == list("ABC")[: max(2, len(choices))]
        assert sum(answer.startswith("Yes.") for _, answer in choices) == 1
        assert cell.source.count(":::{dropdown}") == len(choices)


@every_notebook
def test_every_section_asks_a_quick_check(path):
    sections = [title for title in headings(path) if re.match(r"\d", title)]
    silent = [t for t in sections if "**Quick check.**" not in prose(section(path, t))]
    assert not silent


@every_notebook
def test_every_exercise_has_a_hidden_solution_that_runs(path):
    """Each begins with a cell to write in, which says "not yet" as it stands."""
    cells = section(path, "Exercises")
    exercises = re.findall(rf"^\*\*{int(path.stem[:2])}\.\d", prose(cells), re.MULTILINE)
    hidden = [cell for cell in cells if "hide-cell" in tags(cell)]
    starts = [cell for cell in cells if cell.cell_type == "code" and cell not in hidden]
    assert 2 <= len(exercises) <= 3
    assert len(hidden) == len(exercises) == len(starts)
    for cell in hidden:
        assert cell.metadata["mystnb"]["code_prompt_show"] == "Show the solution"
        assert cell.metadata["mystnb"]["code_prompt_hide"] == "Hide the solution"
    for cell in starts:
        printed = "".join(output.get("text", "") for output in cell.outputs)
        assert "not yet" in printed, cell.source


@every_notebook
def test_what_to_keep_is_short(path):
    lines = re.findall(r"^- ", prose(section(path, "What to keep")), re.MULTILINE)
    assert 3 <= len(lines) <= 5


@every_notebook
def test_references_can_be_followed(path):
    assert re.search(r"https://(doi|arxiv)\.org/", prose(section(path, "References")))


@every_notebook
def test_references_are_in_the_list_of_the_book(path):
    listed = (ROOT / "book" / "references.md").read_text(encoding="utf-8")
    named = prose(section(path, "References"))
    links = set(re.findall(r"\]\((https://(?:doi|arxiv)\.org/[^\s)]+)\)", named))
    assert not {link for link in links if f"({link})" not in listed}


@every_executed_page
def test_page_was_executed_once_from_top_to_bottom(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@every_executed_page
def test_page_shows_text_and_a_figure(path):
    cells = code_cells(path)
    assert any(images(cell) for cell in cells)
    outputs = [output for cell in cells for output in cell.outputs]
    written = {"text/html", "text/markdown"}
    assert any(
        output.output_type == "stream" or written & set(output.get("data", {}))
        for output in outputs
    )
    assert not any(output.output_type == "error" for output in outputs)


@every_executed_page
def test_no_printed_line_is_cut_by_the_page(path):
    assert wide_lines(read(path).cells) == [], f"print at most {WIDEST} characters a line"


@every_executed_page
def test_page_carries_no_sound_and_no_trace_of_a_machine(path):
    """Whoever commits a notebook ran `make notebooks` first."""
    notebook = read(path)
    cleaned = copy.deepcopy(notebook)
    clean(cleaned)
    assert cleaned == notebook


@every_executed_page
def test_output_is_compared_wherever_it_can_be(path):
    cells = code_cells(path)
    assert sum(map(ignores_output, cells)) <= len(cells) / 3
    for cell in cells:
        assert "nbval-skip" not in tags(cell) and "NBVAL_SKIP" not in cell.source
        if "NBVAL_CHECK_OUTPUT" in cell.source or "nbval-check-output" in tags(cell):
            assert cell.outputs, f"nothing is stored to compare with: {cell.source[:60]}"


@every_executed_page
def test_cells_that_play_sound_are_not_compared(path):
    """Their stored output is cleared, so a comparison would always fail."""
    for cell in code_cells(path):
        if re.search(r"(?<!def )\b(listen|switch)\(", cell.source):
            assert ignores_output(cell), cell.source[:60]


@every_executed_page
def test_every_picture_is_described_in_words(path):
    for cell in code_cells(path):
        shown = images(cell)
        if shown:
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(shown) == 1, f"one picture a cell, so that each has its words: {cell.source}"
            assert len(alt.split()) >= 5, f"no alternative text: {cell.source[:60]}"


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_no_picture_in_the_prose_is_without_words(path):
    text = prose(read(path).cells) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")
    assert not re.search(r"!\[\s*\]\(", text)
    for tag in re.findall(r"<img\b[^>]*>", text):
        assert re.search(r'\balt="[^"]+"', tag), tag
    for block in re.findall(r"^:{3,}\{(?:image|figure)\}.*?^:{3,}", text, re.MULTILINE | re.DOTALL):
        assert ":alt: " in block, block


def test_table_of_contents_has_every_page_once_and_no_other():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = [contents["root"]]
    listed += [chapter["file"] for part in contents["parts"] for chapter in part["chapters"]]
    present = [str(path.relative_to(ROOT).with_suffix("")) for path in PAGES]
    assert sorted(listed) == sorted(present)


def test_lessons_stand_in_the_order_of_their_numbers():
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    numbers = re.findall(r"notebooks/(\d\d)_", contents)
    assert numbers == sorted(numbers)


def test_repository_has_one_address():
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    address = config["repository"]["url"]
    folders = ["*", "book/*", "notebooks/*", "lstm_se/**/*.py", ".github/**/*"]
    files = [path for folder in folders for path in ROOT.glob(folder) if path.is_file()]
    texts = [path.read_text(encoding="utf-8", errors="ignore") for path in files]
    pattern = r"https://github\.com/[\w-]+/lstm-se"
    found = {url for text in texts for url in re.findall(pattern, text)}
    assert found == {address}
