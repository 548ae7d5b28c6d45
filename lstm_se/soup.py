"""Averages of trained weights: between a model and what a further training made of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from . import derived, enhance, network


def average(
    models: Sequence[enhance.Denoiser], shares: Sequence[float] | None = None
) -> enhance.Denoiser:
    """The network whose weights are the means of those of others (Wortsman et al. 2022).

    That works where one was trained on from the other: all weights between them are then as good,
    and their mean forgets less of the first than the last one did.

    Args:
        models: At least two of the same shape. The last one gives the configuration.
        shares: Of each model; equal ones if ``None``.

    Raises:
        ValueError: If there are fewer than two, or their layers differ.
    """
    if len(models) < 2:
        raise ValueError("an average needs two models: name another one")
    last = models[-1]
    for model in models:
        if network.shapes(model.config) != network.shapes(last.config):
            raise ValueError(
                f"{model.config.name} and {last.config.name} have other layers: "
                "average a model with what it was trained on to"
            )
    weights = {}
    for name in last.weights:
        each = np.stack([model.weights[name] for model in models]).astype(np.float64)
        weights[name] = np.average(each, axis=0, weights=shares).astype(np.float32)
    return enhance.Denoiser(last.config, weights)


def average_folders(models: Sequence[str | Path], out: str | Path) -> Path:
    """Average models and write the result with the records of the last one.

    ``recipe.json`` tells the models by the SHA-256 of their ``weights.npz``.

    Args:
        models: Names of models, or folders of runs.
        out: Folder of the new model.

    Returns:
        The new weights.

    Raises:
        FileExistsError: If ``out`` holds a model already.
        FileNotFoundError: If there is no such model.
        ValueError: If they cannot be averaged.
    """
    folders = [enhance.folder_of(model) for model in models]
    mean = average([enhance.load(folder) for folder in folders])
    return derived.write(mean, out, folders[-1], averaged=[derived.named(f) for f in folders])
