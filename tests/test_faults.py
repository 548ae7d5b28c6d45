"""The table of faults is that of the tests, and no pickle is opened."""

import ast
from pathlib import Path

import pytest
from faults import FAULTS, PAGE, ROOT, renewed

PICKLES = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "torch"}
SOURCES = [
    path
    for folder in ("lstm_se", "notebooks/results", "data", "book/tools")
    for path in (ROOT / folder).rglob("*.py")
]


@pytest.mark.parametrize("name", sorted({name for fault in FAULTS for name in fault.tests}))
def test_every_fault_has_its_test(name):
    file, function = name.split("::")
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_table_for_maintainers_is_that_of_today():
    page = PAGE.read_text(encoding="utf-8")
    assert "| what goes wrong |" in page
    assert page == renewed(page), "run python tests/support/faults.py"


def opened_by(node):
    """Why a piece of code may open a pickle; nothing if it does not."""
    if isinstance(node, ast.Import):
        return PICKLES & {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return PICKLES & {(node.module or "").split(".")[0]}
    if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
        return not (isinstance(node.value, ast.Constant) and node.value.value is False)
    return isinstance(node, ast.Attribute) and node.attr in ("read_pickle", "load_model")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_of_ours_opens_a_pickle(path: Path):
    """NumPy opens none unless it is told to; Keras' ``load_model`` can run code of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if opened_by(node)]


@pytest.mark.parametrize(
    "code", ["import pickle", "from joblib import load", "np.load(a, allow_pickle=True)"]
)
def test_what_opens_a_pickle_is_found(code):
    assert any(map(opened_by, ast.walk(ast.parse(code))))
