"""State updates left out, as in a skip RNN (Campos et al. 2018), but by a rule, not by training.

In a frame that is skipped the recurrent layers and the dense layers above them do not run: what
they gave last is used again. Features, local view, mask and transforms go on in every frame.
"""

from __future__ import annotations

import numpy as np

from ..config import Config
from ..network import in_numpy


class Skipping:
    """Makes networks that update only when it is due, and counts the updates of all of them.

    Use it as ``Denoiser(config, weights, Skipping(every=2))``.
    """

    def __init__(self, every: int = 1, threshold: float = 0.0) -> None:
        """Update when ``every`` frames have passed and the features have moved far enough.

        Args:
            every: Frames from one update to the next, at least.
            threshold: Root mean square by which the features must differ from those of the last
                update, in units of a feature.

        Raises:
            ValueError: If ``every`` is below 1 or ``threshold`` below 0.
        """
        if every < 1 or threshold < 0:
            raise ValueError(f"every is {every}, threshold {threshold}: give 1 and 0 or more")
        self.every, self.threshold = every, threshold
        self.frames = self.updates = 0

    def __call__(self, weights: in_numpy.Weights, config: Config) -> in_numpy.MaskNetwork:
        """A network that has heard nothing yet.

        Raises:
            ValueError: If it has sub-bands, which all work on in every frame.
        """
        if config.subbands:
            raise ValueError(f"{config.name!r} has sub-bands: their layers cannot rest")
        return _SkippingNetwork(weights, config, self)

    @property
    def share(self) -> float:
        """Updates in a frame, over all frames so far."""
        return self.updates / max(1, self.frames)

    def macs(self, config: Config) -> float:
        """Multiply-accumulates in a frame, on average over all frames so far."""
        always = in_numpy.TAPS * config.outputs if config.local else 0
        return always + self.share * (in_numpy.macs(config) - always)


class _SkippingNetwork(in_numpy.MaskNetwork):
    """A mask network whose layers with memory may rest."""

    def __init__(self, weights: in_numpy.Weights, config: Config, rule: Skipping) -> None:
        self._rule = rule
        super().__init__(weights, config)

    def reset(self) -> None:
        super().reset()
        self._age, self._updated_at = self._rule.every, np.array(np.inf)  # the first frame is due

    def logits(self, frame: np.ndarray) -> np.ndarray:
        self._age += 1
        self._rule.frames += 1
        moved = float(np.sqrt(np.mean((frame - self._updated_at) ** 2)))
        if self._age >= self._rule.every and moved >= self._rule.threshold:
            self._rule.updates += 1
            self._age, self._updated_at, self._logits = 0, frame, super().logits(frame)
        return self._logits
