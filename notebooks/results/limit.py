"""Score the shipped model in whole numbers under several strength limits: ``09_limit.json``.

Usage: ``python notebooks/results/limit.py``: five minutes on one core. Everything comes from the
bundled test set.

A mask is a filter, so the speech and the noise of a mixture can be sent through the mask of the
mixture one by one: then it is known what each of them has lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from common import fingerprint, scores, stated, write_json

import lstm_se
import numpy as np
from lstm_se.chip import engines, fixed, quantize, stft, stream
from lstm_se.corpora.pairs import Pair
from lstm_se.scoring.evaluation import evaluate
from lstm_se.scoring.stress import reduction_db
from lstm_se.sound import audio

HERE = Path(__file__).parent
LIMITS_DB = (6, 9, 12, 15, 18, 24, 30, None)
METRICS = ("pesq_wb", "estoi", "si_sdr")
SPEECH_DB, PAUSE_DB = -30, -40  # level of a frame of clean speech; that of the loudest is 0

Losses = dict[str, list[float]]


def masks(model: quantize.Quantized, noisy: np.ndarray) -> np.ndarray:
    """Masks of whole hops, Q0.15, without a limit: ``(hops, 257)``."""
    pcm = audio.to_pcm(noisy[: len(noisy) // stft.HOP * stft.HOP])
    return np.array([stages["mask"] for stages in stream.integer_stages(model, pcm)])


def masked(part: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Speech or noise through the gains of its mixture, aligned and a hop shorter than they are."""
    padded = np.pad(audio.to_pcm(part), (stft.HOP, 0))
    hops = padded[: (len(gains) + 1) * stft.HOP].reshape(-1, stft.HOP)
    spectrum = stft.analyse(np.concatenate([hops[:-1], hops[1:]], axis=1))
    silence = np.zeros(stft.HOP, np.float32)
    samples, _ = stft.synthesise(stft.apply_mask(spectrum, gains), silence)
    return samples.ravel()[stream.LATENCY :] / audio.FULL_SCALE


def loss_db(before: np.ndarray, after: np.ndarray, frames: np.ndarray) -> float:
    """By how many dB some frames of 20 ms fall, in the mean over frames."""
    powers = (audio.frame_power(part)[frames] for part in (before[: len(after)], after))
    was, left = (10 * np.log10(power + 1e-12) for power in powers)
    return float(np.mean(was - left))


def losses(model: quantize.Quantized, pair: Pair) -> Iterator[tuple[int | None, float, float]]:
    """Each limit, and what it makes of the speech of a mixture and of the noise in its pauses."""
    clean, noisy = pair.load()
    free = masks(model, noisy)
    power = audio.frame_power(clean[: (len(free) - 1) * stft.HOP])
    level = 10 * np.log10(power / power.max() + 1e-12)
    for limit_db in LIMITS_DB:
        gains = np.maximum(free, fixed.least_gain_q15(fixed.whole_decibels(limit_db)))
        speech = loss_db(clean, masked(clean, gains), level > SPEECH_DB)
        noise = noisy - clean
        yield limit_db, speech, loss_db(noise, masked(noise, gains), level < PAUSE_DB)


def all_losses(model: quantize.Quantized, pairs: Sequence[Pair]) -> dict[int | None, Losses]:
    """What speech and noise lose under each limit, in dB, a value for each pair."""
    found: dict[int | None, Losses] = defaultdict(lambda: defaultdict(list))
    for pair in pairs:
        for limit_db, speech, pause in losses(model, pair):
            found[limit_db]["speech_loss_db"].append(speech)
            found[limit_db]["noise_in_pauses_db"].append(pause)
    return found


def noise_alone(limit_db: int | None, pairs: Sequence[Pair]) -> list[float]:
    """By how much the noise of each pair falls when nobody speaks, in dB."""
    denoiser = engines.load("tiny", "int8", limit_db)
    parts = (pair.load() for pair in pairs)
    return [reduction_db(denoiser, noisy - clean) for clean, noisy in parts]


def name_of(limit_db: int | None) -> str:
    """A limit as a system of the report."""
    return "off" if limit_db is None else f"{limit_db} dB"


def main() -> None:
    """Measure and write."""
    pairs, trained = lstm_se.mini().test, lstm_se.load("tiny")
    systems = {name_of(limit): engines.load("tiny", "int8", limit) for limit in LIMITS_DB}
    report = evaluate(pairs, systems, METRICS)
    print(report.table())
    lost = all_losses(quantize.quantize(trained.weights, trained.config), pairs)
    rows = []
    for limit_db in LIMITS_DB:
        found = {**lost[limit_db], "noise_alone_db": noise_alone(limit_db, pairs)}
        row = {name: stated(values) for name, values in found.items()}
        print(name_of(limit_db), {name: value["mean"] for name, value in row.items()})
        rows.append({"limit_db": limit_db, **scores(report, name_of(limit_db), "off"), **row})
    content = {
        "command": "python notebooks/results/limit.py",
        "sha256": fingerprint(trained),
        "n": len(pairs),
        "failures": len(report.failures),
        "noisy": scores(report, "noisy", "off"),
        "limits": rows,
    }
    write_json(HERE / "09_limit.json", content)


if __name__ == "__main__":
    main()
