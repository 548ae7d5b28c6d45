"""What the study of ``tiny`` is trained on: speech and noise of one's own, to mix."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass

from lstm_se.config import Config
from lstm_se.corpora import banks, mixing
from lstm_se.research import materials
from lstm_se.research.studies import Variant
from lstm_se.training import pipeline


@dataclass(frozen=True)
class Mixtures:
    """Speech and noise, mixed anew in every step."""

    speech: tuple[banks.Bank, ...]
    noise: tuple[banks.Bank, ...]

    @property
    def digest(self) -> str:
        """Of all files in the banks."""
        entries = [(b.name, b.entries) for b in (*self.speech, *self.noise)]
        return hashlib.sha256(repr(entries).encode()).hexdigest()[:16]

    def source(self, config: Config, variant: Variant) -> pipeline.Source:
        """A mixer of a share of the talkers and all noises.

        Raises:
            ValueError: If the waveform would be normalised, which a mixer does not do.
        """
        if config.normalisation in ("zscore", "minmax"):
            raise ValueError(f"variant {variant.name!r}: mixtures are not normalised on the way")
        chosen = materials.share_of(len(self.speech), variant.share, config.seed)
        return mixing.Mixer(
            [self.speech[i].samples for i in chosen],
            [samples for bank in self.noise for samples in bank.samples],
            int(config.segment_seconds * config.sample_rate),
            config.batch_size,
            dataclasses.replace(mixing.Recipe(), **variant.recipe),
            config.seed,
        )
