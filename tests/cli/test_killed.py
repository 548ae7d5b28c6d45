"""Commands that are killed anywhere go on, and lose nothing that was promised.

``notebooks/results/kills.py`` does the same a hundred times, and writes down what it saw.
"""

import kills
import pytest

MOMENTS = {"enhance": 5, "data open": 5, "data build": 5, "train": 2}


@pytest.mark.slow
@pytest.mark.parametrize("name", kills.VICTIMS)
def test_killed_at_random_moments_a_command_ends_as_if_nothing_had_been(name, tmp_path):
    assert kills.kill(name, MOMENTS[name], 0, tmp_path)["kills"] == MOMENTS[name]


@pytest.mark.parametrize("count", [1, 3, 100])
def test_moments_are_spread_over_the_whole_run(count):
    parts = sorted(int(moment) for moment in kills.spread(count, count, 0))
    assert parts == list(range(count))
    assert kills.spread(count, count, 0) == kills.spread(count, count, 0)
