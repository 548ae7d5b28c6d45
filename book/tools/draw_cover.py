"""Draw the cover, the logo and the favicon of the book: a spectrogram that loses its noise.

Run ``python book/tools/draw_cover.py``. It is a drawing, not a measurement: harmonics that
glide like a voice stand in noise that fades from left to right.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from PIL import Image

STATIC = Path(__file__).resolve().parents[1] / "_static"
COLOURS = "magma"
GROUND, VOICE, NOISE = "#140e36", "#fe9f6d", "#a1307e"


def voice(bands: int, frames: int, harmonics: int) -> np.ndarray:
    """Gliding harmonics under two formants, shape ``(bands, frames)``, 0 to 1."""
    time = np.linspace(0, 1, frames)
    band = np.arange(bands)[:, None] / bands
    pitch = (0.8 + 0.25 * np.sin(2 * np.pi * (1.3 * time + 0.1))) / harmonics
    tones = np.exp(-((((band / pitch + 0.5) % 1) - 0.5) ** 2) / 0.03)
    formants = sum(
        np.exp(-((band - centre - 0.1 * np.sin(2 * np.pi * rate * time)) ** 2) / 0.02)
        for centre, rate in [(0.22, 1.7), (0.6, 1.1)]
    )
    syllables = np.clip(1.4 * np.abs(np.sin(3.5 * np.pi * time)) - 0.1, 0, 1)
    return np.clip(tones * formants * syllables, 0, 1)


def picture(bands: int, frames: int, harmonics: int) -> np.ndarray:
    """The voice in noise that fades from left to right, shape ``(bands, frames)``, 0 to 1."""
    rng = np.random.default_rng(0)
    noise = rng.rayleigh(0.36, (bands, frames)) * np.linspace(1.1, 0.4, bands)[:, None]
    fade = 1 / (1 + np.exp(np.linspace(-7, 7, frames)))
    return np.clip(voice(bands, frames, harmonics) + noise * fade, 0, 1)


def draw_cover(path: Path) -> None:
    """Draw the wide picture as a PNG of 1200 by 320 pixels and 32 colours."""
    levels = picture(bands=80, frames=300, harmonics=14)[::-1]
    pixels = np.uint8(255 * colormaps[COLOURS](levels)[..., :3])
    wide = Image.fromarray(pixels).resize((1200, 320), Image.Resampling.BICUBIC)
    wide.quantize(32, dither=Image.Dither.NONE).save(path, optimize=True)


def draw_icon(path: Path, size: int, dots: int) -> None:
    """Draw four harmonics that glide out of dots of noise, as an SVG square.

    Args:
        path: File to write.
        size: Width and height in pixels.
        dots: How many dots of noise; fewer for a small icon.
    """
    rng = np.random.default_rng(4)
    parts = [f'<rect width="64" height="64" rx="12" fill="{GROUND}"/>']
    for x, y in zip(4 + 34 * rng.random(dots) ** 1.3, rng.uniform(6, 58, dots), strict=True):
        radius, opacity = 60 / dots + 0.8, 1 - x / 48
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{NOISE}" '
            f'opacity="{opacity:.2f}"/>'
        )
    for y, width in [(55, 6), (43, 5), (32, 3.5), (22, 2.5)]:
        rise = y / 4
        parts.append(
            f'<path d="M7 {y} C 26 {y + rise / 2}, 30 {y - 1.4 * rise}, 57 {y - rise}" fill="none" '
            f'stroke="{VOICE}" stroke-width="{width}" stroke-linecap="round"/>'
        )
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"'
    text = f'{head} width="{size}" height="{size}">\n' + "\n".join(parts) + "\n</svg>\n"
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Draw the three pictures into ``book/_static``."""
    STATIC.mkdir(exist_ok=True)
    draw_cover(STATIC / "cover.png")
    draw_icon(STATIC / "logo.svg", size=128, dots=60)
    draw_icon(STATIC / "favicon.svg", size=32, dots=24)


if __name__ == "__main__":
    main()
