"""Train the network of lessons 10 and 11 once with each loss, and keep what they need.

Run by hand, from the root of the repository; ten minutes on an idle core:

    python notebooks/results/losses.py

It writes ``05_losses.json``, the figures of all seeds, and ``05_losses.npz``,
the weights of the first seed in half precision, beside itself.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import tempfile
from pathlib import Path
from typing import Any

from common import write_json

import lstm_se
import numpy as np
from lstm_se.config import Config
from lstm_se.corpora import banks
from lstm_se.corpora.mixing import Recipe
from lstm_se.corpora.pairs import Corpus
from lstm_se.files import shipped, write_whole
from lstm_se.network import in_keras
from lstm_se.network.denoiser import Denoiser, Masker
from lstm_se.network.in_numpy import Weights
from lstm_se.research.studies import Variant
from lstm_se.scoring import metrics
from lstm_se.sound import stft
from lstm_se.training import fit, sources
from lstm_se.training.pipeline import PairSampler

from mixtures import Mixtures

HERE = Path(__file__).parent
SEEDS = (0, 1, 2)
VALIDATION_SEED = 2791  # the same segments judge every run
BASE = Config.preset(
    "plain",
    name="page_5",
    units=(40,),
    mask="bands",
    complex_weight=0.113,
    snr_weight=0.0,
    segment_seconds=2.0,
    batch_size=16,
    learning_rate=4e-3,
)
CHANGES: dict[str, dict[str, Any]] = {
    "mse": {"loss": "mse"},
    "mae": {"loss": "mae"},
    "magnitude": {"loss": "magnitude"},
    "psa": {"loss": "psa"},
    "compressed": {"loss": "compressed"},
    "compressed + log": {"loss": "compressed", "snr_weight": 0.002},
}
# One room and one microphone: here only the losses shall differ.
RECIPE = Recipe(reverberation=0.0, distant_talker=0.0, overdriven=0.0, recorded_dbfs=(-1.0, -1.0))
SCHEDULE = fit.Schedule(epochs=4, steps_per_epoch=75, validation_steps=4)


class Kept:
    """The batches of a mixer, each mixed once: every loss is trained on the same ones."""

    def __init__(self, corpus: Corpus, seed: int) -> None:
        """Mix the training talkers of ``corpus`` with its training noises."""
        talkers = banks.load_speech(sources.by_speaker(corpus.train))
        noises = banks.load_noise(banks.by_folder([shipped("mini") / "noise_trainset"]))
        config = dataclasses.replace(BASE, seed=seed)
        mixed = Mixtures(tuple(talkers), tuple(noises))
        self._mixer = mixed.source(config, Variant("losses", recipe=vars(RECIPE)))
        self.samples, self.batch_size = self._mixer.samples, BASE.batch_size
        self._kept: dict[int, np.ndarray] = {}

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """``(noisy, clean)`` of one step, float32 ``(batch_size, samples)`` each."""
        if int(step) not in self._kept:
            pair = np.stack(self._mixer.batch(step))
            self._kept[int(step)] = np.round(32767 * pair).astype(np.int16)
        noisy, clean = self._kept[int(step)].astype(np.float32) / 32767
        return noisy, clean


def train(corpus: Corpus, source: Kept, config: Config) -> Weights:
    """Weights of one training run, rounded to half precision."""
    judge = PairSampler(corpus.validation, config, seed=VALIDATION_SEED)
    with tempfile.TemporaryDirectory() as folder:
        model = fit.train(config, source, judge, folder, SCHEDULE, verbose=0)
    weights = in_keras.get_weights(model.network)
    return {name: value.astype(np.float16) for name, value in weights.items()}


def denoiser(config: Config, weights: Weights) -> Denoiser:
    """The denoiser that those weights are."""
    return Denoiser(config, {n: value.astype(np.float32) for n, value in weights.items()})


def masks(model: Denoiser, spectrum: np.ndarray) -> np.ndarray:
    """Gain of every bin, shape as ``spectrum``, ``(frames, bins)``."""
    masker = Masker(model.config, model.weights)
    return np.concatenate([masker(frame[None]) for frame in spectrum])


def artefacts(model: Denoiser, clean: np.ndarray, noisy: np.ndarray) -> dict[str, float]:
    """What the gains of one utterance do to the speech and to the noise.

    The gains are applied to the two parts apart: their sum is what one hears.

    Args:
        model: Whose gains.
        clean: Shape ``(samples,)``.
        noisy: Shape ``(samples,)``.

    Returns:
        ``"speech_db"``, change of the speech in active frames; ``"noise_db"``,
        change of the noise in pauses; ``"kurtosis"``, by which factor the
        kurtosis of the noise's power in pauses grows: single bins stand out.
    """
    S, X = stft.stft(clean), stft.stft(noisy)
    speech, noise = np.abs(S) ** 2, np.abs(X - S) ** 2
    gain = masks(model, X) ** 2
    active, pause = activity(clean, len(S))

    def change(power: np.ndarray, frames: np.ndarray) -> float:
        """Level after over level before, in dB."""
        after = (gain * power)[frames].sum()
        return float(10 * np.log10(after / power[frames].sum()))

    return {
        "speech_db": change(speech, active),
        "noise_db": change(noise, pause),
        "kurtosis": kurtosis((gain * noise)[pause]) / kurtosis(noise[pause]),
    }


def activity(clean: np.ndarray, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames of the STFT in which somebody talks, and those in a pause."""
    power = np.abs(stft.stft(clean)) ** 2
    level_db = 10 * np.log10(power.sum(1) / power.sum(1).max() + 1e-12)
    return level_db > -30, level_db < -45


