"""Files that come with the code: folders of a checkout, or their copies in an installed package."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
CHECKOUT = {"mini": "data/mini", "firmware": "firmware", "results": "notebooks/results"}


def folder(name: str) -> Path:
    """Where one of them is.

    Args:
        name: ``"mini"`` (recordings), ``"firmware"`` (C sources) or ``"results"`` (what the
            commands in ``notebooks/results`` have measured, for pages that cannot wait for it).

    Raises:
        FileNotFoundError: If the installation lacks it.
    """
    for path in (_HERE / f"_{name}", _HERE.parent / CHECKOUT[name]):
        if path.is_dir():
            return path
    raise FileNotFoundError(f"no {name} in {_HERE / f'_{name}'}: install lstm-se again")
