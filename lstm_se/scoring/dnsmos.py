"""A predicted opinion of a recording alone: no clean reference is needed.

DNSMOS is a network fitted to the votes of many listeners. Package speechmos brings it with its
weights. It judges how a recording sounds, not whether the right words are left in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .. import optional
from ..sound import audio
from .adapters import session
from .evaluation import Enhancer, blind, judged
from .metrics import Score
from .report import Report

DNSMOS_SCALES = ("dnsmos_sig", "dnsmos_bak", "dnsmos_ovrl", "dnsmos_p808")


def rate(samples: np.ndarray) -> dict[str, float]:
    """Predict how listeners would rate a recording, from 1 (bad) to 5 (excellent).

    The network hears 9 s at a time. A shorter recording is repeated, of a longer one every 9 s
    from second to second are rated and averaged. It was fitted to recordings of a usual level, so
    compare systems at the same one.

    Args:
        samples: Shape ``(samples,)``, float, 16 kHz, at least 1 s. What is louder than full scale
            is clipped, as in a file.

    Returns:
        ``dnsmos_sig`` for the speech, ``dnsmos_bak`` for the background and ``dnsmos_ovrl`` for
        all of it (Reddy et al. 2022, after ITU-T P.835), ``dnsmos_p808`` for all of it as an
        older network has it (Reddy et al. 2021, after ITU-T P.808).

    Raises:
        ValueError: If package speechmos is not installed, or the recording is unfit.
    """
    predict = _predictor()
    samples = np.asarray(samples)
    if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
        kind = f"{samples.dtype} of shape {samples.shape}"
        raise ValueError(f"the recording is {kind}, expected float samples of shape (samples,)")
    if (seconds := len(samples) / audio.SAMPLE_RATE) < 1:
        raise ValueError(f"the recording has {seconds:.2f} s: an opinion needs at least 1 s")
    if not np.isfinite(samples).all():
        raise ValueError("the recording has samples that are NaN or infinite: export it again")
    if np.ptp(samples) == 0:
        raise ValueError("the recording is silent: there is nothing to have an opinion of")
    opinion = predict(np.clip(samples, -1, 1), audio.SAMPLE_RATE, False)
    return {name: float(opinion[f"{name.removeprefix('dnsmos_')}_mos"]) for name in DNSMOS_SCALES}


def evaluate_dnsmos(
    paths: Iterable[str | Path],
    enhancers: Mapping[str, Enhancer] | None = None,
) -> Report:
    """Score recordings as they are and after each enhancer.

    A recording that cannot be read or scored counts as a failure.

    Args:
        paths: Sound files.
        enhancers: Name of each system, and the function from noisy to enhanced samples, shape
            ``(samples,)`` both.

    Returns:
        The report; its utterances are named after their files.

    Raises:
        ValueError: If package speechmos is not installed, there is no file, one is named twice,
            or an enhancer is called ``"noisy"``.
    """
    _predictor()  # once and early: a package that is missing is no failure of a file
    names = [str(path) for path in paths]
    if not names:
        raise ValueError("there is no recording to score")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{twice} is named twice: name each recording once")
    recordings = [_Alone(name) for name in names]
    return judged(recordings, blind(enhancers or {}), DNSMOS_SCALES, _opinion, 1)


@dataclass(frozen=True)
class _Alone:
    """A recording of which nobody has the clean speech."""

    name: str

    def load(self) -> tuple[Any, np.ndarray]:
        return None, audio.read(self.name).samples


def _opinion(clean: Any, enhanced: np.ndarray) -> Score:
    try:
        return Score(rate(enhanced), {})
    except (ValueError, OSError) as error:
        return Score({}, dict.fromkeys(DNSMOS_SCALES, str(error)))


@cache
def _predictor() -> Any:
    """The networks of the package, each on one thread: more would wait for each other."""
    dnsmos = optional.module("speechmos.dnsmos", "speechmos", "peers")
    folder = Path(dnsmos.__file__).parent / "dnsmos_models"
    rating, older = folder / "sig_bak_ovr.onnx", folder / "model_v8.onnx"
    predict = dnsmos.DNSMOS(str(rating), str(older))
    predict.onnx_sess, predict.p808_onnx_sess = session(rating), session(older)
    return predict
