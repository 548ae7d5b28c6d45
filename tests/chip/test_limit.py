"""The strength limit of the integers: the same bits in every build, at any moment."""

import subprocess

import numpy as np
import pytest

import lstm_se
from lstm_se.chip import builds, engines, fixed, stft, toolchain
from lstm_se.chip.stream import LATENCY, IntegerStream
from lstm_se.sound.audio import to_pcm

HOP = stft.HOP
LIMITS_DB = (None, 0, 6, 12, 69, 96, fixed.NO_LIMIT)
ANY_INT = (-(2**31), -1, *range(130), 2**31 - 1)


@pytest.fixture(scope="module")
def sentence():
    noisy = lstm_se.mini().test[0].load()[1]
    return to_pcm(noisy[: len(noisy) // HOP * HOP])


def denoised(stream, pcm, limit_db):
    """A sound from silence on, with a limit."""
    stream.set_limit(limit_db)
    stream.reset()
    return stream.process(pcm)


def decibels(quiet, loud):
    return 10 * np.log10(
        np.mean(np.square(quiet, dtype=float)) / np.mean(np.square(loud, dtype=float))
    )


def test_noise_alone_is_turned_down_to_the_limit_and_no_further(model):
    pcm = to_pcm(0.05 * np.random.default_rng(1).normal(size=200 * HOP))
    settled = slice(100 * HOP, None)
    for limit_db in (3, 6, 12):
        found = denoised(IntegerStream(model), pcm, limit_db)
        assert decibels(found[settled], pcm[settled]) == pytest.approx(-limit_db, abs=0.1)


def test_limit_of_0_lets_every_bit_through_up_to_half_of_full_scale(model):
    pcm = np.random.default_rng(2).integers(-32768, 32768, 300 * HOP).astype(np.int16)
    error = denoised(IntegerStream(model), pcm, 0)[LATENCY:].astype(int) - pcm[:-LATENCY]
    quiet = np.abs(pcm[:-LATENCY].astype(int)) < 16_000
    assert not error[quiet].any() and np.abs(error).max() <= 1


def test_limit_that_no_mask_comes_down_to_changes_nothing(model, sentence):
    unlimited = IntegerStream(model).process(sentence)
    lowest = -20 * np.log10(fixed.SIGMOID[0] / fixed.UNIT)
    for limit_db in (np.ceil(lowest), 96, fixed.NO_LIMIT, 1e9):
        np.testing.assert_array_equal(denoised(IntegerStream(model), sentence, limit_db), unlimited)
    below = denoised(IntegerStream(model), sentence, np.floor(lowest))
    assert (below != unlimited).any()


@pytest.mark.parametrize("limit_db", [12.5, -1, float("nan")])
def test_engine_refuses_what_is_no_whole_number_of_decibels(limit_db):
    with pytest.raises(
        ValueError, match=f"^limit {limit_db} dB: .*(whole numbers|a number from 0 up)"
    ):
        engines.load("tiny", "int8", limit_db)


@pytest.mark.parametrize("engine", ["int8", "firmware"])
def test_engine_keeps_its_limit_from_recording_to_recording(engine, model, sentence):
    expected = IntegerStream(model, 12).process(np.pad(sentence, (0, HOP)))[LATENCY:]
    limited = engines.load("tiny", engine, 12)
    for _ in range(2):
        np.testing.assert_array_equal(to_pcm(limited(sentence / np.float32(32768))), expected)


@pytest.mark.slow
def test_gains_of_the_firmware_are_the_formula_rounded(tmp_path):
    numbers = ", ".join(f"{value}LL" for value in ANY_INT)
    (tmp_path / "main.c").write_text(f"""
    #include <stdio.h>
    #include "se_fixed.h"
    int main(void) {{
        static const long long decibels[] = {{{numbers}}};
        for (unsigned i = 0; i < sizeof decibels / sizeof *decibels; i++)
            printf("%d\\n", (int)se_least_gain((int)decibels[i]));
        return 0;
    }}
    """)
    include = f"-I{toolchain.firmware() / 'speech_denoiser'}"
    command = [*toolchain.host_compiler(), "-std=c99", include, "-o", tmp_path / "gains"]
    subprocess.run([*command, tmp_path / "main.c"], check=True)
    printed = subprocess.run([tmp_path / "gains"], capture_output=True, text=True, check=True)
    expected = [fixed.least_gain_q15(max(value, 0)) for value in ANY_INT]
    assert [int(line) for line in printed.stdout.split()] == expected
    assert expected[ANY_INT.index(fixed.NO_LIMIT)] == 0 < expected[ANY_INT.index(96)]


@pytest.fixture(scope="module")
def cortex(tmp_path_factory):
    return builds.CortexStream(toolchain.build_elf(tmp_path_factory.mktemp("elf") / "se.elf"))


@pytest.fixture(scope="module")
def streams(model, cortex, tmp_path_factory):
    """Every build of the C."""
    module = builds.write_module(model, tmp_path_factory.mktemp("wasm") / "denoiser.wasm")
    return [builds.compiled_stream(model), builds.WasmStream(module), cortex]


@pytest.mark.slow
@pytest.mark.parametrize("limit_db", LIMITS_DB)
def test_builds_give_the_bits_of_numpy_with_any_limit(limit_db, model, streams, sentence):
    expected = IntegerStream(model, limit_db).process(sentence)
    for stream in streams:
        np.testing.assert_array_equal(denoised(stream, sentence, limit_db), expected)


@pytest.mark.slow
def test_limit_may_change_between_any_two_hops(model, streams, sentence):
    changes = np.random.default_rng(3).choice(LIMITS_DB, len(sentence) // HOP)

    def changing(stream):
        stream.reset()
        for limit_db, hop in zip(changes, sentence.reshape(-1, HOP), strict=True):
            stream.set_limit(limit_db)
            yield stream.process(hop)

    expected = np.concatenate([*changing(IntegerStream(model))])
    for stream in streams:
        np.testing.assert_array_equal(np.concatenate([*changing(stream)]), expected)


@pytest.mark.slow
def test_reset_and_selftest_keep_the_limit_of_a_stream(model, streams, sentence):
    expected = IntegerStream(model, 12).process(sentence)
    for stream in [IntegerStream(model), *streams]:
        stream.set_limit(12)
        assert stream.process(sentence[:HOP]).shape == (HOP,)
        stream.reset()
        np.testing.assert_array_equal(stream.process(sentence), expected)
    for stream in streams:
        assert stream.selftest()
        np.testing.assert_array_equal(stream.process(sentence), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["se_init", "se_reset"])
def test_fresh_state_has_no_limit_whatever_the_memory_held(name, model, cortex, sentence):
    expected = IntegerStream(model).process(sentence[: 20 * HOP])
    for rubbish in (b"\0", b"\x7f", b"\xff"):
        cortex.cpu.write(cortex.state, builds.STATE_BYTES * rubbish)
        cortex.cpu.call(name, cortex.state)
        np.testing.assert_array_equal(cortex.process(sentence[: 20 * HOP]), expected)


@pytest.mark.slow
def test_limit_costs_less_than_half_a_percent_and_none_costs_nothing(cortex, sentence):
    def instructions(limit_db):
        cortex.set_limit(limit_db)
        cortex.reset()
        with cortex.cpu.counting() as counts:
            cortex.process(sentence[: 8 * HOP])
        return counts

    off, on = instructions(None), instructions(12)
    assert (on - off).total() < 0.005 * off.total()
    assert off["se_process"] <= 8 * 40  # calls, and one look at the limit
