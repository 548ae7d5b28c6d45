"""Models made of trained ones without training, and the records of where they come from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from . import enhance, network
from .files import write_whole

RECORDS = ("config.json", "history.csv", "sources.csv")  # beside the recipe


def write(model: enhance.Denoiser, out: str | Path, parent: Path, **facts: Any) -> Path:
    """Write a model with the records of the run that it comes from.

    Args:
        model: What to write.
        out: Folder of the new model.
        parent: Folder of that run.
        facts: What was done to it; they are added to ``recipe.json``, if there is one.

    Returns:
        The new weights.

    Raises:
        FileExistsError: If ``out`` holds a model already.
    """
    out = Path(out)
    if (out / "weights.npz").exists():
        raise FileExistsError(f"{out} holds a model: name another folder")
    out.mkdir(parents=True, exist_ok=True)
    for name in RECORDS:
        if (parent / name).exists():
            write_whole(out / name, (parent / name).read_bytes())
    if (parent / "recipe.json").exists():
        recipe: dict[str, Any] = json.loads((parent / "recipe.json").read_text(encoding="utf-8"))
        write_whole(
            out / "recipe.json", json.dumps({**recipe, **facts}, indent=2, sort_keys=True) + "\n"
        )
    network.save_weights(out / "weights.npz", model.weights)
    return out / "weights.npz"


def named(folder: Path) -> str:
    """Name of a model, and the SHA-256 of its ``weights.npz``."""
    return f"{folder.name} {hashlib.sha256((folder / 'weights.npz').read_bytes()).hexdigest()}"
