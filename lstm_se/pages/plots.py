"""Pictures in the style of the book, from the import on: colours that all can tell apart, units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ..sound import stft
from ..sound.audio import SAMPLE_RATE

# Okabe and Ito's palette; the order is the order in which the book uses them
COLOURS = {
    "noisy": "#D55E00",
    "enhanced": "#0072B2",
    "clean": "#009E73",
    "other": "#CC79A7",
    "fifth": "#E69F00",
    "sixth": "#56B4E9",
}
# the style of every figure from here on: who imports this module draws for the book
plt.rc("axes", prop_cycle=plt.cycler(color=list(COLOURS.values())))
plt.rc("axes.spines", top=False, right=False)
plt.rc("figure", dpi=110)
plt.rc("figure.constrained_layout", use=True)
plt.rc("font", size=10)
plt.rc("image", cmap="magma")
plt.rc("savefig", facecolor="white")  # legible on a dark page too


def spectrogram(
    axes: Axes,
    waveform: np.ndarray,
    title: str = "",
    reference: float | None = None,
    floor_db: float = -70.0,
) -> AxesImage:
    """Draw a spectrogram.

    Args:
        axes: Where to.
        waveform: Shape ``(samples,)``, at 16 kHz.
        title: Above the picture.
        reference: Magnitude that counts as 0 dB; the waveform's largest if ``None``.
        floor_db: Level of the darkest colour.

    Returns:
        The image, for a colour bar.
    """
    magnitude = np.abs(stft.stft(waveform)).T
    level_db = 20 * np.log10(magnitude / max(reference or magnitude.max(), 1e-12) + 1e-12)
    extent = (0, len(waveform) / SAMPLE_RATE, 0, SAMPLE_RATE / 2000)
    image = axes.imshow(
        level_db, aspect="auto", interpolation="nearest", origin="lower", extent=extent
    )
    image.set_clim(floor_db, 0)
    axes.set(title=title, xlabel="time (s)", ylabel="frequency (kHz)")
    return image


def spectrograms(waveforms: Mapping[str, np.ndarray]) -> Figure:
    """Spectrograms side by side on one colour scale, so that their levels can be compared.

    Args:
        waveforms: Title to waveform, shape ``(samples,)`` each, at 16 kHz.
    """
    figure, axes = plt.subplots(
        1, len(waveforms), figsize=(3.6 * len(waveforms), 3), sharey=True, squeeze=False
    )
    top = max(float(np.abs(stft.stft(waveform)).max()) for waveform in waveforms.values())
    for ax, (title, waveform) in zip(axes[0], waveforms.items(), strict=True):
        image = spectrogram(ax, waveform, title, top)
        ax.label_outer()
    figure.colorbar(image, ax=axes[0], label="level (dB)")
    return figure


def learning_curve(axes: Axes, history: Sequence[Mapping[str, float]]) -> None:
    """Draw training and validation loss of ``history.csv`` over the epochs."""
    epochs = [row["epoch"] + 1 for row in history]
    for field, label, marker in (("loss", "training", "o-"), ("val_loss", "validation", "s-")):
        axes.plot(epochs, [row[field] for row in history], marker, label=label, markersize=3)
    axes.set(xlabel="epoch", ylabel="loss")
    axes.legend()


def training_curves(
    history: Sequence[Mapping[str, float]], waveforms: Mapping[str, np.ndarray]
) -> Figure:
    """Learning curve, and spectrograms of one clip, side by side.

    Args:
        history: Rows of ``history.csv``.
        waveforms: Title to waveform, shape ``(samples,)`` each, at 16 kHz; the first one sets 0 dB.
    """
    figure, axes = plt.subplots(1, 1 + len(waveforms), figsize=(3.6 * (1 + len(waveforms)), 3))
    learning_curve(axes[0], history)
    top = float(np.abs(stft.stft(next(iter(waveforms.values())))).max())
    for ax, (title, waveform) in zip(axes[1:], waveforms.items(), strict=True):
        spectrogram(ax, waveform, title, top)
    return figure


def with_intervals(
    axes: Axes, values: Mapping[str, tuple[float, float, float]], label: str
) -> None:
    """Draw means with their 95 % intervals, one row each.

    Args:
        axes: Where to.
        values: Name to ``(mean, low, high)``.
        label: Of the horizontal axis, with its unit.
    """
    if not values:
        raise ValueError("no value to draw: give at least one name with mean, low and high")
    rows = range(len(values))
    mean, low, high = np.array(list(values.values())).T
    colours = [COLOURS.get(name, COLOURS["enhanced"]) for name in values]
    axes.errorbar(mean, rows, xerr=[mean - low, high - mean], fmt="none", color="k")
    axes.scatter(mean, rows, color=colours, zorder=3)
    axes.set(yticks=rows, yticklabels=list(values), xlabel=label)
    axes.set_ylim(len(values) - 0.5, -0.5)  # the first on top, on shared axes too
