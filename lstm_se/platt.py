"""Platt scaling: how decided a mask is, set by two numbers after the training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from . import derived, enhance


def rescale(model: enhance.Denoiser, slope: float, shift: float) -> enhance.Denoiser:
    """Replace the mask ``sigmoid(z)`` by ``sigmoid(slope * z + shift)`` (Platt 1999).

    Both numbers go into the weights of the layers before the sigmoid, so the network keeps its
    shape and its cost.

    Args:
        model: Whose mask to change.
        slope: Below 1 the mask is softer, above 1 it is nearer to all or nothing.
        shift: Below 0 less is let through, above 0 more.

    Raises:
        ValueError: If the slope is not positive, or one of the two is not finite.
    """
    if not (slope > 0 and np.isfinite([slope, shift]).all()):
        raise ValueError(
            f"slope {slope:g}, shift {shift:g}: the slope must be above 0, both finite"
        )
    last = f"dense_{len(model.config.dense)}"
    weights = dict(model.weights)
    for name in (f"{last}/kernel", f"{last}/bias", "local/kernel"):
        if name in weights:
            weights[name] = weights[name] * np.float32(slope)
    weights[f"{last}/bias"] = weights[f"{last}/bias"] + np.float32(shift)
    return enhance.Denoiser(model.config, weights)


def rescale_folder(model: str | Path, slope: float, shift: float, out: str | Path) -> Path:
    """Rescale the mask of a model, and write it with the records of its training.

    ``recipe.json`` tells both numbers, and the model by the SHA-256 of its ``weights.npz``.

    Args:
        model: Name of a model, or folder of a run.
        slope: As for :func:`rescale`.
        shift: As for :func:`rescale`.
        out: Folder of the new model.

    Returns:
        The new weights.

    Raises:
        FileExistsError: If ``out`` holds a model already.
        FileNotFoundError: If there is no such model.
        ValueError: If the numbers are unfit.
    """
    parent = enhance.folder_of(model)
    scaled = rescale(enhance.load(parent), slope, shift)
    facts = {"of": derived.named(parent), "slope": slope, "shift": shift}
    return derived.write(scaled, out, parent, rescaled=facts)
