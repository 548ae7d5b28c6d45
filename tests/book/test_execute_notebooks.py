"""`make notebooks` executes, cleans and times a notebook, and never leaves half of one."""

import nbformat
import pytest
from execute_notebooks import clean, count_again, execute, running_time, write_head
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

pytestmark = pytest.mark.slow  # starts kernels

TABLE = (
    "# 1. Title\n\n| you need | reads in | runs in | you can |\n| --- | --- | --- | --- |\n"
    "| page 0 | ? | ? | do it |"
)


@pytest.fixture
def notebook_file(tmp_path):
    """Write cells as a notebook and return its path."""

    def write(*cells):
        path = tmp_path / "page.ipynb"
        nbformat.write(new_notebook(cells=list(cells)), path)
        return path

    return write


def test_executed_notebook_has_outputs_and_its_times(notebook_file):
    path = notebook_file(new_markdown_cell(TABLE), new_code_cell("print(6 * 7)"))
    seconds = execute(path)
    table, cell = nbformat.read(path, as_version=4).cells
    assert cell.outputs[0].text == "42\n"
    assert cell.execution_count == 1
    assert f"| page 0 | 0 min | {-(-seconds // 10) * 10:.0f} s on " in table.source
    assert "do it |" in table.source


def test_executing_twice_changes_nothing_but_the_time(notebook_file):
    path = notebook_file(new_code_cell("1 + 1"))
    execute(path)
    first = path.read_bytes()
    execute(path)
    assert path.read_bytes() == first


def test_sound_and_stderr_are_removed_and_the_rest_stays(notebook_file):
    outputs = [
        new_output("stream", name="stderr", text="a library talks"),
        new_output("stream", name="stdout", text="kept"),
        new_output(
            "display_data", {"text/html": '<audio src="data:audio/flac;base64,AA=="></audio>'}
        ),
        new_output("display_data", {"audio/x-wav": "AA==", "text/plain": "sound"}),
        new_output("display_data", {"image/png": "AA=="}),
    ]
    notebook = new_notebook(cells=[new_code_cell("x", outputs=outputs)])
    clean(notebook)
    assert notebook.cells[0].outputs == [outputs[1], outputs[4]]


def test_traces_of_the_machine_are_removed_and_tags_stay():
    cell = new_code_cell("x", metadata={"tags": ["hide-cell"], "execution": {"start": "today"}})
    notebook = new_notebook(
        cells=[cell], metadata={"language_info": {"name": "python", "version": "3.11.7"}}
    )
    clean(notebook)
    assert cell.metadata == {"tags": ["hide-cell"]}
    assert notebook.metadata.language_info == {"name": "python"}


def test_time_is_rounded_up_to_ten_seconds():
    assert running_time(60.1).startswith("70 s on ")


def test_page_without_a_column_is_left_alone():
    notebook = new_notebook(
        cells=[new_markdown_cell("# Title\n\n| a | b |\n| --- | --- |\n| 1 | 2 |")]
    )
    before = notebook.cells[0].source
    write_head(notebook, "runs in", "10 s")
    assert notebook.cells[0].source == before


def test_reading_time_is_counted_again_without_executing(notebook_file):
    path = notebook_file(
        new_markdown_cell(TABLE), new_markdown_cell("word " * 340), new_code_cell("1 / 0")
    )
    count_again(path)
    table, _, cell = nbformat.read(path, as_version=4).cells
    assert "| page 0 | 2 min | ? | do it |" in table.source
    assert cell.execution_count is None


def test_notebook_that_fails_stays_as_it_was(notebook_file):
    path = notebook_file(new_code_cell("1 / 0"))
    before = path.read_bytes()
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["page.ipynb"]
