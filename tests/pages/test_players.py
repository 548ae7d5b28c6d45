"""A player holds the sound itself, and its caption cannot break the page."""

import base64
import re

import numpy as np
import pytest
from random_network import noise

from lstm_se.pages.players import listen
from lstm_se.sound import audio


def players(html):
    """Captions, and sounds as they were encoded."""
    captions = re.findall(r"<figcaption[^>]*>(.*?)</figcaption>", html)
    encoded = re.findall(r'src="data:audio/flac;base64,(.*?)"', html)
    return captions, [base64.b64decode(text) for text in encoded]


def test_player_holds_the_sound(tmp_path):
    samples = 0.9 * noise(500)
    _, sounds = players(listen(samples, captions=["noisy"]).data)
    (tmp_path / "a.flac").write_bytes(sounds[0])
    np.testing.assert_allclose(audio.read(tmp_path / "a.flac").samples, samples, atol=2**-14)


def test_each_signal_has_its_caption_escaped():
    html = listen(noise(50), noise(50), captions=["a < b", 'say "c"']).data
    assert players(html)[0] == ["a &lt; b", "say &quot;c&quot;"]


@pytest.mark.parametrize("captions", [[], ["one"], ["one", "two", "three"]])
def test_captions_that_do_not_match_the_signals_are_refused(captions):
    with pytest.raises(ValueError, match=f"2 signals but {len(captions)} captions"):
        listen(noise(50), noise(50), captions=captions)
