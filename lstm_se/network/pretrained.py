"""Trained models: those that come with the package, and the folders of runs."""

from __future__ import annotations

from pathlib import Path

from ..config import Config
from . import in_numpy
from .denoiser import Denoiser

PRETRAINED = Path(__file__).parents[1] / "pretrained"


def load_float(model: str | Path = "tiny") -> Denoiser:
    """Load a denoiser that computes in float.

    Args:
        model: Name of a model that comes with the package, or the folder of a training run.

    Raises:
        FileNotFoundError: If there is no such model.
        ValueError: If its files are damaged or do not fit each other.
    """
    folder = folder_of(model)
    config = Config.load(folder / "config.json")
    return Denoiser(config, in_numpy.load_weights(folder / "weights.npz", config))


def folder_of(model: str | Path) -> Path:
    """Folder of a model, named as for :func:`load_float`.

    Raises:
        FileNotFoundError: If there is no such model.
    """
    for folder in (Path(model), PRETRAINED / str(model)):
        if (folder / "config.json").exists():
            return folder
    names = ", ".join(sorted(path.name for path in PRETRAINED.iterdir() if path.is_dir()))
    raise FileNotFoundError(f"no model {str(model)!r}: name the folder of a run, or one of {names}")


def stages(model: str | Path) -> tuple[Path, ...]:
    """Folders with the records of the training runs that made a model, the first one first.

    The last one is the model's own folder. Those before it lie in its folder ``stages`` and hold
    ``config.json``, ``recipe.json`` and ``history.csv``; each began with the weights that the one
    before had kept.

    Args:
        model: Name of a model that comes with the package, or the folder of a run.

    Raises:
        FileNotFoundError: If there is no such model.
    """
    folder = folder_of(model)
    return (*sorted((folder / "stages").glob("*")), folder)
