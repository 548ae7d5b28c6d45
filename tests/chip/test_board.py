"""The example for the board works on a simulated one, between two rings and behind a cache."""

import re
import subprocess
from itertools import pairwise

import numpy as np
import pytest

import lstm_se
from lstm_se.chip import cortex, disco, stft, toolchain
from lstm_se.chip.board import Board
from lstm_se.chip.data_cache import CACHES, DataCache
from lstm_se.chip.devices import CYCLES_PER_SAMPLE, CYCLES_PER_US, Defect
from lstm_se.chip.stream import IntegerStream
from lstm_se.sound.audio import to_pcm

pytestmark = pytest.mark.slow  # compiles the firmware, and emulates a processor

HOP = stft.HOP
HOPS = 14
SECOND = 1e6 * CYCLES_PER_US


class BusyBoard(Board):
    """Each hop takes longer, by so many seconds: a function of its number."""

    def __init__(self, elf, heard, seconds):
        super().__init__(elf, heard)
        self._seconds = seconds

    def entered(self, address):
        if address == self.symbols["se_process"].address and self.hops:
            self.devices.elapse(self._seconds(len(self.hops) - 1) * SECOND)


class UnluckyBoard(Board):
    """Each half gets full just before the processor sleeps, after it asked whether one is."""

    def __init__(self, elf, heard):
        super().__init__(elf, heard)
        self.filled = []

    def entered(self, address):
        ring = self.devices.rings.get("in")
        if address == self.symbols["__WFI"].address and ring:
            missing = HOP - ring.count % HOP
            if 64 < missing < HOP - 64:  # it sleeps early in a half, once
                self.devices.elapse(missing * CYCLES_PER_SAMPLE)
                self.filled.append(self.devices.now)
                self.suspend()


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    return disco.build_example(tmp_path_factory.mktemp("disco") / "example.elf")


@pytest.fixture(scope="module")
def heard():
    """Two sentences, one for each microphone."""
    both = [to_pcm(pair.load()[1])[: HOPS * HOP] for pair in lstm_se.mini().test[:2]]
    return np.stack(both, axis=1)


@pytest.fixture(scope="module")
def wanted(model, heard):
    """Two hops of silence, then the left microphone in both ears, as NumPy denoises it."""
    clean = IntegerStream(model).process(heard[:, 0])
    return np.repeat(delayed(clean, 2)[:, None], 2, axis=1)


def delayed(samples, hops):
    return np.concatenate([np.zeros(hops * HOP, np.int16), samples])[: len(samples)]


def play(board, frames=HOPS * HOP, seconds=0.5):
    """Power on, without the self-test: it would take as long as all the rest."""
    board.stub("se_selftest", 1)
    return board.power_on(frames, seconds)


def wrong_samples(found, wanted):
    """How many of each hop; what is missing is wrong."""
    whole = np.full_like(wanted, -1)
    whole[: len(found)] = found
    return (whole != wanted).any(axis=1).reshape(-1, HOP).sum(axis=1)


def counter(board, name):
    return int.from_bytes(board.read(board.symbols[name].address, 4), "little")


@pytest.mark.parametrize(("cache", "prefetch"), [*((cache, 5) for cache in CACHES), ("none", 0)])
def test_every_sample_that_plays_is_that_of_numpy(cache, prefetch, elf, heard, wanted):
    board = Board(elf, heard, cache, prefetch=prefetch)
    wrong = wrong_samples(play(board), wanted)
    assert not wrong.any(), f"wrong samples of each hop: {wrong}"
    assert board.devices.registers["slots"] == 0b0101, "headphones are slots 0 and 2"
    assert 90 <= board.devices.registers["volume"] <= 100, "below, the microphones are too faint"


def test_missing_optimisation_changes_no_sample(heard, wanted, tmp_path):
    board = Board(disco.build_example(tmp_path / "slow.elf", options=("-O0",)), heard)
    assert not wrong_samples(play(board, 5 * HOP), wanted[: 5 * HOP]).any()


def compile_cpp(source, target):
    compiler = [*toolchain.zig()[:-1], "c++", *toolchain.M7, *toolchain.PLAIN, "-std=c++14", "-O2"]
    compiler += ["-fhosted", "-fno-exceptions", "-Wall", "-Wextra", "-Werror"]
    places = [f"-I{toolchain.firmware().parent / 'tests/cube'}", f"-I{disco.example_file().parent}"]
    macro = "-DSE_EXAMPLE_STM32F746G_DISCO"
    subprocess.run([*compiler, macro, *places, "-c", source, "-o", target], check=True)
    return target


