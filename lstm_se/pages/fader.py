"""A slider between speech and noise that works in a page: one hears what an SNR means."""

from __future__ import annotations

import html
import json
from typing import Any

import numpy as np

from ..corpora import mixing
from ..sound.audio import FRAME, SAMPLE_RATE, frame_power
from .players import listen

SNRS_DB = [-5 + 2.5 * step for step in range(11)]  # positions of the slider
SEAM = 800  # samples over which a repeated noise passes into itself: 50 ms
SPEECH, NOISE = "#009E73", "#D55E00"  # of plots.COLOURS, without its matplotlib
# The noise is embedded at the lowest SNR, so no gain is above 1; a gain takes 0.1 s to change.
SCRIPT = """<script>(() => {
  const box = document.getElementById("fader");
  const find = (query) => box.querySelector(query);
  const button = find("button"), range = find("input");
  const states = JSON.parse(box.dataset.states);
  let context, volume, noise, pause, on = false;
  if (!window.AudioContext) return;
  const glide = (node, gain) =>
    node.gain.setTargetAtTime(gain, context.currentTime, 0.02);
  const amount = () => 10 ** ((range.min - range.value) / 20);
  const draw = () => {
    const [line, words] = states[(range.value - range.min) / range.step];
    find(".noise").setAttribute("d", line);
    find(".words").textContent = words;
    find("label span").textContent = `${+range.value} dB`;
    range.setAttribute("aria-valuetext", `${+range.value} dB`);
    if (noise) glide(noise, amount());
  };
  const decoded = (player) => {
    const text = atob(player.src.split(",")[1]);
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    return context.decodeAudioData(bytes.buffer);
  };
  const build = async () => {
    context = new AudioContext();
    volume = new GainNode(context, { gain: 0 });
    noise = new GainNode(context, { gain: amount() });
    noise.connect(volume).connect(context.destination);
    const players = [...box.querySelectorAll("audio")];
    const sounds = await Promise.all(players.map(decoded));
    const begin = context.currentTime + 0.1;
    sounds.forEach((buffer, part) => {
      const source = new AudioBufferSourceNode(context, { buffer, loop: true });
      source.connect(part ? noise : volume);
      source.start(begin);
    });
  };
  button.addEventListener("click", async () => {
    on = !on;
    button.textContent = on ? "Stop" : "Play";
    if (!context) await build();
    clearTimeout(pause);
    glide(volume, on ? 1 : 0);
    if (on) context.resume();
    else pause = setTimeout(() => context.suspend(), 200);
  });
  find(".listen").style.display = "none";
  find(".controls").hidden = false;
  range.addEventListener("input", draw);
  draw();
})();</script>"""


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

    if snr_db not in SNRS_DB:
        raise ValueError(f"{snr_db:g} dB is not on the slider: choose one of {SNRS_DB}")
    speech, mixture = mixing.mix(_faded(speech), _seamless(noise, len(speech)), SNRS_DB[0])
    captions = ["speech alone", f"noise alone, at {SNRS_DB[0]:g} dB"]
    players = listen(speech, mixture - speech, captions=captions).data
    power = frame_power(speech)
    states = [(_sheet(db), _words(power, db)) for db in SNRS_DB]
    return HTML(
        f'<div id="fader" data-states="{html.escape(json.dumps(states))}">\n{players}\n'
        f"{_controls(snr_db)}\n{_figure(power, *states[SNRS_DB.index(snr_db)])}</div>\n{SCRIPT}"
    )


def _faded(samples: np.ndarray) -> np.ndarray:
    """The same with faded ends: a cut into a word would click."""
    ramp = np.minimum(1, np.arange(len(samples)) / SEAM)
    return samples * ramp * ramp[::-1]


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


def _controls(snr_db: float) -> str:
    """Button and slider; the script shows them."""
    low, high, step = SNRS_DB[0], SNRS_DB[-1], SNRS_DB[1] - SNRS_DB[0]
    return (
        '<div class="controls" hidden><button type="button">Play</button> <label>SNR '
        f'<input type="range" min="{low:g}" max="{high:g}" step="{step:g}" value="{snr_db:g}" '
        f'style="width: 11rem; vertical-align: middle"> <span>{snr_db:g} dB</span></label></div>'
    )


def _height(level_db: Any) -> Any:
    """Place of a level on the vertical axis, which shows 15 to -45 dB over the active level."""
    return 47.5 - 2.5 * np.clip(level_db, -45, 15)


def _sheet(snr_db: float) -> str:
    """The noise as water that the speech stands in, as an SVG path."""
    return f"M46 160V{_height(-snr_db):g}H390V160"


def _figure(power: np.ndarray, sheet: str, words: str) -> str:
    """The drawing and what it says."""
    # the theme's own colour for captions cannot be read on the ground that it gives to outputs
    return (
        f'<figure style="margin: 0.5rem 0">{_drawing(power, sheet)}\n'
        '<figcaption style="color: inherit; text-align: left">'
        f'<span style="color: {SPEECH}">■</span> speech, dashed: its active level; '
        f'<span style="color: {NOISE}">■</span> noise. '
        f'<span class="words" aria-live="polite">{words}</span></figcaption></figure>'
    )


def _drawing(power: np.ndarray, sheet: str) -> str:
    """The speech frame by frame and the level of the noise over it, as SVG."""
    level_db = 10 * np.log10(power / _active(power).mean() + 1e-9)
    second = 344 / len(power) * SAMPLE_RATE / FRAME  # its width
    ends = 46 + 344 / len(power) * np.arange(1, len(power) + 1)
    speech = "".join(f"V{y:.0f}H{x:.1f}" for x, y in zip(ends, _height(level_db), strict=True))
    marks = [(46 + second * s, 175, "middle", s) for s in range(int(344 / second) + 1)]
    marks += [(41, _height(db) + 4, "end", db) for db in (0, -20, -40)]
    texts = "".join(
        f'<text x="{x:.0f}" y="{y:g}" text-anchor="{anchor}">{text}</text>'
        for x, y, anchor, text in marks
    )
    return (
        '<svg viewBox="0 0 400 196" role="img" style="width: 100%; max-width: 36rem" '
        'font-size="12" fill="currentColor" aria-label="Level of the speech in frames of 20 ms, '
        'and the level of the noise as a line that the slider moves">'
        f'<path d="M46 160{speech}V160" fill="{SPEECH}"/>'
        f'<path class="noise" d="{sheet}" fill="{NOISE}" fill-opacity="0.4" stroke="{NOISE}" '
        'stroke-width="2"/><path d="M46 47.5H390" stroke="currentColor" stroke-dasharray="4 4"/>'
        f'<path d="M46 10V160H390" stroke="currentColor" fill="none" opacity="0.4"/>{texts}'
        '<text x="218" y="192" text-anchor="middle">time (s)</text><text x="12" y="85" '
        'text-anchor="middle" transform="rotate(-90 12 85)">dB over active level</text></svg>'
    )
