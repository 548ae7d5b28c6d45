"""Stored results: what the commands in ``notebooks/results`` have measured, in minutes or days."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from ..files import shipped


def stored(name: str) -> Any:
    """Read a stored result.

    Args:
        name: Of the file, such as ``"09_peers"``; the number of the page and the suffix may be left
            out. Where there are both, ``.json`` is read and not ``.npz``.

    Returns:
        What the JSON holds, or the arrays of the ``.npz`` by name.

    Raises:
        ValueError: If no file has this name.
    """
    paths = [p for p in sorted(shipped("results").iterdir()) if p.suffix in (".json", ".npz")]
    pattern = rf"(\d\d_)?{re.escape(name)}(\.json|\.npz)?"
    path = next((p for p in paths if re.fullmatch(pattern, p.name)), None)
    if path is None:
        names = ", ".join(p.name for p in paths)
        raise ValueError(f"no stored result {name!r}: choose one of {names}")
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    with np.load(path) as arrays:
        return dict(arrays)