@pytest.mark.parametrize("first", [True, False], ids=["start-up first", "start-up last"])
@pytest.mark.parametrize("language", ["c", "cpp"])
def test_its_handlers_are_called(language, first, heard, wanted, tmp_path):
    """However they are compiled, and whoever comes first: start-up code has weak ones."""
    main = tmp_path / f"main.{language}"
    main.write_text(disco.example_file().read_text())
    if language == "cpp":
        main = compile_cpp(main, tmp_path / "main.o")
    board = Board(disco.build_example(tmp_path / "e.elf", main, start_up_first=first), heard)
    assert not wrong_samples(play(board, 5 * HOP), wanted[: 5 * HOP]).any()


def test_project_may_have_handlers_of_its_own(heard, tmp_path):
    own = tmp_path / "stm32f7xx_it.c"
    own.write_text(
        "void HAL_IncTick(void);\nvoid SysTick_Handler(void) { HAL_IncTick(); }\n"
        "void HardFault_Handler(void) { for (;;) {} }\n"
    )
    options = ("-DSE_HANDLERS_ELSEWHERE", str(own))
    board = Board(disco.build_example(tmp_path / "e.elf", options=options), heard)
    play(board, 4 * HOP)
    assert len(board.hops) == 3


def changed(pattern, replacement=""):
    def change(text):
        found, number = re.subn(pattern, replacement, text)
        assert number, f"the example has no {pattern}"
        return found

    return change


RECORD, PLAY = r" *BSP_AUDIO_IN_Record\(.*\n", r" *BSP_AUDIO_OUT_Play\(.*\n"


def played_too_soon(text):
    """The first version: an output that trails, and gets two hops one after the other."""
    (record,) = re.findall(RECORD, text)
    text = changed(PLAY, lambda play: record + play[0])(changed(RECORD)(text))
    early = r"\g<0> out[CHANNELS * i] = out[CHANNELS * i + 1] = before[i];"
    return changed(r"late\[i\] = before\[i\];", early)(text)


FAULTS = {
    "nothing invalidated": ("sticky", changed(r"SCB_InvalidateDCache_by_Addr\(.*\);")),
    "nothing cleaned": ("sticky", changed(r"SCB_CleanDCache_by_Addr\(.*\);")),
    "half cleaned": ("sticky", changed(r"sizeof said / 2\);", "sizeof said / 4);")),
    "Play in half-words": ("none", changed(r"sizeof said\); ", "sizeof said / 2);")),
    "one half only": ("none", changed(r"half_is_ready\(1\); }", "}")),
    "other half written": ("none", changed("said [+] half", "said + (1 - half)")),
    "written while it plays": ("none", played_too_soon),
    "weak SysTick": ("none", changed("void SysTick_", r"__attribute__((weak)) \g<0>")),
    "DMA handler missing": ("none", changed("void AUDIO_IN_SAIx", r"\g<0>_not")),
}


@pytest.mark.parametrize(("cache", "change"), FAULTS.values(), ids=FAULTS)
def test_fault_that_is_made_on_purpose_is_heard(cache, change, heard, wanted, tmp_path):
    main = tmp_path / "main.c"
    main.write_text(change(disco.example_file().read_text()))
    board = Board(disco.build_example(tmp_path / "e.elf", main), heard, cache, prefetch=0)
    assert wrong_samples(play(board, 8 * HOP), wanted[: 8 * HOP])[3:].mean() > 0.02 * HOP


def test_mangled_handlers_are_never_called(heard, tmp_path):
    main = tmp_path / "main.cpp"
    main.write_text(changed(r"#ifdef __cplusplus\n.*\n#endif\n")(disco.example_file().read_text()))
    main = compile_cpp(main, tmp_path / "main.o")
    board = Board(disco.build_example(tmp_path / "e.elf", main), heard)
    play(board, 5 * HOP)
    assert not board.hops


def test_one_late_hop_costs_no_other(elf, heard, wanted):
    board = BusyBoard(elf, heard, lambda hop: 0.021 if hop == 5 else 0)
    wrong = wrong_samples(play(board), wanted)
    assert np.flatnonzero(wrong).tolist() == [7] and wrong[7] < 200, wrong
    assert (counter(board, "se_hops_late"), counter(board, "se_hops_lost")) == (1, 0)


def test_hop_that_is_later_still_loses_one(elf, heard, wanted):
    board = BusyBoard(elf, heard, lambda hop: 0.036 if hop == 5 else 0)
    play(board)
    assert (counter(board, "se_hops_late"), counter(board, "se_hops_lost")) == (1, 1)


