"""What is done to a built page before it is published."""

import base64
import re

import numpy as np
import pytest
import soundfile as sf
from html_pages import finish
from PIL import Image

from lstm_se.pages import fader, players

PICTURE = "_images/" + 64 * "a" + ".png"
TONE = 0.5 * np.sin(np.arange(8000) / 5)


@pytest.fixture
def finished(tmp_path):
    """Writes a page into a book of one picture, finishes it, and returns what stands there now."""
    (tmp_path / "_images").mkdir()
    (tmp_path / "book").mkdir()
    Image.new("RGB", (60, 20)).save(tmp_path / PICTURE)

    def of(text, times=1):
        page = tmp_path / "book" / "page.html"
        page.write_text(text, encoding="utf-8")
        for _ in range(times):
            finish(page, tmp_path)
        return page.read_text(encoding="utf-8")

    return of


def test_sound_moves_into_a_file_bit_for_bit(finished, tmp_path):
    row = players.listen(TONE, captions=["tone"]).data
    data = base64.b64decode(re.search('base64,([^"]+)', row)[1])
    text = finished(row)
    address = re.search(r'src="\.\./(_sounds/[^"]+)"', text)[1]
    assert (tmp_path / address).read_bytes() == data
    assert sf.info(tmp_path / address).frames == len(TONE)
    assert 'preload="none"' in text and "<figcaption" in text


def test_sound_of_the_fader_stays_where_its_script_looks(finished):
    noise = np.random.default_rng(0).normal(size=9000) / 10
    page = fader.show(TONE, noise).data
    assert finished(page) == page


def test_picture_keeps_its_words_and_gets_its_size(finished):
    text = finished(f'<img alt="a figure" src="../{PICTURE}" />')
    assert text == (
        f'<a href="../{PICTURE}"><img loading="lazy" width="60" height="20" alt="a figure" '
        f'src="../{PICTURE}" /></a>'
    )


def test_finishing_twice_is_finishing_once(finished):
    page = (
        f'<img alt="a figure" src="../{PICTURE}" />'
        '<header id="pst-header" class="bd-header navbar"><button>Search</button></header>'
        '<div id="pst-primary-sidebar" class="bd-sidebar"><div class="math notranslate">x</div>'
        '<script defer src="_static/scripts/fontawesome.js?digest=1"></script>'
        + players.listen(TONE, captions=["tone"]).data
    )
    assert finished(page, times=2) == finished(page)


def test_names_say_what_is_written_on_the_controls(finished):
    theirs = (
        '<summary aria-label="Toggle hidden content">Show code</summary>'
        '<button class="btn search-button-field" title="Search" aria-label="Search">Search</button>'
        '<i class="theme-switch fa-sun" data-mode="light" title="Light"></i>'
    )
    text = finished(theirs)
    assert "aria-label" not in text and "title=" not in text
    assert 'data-mode="light" aria-hidden="true"' in text
