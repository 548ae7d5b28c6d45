"""What a board says and computes, as a report for those who have none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from ..sound.audio import FULL_SCALE, SAMPLE_RATE
from . import export
from .link import Line, Link
from .quantize import Quantized
from .stft import HOP
from .stream import LATENCY, IntegerStream

HOP_SECONDS = HOP / SAMPLE_RATE


@dataclass(frozen=True)
class Health:
    """A line of the board about itself.

    Attributes:
        board: Its name.
        version: Of the firmware.
        model: First digits of the fingerprint of its network.
        compiler: With its version.
        optimised: For ``speed`` or ``size``, or ``no``: CubeIDE's *Debug*.
        caches: That are on: ``both``, ``code``, ``data`` or ``none``.
        selftest: ``passed``.
        hz: Clock of the processor.
        cycles: That the last hop took.
        most: That any hop has taken.
        hops: Done since the start.
        late: Hops that the next one had to wait for.
        lost: Hops that were not done.
        clipped: Samples of the microphone at full scale since the start.
        peak: The loudest of the last second, of 32768.
    """

    board: str
    version: str
    model: str
    compiler: str
    optimised: str
    caches: str
    selftest: str
    hz: int
    cycles: int
    most: int
    hops: int
    late: int
    lost: int
    clipped: int
    peak: int

    @property
    def minutes(self) -> float:
        """That the board has worked, by its hops."""
        return self.hops * HOP_SECONDS / 60

    @classmethod
    def of(cls, line: Line) -> Health:
        """Read a line.

        Raises:
            ValueError: If it lacks a word, or has another in the place of a number, or no clock.
        """
        values: dict[str, Any] = {}
        for part in fields(cls):
            try:
                word = line.words[part.name]
                values[part.name] = word if part.type == "str" else int(word)
            except (KeyError, ValueError):
                reason = "build its example from the same version as this"
                raise ValueError(f"the board says no {part.name}: {reason}") from None
        if values["hz"] < 1:
            raise ValueError(f"the board says hz={values['hz']}: is its SystemCoreClock right?")
        return cls(**values)


def hear(link: Link, seconds: float) -> list[Health]:
    """Listen to a board.

    Args:
        link: To it.
        seconds: For so long.

    Returns:
        What it said of itself, at least once.

    Raises:
        ValueError: If nothing of that comes, or the board has given up, or was reset meanwhile.
        OSError: If the port is gone.
    """
    heard: list[Health] = []
    for line in link.lines(seconds):
        if line.kind == "health":
            health = Health.of(line)
            if heard and health.hops < heard[-1].hops:
                raise ValueError(f"{link.port}: the board began anew meanwhile: was it reset?")
            heard.append(health)
    if not heard:
        raise ValueError(f"{link.port}: the board says nothing of itself: run this again")
    return heard


def require_model(health: Health, model: Quantized) -> None:
    """Check that a board runs a model.

    Raises:
        ValueError: If it runs another one.
    """
    own = export.sha256(model)[: len(health.model)]
    if health.model != own:
        raise ValueError(
            f"the board runs model {health.model}, and this one is {own}: name its run with"
            " --model, or build the example again after 'lstm-se export --to c'"
        )


def in_hops(pcm: np.ndarray) -> np.ndarray:
    """A sound in whole hops, and one more for what the denoiser is late: int16 ``(hops, 256)``."""
    hops = -(-len(pcm) // HOP) + LATENCY // HOP
    return np.pad(pcm, (0, hops * HOP - len(pcm))).reshape(hops, HOP)


@dataclass(frozen=True)
class BoardReport:
    """What was measured.

    Attributes:
        day: Of the measurement, ``YYYY-MM-DD``.
        health: The last line.
        lines: How many came.
        broken_lines: How many came damaged, beside them.
        sound: Name of what was sent.
        samples: That were compared.
        wrong_samples: Of them, those that are not what the integers give in Python.
        cycles_mean: Of a hop of this sound.
        cycles_most: Of its most expensive one.
    """

    day: str
    health: Health
    lines: int
    broken_lines: int
    sound: str
    samples: int
    wrong_samples: int
    cycles_mean: int
    cycles_most: int

    def json(self) -> str:
        """For programs; with it the times in milliseconds."""
        times = {
            f"{name}_ms": round(1000 * cycles / self.health.hz, 4)
            for name, cycles in (("mean", self.cycles_mean), ("most", self.cycles_most))
        }
        minutes = {"minutes": round(self.health.minutes, 1)}
        return json.dumps(asdict(self) | times | minutes, indent=2) + "\n"

    def markdown(self) -> str:
        """For readers: a table."""
        health = self.health
        peak = f"{20 * np.log10(max(health.peak, 1) / FULL_SCALE):.0f} dBFS"
        rows = {
            "day": self.day,
            "board, clock": f"{health.board}, {health.hz / 1e6:g} MHz",
            "compiler, optimised for": f"{health.compiler}, {health.optimised}",
            "caches that are on": health.caches,
            "`se_version()`": f"{health.version} model {health.model}",
            "`se_selftest`": health.selftest,
            "a hop live, last": self._cost(health.cycles),
            "a hop live, most": self._cost(health.most),
            "hops done, late, lost": f"{health.hops:,}, {health.late:,}, {health.lost:,}",
            "minutes since the start": f"{health.minutes:.1f}",
            "microphone, clipped and peak": f"{health.clipped:,} samples, {peak}",
            "lines heard, broken": f"{self.lines}, {self.broken_lines}",
            f"samples of `{self.sound}` that differ from Python's":
                f"{self.wrong_samples:,} of {self.samples:,}",
            "a hop of that, mean": self._cost(self.cycles_mean),
            "a hop of that, most": self._cost(self.cycles_most),
            "revision of the chip, CubeIDE, pack": "please fill in",
        }  # fmt: skip
        table = "\n".join(f"| {what} | {value} |" for what, value in rows.items())
        return f"| what | measured |\n| --- | --- |\n{table}\n"

    def _cost(self, cycles: int) -> str:
        seconds = cycles / self.health.hz
        share = f"{100 * seconds / HOP_SECONDS:.1f} %"
        return f"{cycles:,} cycles, {1000 * seconds:.2f} ms, {share} of the time"


def measured(folder: str | Path) -> dict[str, str]:
    """What the reports of a board fill in for the table of lesson 26.

    Args:
        folder: In which each ``board.json`` counts, however deep; the later one where two are of
            the same build.

    Returns:
        Row of the table to what was measured; empty without a report.
    """
    found: dict[str, str] = {}
    for path in sorted(Path(folder).rglob("board.json"), key=lambda path: path.stat().st_mtime):
        report = json.loads(path.read_text(encoding="utf-8"))
        health = report["health"]
        found |= {
            "board": f"{report['day']}, {health['board']}",
            "compiler": health["compiler"],
            "version": f"{health['version']} model {health['model']}",
            "selftest": health["selftest"],
        }
        cost = f"{health['most'] / 1e6:.2f} million, {1000 * health['most'] / health['hz']:.1f} ms"
        build = "debug" if health["optimised"] == "no" else "release"
        found[f"{build}, caches {health['caches']}"] = cost
        found["hops"] = f"{health['late']} and {health['lost']} after {report['minutes']:g} min"
    return found


def board_report(
    link: Link,
    model: Quantized,
    sound: str,
    pcm: np.ndarray,
    seconds: float,
    progress: Callable[[np.ndarray], Iterable[np.ndarray]] = iter,
) -> tuple[BoardReport, np.ndarray]:
    """Listen to a board, send a sound through it, and compare every bit with Python's.

    Args:
        link: To the board.
        model: What it should run.
        sound: Name of the sound.
        pcm: int16 ``(samples,)``.
        seconds: How long to listen first.
        progress: Goes through hops, and shows how far it is.

    Returns:
        What was measured, and the sound as the board has denoised it, int16 ``(samples,)``.

    Raises:
        ValueError: If the board does not say what it should, or runs another model.
        OSError: If the port is gone.
    """
    heard = hear(link, seconds)
    require_model(heard[-1], model)
    hops = in_hops(pcm)
    link.ask()
    answers, cycles = zip(*(link.denoise(hop) for hop in progress(hops)), strict=True)
    link.end()
    enhanced = np.concatenate(answers)
    wrong = int(np.sum(enhanced != IntegerStream(model).process(hops.ravel())))
    costs = round(float(np.mean(cycles))), max(cycles)
    today = date.today().isoformat()
    lines = len(heard), link.broken
    report = BoardReport(today, heard[-1], *lines, sound, enhanced.size, wrong, *costs)
    return report, enhanced[LATENCY:][: len(pcm)]
