"""Denoisers with random weights: what a test of the machinery needs instead of a trained one."""

import numpy as np

from lstm_se.config import Config
from lstm_se.network.denoiser import Denoiser
from lstm_se.network.in_numpy import shapes

SMALL = {
    "name": "small",
    "n_fft": 64,
    "hop_length": 32,
    "bands": 8,
    "band_scale": "linear",
    "units": (6, 5),
}

SUBBANDS = {  # what makes a bandwise network of it
    "units": (5, 4),
    "subbands": (3, 5, 8, 16),
    "channels": 6,
    "across": 3,
    "context": 2,
    "local": True,
}


def small(**changes) -> Config:
    """A configuration that computes in no time."""
    return Config.preset("plain", **{**SMALL, **changes})


def random_weights(config: Config, seed: int = 0, size: float = 0.5) -> dict[str, np.ndarray]:
    """Weights of standard deviation ``size``; the scales of a batch normalisation lie near one."""
    rng = np.random.default_rng(seed)
    weights = {
        name: (size * rng.standard_normal(shape)).astype(np.float32)
        for name, shape in shapes(config).items()
    }
    for name in weights:
        if name.endswith("/scale"):
            weights[name] += 1
    return weights


def balanced_weights(config: Config, gain: float = 1.0) -> dict[str, np.ndarray]:
    """Kernels that keep the variance of what they read, times ``gain`` squared."""
    seen = {"split/kernel": 12}  # a sub-band sees 5 to 22 of all bins
    return {
        name: value * (gain * seen.get(name, len(value)) ** -0.5 if "kernel" in name else 0.3)
        for name, value in random_weights(config, size=1).items()
    }


def random_denoiser(config: Config, seed: int = 0) -> Denoiser:
    """A denoiser whose masks are far from constant."""
    return Denoiser(config, random_weights(config, seed))


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    """Uniform noise in [-1, 1], float32."""
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)
