"""Processed sound and the sound as it came, in time with each other, to switch between them."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

import numpy as np


class Processor(Protocol):
    """Sound in, as much sound out, :attr:`latency` samples later."""

    @property
    def latency(self) -> int:
        """Samples by which the output lags the input."""

    def process(self, block: np.ndarray) -> np.ndarray:
        """Process ``(samples,)`` float32; what is no whole hop may wait for the next call."""


class Heard(NamedTuple):
    """Sound that went through; all three are in time with each other.

    Attributes:
        noisy: As it came in.
        processed: What the processor made of it.
        played: The one of the two that was switched on, or a fade from one to the other.
    """

    noisy: np.ndarray
    processed: np.ndarray
    played: np.ndarray


class Bypass:
    """A processor, and beside it the sound as it came, equally late: a switch chooses.

    Attributes:
        on: Play the sound as it came; may be set at any time, and fades within a block.
    """

    def __init__(self, processor: Processor) -> None:
        """Start from silence, with the processed sound."""
        self.on = False
        self._processor, self._share = processor, 1.0
        self._waiting = np.zeros(processor.latency, np.float32)
        self._heard: deque[Heard] = deque()

    @property
    def latency(self) -> int:
        """The processor's."""
        return self._processor.latency

    def process(self, block: np.ndarray) -> np.ndarray:
        """Process ``(samples,)`` float32; see :class:`Processor`."""
        processed = self._processor.process(block)
        noisy, self._waiting = np.split(np.append(self._waiting, block), [len(processed)])
        share = np.linspace(self._share, not self.on, len(processed), dtype=np.float32)
        self._share = float(share[-1]) if len(share) else self._share
        played = share * processed + (1 - share) * noisy
        self._heard.append(Heard(noisy, processed, played))
        return played

    def heard(self) -> Heard:
        """What went through since the last call; another thread may go on processing."""
        blocks = [self._heard.popleft() for _ in range(len(self._heard))]
        nothing = np.zeros(0, np.float32)
        parts = zip(Heard(nothing, nothing, nothing), *blocks, strict=True)
        return Heard(*(np.concatenate(part) for part in parts))
