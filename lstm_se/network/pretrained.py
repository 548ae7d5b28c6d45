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
    folders = [Path(model)]
    if folders[0].name == str(model):  # ./tiny is a run of the reader's, which may be missing
        folders.append(PRETRAINED / model)
    for folder in folders:
        if (folder / "config.json").exists():
            return folder
    names = ", ".join(sorted(path.name for path in PRETRAINED.iterdir() if path.is_dir()))
    raise FileNotFoundError(f"no model {str(model)!r}: name the folder of a run, or one of {names}")
