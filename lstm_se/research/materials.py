"""What the runs of a study are trained on: a protocol, and pairs as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..config import Config
from ..corpora.pairs import Pair
from ..training import pipeline
from .studies import Variant


class Material(Protocol):
    """What the runs of a study are trained on."""

    @property
    def digest(self) -> str:
        """Changes with every sound in it."""

    def source(self, config: Config, variant: Variant) -> pipeline.Source:
        """Batches for one run."""


@dataclass(frozen=True)
class Recorded:
    """Pairs as they are."""

    pairs: tuple[Pair, ...]

    @property
    def digest(self) -> str:
        """Of all files, clean and noisy."""
        return digest_of(self.pairs)

    def source(self, config: Config, variant: Variant) -> pipeline.Source:
        """Segments of a share of the pairs, which the seed chooses.

        A smaller share of one seed lies within the larger ones.

        Raises:
            ValueError: If the variant mixes, or its share leaves nothing.
        """
        if variant.recipe:
            raise ValueError(f"variant {variant.name!r} has a recipe, but these pairs are mixed")
        pairs = [self.pairs[i] for i in share_of(len(self.pairs), variant.share, config.seed)]
        return pipeline.PairSampler(pairs, config, seed=config.seed)


def share_of(count: int, share: float, seed: int) -> list[int]:
    """A random share of ``count`` things, in order, never none.

    Raises:
        ValueError: If the share is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}: it must lie above 0 and not above 1")
    order = np.random.default_rng([seed, count]).permutation(count)
    return sorted(int(i) for i in order[: max(1, round(share * count))])


def digest_of(pairs: Sequence[Pair]) -> str:
    """Fingerprint of the names and the bytes of some pairs."""
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(pair.name.encode() + pair.clean.read_bytes() + pair.noisy.read_bytes())
    return digest.hexdigest()[:16]
