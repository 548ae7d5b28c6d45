"""What the upper band of 44.1 kHz keeps and loses, and write ``full_band.json``.

Usage: ``apt-get download klettres-data && dpkg -x klettres-data*.deb voices``, then
``python notebooks/results/full_band.py voices``: two minutes. The package holds letters and
syllables that volunteers have read at 44.1 kHz, one talker or two for a language; nobody else has
recorded speech at that rate for us, and none of it is stored here. The noise is synthetic and falls
off as most noises do. No training run and no choice of a network has met any of it; the constants
of ``network/upper_band.py`` were chosen on it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from common import rounded, stated, write_json

import lstm_se
import numpy as np
from lstm_se.corpora.mixing import mix
from lstm_se.sound import audio
from scipy.signal import butter, sosfiltfilt

HERE = Path(__file__).parent
RATE = 44_100
SECONDS = 15
SNR_DB = 5.0
SLOPE_DB = -4.8  # of the noise, an octave
EDGE_HZ = 8500  # above it, nothing is left of what the network gave
MIN_RANGE_DB = 22.0  # between fricatives and pauses, above the edge: less is hiss, or an MP3
ABOVE = butter(8, EDGE_HZ, "high", fs=RATE, output="sos")


def power(samples: np.ndarray) -> np.ndarray:
    """Mean square in frames of 20 ms."""
    frames = len(samples) // (RATE // 50)
    return np.square(samples[: frames * (RATE // 50)], dtype=float).reshape(frames, -1).mean(axis=1)


def decibels(ratio: float) -> float:
    """Ratio of powers in dB."""
    return float(10 * np.log10(max(ratio, 1e-12)))


def talker(folder: Path) -> np.ndarray | None:
    """Prompts of one language, a pause behind each; nothing if they are not clean full-band."""
    prompts: list[np.ndarray] = []
    for path in sorted(folder.iterdir()):
        try:
            prompt = audio.read(path, sample_rate=None)
        except ValueError:
            continue
        if prompt.sample_rate != RATE or len(prompt.samples) < RATE // 10:
            continue
        level = np.float32(10 ** ((-26 - audio.rms_dbfs(prompt.samples)) / 20))
        prompts += [prompt.samples * level, np.zeros(3 * RATE // 10, np.float32)]
        if sum(map(len, prompts)) > SECONDS * RATE:
            break
    if not prompts:
        return None
    clean = np.concatenate(prompts)
    upper = power(sosfiltfilt(ABOVE, clean))
    quiet = np.percentile(upper[upper > 0], 20)
    return clean if decibels(np.percentile(upper, 97) / quiet) >= MIN_RANGE_DB else None


def noise(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Noise that falls off with frequency, from 100 Hz on."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(samples, 1 / RATE), 100) / 100)
    return np.fft.irfft(spectrum * 10 ** (SLOPE_DB * octaves / 20), samples).astype(np.float32)


def judged(clean: np.ndarray, noisy: np.ndarray, enhanced: np.ndarray) -> dict[str, float]:
    """What became of fricatives, of pauses and of the waveform above the edge, in dB."""
    upper = [sosfiltfilt(ABOVE, sound) for sound in (clean, noisy, enhanced)]
    clean_power, noisy_power, enhanced_power = map(power, upper)
    fricative = clean_power > np.percentile(clean_power, 95)
    pause = power(clean) < power(clean).max() * 1e-6
    return {
        "fricatives": decibels(enhanced_power[fricative].mean() / clean_power[fricative].mean()),
        "noise_in_pauses": decibels(enhanced_power[pause].mean() / noisy_power[pause].mean()),
        "sdr_above": audio.snr_db(upper[0], upper[2]),
        "noisy_sdr_above": audio.snr_db(upper[0], upper[1]),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="What becomes of the upper band of 44.1 kHz.")
    parser.add_argument("voices", type=Path, help="the package klettres-data, unpacked")
    root = parser.parse_args().voices / "usr/share/klettres"
    talkers = [talker(folder) for folder in sorted(root.glob("*/alpha"))]
    rng, denoiser = np.random.default_rng(0), lstm_se.load("tiny")
    rows: dict[str, list[dict[str, float]]] = {"kept": [], "left out": []}
    for speech in talkers:
        if speech is None:
            continue
        clean, noisy = mix(speech, noise(len(speech), rng), SNR_DB)
        for name, scores in rows.items():
            enhanced = denoiser.enhance(noisy, RATE, full_band=name == "kept")
            scores.append(judged(clean, noisy, enhanced))
    systems = {
        name: {key: stated([row[key] for row in scores]) for key in scores[0]}
        for name, scores in rows.items()
    }
    content = {
        "command": "python notebooks/results/full_band.py voices",
        "package": "klettres-data",
        "talkers": len(rows["kept"]),
        "snr_db": SNR_DB,
        "above_hz": EDGE_HZ,
        "systems": systems,
    }
    print(rounded(content))
    write_json(HERE / "full_band.json", rounded(content))


if __name__ == "__main__":
    main()
