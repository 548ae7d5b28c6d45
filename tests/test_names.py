"""Nothing in the package has two meanings."""

import ast
from collections import defaultdict
from pathlib import Path

import lstm_se

PACKAGE = Path(lstm_se.__file__).parent


def public_names(source):
    """Functions, classes and constants that a module defines for others, imports left out."""
    for node in ast.parse(source).body:
        match node:
            case ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=value))]) if value is ...:
                names = []  # an overload: a type of the function below it
            case ast.FunctionDef() | ast.ClassDef():
                names = [node.name]
            case ast.Assign():
                names = [name.id for name in node.targets if isinstance(name, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names = [name]
            case _:
                names = []
        yield from (name for name in names if not name.startswith("_"))


def test_public_names_are_read_for_what_they_are():
    source = "import os\nRATE = _half = 8\nx: int = 1\ndef f(): ...\ndef f(): pass\nclass C: y = 2"
    assert list(public_names(source)) == ["RATE", "x", "f", "C"]


def test_every_public_name_stands_once():
    places = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in public_names(path.read_text(encoding="utf-8")):
            places[name].append(str(path.relative_to(PACKAGE)))
    assert not {name: files for name, files in places.items() if len(files) > 1}
