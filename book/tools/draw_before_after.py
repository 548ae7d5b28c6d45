"""Draw the picture at the head of the README: the bundled test set's first sentence, denoised.

Run ``python book/tools/draw_before_after.py``.
"""

from __future__ import annotations

from pathlib import Path

import lstm_se
from lstm_se.pages import plots
from lstm_se.sound.audio import SAMPLE_RATE

TARGET = Path(__file__).resolve().parents[1] / "_static" / "before_after.png"
SECONDS = 3


def main() -> None:
    """Enhance, draw, save."""
    clean, noisy = lstm_se.mini().test[0].load()
    signals = {
        "noisy": noisy,
        "enhanced by lstm-se": lstm_se.load("tiny").enhance(noisy),
        "clean": clean,
    }
    figure = plots.spectrograms({k: x[: SECONDS * SAMPLE_RATE] for k, x in signals.items()})
    figure.savefig(TARGET, dpi=90)


if __name__ == "__main__":
    main()
