"""A figure that moves holds every drawing, and each control says what it is and where it stands."""

import html
import itertools
import json
import re

import pytest

from lstm_se.pages import slider
from lstm_se.pages.slider import Control

WINDOWS = Control("windows", ["Hann", "Hann & Hamming"], start="Hann")
HOP = Control("hop", [64, 128, 512], start=128, unit="samples")


def draw(window, hop):
    return f'<svg aria-label="{len(window)}"><text>{hop}</text></svg>', f"{window}'s hop is {hop}"


@pytest.fixture(scope="module")
def figure():
    return slider.interact(draw, WINDOWS, HOP).data


def states(figure):
    return json.loads(html.unescape(re.search("data-states='(.*?)'", figure)[1]))


def drawn(figure, place):
    """What the script puts together for one of the states."""
    return "".join(p if isinstance(p, str) else p[place] for p in states(figure)["pieces"])


def test_every_drawing_comes_out_whole_in_the_order_of_the_script(figure):
    for place, values in enumerate(itertools.product(WINDOWS.values, HOP.values)):
        assert (drawn(figure, place), states(figure)["words"][place]) == draw(*values)


def test_what_all_drawings_share_is_stored_once(figure):
    data = json.dumps(states(figure)["pieces"])
    assert data.count("<svg") == data.count("<text>") == 1


def test_drawings_of_other_elements_come_out_whole_too():
    drawings = ["<g/>", "<g/><g/>", ""]
    figure = slider.interact(lambda n: (drawings[n], ""), Control("n", range(3), start=0)).data
    assert [drawn(figure, place) for place in range(3)] == drawings


def test_without_a_script_the_start_is_shown_and_no_control(figure):
    written = figure.partition("<script")[0]
    drawing, words = draw("Hann", 128)
    assert f'<div class="drawing">{drawing}</div>' in written
    assert f'<span class="words" aria-live="polite">{html.escape(words)}</span>' in written
    assert '<div class="controls" hidden>' in written


def test_words_make_a_menu(figure):
    assert (
        "<label>windows <select><option selected>Hann</option>"
        "<option>Hann &amp; Hamming</option></select></label>"
    ) in figure


@pytest.mark.parametrize(
    ("values", "attributes"),
    [
        ([-2, -1.5, -1], 'min="-2" max="-1" step="0.5" value="-1.5"'),
        ([64, 128, 512], 'min="0" max="2" step="1" value="1"'),  # HTML has equal steps only
    ],
)
def test_numbers_make_a_slider_with_its_text(values, attributes):
    control = Control("bias", values, start=values[1], unit="dB").html()
    pattern = f'<label>bias <input type="range" {attributes} [^>]*> <span>{values[1]} dB</span>'
    assert re.search(pattern, control)
    texts = json.loads(re.search("data-texts='(.*?)'", control)[1])
    assert texts == [f"{value} dB" for value in values]


def test_start_must_be_one_of_the_values():
    with pytest.raises(ValueError, match="100 is not on the slider: choose one of .64, 128."):
        Control("hop", [64, 128], start=100)


def test_key_names_the_colours():
    control = Control("n", [1, 2], start=1)
    figure = slider.interact(lambda n: ("", "words"), control, key={"output": "enhanced"}).data
    assert '<span style="color: #0072B2">■</span> output. <span class="words"' in figure


def test_figure_asks_no_server_and_leaves_no_name_in_the_page(figure):
    assert not re.search(r"https?:|//[a-z]|fetch\(|import\(|@import|\bid=", figure)
    assert '<script type="module">' in figure  # its names are its own
