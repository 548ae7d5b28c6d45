"""Pictures have axes with units, one colour scale, and nothing that a silent signal breaks."""

import importlib

import matplotlib
import numpy as np
import pytest
from random_network import noise

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from lstm_se.pages import plots


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


@pytest.fixture
def three():
    """A figure of three spectrograms."""
    waveforms = {"noisy": noise(4000), "enhanced": 0.1 * noise(4000), "clean": np.zeros(4000)}
    figure = plots.spectrograms(waveforms)
    yield figure
    plt.close(figure)


def labels(axes):
    """What is written on both axes."""
    return axes.get_xlabel(), axes.get_ylabel()


def test_spectrogram_has_units(axes):
    plots.spectrogram(axes, noise(4000))
    assert labels(axes) == ("time (s)", "frequency (kHz)")


def test_spectrogram_spans_time_and_frequency(axes):
    image = plots.spectrogram(axes, noise(16_000))
    assert list(image.get_extent()) == [0, 1, 0, 8]


def test_tone_is_drawn_at_its_frequency(axes):
    tone = np.sin(2 * np.pi * 2000 * np.arange(16_000) / 16_000)
    picture = plots.spectrogram(axes, tone).get_array()
    row = int(np.asarray(picture)[:, 30].argmax())
    assert 8 * row / 256 == pytest.approx(2, abs=0.05)


def test_loudest_point_is_0_db(axes):
    assert np.max(plots.spectrogram(axes, 0.01 * noise(4000)).get_array()) == pytest.approx(0)


def test_reference_makes_quiet_signals_dark(axes):
    loud, quiet = noise(4000), 0.1 * noise(4000)
    top = float(np.abs(plots.stft.stft(loud)).max())
    picture = plots.spectrogram(axes, quiet, reference=top).get_array()
    assert np.max(picture) == pytest.approx(-20, abs=0.01)


def test_silence_can_be_drawn(axes):
    assert np.isfinite(plots.spectrogram(axes, np.zeros(4000)).get_array()).all()


def test_each_spectrogram_has_its_title(three):
    assert [ax.get_title() for ax in three.axes[:3]] == ["noisy", "enhanced", "clean"]


def test_spectrograms_share_their_colours(three):
    assert {ax.images[0].get_clim() for ax in three.axes[:3]} == {(-70.0, 0.0)}


def test_spectrograms_share_their_reference(three):
    loudest = [float(np.max(ax.images[0].get_array())) for ax in three.axes[:2]]
    assert loudest == pytest.approx([0, -20], abs=0.01)


def test_colour_bar_has_a_unit(three):
    assert three.axes[3].get_ylabel() == "level (dB)"


def test_learning_curve_counts_epochs_from_one(axes):
    history = [{"epoch": k, "loss": 1 / (k + 1), "val_loss": 2 / (k + 1)} for k in range(3)]
    plots.learning_curve(axes, history)
    assert axes.lines[0].get_xdata().tolist() == [1, 2, 3]


def test_learning_curve_tells_training_from_validation(axes):
    plots.learning_curve(axes, [{"epoch": 0, "loss": 1.0, "val_loss": 2.0}])
    assert {line.get_label(): line.get_ydata()[0] for line in axes.lines} == {
        "training": 1,
        "validation": 2,
    }


def test_intervals_are_drawn_from_low_to_high(axes):
    plots.with_intervals(axes, {"noisy": (1.0, 0.5, 2.0)}, "PESQ")
    ends = axes.collections[0].get_segments()[0][:, 0]
    assert ends.tolist() == [0.5, 2.0]


def test_intervals_name_their_rows_from_the_top(axes):
    plots.with_intervals(axes, {"noisy": (1, 0, 2), "mine": (2, 1, 3)}, "PESQ")
    assert [text.get_text() for text in axes.get_yticklabels()] == ["noisy", "mine"]
    assert axes.yaxis_inverted()


@pytest.mark.parametrize(("name", "colour"), [("noisy", "noisy"), ("mine", "enhanced")])
def test_known_names_have_their_colour(name, colour, axes):
    plots.with_intervals(axes, {name: (1, 0, 2)}, "PESQ")
    drawn = matplotlib.colors.to_hex(axes.collections[-1].get_facecolor()[0])
    assert drawn.upper() == plots.COLOURS[colour]


def test_style_is_that_of_the_book_on_import():
    with plt.rc_context({"image.cmap": "viridis", "font.family": "monospace"}):
        importlib.reload(plots)
        assert plt.rcParams["image.cmap"] == "magma"
        assert plt.rcParams["font.family"] == ["monospace"]
