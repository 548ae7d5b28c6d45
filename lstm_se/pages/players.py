"""Players: sounds side by side in a notebook, each with its caption."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import soundfile

from ..sound.audio import SAMPLE_RATE

ROW_STYLE = "display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: end"
PLAYER_STYLE = "flex: 1 1 13rem; max-width: 22rem; margin: 0; display: block"
CAPTION_STYLE = "text-align: left; margin: 0 0 0.25rem"


def listen(*signals: np.ndarray, captions: Sequence[str]) -> Any:
    """A row of players for a notebook, encoded as FLAC: a third of the size of WAV.

    Args:
        *signals: Shape ``(samples,)`` each, at 16 kHz; played at the level they have, clipped at
            full scale.
        captions: What each one is.

    Raises:
        ValueError: If there is not one caption for each signal.
    """
    from IPython.display import HTML

    if len(signals) != len(captions):
        raise ValueError(f"{len(signals)} signals but {len(captions)} captions: give one for each")
    return HTML(row(zip(captions, signals, strict=True)))


def row(sounds: Iterable[tuple[str, np.ndarray]], rate: int = SAMPLE_RATE) -> str:
    """The row of players as HTML.

    Args:
        sounds: Caption and samples of each.
        rate: Samples a second.
    """
    players = "".join(_player(signal, caption, rate) for caption, signal in sounds)
    # styled here and not in a style sheet: the same row in the book, in Jupyter and in Colab
    return f'<div class="listen" style="{ROW_STYLE}">{players}</div>'


def faded(samples: np.ndarray, seam: int) -> np.ndarray:
    """The same with ends that fade over ``seam`` samples: a cut into a word would click."""
    ramp = np.minimum(1, np.arange(len(samples)) / seam)
    return samples * ramp * ramp[::-1]


def _player(signal: np.ndarray, caption: str, rate: int) -> str:
    """One player with its caption, as HTML."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(signal, -1, 1), rate, format="FLAC", subtype="PCM_16")
    data = base64.b64encode(buffer.getvalue()).decode()
    label = html.escape(caption)
    return (
        f'<figure style="{PLAYER_STYLE}"><figcaption style="{CAPTION_STYLE}">{label}</figcaption>'
        f'<audio controls preload="metadata" aria-label="{label}" style="width: 100%" '
        f'src="data:audio/flac;base64,{data}"></audio></figure>'
    )
