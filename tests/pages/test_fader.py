"""The fader embeds speech and noise so that the SNR on the slider is the one that is heard."""

import base64
import html
import io
import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import soundfile
from execute_notebooks import clean
from nbformat.v4 import new_code_cell, new_notebook, new_output
from random_network import noise

from lstm_se.corpora import mixing
from lstm_se.pages import fader, plots
from lstm_se.sound import audio

ROOT = Path(__file__).resolve().parents[2]
SPEECH = 0.1 * noise(16_000) * (np.arange(16_000) // 4000 % 2)  # two words and two pauses
STEADY = noise(20_000, seed=1)


@pytest.fixture(scope="module")
def page():
    return fader.show(SPEECH, STEADY, 7.5).data


def sounds(page):
    """Speech and noise as they were embedded."""
    encoded = re.findall(r'src="data:audio/flac;base64,(.*?)"', page)
    return [soundfile.read(io.BytesIO(base64.b64decode(text)))[0] for text in encoded]


def states(page):
    """The drawing and the words of each position."""
    data = json.loads(html.unescape(re.search("data-states='(.*?)'", page)[1]))
    drawings = [
        "".join(piece if isinstance(piece, str) else piece[place] for piece in data["pieces"])
        for place in range(len(data["words"]))
    ]
    return list(zip(drawings, data["words"], strict=True))


def attribute(page, name):
    return re.search(rf'<input type="range"[^>]* {name}="([^"]*)"', page)[1]


def test_noise_is_embedded_at_the_lowest_snr(page):
    speech, steady = sounds(page)
    snr_db = audio.active_level_dbfs(speech) - audio.rms_dbfs(steady)
    assert abs(snr_db - float(attribute(page, "min"))) < 0.01


def test_snr_is_that_of_mix(page):
    speech, steady = sounds(page)
    for snr_db in (0, 12.5):
        gain = 10 ** ((float(attribute(page, "min")) - snr_db) / 20)
        clean, noisy = mixing.mix(speech, steady, snr_db)
        np.testing.assert_allclose(speech + gain * steady, noisy, atol=1e-4)
        np.testing.assert_allclose(speech, clean, atol=1e-7)


def test_loud_speech_does_not_clip_at_the_lowest_snr():
    speech, steady = sounds(fader.show(SPEECH / np.abs(SPEECH).max(), STEADY).data)
    assert np.abs(speech + steady).max() < 1


def test_speech_and_noise_are_repeated_at_the_same_pace(page):
    assert [len(sound) for sound in sounds(page)] == [len(SPEECH)] * 2


def test_speech_is_repeated_without_a_click():
    speech, _ = sounds(fader.show(np.full(16_000, 0.2), STEADY).data)
    assert abs(speech[0] - speech[-1]) < 1e-3


def test_noise_passes_into_its_own_beginning():
    slow = np.sin(np.arange(20_000) / 500)  # 16,000 are no whole number of periods
    _, repeated = sounds(fader.show(SPEECH, slow).data)
    steps = np.abs(np.diff(repeated, append=repeated[0]))
    assert steps[-1] < 1.1 * steps[2000:-1].max()


def test_each_position_has_its_line_and_its_words(page):
    low, high, step = (float(attribute(page, name)) for name in ("min", "max", "step"))
    assert len(states(page)) == (high - low) / step + 1
    for place, (drawing, words) in enumerate(states(page)):
        snr_db = low + place * step
        assert f"At {snr_db:g} dB, " in words
        above = re.search(r'd="M60 190l0 -([\d.]+)l[^"]+"[^>]* class="noise"', drawing)[1]
        dashed = re.search(r'd="M60 ([\d.]+)l[^"]+"[^>]* stroke-dasharray', drawing)[1]
        # the noise lies that far below the dashed line, at 3 units a dB
        assert 190 - float(above) - float(dashed) == 3 * snr_db


def test_more_of_the_speech_is_above_a_quieter_noise(page):
    shares = [int(re.search(r"(\d+) %", words)[1]) for _, words in states(page)]
    assert shares == sorted(shares)
    assert shares[0] < 10 and shares[-1] > 90


def test_without_a_script_the_words_and_two_players_are_left(page):
    written = page.partition("<script")[0]
    assert '<div class="controls" hidden>' in written
    assert f">{states(page)[5][1]}</span>" in written
    assert "display: none" not in written
    assert len(re.findall(r'<audio controls [^>]*aria-label="[^"]+"', written)) == 2


def test_slider_has_a_label_and_the_drawing_has_words(page):
    assert re.search(r'<label>SNR <input [^>]*value="7.5"[^>]*> <span>7.5 dB</span></label>', page)
    assert len(re.search(r'<svg [^>]*aria-label="([^"]+)"', page)[1].split()) > 5
    assert 'aria-live="polite"' in page


def test_colours_are_those_of_the_other_pictures(page):
    for name, what in (("clean", "speech"), ("noisy", "noise")):
        colour = plots.COLOURS[name]
        assert f'fill="{colour}"' in states(page)[0][0]
        assert f'<span style="color: {colour}">■</span> {what}' in page


def test_page_names_no_other_server(page):
    written = re.sub(r'base64,[^"]*', "", page)
    assert not re.search(r"https?:|//[a-z]|fetch\(|import\(|@import", written)


def test_committed_notebook_does_not_hold_the_sound(page):
    notebook = new_notebook(
        cells=[new_code_cell("x", outputs=[new_output("display_data", {"text/html": page})])]
    )
    clean(notebook)
    assert notebook.cells[0].outputs == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("*/*.ipynb")), ids=lambda path: path.stem)
def test_cell_that_shows_it_is_not_compared(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if "fader.show(" in cell.source and cell.cell_type == "code":
            assert "nbval-ignore-output" in cell.metadata.get("tags", [])


def test_noise_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="16799 samples of noise .* give 16800 or more"):
        fader.show(SPEECH, STEADY[:16_799])


def test_silence_is_refused():
    with pytest.raises(ValueError, match="the speech is silent"):
        fader.show(0 * SPEECH, STEADY)


@pytest.mark.parametrize("snr_db", [-7.5, 1.0, 22.5])
def test_position_that_the_slider_does_not_have_is_refused(snr_db):
    with pytest.raises(ValueError, match="is not on the slider: choose one of"):
        fader.show(SPEECH, STEADY, snr_db)
