"""Packages that only some commands need: imported late, or a line that says how to get them."""

from __future__ import annotations

import importlib.util
from typing import Any


def missing(package: str, extra: str, alone: bool = False) -> ValueError:
    """The error that says how to install a package.

    Args:
        package: Name as pip knows it.
        extra: Extra of this package that needs it.
        alone: It is not in the extra but beside it, without what it requires: see ``peers.txt``.
    """
    command = f'pip install "lstm-se[{extra}]"'
    if alone:
        command = f"{command} && pip install --no-deps --ignore-requires-python {package}"
    return ValueError(f"package {package} is not installed: run {command}")


def module(name: str, package: str, extra: str) -> Any:
    """Import a module of an optional package.

    Raises:
        ValueError: If the package is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise missing(package, extra) from None


def has(name: str) -> bool:
    """Whether a module is installed, without importing it."""
    return importlib.util.find_spec(name) is not None
