"""The rooms of the package stand in one row, and the light ones start without the heavy ones."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import lstm_se

PACKAGE = Path(lstm_se.__file__).parent
# A module imports only from modules before it; __init__ gathers, and only the end needs it.
ORDER = (
    *("files", "config", "audio", "stft", "features", "network"),
    *("workers", "cluster", "datasets", "transfer", "download"),
    *("noises", "reverberation", "microphone", "mixing", "bundled", "banks"),
    *("recordings", "plan", "building"),
    *("pipeline", "recurrence", "models", "losses", "metrics", "report", "evaluation", "stress"),
    *("comparison", "wiener", "weights", "packaged", "peers", "opinion"),
    *("runs", "distributed", "training", "ingredients", "enhance"),
    *("studies", "materials", "experiments"),
    *("card", "bench", "plots"),
    *("__init__", "cli", "__main__"),
)
HEAVY = {
    "tensorflow": {
        "pipeline",
        "recurrence",
        "models",
        "losses",
        "runs",
        "distributed",
        "training",
        "ingredients",
        "materials",
        "experiments",
    },
    "keras": {
        "recurrence",
        "models",
        "losses",
        "runs",
        "distributed",
        "training",
        "ingredients",
        "experiments",
    },
    "librosa": set(),
    "matplotlib": {"plots"},
}
LIGHT = [name for name in ORDER if not any(name in users for users in HEAVY.values())]


def imported(module):
    """Modules of the package that a module names in any import, inside functions too."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            if node.module:
                yield node.module
            else:
                yield from (n.name if n.name in ORDER else "__init__" for n in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lstm_se"):
            yield f"absolute import of {node.module}"
        elif isinstance(node, ast.Import):
            yield from (f"absolute import of {n.name}" for n in node.names if "lstm_se" in n.name)


def test_every_module_has_its_place():
    assert sorted(path.stem for path in PACKAGE.glob("*.py")) == sorted(ORDER)


@pytest.mark.parametrize("module", ORDER)
def test_module_imports_only_from_modules_before_it(module):
    assert set(imported(module)) <= set(ORDER[: ORDER.index(module)])


@pytest.fixture(scope="module")
def loaded():
    """Heavy packages that each light module has brought in, in a process of its own."""
    names = [f"lstm_se.{name}" for name in LIGHT if not name.startswith("__")]
    program = f"""
import importlib, json, sys
heavy, found = {sorted(HEAVY)}, {{}}
for name in ["lstm_se", *{names}]:
    importlib.import_module(name)
    found[name] = [package for package in heavy if package in sys.modules]
    for package in found[name]:
        heavy.remove(package)
print(json.dumps(found))
"""
    path = os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("module", [name for name in LIGHT if name != "__main__"])
def test_light_module_starts_without_heavy_packages(module, loaded):
    name = "lstm_se" if module == "__init__" else f"lstm_se.{module}"
    assert loaded[name] == []


@pytest.mark.parametrize("module", ORDER)
def test_heavy_packages_are_named_at_module_level_only_where_allowed(module):
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    named = {
        name.partition(".")[0]
        for node in tree.body
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom) and node.level == 0
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert named & set(HEAVY) <= {package for package, users in HEAVY.items() if module in users}
