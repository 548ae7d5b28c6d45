"""Put the shipped model through what no average speaks of, and write ``09_robustness.json``.

Usage: ``python notebooks/results/robustness.py``: three minutes on two cores. Everything comes
from the bundled test set: its talkers and its noises were in no training run.
"""

from __future__ import annotations

from pathlib import Path

from common import rounded, stated, write_json

import lstm_se
import numpy as np
from lstm_se.files import shipped
from lstm_se.scoring import stress
from lstm_se.sound import audio, noises

HERE = Path(__file__).parent
SECONDS = 10


def spread(values: list[float]) -> dict[str, float]:
    """Mean, 95 % interval, extremes and number of some values."""
    ends = {"min": min(values), "max": max(values), "n": len(values)}
    return stated(values) | rounded(ends)


def test_noises() -> dict[str, np.ndarray]:
    """The noises of the bundled test set, recorded and synthetic, ten seconds each."""
    folder, samples = shipped("mini") / "noise_testset", SECONDS * audio.SAMPLE_RATE
    sounds = {p.stem: audio.read(p).samples[:samples] for p in sorted(folder.iterdir())}
    for name in sorted(set(noises.SYNTHETIC) - set(noises.TRAINING_SYNTHETIC)):
        sounds[name] = 0.05 * noises.SYNTHETIC[name](samples, np.random.default_rng(0))
    return sounds


def main() -> None:
    """Measure and write."""
    enhance = lstm_se.load("tiny")
    pairs = [pair.load() for pair in lstm_se.mini().test]
    cleans = [clean for clean, _ in pairs]
    levels = stress.level_sweep(enhance, pairs[::2])
    print("level", {level: round(np.mean(sdr), 2) for level, sdr in levels.items()})
    clean = {name: spread(v) for name, v in stress.clean_speech(enhance, cleans).items()}
    print("clean", clean)
    alone = {name: round(stress.reduction_db(enhance, x), 2) for name, x in test_noises().items()}
    print("noise alone", alone)
    left = stress.reverberant_speech(enhance, cleans[::2], stress.ROOMS_SECONDS)
    rooms = {seconds: spread(changes) for seconds, changes in left.items()}
    print("rooms", rooms)
    drift = stress.drift_db(enhance.stream().process, pairs[0][1])
    print("drift", drift)
    content = {
        "command": "python notebooks/results/robustness.py",
        "level_sweep_sdr": {level: spread(sdr) for level, sdr in levels.items()},
        "clean_speech": clean,
        "noise_reduction_db": alone,
        "reverberant_speech_db": rooms,
        "drift_db": {"minutes": 10, "last_minute_over_first": round(drift, 4)},
    }
    write_json(HERE / "09_robustness.json", content)


if __name__ == "__main__":
    main()
