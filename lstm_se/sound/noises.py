"""Synthetic noises: each takes a length and a generator, and gives float32 at unit RMS."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .audio import SAMPLE_RATE


def unit_rms(samples: np.ndarray) -> np.ndarray:
    """The signal at root mean square 1, float32; silence stays silence."""
    rms = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
    return (samples / max(rms, 1e-9)).astype(np.float32)


def white_spectrum(bins: int, rng: np.random.Generator) -> np.ndarray:
    """Spectrum of white noise, complex, shape ``(bins,)``."""
    return rng.standard_normal(bins) + 1j * rng.standard_normal(bins)


def from_spectrum(spectrum: np.ndarray, samples: int) -> np.ndarray:
    """The signal with this spectrum, ``(samples // 2 + 1,)`` complex."""
    from scipy import fft  # takes a fifth of a second to import, and who only denoises needs none

    return fft.irfft(spectrum, samples)


def as_gain(level_db: np.ndarray) -> np.ndarray:
    """Gain of a level in dB; for arrays ``exp`` takes a third of the time of ``10 ** x``."""
    return np.exp(np.log(10) / 20 * level_db)


def coloured_noise(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Noise with a random spectral slope and broad resonances, slowly swelling."""
    noise = steady_noise(samples, rng, rng.uniform(-8, 2))
    return unit_rms(noise * swell(samples, rng, rng.uniform(0.2, 6), rng.uniform(0, 7)))


def steady_noise(samples: int, rng: np.random.Generator, db_per_octave: float) -> np.ndarray:
    """Noise with a spectral slope and random broad resonances."""
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 1.0)
    octaves = np.log2(np.maximum(frequency, 30) / 30)
    knots = np.linspace(0, octaves[-1], 8)
    level_db = db_per_octave * octaves + np.interp(octaves, knots, rng.uniform(-10, 10, 8))
    white = white_spectrum(len(frequency), rng)
    return from_spectrum(white * (as_gain(level_db) * (frequency > 20)), samples)


def swell(samples: int, rng: np.random.Generator, rate_hz: float, depth_db: float) -> np.ndarray:
    """Gain that wanders ``rate_hz`` times a second with a deviation of ``depth_db``."""
    knots = rng.standard_normal(max(4, int(2 * rate_hz * samples / SAMPLE_RATE)))
    places = np.linspace(0, len(knots) - 1, samples)
    return as_gain(depth_db * np.interp(places, np.arange(len(knots)), knots))


def harmonics(
    pitch_hz: np.ndarray, count: int, decay: float, rng: np.random.Generator
) -> np.ndarray:
    """Sum of partials over a wandering pitch, shape as ``pitch_hz``; none above 7.8 kHz."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    partials = [k for k in range(1, count + 1) if k * pitch_hz.max() < 7800]
    gains = np.array([rng.uniform(0.1, 1) / k**decay for k in partials])
    begins = np.array([rng.uniform(0, 2 * np.pi) for _ in partials])
    # partial k is the k-th power of the first: one cosine instead of one for each
    partials_of_turn = np.polynomial.Polynomial([0, *gains * np.exp(1j * begins)])
    return partials_of_turn(np.exp(1j * phase)).real


def hum(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Mains hum with harmonics over faint noise."""
    pitch = np.full(samples, rng.choice([50.0, 60.0, 100.0, 120.0]) * rng.uniform(0.998, 1.002))
    tone = unit_rms(harmonics(pitch, int(rng.integers(4, 25)), rng.uniform(0.3, 1.5), rng))
    return unit_rms(tone + 10 ** (-rng.uniform(0, 25) / 20) * coloured_noise(samples, rng))


def engine(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Engine: harmonics of a pitch that speeds up and slows down, and noise in its rhythm."""
    knots = rng.uniform(30, 250) * np.exp(np.cumsum(0.1 * rng.standard_normal(12)))
    pitch = np.interp(np.linspace(0, 11, samples), np.arange(12), np.clip(knots, 15, 600))
    tone = unit_rms(harmonics(pitch, int(rng.integers(5, 22)), rng.uniform(0, 1), rng))
    rhythm = 1 + 0.8 * np.cos(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE)
    return unit_rms(tone + 10 ** (rng.uniform(-12, 6) / 20) * rhythm * coloured_noise(samples, rng))


def bursts(
    samples: int, rng: np.random.Generator, per_second: float, seconds: tuple[float, float]
) -> np.ndarray:
    """Short decaying bursts of coloured noise at random times."""
    noise = np.zeros(samples)
    for begin in rng.integers(0, samples, rng.poisson(per_second * samples / SAMPLE_RATE)):
        length = min(int(SAMPLE_RATE * rng.uniform(*seconds)), samples - begin)
        if length < 16:
            continue
        fade = np.exp(-np.linspace(0, rng.uniform(3, 8), length))
        burst = coloured_noise(max(length, 64), rng)[:length] * fade
        noise[begin : begin + length] += 10 ** (rng.uniform(-12, 6) / 20) * unit_rms(burst)
    return noise


def clicks(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Clicks, knocks and key strokes over a quiet floor."""
    struck = bursts(samples, rng, rng.uniform(2, 12), (0.003, 0.08))
    floor = 10 ** (-rng.uniform(10, 30) / 20) * coloured_noise(samples, rng)
    return unit_rms(unit_rms(struck) + floor)


def rain(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Rain: Poisson drops, each a short ringing, over a hiss."""
    drops = np.zeros(samples)
    places = rng.integers(0, samples, rng.poisson(rng.uniform(150, 600) * samples / SAMPLE_RATE))
    drops[places] = rng.standard_normal(len(places)) * rng.exponential(1, len(places))
    time = np.arange(160) / SAMPLE_RATE
    ring = np.sin(2 * np.pi * rng.uniform(1500, 5000) * time) * np.exp(-time * 900)
    patter = np.convolve(drops, ring)[:samples]
    hiss = np.diff(rng.standard_normal(samples + 1))
    return unit_rms(unit_rms(patter) + rng.uniform(0.2, 0.8) * unit_rms(hiss))


def wind(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Wind on a microphone: noise that falls 12 dB per octave, in gusts."""
    frequency = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    white = white_spectrum(len(frequency), rng)
    corner = rng.uniform(60, 200)
    rumble = from_spectrum(white * (frequency > 10) / (1 + (frequency / corner) ** 2), samples)
    return unit_rms(rumble * swell(samples, rng, rng.uniform(0.3, 1.5), rng.uniform(4, 8)))


def fan(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Fan: steady broad noise, blade tone and a slight flutter."""
    blades = np.full(samples, rng.uniform(80, 250)) * swell(samples, rng, 0.5, 0.05)
    tone = unit_rms(harmonics(blades, 6, 1.0, rng))
    frequency = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    white = white_spectrum(len(frequency), rng)
    air = from_spectrum(white / np.sqrt(1 + (frequency / rng.uniform(200, 900)) ** 2), samples)
    flutter = 1 + 0.1 * np.cos(2 * np.pi * np.cumsum(blades) / SAMPLE_RATE / 5)
    return unit_rms(flutter * (unit_rms(air) + 10 ** (-rng.uniform(8, 25) / 20) * tone))


def over_floor(
    sound: np.ndarray, rng: np.random.Generator, below_db: tuple[float, float]
) -> np.ndarray:
    """A sound with coloured noise that far below it."""
    floor = 10 ** (-rng.uniform(*below_db) / 20) * coloured_noise(len(sound), rng)
    return unit_rms(unit_rms(sound) + floor)


def cricket(samples: int, rng: np.random.Generator) -> np.ndarray:
    """One cricket: a tone in pulses, one for each stroke of its wings, in chirps or in a trill."""
    time = np.arange(samples) / SAMPLE_RATE
    pitch = rng.uniform(2500, 7000) * swell(samples, rng, 4.0, 0.05)
    stroke = np.sin(2 * np.pi * (rng.uniform(20, 60) * time + rng.random()))
    pulses = np.maximum(stroke, 0) ** rng.uniform(0.5, 2)
    rhythm = np.cumsum(rng.uniform(0.7, 4) * swell(samples, rng, 1.0, 1.0)) / SAMPLE_RATE
    # below -1 the cosine never falls: then it is a trill
    chirps = np.clip(8 * (np.cos(2 * np.pi * rhythm) - rng.uniform(-1.3, 0.8)), 0, 1)
    return chirps * pulses * harmonics(pitch, 2, rng.uniform(2, 4), rng)


def crickets(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Crickets at night, from one to six, near and far."""
    chorus = np.zeros(samples)
    for _ in range(int(2 ** rng.uniform(0, 2.8))):
        chorus += 10 ** (rng.uniform(-15, 0) / 20) * cricket(samples, rng)
    return over_floor(chorus, rng, (0, 25))


def vacuum(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Vacuum cleaner or hair dryer: the whine of a fast motor in a rush of air."""
    time = np.arange(samples) / SAMPLE_RATE
    spin_up = 1 - rng.uniform(0, 0.4) * np.exp(-(time + rng.exponential(1)) / rng.uniform(0.2, 2))
    labour = swell(samples, rng, rng.uniform(0.2, 1.5), rng.uniform(0, 0.4))
    pitch = rng.uniform(150, 600) * spin_up * labour
    whine = unit_rms(harmonics(pitch, int(rng.integers(6, 30)), rng.uniform(0, 1), rng))
    air = unit_rms(steady_noise(samples, rng, rng.uniform(-4, 2)) * labour)
    mains = 1 + rng.uniform(0, 0.3) * np.cos(2 * np.pi * rng.choice([100, 120]) * time)
    return unit_rms(mains * (air + 10 ** (rng.uniform(-12, 3) / 20) * whine))


def scattered(
    samples: int, begins: np.ndarray, sounds: list[np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """At each place any of the short sounds, louder or softer; what passes the end is cut."""
    laid = np.zeros(samples)
    gains = 10 ** (rng.uniform(-20, 0, len(begins)) / 20)
    numbers = rng.integers(len(sounds), size=len(begins))
    for begin, gain, number in zip(begins, gains, numbers, strict=True):
        rest = laid[begin : begin + len(sounds[number])]
        rest += gain * sounds[number][: len(rest)]
    return laid


def dish(rng: np.random.Generator) -> np.ndarray:
    """A struck plate, glass or fork: partials in no harmony, the higher the shorter."""
    time, count = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE, int(rng.integers(3, 10))
    pitches = 700 * (7500 / 700) ** rng.random((count, 1))
    seconds = rng.uniform(0.01, 0.12) * np.sqrt(2000 / pitches)
    ringing = np.cos(2 * np.pi * pitches * time) * np.exp(-time / seconds)
    knock = rng.standard_normal(len(time)) * np.exp(-time / 0.002)
    return unit_rms(rng.exponential(1, count) @ ringing + rng.uniform(0, 1) * knock)


def crockery(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Plates and cutlery: a handful of pieces, now one alone, now several in a clatter."""
    count = 1 + rng.poisson(rng.uniform(0.5, 4) * samples / SAMPLE_RATE)
    clatters = rng.integers(0, samples, count)
    begins = np.repeat(clatters, 1 + rng.poisson(rng.uniform(0, 5), len(clatters)))
    begins = begins + (SAMPLE_RATE * rng.exponential(0.1, len(begins))).astype(int)
    pieces = [dish(rng) for _ in range(rng.integers(2, 9))]
    return over_floor(scattered(samples, begins, pieces, rng), rng, (5, 30))


def bubble(rng: np.random.Generator, lowest_hz: float, highest_hz: float) -> np.ndarray:
    """The bubble that a drop leaves in water rings at a rising pitch, the higher the shorter.

    Damping after van den Doel (2005), "Physically based models for liquid sounds".
    """
    time = np.arange(SAMPLE_RATE // 5) / SAMPLE_RATE
    pitch = lowest_hz * (highest_hz / lowest_hz) ** rng.random()
    damping = 0.043 * pitch + 0.0014 * pitch**1.5
    cycles = pitch * time * (1 + rng.uniform(0, 0.15) * damping * time)
    return unit_rms(np.sin(2 * np.pi * cycles) * np.exp(-damping * time))


def dripping(samples: int, rng: np.random.Generator) -> np.ndarray:
    """A tap that drips: single drops at irregular times."""
    begins = rng.integers(0, samples, 1 + rng.poisson(rng.uniform(1, 10) * samples / SAMPLE_RATE))
    lowest = rng.uniform(300, 2500)
    drops = [bubble(rng, lowest, 2 * lowest) for _ in range(8)]
    return over_floor(scattered(samples, begins, drops, rng), rng, (5, 30))


def splashing(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Water in a dishwasher or a sink: drops without number over a wash that swings."""
    begins = rng.integers(0, samples, rng.poisson(rng.uniform(40, 300) * samples / SAMPLE_RATE))
    drops = scattered(samples, begins, [bubble(rng, 300, 4000) for _ in range(24)], rng)
    wash = steady_noise(samples, rng, rng.uniform(-6, 0))
    water = unit_rms(drops) + 10 ** (rng.uniform(-12, 6) / 20) * unit_rms(wash)
    turns = rng.uniform(0.2, 2) * np.arange(samples) / SAMPLE_RATE + rng.random()
    return unit_rms(water * (1 + rng.uniform(0, 0.8) * np.cos(2 * np.pi * turns)))


SYNTHETIC: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = dict(
    coloured=coloured_noise,
    hum=hum,
    engine=engine,
    clicks=clicks,
    rain=rain,
    wind=wind,
    fan=fan,
    crickets=crickets,
    vacuum=vacuum,
    crockery=crockery,
    dripping=dripping,
    splashing=splashing,
)
BASIC_SYNTHETIC = ("coloured", "hum", "engine", "clicks")  # of old mixtures, which stay as they are
TRAINING_SYNTHETIC = (*BASIC_SYNTHETIC, "crickets", "vacuum", "crockery", "dripping", "splashing")
# rain, wind and fan are for tests only
