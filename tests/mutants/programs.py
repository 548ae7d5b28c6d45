"""Mutants of a file that are programs, and other ones than the file.

universalmutator writes some thousands of mutants of a file. Left out are those that a compiler
refuses, that Python cannot import, or that are the same program in every build of ``builds``: so no
line is broken that none of the tests compiles, as what is for Arm's gcc alone is (``make
test-system`` has that).
"""

from __future__ import annotations

import ast
import random
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from commands import exit_code
from random_network import balanced_weights

from lstm_se.chip import quantize, toolchain
from lstm_se.config import Config
from lstm_se.network import pretrained

TOOL = Path(sys.executable).with_name("mutate")
OTHERS = (  # with what the shipped model has not, and without what it has
    Config.preset("bandwise"),
    Config.preset("plain", bands=32, units=(16, 24), local=False),
)
OPTIONS = (*toolchain.STRICT, "-O2", "-g0")  # zig would note the number of each line
Build = tuple[Path, list[str]]  # a copy of the denoiser, and a compiler


def builds(folder: Path) -> list[Build]:
    """Copies of the denoiser with a model of each kind, and the compilers that the tests call."""
    shipped, host = pretrained.load_float("tiny"), toolchain.host_compiler()
    cortex = [*toolchain.zig(), *toolchain.M7, *toolchain.UNCHECKED, "-ffreestanding"]
    found = []
    networks = [(shipped.weights, shipped.config), *((balanced_weights(c), c) for c in OTHERS)]
    for number, network in enumerate(networks):
        copy = folder / str(number)
        toolchain.copy_denoiser(quantize.quantize(*network), copy)
        for compiler in (host, [*host, *toolchain.NATIVE], cortex):
            found.append((copy, [*compiler, *OPTIONS]))
    return found


def bare(path: Path) -> str:
    """A source without comments behind C: universalmutator leaves out lines that have one."""
    text = path.read_text(encoding="utf-8")
    return text if path.suffix == ".py" else re.sub(r"[ \t]*/\*.*?\*/", "", text)


def program(path: Path, text: str, compiled: Sequence[Build]) -> object:
    """What a source is to who reads it: equal for two that do the same; ``None`` if refused."""
    return _tree(text) if path.suffix == ".py" else _objects(path.name, text, compiled)


def _tree(text: str) -> str | None:
    """A source as Python sees it, without what does nothing."""
    try:
        return ast.dump(_Doing().visit(ast.parse(text)))
    except (SyntaxError, ValueError):
        return None


class _Doing(ast.NodeTransformer):
    """Takes ``pass`` and docstrings away, whose words no test can hold."""

    def visit_Pass(self, node: ast.Pass) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else node


def _objects(name: str, text: str, compiled: Sequence[Build]) -> list[bytes] | None:
    """What each compiler makes of a source, or of those that include it if it is a header."""
    found = []
    for folder, compiler in compiled:
        (folder / name).write_text(text, encoding="utf-8")
        sources = [name]
        if name.endswith(".h"):
            every = sorted(folder.glob("*.c"))
            sources = [path.name for path in every if f'"{name}"' in path.read_text("utf-8")]
        for source in sources:
            if exit_code([*compiler, "-c", source, "-o", "out.o"], folder) != 0:
                return None
            found.append((folder / "out.o").read_bytes())
    return found


def drawn(copy: Path, name: str, seed: int) -> Iterator[str]:
    """Mutants of a file in a copy of the repository that are another program, in a random order.

    Raises:
        ChildProcessError: If universalmutator fails.
    """
    path = copy / name
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        compiled = [] if path.suffix == ".py" else builds(folder)
        if exit_code([TOOL, path, "--noCheck", "--mutantDir", "mutants"], folder) != 0:
            raise ChildProcessError(f"{name}: universalmutator fails")
        written = sorted((folder / "mutants").iterdir())
        random.Random(seed).shuffle(written)
        seen = [program(path, path.read_text(encoding="utf-8"), compiled), None]
        for text in (mutant.read_text(encoding="utf-8") for mutant in written):
            if (other := program(path, text, compiled)) not in seen:
                seen.append(other)
                path.write_text(text, encoding="utf-8")
                if path.suffix != ".py" or importable(copy, name):
                    yield text


def importable(copy: Path, name: str) -> bool:
    """Whether Python can import a file in a copy of the repository."""
    module = name.removesuffix(".py").replace("/", ".")
    return exit_code([sys.executable, "-c", f"import {module}"], copy, 60) == 0
