"""What quantization loses, stage by stage: the integers beside the float network, on one sound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..network.denoiser import Denoiser
from ..network.in_numpy import MaskNetwork
from ..sound import features, stft
from ..sound.audio import FULL_SCALE, to_pcm
from .fixed import CELL_BITS, UNIT_BITS
from .network import IntegerNetwork
from .quantize import FEATURE_BITS, Quantized
from .stft import HOP, Level, analyse, fixed_features, log_bands
from .stream import LATENCY, IntegerStream, PcmDenoiser

Values = dict[str, np.ndarray]


def stage_snr_db(denoiser: Denoiser, model: Quantized, noisy: np.ndarray) -> dict[str, float]:
    """Signal-to-noise ratio of the integers, the float network being the signal.

    Each stage works on what the stages before it have lost already, as it will in use.

    Args:
        denoiser: The float network.
        model: The same, quantized.
        noisy: Recording at 16 kHz, shape ``(samples,)``, at least a hop long.

    Returns:
        Stage to dB: features, cell state and output of each layer, mask, sound.

    Raises:
        ValueError: If the recording is shorter than a hop.
    """
    pcm = to_pcm(noisy[: len(noisy) // HOP * HOP])
    if not len(pcm):
        raise ValueError(f"{len(noisy)} samples are too few: give at least {HOP}")
    powers = {"signal": {}, "error": {}}  # type: dict[str, dict[str, float]]
    for exact, whole in zip(_float_stages(denoiser, pcm), _integer_stages(model, pcm), strict=True):
        for name, value in exact.items():
            for kind, part in (("signal", value), ("error", value - whole[name])):
                energy = float(np.sum(np.square(part, dtype=np.float64)))
                powers[kind][name] = powers[kind].get(name, 0.0) + energy
    found = {name: _db(powers["signal"][name], powers["error"][name]) for name in powers["signal"]}
    sound = denoiser.enhance(pcm / np.float32(FULL_SCALE))
    error = sound - PcmDenoiser(model.config, IntegerStream(model)).enhance(
        pcm / np.float32(FULL_SCALE)
    )
    return {**found, "sound": _db(float(np.sum(sound**2)), float(np.sum(error**2)))}


def _float_stages(denoiser: Denoiser, pcm: np.ndarray) -> Iterator[Values]:
    """What the float network computes in each frame."""
    config = denoiser.config
    level, network = features.RunningLevel(config), MaskNetwork(denoiser.weights, config)
    spectrum = stft.stft(pcm / np.float32(FULL_SCALE))[: len(pcm) // HOP]
    for power in np.abs(spectrum) ** 2:
        seen = features.features(power[None], config, level)
        mask = network(seen)
        found = {"features": seen}
        for i, state in enumerate(network.states):
            assert state is not None
            found[f"output {i}"], found[f"cell {i}"] = state
        yield {**found, "mask": mask}


def _integer_stages(model: Quantized, pcm: np.ndarray) -> Iterator[Values]:
    """What the integers stand for in each frame."""
    network, level = IntegerNetwork(model), Level(model.config)
    hops = np.concatenate([np.zeros(LATENCY, np.int16), pcm]).reshape(-1, HOP)
    spectrum = analyse(np.concatenate([hops[:-1], hops[1:]], axis=1))
    for seen in fixed_features(log_bands(spectrum, model.config), level):
        mask = network(seen[None])
        found = {"features": seen / 2**FEATURE_BITS}
        for i, (h, c) in enumerate(zip(network.h, network.c, strict=True)):
            found[f"output {i}"], found[f"cell {i}"] = h / 2**UNIT_BITS, c / 2**CELL_BITS
        yield {**found, "mask": mask / 2**UNIT_BITS}


def _db(signal: float, error: float) -> float:
    """Ratio of two energies in dB."""
    return float(10 * np.log10(max(signal, 1e-30) / max(error, 1e-30)))
