"""A slider between speech and noise that works in a page: one hears what an SNR means."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..corpora import mixing
from ..sound.audio import FRAME, SAMPLE_RATE, frame_power
from . import slider
from .chart import Axis, Chart
from .players import faded, listen
from .plots import COLOURS

SNRS_DB = [-5 + 2.5 * step for step in range(11)]  # positions of the slider
SEAM = 800  # samples over which a repeated noise passes into itself: 50 ms


def show(speech: np.ndarray, noise: np.ndarray, snr_db: float = 5.0) -> Any:
    """Let a reader mix speech and noise by hand, at the SNR of :func:`~lstm_se.corpora.mixing.mix`.

    Both are repeated without a click, no kernel is needed, and without JavaScript a player for each
    of the two is left. A page can have one.

    Args:
        speech: Shape ``(samples,)``, at 16 kHz.
        noise: At least 50 ms longer; the rest is not used.
        snr_db: Where the slider stands at first: -5 to 20 dB in steps of 2.5 dB.

    Returns:
        The figure, as HTML for a notebook.

    Raises:
        ValueError: If the noise is too short, one of the two is silent, or the slider has no such
            position.
    """
    from IPython.display import HTML

    control = slider.Control("SNR", SNRS_DB, snr_db, "dB")
    speech, mixture = mixing.mix(faded(speech, SEAM), _seamless(noise, len(speech)), SNRS_DB[0])
    captions = ["speech alone", f"noise alone, at {SNRS_DB[0]:g} dB"]
    players = listen(speech, mixture - speech, captions=captions).data
    power = frame_power(speech)
    figure = slider.interact(
        lambda snr_db: (_drawing(power, snr_db), _words(power, snr_db)),
        control,
        key={"speech, dashed: its active level": "clean", "noise": "noisy"},
    ).data
    return HTML(
        f'<div id="fader" class="fader">\n{players}\n{figure}</div>\n{slider.script("fader")}'
    )


def _seamless(noise: np.ndarray, samples: int) -> np.ndarray:
    """Beginning of a noise, to be repeated: its end passes into its start at equal power."""
    if len(noise) < samples + SEAM:
        raise ValueError(
            f"{len(noise)} samples of noise are too few for {samples} of speech: "
            f"give {samples + SEAM} or more"
        )
    angle = np.linspace(0, np.pi / 2, SEAM)
    repeated, after = noise[:samples].astype(np.float64), noise[samples : samples + SEAM]
    repeated[:SEAM] = np.sin(angle) * repeated[:SEAM] + np.cos(angle) * after
    return repeated


def _active(power: np.ndarray) -> np.ndarray:
    """Power of the frames with speech, as ``audio.active_level_dbfs`` counts them."""
    return power[power >= power.max() / 1000]


def _words(power: np.ndarray, snr_db: float) -> str:
    """How much of the speech stands out of the noise."""
    speech = _active(power)
    louder = np.mean(speech > speech.mean() * 10 ** (-snr_db / 10))
    return f"At {snr_db:g} dB, {100 * louder:.0f} % of the frames with speech are above the noise."


def _drawing(power: np.ndarray, snr_db: float) -> Chart:
    """The speech frame by frame, and the noise as water that it stands in."""
    level_db = 10 * np.log10(power / _active(power).mean() + 1e-9)
    edges = np.arange(len(power) + 1) * FRAME / SAMPLE_RATE
    chart = Chart(
        "Level of the speech in frames of 20 ms, and the level of the noise as a line that the "
        "slider moves",
        x=Axis("time (s)", 0, edges[-1], range(int(edges[-1]) + 1)),
        y=Axis("dB over active level", -45, 15, (0, -20, -40)),
        width=344,
    )
    chart.area(np.repeat(edges, 2)[1:-1], np.repeat(level_db, 2), "clean")
    look = f'class="noise" fill-opacity="0.4" stroke="{COLOURS["noisy"]}" stroke-width="2"'
    chart.area(edges[[0, -1]], [-snr_db, -snr_db], "noisy", look)
    chart.level(0)
    return chart
