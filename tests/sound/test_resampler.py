"""Blocks are resampled as the whole would be, to the bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_network import noise

from lstm_se.sound import audio
from lstm_se.sound.resampler import Resampler


@settings(deadline=None, max_examples=40)
@given(
    rates=st.sampled_from([(48_000, 16_000), (16_000, 44_100), (11_025, 16_000), (16_000, 16_000)]),
    samples=st.integers(1, 9_000),
    cuts=st.lists(st.integers(0, 9_000), max_size=6),
    channels=st.integers(1, 3),
)
def test_blocks_give_the_samples_of_the_whole(rates, samples, cuts, channels):
    sound = noise(channels, samples)
    resampler = Resampler(*rates, channels)
    parts = [resampler.process(part) for part in np.split(sound, sorted(cuts), axis=1)]
    whole = np.concatenate([*parts, resampler.flush()], axis=1)
    np.testing.assert_array_equal(whole, audio.resample(sound, *rates))


@pytest.mark.parametrize("rates", [(48_000, 16_000), (16_000, 16_000)])
def test_no_sound_gives_no_sound(rates):
    assert Resampler(*rates, 2).flush().shape == (2, 0)
