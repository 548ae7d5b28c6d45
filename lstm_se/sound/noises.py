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


def coloured_noise(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Noise with a random spectral slope and broad resonances, slowly swelling."""
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 1.0)
    octaves = np.log2(np.maximum(frequency, 30) / 30)
    knots = np.linspace(0, octaves[-1], 8)
    level_db = rng.uniform(-8, 2) * octaves + np.interp(octaves, knots, rng.uniform(-10, 10, 8))
    white = white_spectrum(len(frequency), rng)
    noise = np.fft.irfft(white * 10 ** (level_db / 20) * (frequency > 20), samples)
    return unit_rms(noise * swell(samples, rng, rng.uniform(0.2, 6), rng.uniform(0, 7)))


def swell(samples: int, rng: np.random.Generator, rate_hz: float, depth_db: float) -> np.ndarray:
    """Gain that wanders ``rate_hz`` times a second with a deviation of ``depth_db``."""
    knots = rng.standard_normal(max(4, int(2 * rate_hz * samples / SAMPLE_RATE)))
    places = np.linspace(0, len(knots) - 1, samples)
    return 10 ** (depth_db * np.interp(places, np.arange(len(knots)), knots) / 20)


def harmonics(
    pitch_hz: np.ndarray, count: int, decay: float, rng: np.random.Generator
) -> np.ndarray:
    """Sum of partials over a wandering pitch, shape as ``pitch_hz``; none above 7.8 kHz."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    partials = [k for k in range(1, count + 1) if k * pitch_hz.max() < 7800]
    gains = [rng.uniform(0.1, 1) / k**decay for k in partials]
    waves = (np.cos(k * phase + rng.uniform(0, 2 * np.pi)) for k in partials)
    return sum(map(np.multiply, gains, waves), np.zeros(len(pitch_hz)))


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
    rumble = np.fft.irfft(white * (frequency > 10) / (1 + (frequency / corner) ** 2), samples)
    return unit_rms(rumble * swell(samples, rng, rng.uniform(0.3, 1.5), rng.uniform(4, 8)))


def fan(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Fan: steady broad noise, blade tone and a slight flutter."""
    blades = np.full(samples, rng.uniform(80, 250)) * swell(samples, rng, 0.5, 0.05)
    tone = unit_rms(harmonics(blades, 6, 1.0, rng))
    frequency = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    white = white_spectrum(len(frequency), rng)
    air = np.fft.irfft(white / np.sqrt(1 + (frequency / rng.uniform(200, 900)) ** 2), samples)
    flutter = 1 + 0.1 * np.cos(2 * np.pi * np.cumsum(blades) / SAMPLE_RATE / 5)
    return unit_rms(flutter * (unit_rms(air) + 10 ** (-rng.uniform(8, 25) / 20) * tone))


SYNTHETIC: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = dict(
    coloured=coloured_noise, hum=hum, engine=engine, clicks=clicks, rain=rain, wind=wind, fan=fan
)
TRAINING_SYNTHETIC = ("coloured", "hum", "engine", "clicks")  # the others are for tests only
