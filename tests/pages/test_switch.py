"""The switch holds every version at its own level, and the gains that make them equally loud."""

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
from html_pages import finish
from nbformat.v4 import new_code_cell, new_notebook, new_output
from random_network import noise

from lstm_se.pages.switch import matching_db, switch
from lstm_se.sound import audio

ROOT = Path(__file__).resolve().parents[2]
LOUD = 0.2 * noise(8000)
VERSIONS = {"noisy": LOUD, "a < b": 0.5 * LOUD, "silence": 0 * LOUD}


@pytest.fixture(scope="module")
def page():
    return switch(VERSIONS).data


def sounds(page):
    """Samples and rate of each version as it was embedded."""
    encoded = re.findall(r'src="data:audio/flac;base64,(.*?)"', page)
    return [soundfile.read(io.BytesIO(base64.b64decode(text))) for text in encoded]


def written(page):
    """What is there without a script."""
    return page.partition("<script")[0]


def test_each_version_keeps_its_level(page):
    for (found, rate), sound in zip(sounds(page), VERSIONS.values(), strict=True):
        assert rate == 16_000
        np.testing.assert_allclose(found[200:-200], sound[200:-200], atol=2**-15)


def test_sound_is_repeated_without_a_click(page):
    for found, _ in sounds(page):
        assert abs(found[0] - found[-1]) < 1e-3


def test_rate_is_that_of_the_versions():
    assert {rate for _, rate in sounds(switch(VERSIONS, rate=8000).data)} == {8000}


def test_gains_of_the_page_make_the_versions_as_loud_as_the_quietest(page):
    gains = json.loads(re.search('data-gains="([^"]+)"', page)[1])
    loud, quiet = (
        audio.active_level_dbfs(sound * 10 ** (gain / 20))
        for (sound, _), gain in zip(sounds(page)[:2], gains, strict=False)
    )
    assert abs(loud - quiet) < 0.02
    assert gains[1:] == [0, 0]


def test_no_gain_amplifies():
    assert max(matching_db(VERSIONS)) == 0
    assert matching_db({"one": 0 * LOUD, "other": 0 * LOUD}) == [0, 0]


def test_every_version_is_a_choice_with_its_name_and_one_is_chosen(page):
    fields = re.search(r"<fieldset[^>]*><legend[^>]*>Listen to</legend>.*?</fieldset>", page, re.S)
    choices = re.findall(
        r'<label[^>]*><input type="radio" name="(\S+)"( checked)?> (.*?)<', fields[0]
    )
    assert [html.unescape(name) for *_, name in choices] == list(VERSIONS)
    assert [bool(chosen) for _, chosen, _ in choices] == [True, False, False]


def test_version_to_begin_with_can_be_named():
    chosen = re.findall(r"checked> (\w+)</label>", switch(VERSIONS, start="silence").data)
    assert chosen == ["silence"]


def test_two_switches_of_a_page_do_not_share_their_choices(page):
    groups = [
        set(re.findall(r'type="radio" name="(\S+)"', text))
        for text in (page, switch({"one": LOUD, "other": LOUD}).data)
    ]
    assert len(groups[0]) == len(groups[1]) == 1
    assert groups[0] != groups[1]


def test_without_a_script_a_player_for_each_version_is_left(page):
    assert '<div class="controls" hidden>' in written(page)
    assert "display: none" not in written(page)
    captions = re.findall(r"<figcaption[^>]*>([^<]+)</figcaption><audio controls", written(page))
    assert [html.unescape(caption) for caption in captions] == list(VERSIONS)


def test_page_names_no_other_server_and_no_id(page):
    text = re.sub(r'base64,[^"]*', "", page)
    assert not re.search(r"https?:|//[a-z]|import\(|@import|\bid=", text)


def test_committed_notebook_does_not_hold_the_sound(page):
    output = new_output("display_data", {"text/html": page})
    notebook = new_notebook(cells=[new_code_cell("x", outputs=[output])])
    clean(notebook)
    assert notebook.cells[0].outputs == []


def test_built_page_fetches_the_sound_when_it_is_played(page, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    finish(path, tmp_path)
    light = path.read_text(encoding="utf-8")
    assert "data:audio" not in light
    assert light.count('preload="none"') == len(re.findall(r'src="_sounds/\w+\.flac"', light)) == 3


@pytest.mark.parametrize("path", sorted(ROOT.glob("*/*.ipynb")), ids=lambda path: path.stem)
def test_cell_that_shows_it_is_not_compared(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if re.search(r"(?<!def )\bswitch\(", cell.source) and cell.cell_type == "code":
            assert "nbval-ignore-output" in cell.metadata.get("tags", [])


def test_versions_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="cannot play in step: .*'short': 10"):
        switch({"long": LOUD, "short": LOUD[:10]})


@pytest.mark.parametrize("count", [0, 1])
def test_less_than_two_versions_are_refused(count):
    with pytest.raises(ValueError, match=f"{count} version to switch between"):
        switch(dict([("one", LOUD)][:count]))


def test_start_must_be_one_of_the_versions():
    with pytest.raises(ValueError, match="no version is called mae: choose one of .'noisy', "):
        switch(VERSIONS, start="mae")
