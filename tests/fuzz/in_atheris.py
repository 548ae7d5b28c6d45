"""Fuzz a target in Python: ``in_atheris.py TARGET [OPTIONS OF LIBFUZZER] CORPUS …``."""

import importlib
import sys
import tempfile
from pathlib import Path

import atheris

OURS = ["lstm_se", "targets", "numpy.lib", "zipfile"]  # whose code guides it, if not yet imported


def main(target: str, options: list[str]) -> None:
    """Until something is found, or the time is over."""
    with atheris.instrument_imports(include=OURS):
        check = importlib.import_module(f"targets.{Path(target).stem}").check
    with tempfile.TemporaryDirectory() as folder:
        atheris.Setup([target, *options], lambda data: check(data, Path(folder)))
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
