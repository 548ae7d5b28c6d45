"""Scripts that make the stored results: same rounding everywhere, and nothing stored is lost."""

import ast
import importlib
import os
import sys
from pathlib import Path

import common
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "notebooks" / "results").glob("*.py"))
LATER = {"scale"}  # to be sorted


def packages_of(script):
    """What a script imports at its start beside the standard library, in this order."""
    for node in ast.parse(script.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
        yield from (name for name in names if name.split(".")[0] not in sys.stdlib_module_names)


def test_common_asks_for_the_same_rounding_on_every_processor(monkeypatch):
    for name in ("TF_ENABLE_ONEDNN_OPTS", "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.setenv(name, "")  # so that it is restored
        del os.environ[name]
    importlib.reload(common)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "0"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_common_is_imported_before_anything_that_could_bring_tensorflow(script):
    packages = list(packages_of(script))
    if script.stem not in LATER and "common" in packages:
        assert packages[0] == "common"


def test_scripts_that_do_without_common_are_no_commands():
    for script in SCRIPTS:
        if "common" not in packages_of(script) and script.stem != "common":
            assert "__main__" not in script.read_text(encoding="utf-8"), script.name
