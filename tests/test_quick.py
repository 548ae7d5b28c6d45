"""`make quick` tests the wings whose files changed."""

import pytest
import quick


@pytest.mark.parametrize(
    ("path", "wing"),
    [
        ("lstm_se/chip/fft.py", "chip"),
        ("lstm_se/config.py", None),
        ("tests/sound/test_stft.py", "sound"),
        ("tests/support/quick.py", None),
        ("tests/test_names.py", None),
        ("firmware/speech_denoiser/se.c", "chip"),
        ("notebooks/01_listen.ipynb", "book"),
        ("book/live/page.js", "live"),
        ("Makefile", None),
    ],
)
def test_file_belongs_to_the_wing_that_tests_it(path, wing):
    assert quick.wing_of(path) == wing


@pytest.mark.parametrize(
    ("named", "files", "wings"),
    [
        (["chip"], ["lstm_se/sound/stft.py"], ["chip"]),
        ([], ["lstm_se/sound/stft.py", "Makefile"], ["sound"]),
        ([], ["Makefile"], quick.LIGHT),
    ],
)
def test_wings_are_those_named_or_changed_or_light(named, files, wings):
    assert quick.choose(named, files)[0] == wings


def test_every_light_wing_is_there():
    assert set(quick.LIGHT) < set(quick.WINGS)
