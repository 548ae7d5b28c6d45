"""What quantization loses, stage by stage: the integers beside the float network, on one sound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial

import numpy as np

from ..network.denoiser import Denoiser, network_at_rest
from ..sound import features, stft
from ..sound.audio import FULL_SCALE, snr_db, to_pcm
from .fixed import CELL_BITS, FEATURE_BITS, UNIT_BITS
from .quantize import Quantized
from .stft import HOP
from .stream import IntegerStream, PcmDenoiser, integer_stages

STAGES = {
    "features": ("features", FEATURE_BITS),
    "h": ("output ", UNIT_BITS),
    "c": ("cell ", CELL_BITS),
    "mask": ("mask", UNIT_BITS),
}


def stage_snr_db(denoiser: Denoiser, model: Quantized, noisy: np.ndarray) -> dict[str, float]:
    """Signal-to-noise ratio of the integers, the float network being the signal.

    Each stage works on what the stages before it have lost already, as it will in use.

    Args:
        denoiser: The float network.
        model: The same, quantized.
        noisy: Recording at 16 kHz, shape ``(samples,)``, at least a hop long.

    Returns:
        Stage to dB: features, cell state and output of each layer with memory, mask, sound.

    Raises:
        ValueError: If the recording is shorter than a hop.
    """
    pcm = to_pcm(noisy[: len(noisy) // HOP * HOP])
    if not len(pcm):
        raise ValueError(f"{len(noisy)} samples are too few: give at least {HOP}")
    sound = pcm / np.float32(FULL_SCALE)
    energies: dict[str, np.ndarray] = defaultdict(lambda: np.full(2, 1e-30))
    stages = _float_stages(denoiser, sound), integer_stages(model, pcm)
    for exact, integers in zip(*stages, strict=True):
        for name, value in exact.items():
            stage = name.rstrip("0123456789")
            title, bits = STAGES[stage]
            title += name.removeprefix(stage)  # number of the layer
            both = np.stack([value, value - integers[name] / 2**bits])
            energies[title] += np.sum(np.square(both), axis=1)
    ratios = {stage: float(10 * np.log10(both[0] / both[1])) for stage, both in energies.items()}
    rounded = PcmDenoiser(model.config, partial(IntegerStream, model))
    return {**ratios, "sound": snr_db(denoiser.enhance(sound), rounded.enhance(sound))}


def _float_stages(denoiser: Denoiser, sound: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    """What the float network computes in each frame, named as in ``integer_stages``."""
    config = denoiser.config
    level, network = features.RunningLevel(config), network_at_rest(denoiser.weights, config)
    for power in np.abs(stft.stft(sound)[: len(sound) // HOP]) ** 2:
        frame = features.features(power[None], config, level)
        mask = network(frame)
        stages = {"features": frame[0]}
        for i, (h, c) in enumerate(filter(None, network.states)):
            stages |= {f"h{i}": h.ravel(), f"c{i}": c.ravel()}
        yield {**stages, "mask": mask[0]}