def kurtosis(power: np.ndarray) -> float:
    """Fourth moment over the squared second one, of every bin over time; their median."""
    used = power.mean(0) > 0
    fourth, second = (power[:, used] ** k for k in (4, 2))
    return float(np.median(fourth.mean(0) / second.mean(0) ** 2))


def measure(model: Denoiser, corpus: Corpus) -> dict[str, float]:
    """Means over the recordings of the validation talker."""
    rows = []
    for pair in corpus.validation:
        clean, noisy = pair.load()
        row = artefacts(model, clean, noisy)
        row["clean_si_sdr"] = metrics.si_sdr(clean, model(clean))
        rows.append(row)
    means = {key: np.mean([row[key] for row in rows]) for key in rows[0]}
    return {key: round(float(mean), 2) for key, mean in means.items()}


def results() -> tuple[dict[str, Any], bytes]:
    """Figures of all runs, which describe themselves, and the weights of the first seed."""
    corpus, runs, kept = lstm_se.mini(), [], {}
    for seed in SEEDS:
        source = Kept(corpus, seed)
        for name, change in CHANGES.items():
            config = dataclasses.replace(BASE, seed=seed, **change)
            weights = train(corpus, source, config)
            figures = measure(denoiser(config, weights), corpus)
            runs.append({"loss": name, "seed": seed, **figures})
            print(runs[-1], flush=True)
            if seed == SEEDS[0]:
                kept |= {f"{name}/{n}": w for n, w in weights.items()}
    return describe(runs, packed := pack(kept)), packed


def pack(weights: Weights) -> bytes:
    """Weights as an ``.npz`` file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **weights)  # type: ignore[arg-type]
    return buffer.getvalue()


def describe(runs: list[dict[str, Any]], packed: bytes) -> dict[str, Any]:
    """The figures with all that they came from."""
    return {
        "command": "python notebooks/results/losses.py",
        "config": dataclasses.asdict(BASE),
        "changes": CHANGES,
        "recipe": dataclasses.asdict(RECIPE),
        "schedule": dataclasses.asdict(SCHEDULE),
        "weights_sha256": hashlib.sha256(packed).hexdigest(),
        "runs": runs,
    }


if __name__ == "__main__":
    content, weights = results()
    write_whole(HERE / "05_losses.npz", weights)
    write_json(HERE / "05_losses.json", content)
