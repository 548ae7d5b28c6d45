"""Processed sound and the sound as it came: in time with each other, switched without a click."""

import numpy as np
import pytest
from random_network import noise

from lstm_se.sound.bypass import Bypass

HOP = 64


class Half:
    """Half as loud, a hop later."""

    latency = HOP

    def __init__(self):
        self._last = np.zeros(HOP, np.float32)

    def process(self, block):
        given, self._last = self._last / 2, block
        return given


def test_both_are_in_time_and_the_switch_chooses():
    bypass, spoken = Bypass(Half()), noise(6 * HOP)
    played = []
    for k, block in enumerate(np.split(spoken, 6)):
        bypass.on = k in (2, 3)
        played.append(bypass.process(block))
    heard = bypass.heard()
    late = np.append(np.zeros(HOP, np.float32), spoken[:-HOP])
    np.testing.assert_array_equal(heard.noisy, late)
    np.testing.assert_array_equal(heard.processed, late / 2)
    np.testing.assert_array_equal(heard.played, np.concatenate(played))
    np.testing.assert_array_equal(played[1], heard.processed[HOP : 2 * HOP])
    np.testing.assert_array_equal(played[3], heard.noisy[3 * HOP : 4 * HOP])
    np.testing.assert_array_equal(played[5], heard.processed[5 * HOP :])
    assert not len(bypass.heard().played)  # it was taken out


def test_switching_does_not_click():
    bypass, block = Bypass(Half()), np.ones(HOP, np.float32)
    bypass.process(block)
    before = bypass.process(block)
    bypass.on = True
    steps = np.diff(np.concatenate([before, bypass.process(block)]))
    assert steps.sum() == pytest.approx(0.5) and steps.max() < 1 / HOP
