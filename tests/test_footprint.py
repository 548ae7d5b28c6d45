"""Budgets of the firmware: instruction counts are exact, so a test may hold them."""

import pytest

from lstm_se import footprint

KIB = 1024


@pytest.fixture(scope="module")
def figures():
    return {level: footprint.measure((level,), frames=8) for level in ("-O0", "-O2")}


def test_frame_costs_at_most_430_thousand_instructions(figures):
    assert figures["-O2"]["instructions_per_frame"] <= 430_000
    assert figures["-O2"]["instructions_signal"] <= 75_000
    assert figures["-O2"]["instructions_per_mac"] <= 1.20


def test_frame_without_optimisation_costs_less_than_a_million(figures):
    assert figures["-O0"]["instructions_per_frame"] < 1_000_000


def test_memory_is_within_its_budget(figures):
    assert figures["-O2"]["flash_bytes"] <= 320 * KIB
    assert figures["-O2"]["ram_bytes"] <= 16 * KIB
    assert all(found["stack_bytes"] <= 2 * KIB for found in figures.values())


def test_counts_add_up(figures):
    found = figures["-O2"]
    assert sum(found["functions"].values()) == found["instructions_per_frame"]
    assert found["instructions_network"] + found["instructions_signal"] == sum(
        found["functions"].values()
    )


def test_table_says_what_the_figures_are(figures):
    text = footprint.table(figures["-O2"])
    assert "never run on a board" in text and "estimate" in text
    assert f"{figures['-O2']['instructions_per_frame']:,}" in text
