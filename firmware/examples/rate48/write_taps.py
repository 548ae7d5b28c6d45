"""Writes ``taps.h``: the low-pass filter between 48 and 16 kHz, as integers. Needs SciPy.

``python write_taps.py`` and another cutoff or length give another filter; it must be odd, so that
its delay is a whole number of samples.
"""

from pathlib import Path

import numpy as np
from scipy.signal import firwin

TAPS, CUTOFF_HZ, BETA = 97, 7500, 6.0  # 60 dB down from 8600 Hz on
BITS = 14  # behind the point
HEADER = Path(__file__).with_name("taps.h")


def design() -> np.ndarray:
    """The taps, Q1.14, filled up with zeros to three phases of one length: int64 ``(99,)``."""
    taps = np.round(firwin(TAPS, CUTOFF_HZ, window=("kaiser", BETA), fs=48_000) * (1 << BITS))
    padded = np.pad(taps, (0, -TAPS % 3)).astype(np.int64)
    # sums of either direction, the rounding included, stay within 32 bits
    widest = max(np.abs(padded).sum(), 3 * np.abs(padded.reshape(-1, 3)).sum(0).max())
    assert widest * 32768 + (1 << BITS) < 2**31
    return padded


def text() -> str:
    """The header file."""
    taps = design()
    lines = ["/* Written by write_taps.py; edits are lost at the next one. */"]
    lines += [f"#define TAPS {len(taps)}", f"#define TAP_BITS {BITS} /* behind the point */"]
    lines.append(f"#define DELAY {TAPS // 2} /* samples of 48 kHz */")
    rows = [", ".join(map(str, row)) for row in taps.reshape(-1, 11)]
    lines += ["static const int16_t taps[TAPS] = {", *(f"    {row}," for row in rows), "};"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    HEADER.write_text(text(), encoding="utf-8")
