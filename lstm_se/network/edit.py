"""Models made of trained ones without training: averaged, rescaled or pruned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..config import Config
from ..corpora.pairs import Pair
from ..files import make_folder, sha256_of, write_whole
from ..workers import Progress
from . import in_numpy, pretrained, prune
from .denoiser import Denoiser


def average(models: Sequence[Denoiser], shares: Sequence[float] | None = None) -> Denoiser:
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
        if in_numpy.shapes(model.config) != in_numpy.shapes(last.config):
            raise ValueError(
                f"{model.config.name} and {last.config.name} have other layers: "
                "average a model with one that was trained on from it"
            )
    weights = {}
    for name in last.weights:
        each = np.stack([model.weights[name] for model in models]).astype(np.float64)
        weights[name] = np.average(each, axis=0, weights=shares).astype(np.float32)
    return Denoiser(last.config, weights)


def rescale(model: Denoiser, slope: float, shift: float) -> Denoiser:
    """Replace the mask ``sigmoid(z)`` by ``sigmoid(slope * z + shift)`` (Platt scaling, 1999).

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
    return Denoiser(model.config, rescaled(model.config, model.weights, slope, shift))


def rescaled(
    config: Config, weights: in_numpy.Weights, slope: float, shift: float
) -> in_numpy.Weights:
    """:func:`rescale` for weights alone."""
    last = "join" if config.subbands else f"dense_{len(config.dense)}"
    changed = dict(weights)
    for name in (f"{last}/kernel", f"{last}/bias", "local/kernel"):
        if name in changed:
            changed[name] = changed[name] * np.float32(slope)
    changed[f"{last}/bias"] = changed[f"{last}/bias"] + np.float32(shift)
    return changed


def average_folders(models: Sequence[str | Path], out: str | Path) -> Path:
    """:func:`average` models, and write the result with the records of the last one.

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
    folders = [pretrained.folder_of(model) for model in models]
    mean = average([pretrained.load_float(folder) for folder in folders])
    return _write(mean, out, folders[-1], averaged=[_fingerprint(folder) for folder in folders])


def rescale_folder(model: str | Path, slope: float, shift: float, out: str | Path) -> Path:
    """:func:`rescale` the mask of a model, and write it with the records of its training.

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
    parent = pretrained.folder_of(model)
    scaled = rescale(pretrained.load_float(parent), slope, shift)
    facts = {"of": _fingerprint(parent), "slope": slope, "shift": shift}
    return _write(scaled, out, parent, rescaled=facts)


def prune_folder(
    model: str | Path,
    units: Sequence[int],
    pairs: Sequence[Pair],
    out: str | Path,
    progress: Progress = iter,
) -> Path:
    """:func:`~lstm_se.network.prune.narrowed`, written with the records of the training run.

    Args:
        model: Name of a model, or folder of a run.
        units: How many to keep in each recurrent layer.
        pairs: Recordings to listen to, none of them for testing.
        out: Folder of the new model.
        progress: Wraps the pairs, for instance ``tqdm``.

    Returns:
        The new weights.

    Raises:
        FileExistsError: If ``out`` holds a model already.
        FileNotFoundError: If there is no such model.
        ValueError: If a layer has fewer units, or there is no recording.
    """
    _refuse_model(Path(out))  # before minutes of listening
    parent = pretrained.folder_of(model)
    narrow = prune.narrowed(pretrained.load_float(parent), units, pairs, progress)
    return _write(narrow, out, parent, pruned={"of": _fingerprint(parent), "units": list(units)})


def _write(model: Denoiser, out: str | Path, parent: Path, **facts: Any) -> Path:
    """Write a model with the records of the run that it comes from.

    ``recipe.json`` of that run, if it has one, gets the facts added: what was done, and to which
    weights.
    """
    out = Path(out)
    _refuse_model(out)
    recipe = _recipe(parent / "recipe.json")
    make_folder(out)
    model.config.save(out / "config.json")
    for record in ("history.csv", "sources.csv"):
        if (parent / record).exists():
            write_whole(out / record, (parent / record).read_bytes())
    if recipe is not None:
        text = json.dumps({**recipe, **facts}, indent=2, sort_keys=True)
        write_whole(out / "recipe.json", text + "\n")
    in_numpy.save_weights(out / "weights.npz", model.weights)
    return out / "weights.npz"


def _recipe(path: Path) -> dict[str, Any] | None:
    """Record of a training run, if there is one."""
    if not path.exists():
        return None
    try:
        recipe = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        recipe = None
    if not isinstance(recipe, dict):
        raise ValueError(f"{path} is no record of a training run: copy it again, or remove it")
    return recipe


def _refuse_model(folder: Path) -> None:
    """Overwrite no model."""
    if (folder / "weights.npz").exists():
        raise FileExistsError(f"{folder} holds a model: name another folder")


def _fingerprint(folder: Path) -> str:
    """Name of a model, and the SHA-256 of its ``weights.npz``."""
    return f"{folder.name} {sha256_of(folder / 'weights.npz')}"
