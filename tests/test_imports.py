"""What starts without heavy packages stays so. Who may import whom: contracts in pyproject.toml."""

import json
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import lstm_se

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {part["id"]: part for part in PYPROJECT["tool"]["importlinter"]["contracts"]}
HEAVY = ["tensorflow", "keras", "librosa", "matplotlib"]
# In a wing that may import TensorFlow, and needed where nothing is trained.
LIGHT = {
    "lstm_se.research.bench",
    "lstm_se.research.skipping",
    "lstm_se.research.studies",
    "lstm_se.training.cluster",
}
PROGRAM = """
import importlib, json, sys
heavy, modules = json.load(sys.stdin)
loaded = {}
for module in modules:
    importlib.import_module(module)
    for package in heavy:
        if package in sys.modules:
            loaded.setdefault(package, module)
print(json.dumps(loaded))
"""


def may_import(contract, module):
    """Tell whether a contract lets a module import what it protects."""
    allowed = CONTRACTS[contract]["allowed_importers"]
    return any(f"{module}.".startswith(f"{importer}.") for importer in allowed)


def first_to_load(packages, modules):
    """The module that brought a package in, by package, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([packages, modules]),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return json.loads(done.stdout)


def test_modules_that_need_no_heavy_package_start_without():
    names = {part.name for part in pkgutil.walk_packages(lstm_se.__path__, "lstm_se.")}
    assert names >= LIGHT
    light = {name for name in names if not may_import("tensorflow", name)} | LIGHT
    light -= {"lstm_se.__main__"}  # runs the command line
    pages_last = sorted(light, key=lambda name: (may_import("faces", name), name))
    first = first_to_load(HEAVY, pages_last)
    assert may_import("faces", first.pop("matplotlib"))
    assert not first, "package and the module that brought it in"


def test_who_only_denoises_waits_neither_for_scipy_nor_for_a_compiler():
    assert not first_to_load([*HEAVY, "scipy", "lstm_se.chip.builds"], ["lstm_se"])
