"""Budgets of the firmware: instruction counts are exact, so a test may hold them."""

import re

import pytest

from lstm_se.chip import export, footprint, quantize, stft, toolchain
from lstm_se.network.pretrained import load_float
from lstm_se.pages.results import stored

pytestmark = pytest.mark.slow  # compiles the firmware, and emulates a processor

KIB = 1024


@pytest.fixture(scope="module")
def figures():
    return {level: footprint.measure((level,), frames=8) for level in ("-O0", "-O2")}


def test_frame_costs_at_most_350_thousand_instructions(figures):
    assert figures["-O2"]["instructions_per_frame"] <= 350_000
    assert figures["-O2"]["instructions_signal"] <= 58_000
    assert figures["-O2"]["instructions_per_mac"] <= 1.03


def test_frame_without_optimisation_costs_less_than_a_million(figures):
    assert figures["-O0"]["instructions_per_frame"] < 1_000_000


def test_memory_is_within_its_budget(figures):
    assert figures["-O2"]["flash_bytes"] <= 320 * KIB
    assert figures["-O2"]["ram_bytes"] <= 16 * KIB
    assert all(found["stack_bytes"] <= 2 * KIB for found in figures.values())


@pytest.fixture(scope="module")
def promised():
    """What the firmware's README says."""
    return (toolchain.firmware() / "README.md").read_text(encoding="utf-8")


def number(text, pattern):
    """The one number that stands at a place of a text."""
    (found,) = re.findall(pattern, text)
    return int(found)


def test_readme_tells_the_memory_of_a_state(figures, promised):
    kib = number(promised, r"no more than (\d+) KB of memory gone")
    assert (kib - 1) * KIB < figures["-O2"]["ram_bytes"] <= kib * KIB


def test_readme_tells_a_stack_that_suffices(figures, promised):
    kib = number(promised, r"the stack is below (\d+) KB")
    assert all(found["stack_bytes"] <= kib * KIB for found in figures.values())


def test_readme_tells_the_hop_and_its_rate(promised):
    assert number(promised, r"SE_HOP = (\d+) samples") == stft.HOP
    assert number(promised, r"clicks, about (\d+) a second") == 16_000 // stft.HOP
    assert number(promised, r"a hop took longer than (\d+) ms") == 1000 * stft.HOP // 16_000


def test_denoiser_leaves_a_third_of_the_flash_that_the_pages_ask_for(figures, promised):
    kib = number(promised, r"a Cortex-M7 with (\d+) KB of flash")
    assert 1.5 * figures["-O2"]["flash_bytes"] < kib * KIB
    walk = (toolchain.firmware().parent / "book/stm32cubeide.ipynb").read_text(encoding="utf-8")
    assert number(walk, r"and (\d+) KB of flash") == kib


def test_readme_tells_the_flash_that_the_largest_build_takes(promised):
    kib = number(promised, r"of which it takes up to\s+(\d+) KB")
    taken = max(row["flash_bytes"] for row in stored("builds")["builds"])
    assert (kib - 10) * KIB < taken <= kib * KIB


def test_stored_builds_are_those_of_the_shipped_model(figures):
    """Made by lstm-se bench builds; the firmware by zig at -O2 costs what it says there."""
    found = stored("builds")
    trained = load_float("tiny")
    model = quantize.quantize(trained.weights, trained.config)
    assert found["sha256"] == export.sha256(model), found["command"]
    listed = [(row["compiler"], row["level"]) for row in found["builds"]]
    assert listed == [(c, " ".join(level)) for c in ("clang", "gcc") for level in footprint.LEVELS]
    (row,) = (r for r in found["builds"] if (r["compiler"], r["level"]) == ("clang", "-O2"))
    assert row["ram_bytes"] == figures["-O2"]["ram_bytes"]
    counted = figures["-O2"]["instructions_per_frame"]
    assert row["instructions_per_frame"] == pytest.approx(counted, rel=0.02), found["command"]


def test_build_with_other_bits_is_not_counted():
    """clang takes this option as an order, whatever the sources say."""
    with pytest.raises(ValueError, match="gives other bits than Python"):
        footprint.measure(("-O0", "-ffp-contract=fast"), frames=8)


def test_compiler_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match="no arm-none-eabi-gcc: install it"):
        toolchain.arm_gcc()


def test_files_of_the_network_exist():
    assert {path.name for path in toolchain.denoiser_sources()} > footprint.NETWORK


def test_counts_add_up(figures):
    found = figures["-O2"]
    assert sum(found["functions"].values()) == found["instructions_per_frame"]
    assert found["instructions_network"] + found["instructions_signal"] == sum(
        found["functions"].values()
    )


def test_table_says_what_the_figures_are(figures):
    text = footprint.footprint_table(figures["-O2"])
    assert "never run on a board" in text and "estimate" in text
    assert f"{figures['-O2']['instructions_per_frame']:,}" in text
