"""Pages that are executed ahead are those that the book's build finds."""

import execute_ahead
import nbformat
import pytest
from jupyter_cache import get_cache

OTHER = """
import pathlib, time
pathlib.Path("{own}").touch()
for _ in range(600):
    if pathlib.Path("{other}").exists():
        break
    time.sleep(0.1)
else:
    raise TimeoutError("the other page never began")
print("met")
"""


def page(folder, name, source):
    """A notebook with one cell."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cell = nbformat.v4.new_code_cell(source)
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=kernel)
    nbformat.write(notebook, folder / name)
    return folder / name


def found(cache, path):
    """What the build reads from the cache for a page."""
    _, merged = cache.merge_match_into_notebook(nbformat.read(path, as_version=4))
    return merged.cells[0].outputs[0].text


@pytest.fixture
def cache(tmp_path):
    return get_cache(tmp_path / "cache")


def test_two_pages_run_at_a_time_and_are_found(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(execute_ahead, "AT_A_TIME", 2)
    pages = [
        page(tmp_path, "a.ipynb", OTHER.format(own="a.began", other="b.began")),
        page(tmp_path, "b.ipynb", OTHER.format(own="b.began", other="a.began")),
    ]
    execute_ahead.execute_missing(pages, cache)
    assert [found(cache, path) for path in pages] == ["met\n", "met\n"]


def test_what_is_held_does_not_run_again_until_a_cell_changes(tmp_path, cache, capsys):
    path = page(tmp_path, "a.ipynb", "print(1)")
    execute_ahead.execute_missing([path], cache)
    capsys.readouterr()
    execute_ahead.execute_missing([path], cache)
    assert capsys.readouterr().out == ""
    page(tmp_path, "a.ipynb", "print(2)")
    execute_ahead.execute_missing([path], cache)
    assert found(cache, path) == "2\n"


def test_page_that_fails_is_left_to_the_build(tmp_path, cache, capsys):
    path = page(tmp_path, "a.ipynb", "1 / 0")
    execute_ahead.execute_missing([path], cache)
    assert "failed after" in capsys.readouterr().out
    with pytest.raises(KeyError):
        found(cache, path)


def test_kernels_say_nothing_of_their_own(tmp_path, cache, capfd):
    path = page(tmp_path, "a.ipynb", "print(1)")
    execute_ahead.execute_missing([path], cache)
    assert "WARNING" not in capfd.readouterr().err
