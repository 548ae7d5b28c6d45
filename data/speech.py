"""Speech for the bundled corpus: trim prompts, join them to utterances, keep their room noise."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from packages import RATE, Package, decode

SEED = 20_260
FRAME = RATE // 100
FADE = RATE // 125
LEVEL_DBFS = -26.0
LONGEST_SENTENCE = 8.0
NOT_SPEECH = ("beep", "tone", "silence", "digits", "letters", "phonetic", "monkeys", "glorious")


@dataclass
class Voice:
    """One talker's recordings that nothing has used yet, in a seeded order."""

    name: str
    package: Package
    prompts: list[Path]
    floors: list[np.ndarray] = field(default_factory=list)
    floor_files: list[Path] = field(default_factory=list)

    def take(self, longest: float) -> tuple[Path, np.ndarray] | None:
        """Remove and return the first recording of at most ``longest`` seconds, trimmed."""
        for path in self.prompts:
            if seconds_of(path) <= longest:
                self.prompts.remove(path)
                return path, trim(decode(path))
        return None


def seconds_of(path: Path) -> float:
    """Duration in seconds; a G.722 file has 8,000 bytes per second and no header."""
    if path.suffix == ".g722":
        return path.stat().st_size / 8000
    return float(soundfile.info(path).duration)


def frame_power(x: np.ndarray) -> np.ndarray:
    """Mean square of each whole 10 ms frame, shape ``(frames,)``."""
    whole = len(x) // FRAME * FRAME
    return np.mean(np.square(x[:whole].reshape(-1, FRAME), dtype=np.float64), axis=1) + 1e-12


def active_power(x: np.ndarray) -> float:
    """Mean square of the active frames: those within 15.9 dB of it, as in ITU-T P.56."""
    power = frame_power(x)
    level = power.mean()
    for _ in range(20):
        level = power[power > level * 10**-1.59].mean()
    return float(level)


def speech_gain(utterances: list[np.ndarray]) -> float:
    """The one gain that puts the active speech of a talker's utterances at -26 dBFS."""
    return 10 ** (LEVEL_DBFS / 20) / active_power(np.concatenate(utterances)) ** 0.5


def rms(x: np.ndarray) -> np.float64:
    """Root of the mean square, computed in double precision."""
    return np.sqrt(np.mean(np.square(x, dtype=np.float64)))


def trim(x: np.ndarray, margin: float = 0.06) -> np.ndarray:
    """Drop what is 40 dB below the active speech at both ends, but keep ``margin`` seconds."""
    loud = np.flatnonzero(frame_power(x) > active_power(x) * 1e-4)
    keep = int(margin * RATE)
    return x[max(0, loud[0] * FRAME - keep) : (loud[-1] + 1) * FRAME + keep]


def crossfade(pieces: list[np.ndarray]) -> np.ndarray:
    """Join pieces with raised-cosine fades that overlap by 8 ms, so that no join clicks."""
    rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(FADE) + 0.5) / FADE)).astype(np.float32)
    joined = pieces[0]
    for piece in pieces[1:]:
        seam = joined[-FADE:] * rise[::-1] + piece[:FADE] * rise
        joined = np.concatenate([joined[:-FADE], seam, piece[FADE:]])
    joined = joined.copy()
    joined[:FADE] *= rise
    joined[-FADE:] *= rise[::-1]
    return joined


def pauses(x: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the pauses inside a recording: at least 0.25 s that is 30 dB below the speech."""
    quiet = np.concatenate([[0], frame_power(x) < active_power(x) * 1e-3, [0]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(quiet)).reshape(-1, 2)
    for start, stop in edges[1:-1]:
        if stop - start >= 25:
            yield x[(start + 3) * FRAME : (stop - 3) * FRAME]


def gap(voice: Voice, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Room noise of the talker's own recordings, from pauses between the words."""
    wanted = int(seconds * RATE)
    pieces = [voice.floors[rng.integers(len(voice.floors))]]
    while sum(len(piece) - FADE for piece in pieces) + FADE < wanted:
        pieces.append(voice.floors[rng.integers(len(voice.floors))])
    joined = pieces[0] if len(pieces) == 1 else crossfade([pieces[0][:FADE], *pieces])[FADE:]
    return joined[:wanted]


def spoken(voice: Voice, prompts: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Prompts one after the other, with the talker's own room noise around each of them."""
    pieces = [gap(voice, rng.uniform(0.1, 0.2), rng)]
    for prompt in prompts:
        pieces += [prompt, gap(voice, rng.uniform(0.2, 0.6), rng)]
    pieces[-1] = pieces[-1][: int(0.2 * RATE)]
    return crossfade(pieces)


def open_voice(name: str, package: Package, root: Path) -> Voice:
    """List a talker's recordings, each once, in an order that depends on nothing but the name."""
    rng = np.random.default_rng([SEED, *name.encode()])
    unique: dict[str, Path] = {}
    for path in sorted(root.rglob(package.pattern)):
        inside = path.relative_to(root).as_posix()
        if not any(word in inside.split("sounds/")[-1] for word in NOT_SPEECH):
            unique.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path)
    files = [path for path in unique.values() if seconds_of(path) >= 1.0]
    return Voice(name, package, [files[i] for i in rng.permutation(len(files))])


def collect_floors(voice: Voice) -> None:
    """Take six long recordings out of the talker's list and keep the middle half of their pauses.

    The quietest pauses are those that a noise gate closed, the loudest hold a breath.
    """
    voice.floor_files = [path for path in voice.prompts if seconds_of(path) > 6][:6]
    voice.prompts = [path for path in voice.prompts if path not in voice.floor_files]
    between = [pause for path in voice.floor_files for pause in pauses(decode(path))]
    between.sort(key=lambda pause: float(frame_power(pause).mean()))
    voice.floors = between[len(between) // 4 : len(between) - len(between) // 4]
    if not voice.floors:
        raise ValueError(f"{voice.package.name} holds no pause to fill gaps with")


def joined_utterances(voice: Voice, seconds: float) -> Iterator[tuple[list[Path], np.ndarray]]:
    """Yield utterances of 3 to 6 s, joined from prompts, until ``seconds`` are nearly full.

    They end earlier when no prompt is left that is short enough.
    """
    rng = np.random.default_rng([SEED, 1, *voice.name.encode()])
    left = seconds
    while left >= 4.0:
        target, room = rng.uniform(2.8, 3.4), min(5.4, left - 0.6)
        paths: list[Path] = []
        prompts: list[np.ndarray] = []
        while sum(map(len, prompts)) < target * RATE and (taken := voice.take(room)):
            paths.append(taken[0])
            prompts.append(taken[1])
            room -= len(taken[1]) / RATE + 0.6
        if not prompts:
            return  # all that are left are too long
        samples = spoken(voice, prompts, rng)
        left -= len(samples) / RATE
        yield paths, samples


def sentences(voice: Voice, seconds: float) -> Iterator[tuple[list[Path], np.ndarray]]:
    """Yield whole sentences of at most 8 s until ``seconds`` are nearly full."""
    left = seconds
    while left > 2.5 and (taken := voice.take(LONGEST_SENTENCE)):
        samples = crossfade([trim(decode(taken[0]), margin=0.2)])
        if 2.5 * RATE <= len(samples) <= left * RATE:
            left -= len(samples) / RATE
            yield [taken[0]], samples
