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
# Modules of a subpackage have its name before theirs.
ORDER = (
    *("files", "shipped", "config", "audio", "stft", "features", "network"),
    *("workers", "cluster", "datasets", "transfer", "download"),
    *("noises", "reverberation", "microphone", "mixing", "bundled", "banks"),
    *("recordings", "plan", "building"),
    *("pipeline", "recurrence", "models", "losses", "metrics", "report", "evaluation", "stress"),
    *("comparison", "wiener", "weights", "packaged", "peers", "opinion"),
    *("runs", "distributed", "training", "ingredients", "enhance", "prune", "skipping"),
    *("derived", "soup", "platt"),
    *("fixedpoint", "quantize", "integer", "radix4", "frames", "engine"),
    *("packing", "selftest", "export", "toolchain", "native", "webassembly"),
    *("emulate", "engines"),
    *("fidelity", "footprint", "golden"),
    *("tflite", "conversion", "interpreters", "fakequant"),
    *("studies", "materials", "experiments"),
    *("card", "bench", "plots", "fader"),
    *("commands.__init__", "commands.options", "commands.terminal"),
    *("commands.enhance", "commands.evaluate", "commands.data", "commands.train"),
    *("commands.info", "commands.bench", "commands.quantize", "commands.export"),
    *("commands.prune", "commands.average", "commands.rescale"),
    *("__init__", "cli", "__main__"),
)
KERAS = {
    *("recurrence", "models", "losses", "runs", "distributed", "training", "ingredients"),
    "experiments",
}
HEAVY = {
    "tensorflow": KERAS | {"pipeline", "materials", "conversion", "fakequant"},
    "keras": KERAS | {"fakequant"},
    "librosa": set(),
    "matplotlib": {"plots"},
}
LIGHT = [name for name in ORDER if not any(name in users for users in HEAVY.values())]


def tree_of(module):
    path = PACKAGE / f"{module.replace('.', '/')}.py"
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(module):
    """Modules of the package that a module names in any import, inside functions too."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom) and node.level:
            parents = module.split(".")[: -node.level]
            start = ".".join([*parents, node.module] if node.module else parents)
            if start in ORDER:
                yield start
            else:
                yield from (gathered(start, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lstm_se"):
            yield f"absolute import of {node.module}"
        elif isinstance(node, ast.Import):
            yield from (f"absolute import of {n.name}" for n in node.names if "lstm_se" in n.name)


def gathered(folder, name):
    """The module that ``from folder import name`` reads: the name's own, or that of the folder."""
    inside = f"{folder}." if folder else ""
    return f"{inside}{name}" if f"{inside}{name}" in ORDER else f"{inside}__init__"


@pytest.mark.parametrize(
    ("module", "line", "found"),
    [
        ("models", "from .stft import analyse", "stft"),
        ("models", "from . import stft", "stft"),
        ("models", "from . import __version__", "__init__"),
        ("models", "from .commands import bench", "commands.bench"),
        ("commands.data", "from .options import JOBS", "commands.options"),
        ("commands.data", "from . import bench, JOBS", "commands.bench commands.__init__"),
        ("commands.data", "from ..bench import table", "bench"),
        ("commands.data", "from .. import bench, mini", "bench __init__"),
        ("commands.data", "def late():\n    from ..cli import main", "cli"),
        ("commands.data", "import lstm_se.cli", "absolute import of lstm_se.cli"),
    ],
)
def test_imports_are_read_for_what_they_mean(module, line, found, monkeypatch):
    monkeypatch.setitem(globals(), "tree_of", lambda _: ast.parse(line))
    assert " ".join(imported(module)) == found


def test_every_module_has_its_place():
    present = [path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py")]
    assert sorted(".".join(path.parts) for path in present) == sorted(ORDER)


@pytest.mark.parametrize("module", ORDER)
def test_module_imports_only_from_modules_before_it(module):
    assert set(imported(module)) <= set(ORDER[: ORDER.index(module)])


def importable(module):
    """The name under which Python imports a module."""
    return f"lstm_se.{module}".removesuffix(".__init__")


@pytest.fixture(scope="module")
def loaded():
    """Heavy packages that each light module has brought in, in a process of its own."""
    names = [importable(name) for name in LIGHT if not name.startswith("__")]
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
    assert loaded[importable(module)] == []


@pytest.mark.parametrize("module", ORDER)
def test_heavy_packages_are_named_at_module_level_only_where_allowed(module):
    named = {
        name.partition(".")[0]
        for node in tree_of(module).body
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom) and node.level == 0
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert named & set(HEAVY) <= {package for package, users in HEAVY.items() if module in users}
