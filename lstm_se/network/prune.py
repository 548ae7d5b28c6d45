"""Narrower networks out of trained ones: whole recurrent units go, those that matter least.

A unit is a group of weights: its column in every gate, its row in the recurrent kernel and its row
in the layer above. All of it goes at once (Wen et al. 2018; TinyLSTMs, Fedorov et al. 2020), so
that what is left is an ordinary network with narrower layers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..config import Config
from ..corpora.pairs import Pair
from ..workers import Progress
from .denoiser import Denoiser
from .in_numpy import GATES, MaskNetwork

RECORDINGS = 60  # to listen to, at most


class Activity(NamedTuple):
    """Mean and standard deviation of each unit of one layer, shape ``(units,)`` each."""

    mean: np.ndarray
    deviation: np.ndarray


def activity(denoiser: Denoiser, recordings: Iterable[np.ndarray]) -> list[Activity]:
    """Listen to every unit while a denoiser works.

    Args:
        denoiser: What to listen to.
        recordings: Noisy samples at the network's rate, shape ``(samples,)`` each.

    Returns:
        One for each recurrent layer.

    Raises:
        ValueError: If there is no recording.
    """
    sums = [np.zeros((2, width)) for width in denoiser.config.units]
    frames = 0

    class Listening(MaskNetwork):
        """Adds up what its units say, and its square."""

        def logits(self, frame: np.ndarray) -> np.ndarray:
            nonlocal frames
            logits = super().logits(frame)
            for total, state in zip(sums, self.states, strict=True):
                assert state is not None
                output = state[0].astype(np.float64)
                total += output.sum(0), (output**2).sum(0)
            frames += len(frame)
            return logits

    listening = Denoiser(denoiser.config, denoiser.weights, Listening)
    for noisy in recordings:
        listening(noisy)
    if not frames:
        raise ValueError("there is no recording to listen to: name a corpus with training talkers")
    means = [total / frames for total in sums]
    return [Activity(m, np.sqrt(np.maximum(square - m**2, 0))) for m, square in means]


def contribution(denoiser: Denoiser, heard: Sequence[Activity]) -> list[np.ndarray]:
    """How much each unit moves those that listen to it: its own layer and the one above.

    Args:
        denoiser: Whose units.
        heard: What :func:`activity` found on recordings that are not for testing.

    Returns:
        For each layer, shape ``(units,)``: deviation of the output times the norm of the weights
        that it goes to.
    """
    weights, config, scores = denoiser.weights, denoiser.config, []
    for i, layer in enumerate(heard):
        upper = weights[f"{_above(config, i)}/kernel"]
        if config.batch_norm:
            upper = upper * weights[f"norm_{i}/scale"][:, None]
        out = np.concatenate([weights[f"rnn_{i}/recurrent_kernel"], upper], axis=1)
        scores.append(layer.deviation * np.linalg.norm(out, axis=1))
    return scores


def group_norm(denoiser: Denoiser) -> list[np.ndarray]:
    """Norm of all weights of each unit, as TinyLSTMs has it: shape ``(units,)`` for each layer."""
    weights, config, norms = denoiser.weights, denoiser.config, []
    for i, units in enumerate(config.units):
        kernel, recurrent = (weights[f"rnn_{i}/{part}"] for part in ("kernel", "recurrent_kernel"))
        upper = weights[f"{_above(config, i)}/kernel"]
        into = sum((part**2).sum(0).reshape(-1, units).sum(0) for part in (kernel, recurrent))
        out = sum((part**2).sum(1) for part in (recurrent, upper))
        # what a unit sends to itself is in both
        itself = np.stack([np.diag(gate) for gate in np.split(recurrent, GATES[config.cell], 1)])
        norms.append(np.sqrt(into + out - (itself**2).sum(0)))
    return norms


def narrowed(
    denoiser: Denoiser, units: Sequence[int], pairs: Sequence[Pair], progress: Progress = iter
) -> Denoiser:
    """A denoiser with the units that contribute most on some recordings.

    Args:
        denoiser: What to prune.
        units: How many to keep in each recurrent layer.
        pairs: Recordings, none of them for testing; of many, every n-th is listened to.
        progress: Wraps the pairs, for instance ``tqdm``.

    Raises:
        ValueError: If a layer has fewer units, or there is no recording.
    """
    widths = denoiser.config.units
    if denoiser.config.subbands:
        raise ValueError(f"cannot prune {denoiser.config.name}: its sub-bands share their layers")
    if len(units) != len(widths) or any(not 0 < n <= w for n, w in zip(units, widths, strict=True)):
        raise ValueError(f"cannot keep {list(units)} units: the layers have {list(widths)}")
    some = pairs[:: -(-len(pairs) // RECORDINGS) or 1]
    heard = activity(denoiser, (pair.load()[1] for pair in progress(some)))
    return prune(denoiser, strongest(contribution(denoiser, heard), units), heard)


def strongest(scores: Iterable[np.ndarray], units: Sequence[int]) -> list[np.ndarray]:
    """Indices of the units to keep: in each layer so many with the highest scores, in order."""
    ranks = [np.argsort(-score, kind="stable") for score in scores]
    return [np.sort(rank[:count]) for rank, count in zip(ranks, units, strict=True)]


def prune(
    denoiser: Denoiser, keep: Sequence[np.ndarray], heard: Sequence[Activity] | None = None
) -> Denoiser:
    """A denoiser with some of the units only.

    Args:
        denoiser: What to take them from; it stays as it is.
        keep: Indices of the units to keep in each recurrent layer, ascending.
        heard: What :func:`activity` found. The others then go on hearing the mean of a unit that
            goes, as part of their bias; without it, they hear 0.

    Raises:
        ValueError: If ``keep`` names no unit of a layer, one twice, or one that is not there.
    """
    config, weights = denoiser.config, dict(denoiser.weights)
    if len(keep) != len(config.units):
        raise ValueError(f"units for {len(keep)} layers: this network has {len(config.units)}")
    for i, (units, indices) in enumerate(zip(config.units, keep, strict=True)):
        indices = np.asarray(indices, int)
        if not len(indices) or (np.diff([-1, *indices, units]) < 1).any():
            raise ValueError(f"layer {i} has units 0 to {units - 1}: keep some, in this order")
        _narrow(weights, config, i, indices, heard[i].mean if heard else np.zeros(units))
    return Denoiser(dataclasses.replace(config, units=tuple(map(len, keep))), weights)


def _above(config: Config, i: int) -> str:
    """Name of the layer that hears recurrent layer ``i``."""
    return f"rnn_{i + 1}" if i + 1 < len(config.units) else "dense_0"


def _narrow(
    weights: dict[str, np.ndarray], config: Config, i: int, keep: np.ndarray, mean: np.ndarray
) -> None:
    """Take all but some units out of one layer, and out of the kernel of the layer above."""
    layer, above, units = f"rnn_{i}", _above(config, i), config.units[i]
    gone = np.setdiff1d(range(units), keep)
    columns = np.concatenate([gate * units + keep for gate in range(GATES[config.cell])])
    _absorb(weights, f"{layer}/bias", mean[gone] @ weights[f"{layer}/recurrent_kernel"][gone], -1)
    if config.batch_norm:
        scale, shift = (weights[f"norm_{i}/{part}"] for part in ("scale", "shift"))
        mean = mean * scale + shift
        weights[f"norm_{i}/scale"], weights[f"norm_{i}/shift"] = scale[keep], shift[keep]
    _absorb(weights, f"{above}/bias", mean[gone] @ weights[f"{above}/kernel"][gone], 0)
    weights[f"{layer}/kernel"] = weights[f"{layer}/kernel"][:, columns]
    weights[f"{layer}/recurrent_kernel"] = weights[f"{layer}/recurrent_kernel"][keep][:, columns]
    weights[f"{layer}/bias"] = weights[f"{layer}/bias"][..., columns]
    weights[f"{above}/kernel"] = weights[f"{above}/kernel"][keep]


def _absorb(weights: dict[str, np.ndarray], name: str, change: np.ndarray, side: int) -> None:
    """Add to a bias; a GRU has two, 0 beside the input kernel and -1 beside the recurrent one."""
    bias = weights[name].copy()
    row = bias[side] if bias.ndim == 2 else bias
    row += change.astype(np.float32)
    weights[name] = bias