def test_steady_17_ms_lose_a_hop_only_when_a_whole_one_has_piled_up(elf, heard):
    board = BusyBoard(elf, heard, lambda hop: 0.017)
    board.stub("se_process", 0)
    play(board, 66 * HOP, seconds=2)
    assert 58 <= len(board.hops) <= 62
    assert board.devices.text.startswith("106\n"), "percent of a hop, three digits"
    said = board.devices.usart.wire.said
    assert len(said) > 55 and b"\nse health ".startswith(said[:11]), "a byte a hop, all the same"


BLINKS = {
    Defect.CRYSTAL: 1,
    Defect.OVER_DRIVE: 1,
    Defect.CODEC: 3,
    Defect.WORDS: 4,
    Defect.DEAF: 5,
    Defect.MUTE: 5,
    Defect.DEAF_LATER: 5,
    Defect.MUTE_LATER: 5,
}
HOPS_BEFORE = {Defect.MUTE: 3, Defect.DEAF_LATER: 5, Defect.MUTE_LATER: 8}


def blinks(board, most=6):
    """Flashes between two pauses, which are nine times as long as a flash; 0 if there are none.

    It looks as long as two pauses and up to ``most`` flashes before each can take.
    """
    board.power_on(10_000 * HOP, seconds=2.2 * (1.5 + 0.5 * most))
    changes = [(False, 0), *((on, cycle) for cycle, on in board.devices.light)]
    times = [new[1] for old, new in pairwise(changes) if new[0] != old[0]]
    on, off = np.diff(times)[::2], np.diff(times)[1::2]
    (pauses,) = np.nonzero(abs(off / on[: len(off)] - 9) < 1)
    return np.diff(pauses)[0] if len(pauses) > 1 else 0


@pytest.mark.parametrize("defect", BLINKS)
def test_light_tells_what_does_not_start_or_stops(defect, elf, heard):
    board = Board(elf, heard, defects=defect)
    board.stub("se_selftest", 1)
    board.stub("se_process", 0)
    assert blinks(board, BLINKS[defect]) == BLINKS[defect]
    assert len(board.hops) <= HOPS_BEFORE.get(defect, 0)


def test_headphones_are_silent_once_the_board_has_given_up(elf, heard):
    """The DMA goes on, and would play the last half over and over."""
    board = Board(elf, np.full_like(heard, 1000), "sticky", defects=Defect.DEAF_LATER)
    board.stub("se_selftest", 1)
    played = board.power_on(100 * HOP, seconds=3)
    assert len(played) > 50 * HOP and played.any() and not played[-20 * HOP :].any()


def test_light_of_a_board_that_is_well_tells_of_nothing(elf, heard):
    board = Board(elf, heard)
    board.stub("se_selftest", 1)
    board.stub("se_process", 0)
    assert blinks(board, 0) == 0 and len(board.devices.light) > 6


def test_light_tells_that_the_self_test_failed(elf, heard):
    board = Board(elf, heard)
    board.stub("se_selftest", 0)
    assert blinks(board, 2) == 2


def test_light_tells_of_a_hard_fault(elf, heard):
    board = Board(elf, heard)
    board.stub("se_selftest", 1)
    board.write(board.symbols["se_process"].address, bytes.fromhex("00de"))  # undefined
    assert blinks(board) == 6


@pytest.mark.parametrize(("late", "shines"), [(0, 0.064), (0.02, 0.5)])
def test_light_beats_shortly_as_long_as_no_hop_was_late(late, shines, elf, heard):
    board = BusyBoard(elf, heard, lambda hop: late if hop == 3 else 0)
    board.stub("se_process", 0)
    play(board, 80 * HOP, seconds=1.3)
    times = [cycle / SECOND for cycle, _ in board.devices.light[:3]]
    assert [on for _, on in board.devices.light[:3]] == [True, False, True]
    assert times[1] - times[0] == pytest.approx(shines, abs=0.01)
    assert times[2] - times[0] == pytest.approx(1, abs=0.02)


def test_interrupt_just_before_the_sleep_is_not_slept_through(elf, heard):
    board = UnluckyBoard(elf, heard)
    play(board)
    assert len(board.filled) > 5
    for moment in board.filled[:-1]:
        assert min(hop for hop in board.hops if hop >= moment) - moment < 0.0001 * SECOND


def test_button_gives_the_microphone_at_the_same_delay(elf, heard):
    board = Board(elf, heard)
    board.devices.registers["button"] = 1
    found = play(board)
    np.testing.assert_array_equal(found, np.repeat(delayed(heard[:, 0], 3)[:, None], 2, axis=1))


def test_cache_refuses_an_array_that_shares_a_line():
    """Its neighbours would lose what was written into them, whenever it is invalidated."""
    with pytest.raises(ValueError, match="lines have 32"):
        DataCache(None, "sticky", [cortex.Symbol(cortex.RAM + 4, 64, "")])
