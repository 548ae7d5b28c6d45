"""Narrower networks out of trained ones: whole recurrent units go, those that matter least.

A unit is a group of weights: its column in every gate, its row in the recurrent kernel and its row
in the layer above. All of it goes at once (Wen et al. 2018; TinyLSTMs, Fedorov et al. 2020), so
that what is left is an ordinary network with narrower layers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..config import Config
from ..corpora.pairs import Pair
from .denoiser import Denoiser
from .in_numpy import GATES, MaskNetwork, Weights

RECORDINGS = 60  # to listen to, at most


@dataclass(frozen=True)
class Activity:
    """Output of each unit of one layer over some recordings.

    Attributes:
        mean: Shape ``(units,)``.
        deviation: Standard deviation, shape ``(units,)``.
    """

    mean: np.ndarray
    deviation: np.ndarray


class _Listener:
    """Makes networks, and adds up what their units say."""

    def __init__(self, units: Sequence[int]) -> None:
        self.frames = 0
        self.sums = [np.zeros((2, width)) for width in units]

    def __call__(self, weights: Weights, config: Config) -> MaskNetwork:
        listener = self

        class Heard(MaskNetwork):
            def logits(self, frame: np.ndarray) -> np.ndarray:
                found = super().logits(frame)
                listener.hear(self)
                return found

        return Heard(weights, config)

    def hear(self, network: MaskNetwork) -> None:
        for sums, state in zip(self.sums, network.states, strict=True):
            assert state is not None
            output = state[0].astype(np.float64)
            sums += output.sum(0), (output**2).sum(0)
        self.frames += len(output)


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
    listener = _Listener(denoiser.config.units)
    heard = Denoiser(denoiser.config, denoiser.weights, listener)
    for noisy in recordings:
        heard(noisy)
    if not listener.frames:
        raise ValueError("there is no recording to listen to: name a corpus with training talkers")
    means = [sums / listener.frames for sums in listener.sums]
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
    weights, found = denoiser.weights, []
    for i, layer in enumerate(heard):
        upper = weights[f"{_above(denoiser.config, i)}/kernel"]
        if denoiser.config.batch_norm:
            upper = upper * weights[f"norm_{i}/scale"][:, None]
        out = np.concatenate([weights[f"rnn_{i}/recurrent_kernel"], upper], axis=1)
        found.append(layer.deviation * np.linalg.norm(out, axis=1))
    return found


def group_norm(denoiser: Denoiser) -> list[np.ndarray]:
    """Norm of all weights of each unit, as TinyLSTMs has it: shape ``(units,)`` for each layer."""
    weights, config, found = denoiser.weights, denoiser.config, []
    for i, units in enumerate(config.units):
        own = [weights[f"rnn_{i}/{part}"] for part in ("kernel", "recurrent_kernel")]
        into = sum((part**2).sum(0).reshape(-1, units).sum(0) for part in own)
        out = sum((part**2).sum(1) for part in (own[1], weights[f"{_above(config, i)}/kernel"]))
        # what a unit sends to itself is in both
        itself = np.stack([np.diag(gate) for gate in np.split(own[1], GATES[config.cell], axis=1)])
        found.append(np.sqrt(into + out - (itself**2).sum(0)))
    return found


def narrowed(
    denoiser: Denoiser,
    units: Sequence[int],
    pairs: Sequence[Pair],
    progress: Callable[[Iterable[Pair]], Iterable[Pair]] = iter,
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
    own = denoiser.config.units
    if len(units) != len(own) or any(not 0 < n <= o for n, o in zip(units, own, strict=False)):
        raise ValueError(f"cannot keep {list(units)} units: the layers have {list(own)}")
    some = pairs[:: -(-len(pairs) // RECORDINGS) or 1]
    heard = activity(denoiser, (pair.load()[1] for pair in progress(some)))
    return prune(denoiser, strongest(contribution(denoiser, heard), units), heard)


def strongest(scores: Iterable[np.ndarray], units: Sequence[int]) -> list[np.ndarray]:
    """Indices of the units to keep: in each layer so many with the highest scores, in order."""
    return [
        np.sort(np.argsort(-score, kind="stable")[:count])
        for score, count in zip(scores, units, strict=True)
    ]


def prune(
    denoiser: Denoiser, kept: Sequence[np.ndarray], heard: Sequence[Activity] | None = None
) -> Denoiser:
    """A denoiser with some of the units only.

    Args:
        denoiser: What to take them from; it stays as it is.
        kept: Indices of the units to keep in each recurrent layer, ascending.
        heard: What :func:`activity` found. The others then go on hearing the mean of a unit that
            goes, as part of their bias; without it, they hear 0.

    Raises:
        ValueError: If ``kept`` names no unit of a layer, one twice, or one that is not there.
    """
    config, weights = denoiser.config, dict(denoiser.weights)
    if len(kept) != len(config.units):
        raise ValueError(f"units for {len(kept)} layers: this network has {len(config.units)}")
    for i, (units, keep) in enumerate(zip(config.units, kept, strict=True)):
        keep = np.asarray(keep, int)
        if not len(keep) or (np.diff(keep) <= 0).any() or keep[0] < 0 or keep[-1] >= units:
            raise ValueError(f"layer {i} has units 0 to {units - 1}: keep some, in this order")
        _narrow(weights, config, i, keep, heard[i].mean if heard else np.zeros(units))
    narrower = dataclasses.replace(config, units=tuple(len(keep) for keep in kept))
    return Denoiser(narrower, weights)


def _above(config: Config, i: int) -> str:
    """Name of the layer that hears recurrent layer ``i``."""
    return f"rnn_{i + 1}" if i + 1 < len(config.units) else "dense_0"


def _narrow(
    weights: dict[str, np.ndarray], config: Config, i: int, keep: np.ndarray, mean: np.ndarray
) -> None:
    """Take all but some units out of one layer, and out of the kernel of the layer above."""
    own, above, units = f"rnn_{i}", _above(config, i), config.units[i]
    gone = np.setdiff1d(np.arange(units), keep)
    columns = np.concatenate([gate * units + keep for gate in range(GATES[config.cell])])
    _absorb(weights, f"{own}/bias", mean[gone] @ weights[f"{own}/recurrent_kernel"][gone], -1)
    if config.batch_norm:
        scale, shift = (weights[f"norm_{i}/{part}"] for part in ("scale", "shift"))
        mean = mean * scale + shift
        weights[f"norm_{i}/scale"], weights[f"norm_{i}/shift"] = scale[keep], shift[keep]
    _absorb(weights, f"{above}/bias", mean[gone] @ weights[f"{above}/kernel"][gone], 0)
    weights[f"{own}/kernel"] = weights[f"{own}/kernel"][:, columns]
    weights[f"{own}/recurrent_kernel"] = weights[f"{own}/recurrent_kernel"][keep][:, columns]
    weights[f"{own}/bias"] = weights[f"{own}/bias"][..., columns]
    weights[f"{above}/kernel"] = weights[f"{above}/kernel"][keep]


def _absorb(weights: dict[str, np.ndarray], name: str, change: np.ndarray, side: int) -> None:
    """Add to a bias; a GRU has two, 0 beside the input kernel and -1 beside the recurrent one."""
    bias = weights[name].copy()
    row = bias[side] if bias.ndim == 2 else bias
    row += change.astype(np.float32)
    weights[name] = bias
