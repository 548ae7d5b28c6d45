"""A chart puts points where its axes say, in the colours of the page."""

import re

import numpy as np
import pytest

from lstm_se.pages.chart import Axis, Chart, svg


@pytest.fixture
def chart():
    """Space of 512 by 180 units, from (60, 10) on."""
    return Chart("A line & more", Axis("time (s)", 0, 2, (0, 1, 2)), Axis("left", 0, 1, {0.5: "½"}))


def points(drawing):
    """Absolute places of the first path."""
    path = re.search(r'<path d="M([^"HV]*)"', drawing)[1].removesuffix("h0")
    steps = [step.split() for step in re.split("l|h0m", path)]
    return np.cumsum(np.array(steps, float), axis=0)


@pytest.mark.parametrize("kind", ["line", "dots"])
def test_points_lie_where_the_axes_say(chart, kind):
    getattr(chart, kind)([0, 0.5, 2], [1, 0.25, 0], "noisy")
    np.testing.assert_allclose(points(str(chart)), [[60, 10], [188, 145], [572, 190]], atol=1e-9)


def test_rounding_does_not_add_up(chart):
    x = np.linspace(0, 2, 1001)
    chart.line(x, x / 2, "noisy")
    expected = np.stack([60 + 256 * x, 190 - 90 * x], axis=1)
    np.testing.assert_allclose(points(str(chart)), expected, atol=0.051)


def test_what_is_outside_stays_at_the_end_of_the_axis(chart):
    chart.line([-1, 3], [2, -2], "noisy")
    np.testing.assert_allclose(points(str(chart)), [[60, 10], [572, 190]])


def test_area_reaches_down_to_the_axis(chart):
    chart.area([0, 2], [0.5, 1], "clean")
    np.testing.assert_allclose(points(str(chart))[[0, -1], 1], 190)


def test_ticks_and_labels_are_written(chart):
    drawing = str(chart)
    for text in ("0", "1", "2", "½", "time (s)", "left"):
        assert f">{text}</text>" in drawing


def test_drawing_has_words_and_the_colour_of_its_page(chart):
    drawing = str(chart)
    assert 'role="img" aria-label="A line &amp; more"' in drawing
    assert 'fill="currentColor"' in drawing


def test_drawing_fits_a_phone():
    drawing = svg("dot", 100, 50, "<path/>")
    assert 'viewBox="0 0 100 50"' in drawing and 'style="width: 100%; max-width: 120px"' in drawing
