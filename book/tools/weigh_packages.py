"""What a user of the package installs: megabytes, and who imports it when.

Usage: ``python book/tools/weigh_packages.py``. Measures the environment that it runs in, and renews
the table in ``book/how_to_use.md``.
"""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "book" / "how_to_use.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ["", "scores", "train", "lessons"]  # "" is what is always installed
USES = {
    "click": "the command line",
    "loky": "several processes, which end when the command does",
    "numpy": "the network and all arithmetic",
    "platformdirs": "where a cache belongs",
    "scipy": "Fourier transforms, filters, Student's t",
    "soundfile": "reads and writes sound",
    "soxr": "other sample rates",
    "tqdm": "progress bars",
    "pesq": "PESQ; compiled while it installs, since it comes as C source",
    "pystoi": "STOI and ESTOI",
    "keras": "layers and the training loop",
    "tensorflow": "gradients, and files for TensorFlow Lite",
    "librosa": "to compare with, in lessons",
    "matplotlib": "figures",
}
# The first of these that brings a package in is told.
STEPS = {
    "`import lstm_se`": "import lstm_se",
    "any command": "import lstm_se.cli.main",
    "`enhance`": """
import tempfile, pathlib, numpy, soundfile
from lstm_se.cli.main import commands
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "noise.wav"
    soundfile.write(path, 0.1 * numpy.random.default_rng(0).standard_normal(16_000), 16_000)
    commands(["enhance", str(path), "-o", f"{folder}/out.wav"], standalone_mode=False)
""",
    "`evaluate`": """
import lstm_se
lstm_se.evaluate(lstm_se.mini().test[:1], jobs=1)
""",
    "`train`": "import lstm_se.training.from_folders",
    "a page that draws": "import lstm_se.pages.plots",
}


def requirements(extra: str) -> list[str]:
    """Names that the package asks for by itself, or in an extra; not those of extras within."""
    lines = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    names = [Requirement(line).name for line in lines]
    return sorted(name for name in names if name != PROJECT["name"])


def closure(name: str) -> set[str]:
    """A package and all that it brings along, as far as it is installed here."""
    found, waiting = set[str](), {str(canonicalize_name(name))}
    while waiting:
        found.add(name := waiting.pop())
        for line in distribution(name).requires or []:
            need = Requirement(line)
            if not need.marker or need.marker.evaluate({"extra": ""}):
                waiting |= {installed(need.name)} - found
    return found


def installed(name: str) -> str:
    """The name under which a package is installed: TensorFlow has a build without CUDA."""
    try:
        return canonicalize_name(distribution(name).name)
    except PackageNotFoundError:
        return f"{name}-cpu"


def megabytes(names: set[str]) -> float:
    """Size of all files of these packages."""
    files = [file.locate() for name in names for file in distribution(name).files or []]
    return sum(Path(file).stat().st_size for file in files if Path(file).exists()) / 1e6


def imported(code: str, names: list[str]) -> set[str]:
    """Which of these packages a program imports, in a process of its own."""
    code += f"\nimport sys\nprint('imported:', *{{*{names}}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("imported:")[2].split())


def table() -> str:
    """A row for each package: what it brings is counted where it is first needed."""
    names = [name for extra in EXTRAS for name in requirements(extra)]
    steps = {step: imported(code, names) for step, code in STEPS.items()}
    rows = ["| package | with | MB | what for | imported by |", "| --- | --- | --: | --- | --- |"]
    counted = set[str]()
    for extra in EXTRAS:
        before = set(counted)
        label = f"`[{extra}]`" if extra else "always"
        for name in requirements(extra):
            new = closure(installed(name)) - counted
            counted |= new
            first = next((step for step, found in steps.items() if name in found), "a lesson")
            rows.append(f"| {name} | {label} | {megabytes(new):.0f} | {USES[name]} | {first} |")
        rows.append(f"| *together* | {label} | *{megabytes(counted - before):.0f}* | | |")
    return "\n".join(rows)


def renewed(page: str, rows: str) -> str:
    """The page with another table."""
    return re.sub(
        r"\| package \| with \| MB .*?\n\n", lambda _: rows + "\n\n", page, flags=re.DOTALL
    )


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), table()), encoding="utf-8")
