"""The example speaks on its serial port, and denoises what it hears there: no board, simulated."""

import json
import re

import numpy as np
import pytest
import soundfile
from command_line import run
from pty_wire import PtyWire, running

import lstm_se
from lstm_se.chip import disco, fixed, link, silicon, stream, toolchain
from lstm_se.chip.board import PACE, Board
from lstm_se.chip.cortex import Cortex
from lstm_se.chip.devices import CYCLES_PER_SAMPLE, CYCLES_PER_US, Defect
from lstm_se.chip.usart import FRAMING, Wire
from lstm_se.sound.audio import to_pcm

pytestmark = pytest.mark.slow  # compiles the firmware, and emulates a processor

HOP, HOPS = stream.HOP, 3
HZ = 1e6 * CYCLES_PER_US
DIVIDER = 937  # of 108 MHz: 115,200 baud


class Computer(Wire):
    """Sends one frame after the other, each when the board has answered the last."""

    def __init__(self, *frames):
        super().__init__()
        self.frames, self.answers, self.asked = [*frames], [], self.asked
        self._begin = None
        self.dividers = set()

    def ask(self):
        self.asked.extend(link.ASK)

    def write(self, byte, divider):
        super().write(byte, divider)
        self.dividers.add(divider)
        if self._begin is None:
            if re.search(rb"se ready .*\n$", self.said):
                self._next()
            return
        answer = self.said[self._begin :]
        if len(answer) >= 3 and len(answer) == 5 + int.from_bytes(answer[1:3], "little"):
            self.answers.append(bytes(answer))
            self._next()

    def _next(self):
        self._begin = len(self.said)
        if self.frames:
            self.asked.extend(self.frames.pop(0))


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    return disco.build_example(tmp_path_factory.mktemp("disco") / "example.elf")


@pytest.fixture(scope="module")
def sound():
    return to_pcm(lstm_se.mini().test[0].load()[1])[: HOPS * HOP]


@pytest.fixture(scope="module")
def wanted(model, sound):
    """What the board is to answer, without the cycles."""
    return stream.IntegerStream(model).process(sound).reshape(-1, HOP)


def start(elf, sound, wire, defects=Defect.NONE, cache="none"):
    board = Board(elf, np.stack([sound, sound], axis=1), cache, defects, wire=wire)
    board.stub("se_selftest", 1)
    return board


def frames(sound):
    return [link.frame(hop.astype("<i2").tobytes()) for hop in sound.reshape(-1, HOP)]


def samples_of(answer):
    """The hop of an answer, whose length and checksum are checked, and its cycles."""
    content = answer[3:-2]
    assert link.frame(content) == answer and len(content) == 2 * HOP + 4
    return np.frombuffer(content, "<i2", HOP), int.from_bytes(content[-4:], "little")


def lines(wire):
    return [*filter(None, map(link.read_line, wire.said.split(b"\n")))]


def counter(board, name):
    return int.from_bytes(board.read(board.symbols[name].address, 4), "little")


def test_line_says_what_is_so(elf):
    heard = np.repeat(np.array([[-32768, 0], [32767, 0], [32766, 0], [5, 0]], np.int16), HOP, 0)
    wire = Computer()
    board = Board(elf, heard, wire=wire)
    board.stub("se_selftest", 1)
    board.stub("se_process", 0)
    board.power_on(90 * HOP, 2)
    said = [silicon.Health.of(line) for line in lines(wire)]
    assert wire.dividers == {DIVIDER} and len(said) == 2
    first, second = said
    assert first.compiler.startswith("clang-") and first.optimised == "speed"
    assert first.caches == "both"
    assert (first.hops, second.hops) == (1, 63)
    assert (second.late, second.lost, second.hz) == (0, 0, 216_000_000)
    assert (first.peak, second.peak) == (32768, 32768)
    assert (first.clipped, second.clipped) == (HOP, 32 * HOP)
    assert second.most >= second.cycles > 0


def test_line_takes_no_longer_than_the_readme_says(tmp_path):
    """Without optimisation, where its checksum is slowest; no register of the board is asked."""
    readme = (toolchain.firmware() / "README.md").read_text(encoding="utf-8")
    percent = int(re.search(r"less than (\d+) % of a hop", readme)[1])
    cpu = Cortex(disco.build_example(tmp_path / "slow.elf", options=("-O0",)), sources=False)
    with cpu.counting() as counts:
        cpu.call("say_health")
    cycles = PACE * sum(counts.values())
    assert 10_000 < cycles < percent / 100 * HOP * CYCLES_PER_SAMPLE


def exchange(elf, sound, *sent, hops, cache="none"):
    """The board and the wire after some frames, and what the headphones have played."""
    wire = Computer(*sent)
    board = start(elf, sound, wire, cache=cache)
    wire.ask()
    return board, wire, board.power_on(hops * HOP)[:, 0].reshape(-1, HOP)


@pytest.fixture(scope="module", params=["none", "sticky"])
def exchanged(request, elf, sound):
    sent = (*frames(sound), link.frame(b""))
    return exchange(elf, sound, *sent, hops=30, cache=request.param)


def assert_all_denoised(answers, wanted):
    assert len(answers) == len(wanted)
    for answer, hop in zip(answers, wanted, strict=True):
        samples, cycles = samples_of(answer)
        np.testing.assert_array_equal(samples, hop)
        assert 200_000 < cycles < 3_456_000


def test_every_bit_of_what_is_sent_comes_back_denoised(exchanged, wanted):
    assert_all_denoised(exchanged[1].answers, wanted)


def test_microphones_rest_meanwhile_and_no_hop_counts_as_lost(exchanged):
    board, _, played = exchanged
    silent = ~played.any(axis=1)
    assert silent[:20].all() and not silent[25:].any(), silent
    assert counter(board, "se_hops_lost") == 0
    assert counter(board, "se_hops_done") == len(board.hops) - HOPS


def test_light_flickers_while_the_computer_has_its_sound_denoised(exchanged):
    """A change for each hop and for the end, between those of a heart-beat."""
    board = exchanged[0]
    answered = [cycle for cycle, _ in board.devices.light]
    assert HOPS <= len(answered) <= HOPS + 3


def test_limit_outlasts_an_exchange(sound, tmp_path):
    main, limited = tmp_path / "main.c", "se_set_limit(&denoiser, 12);\n    start_audio();"
    text = disco.example_file().read_text()
    assert "    start_audio();" in text
    main.write_text(text.replace("    start_audio();", f"    {limited}"))
    elf = disco.build_example(tmp_path / "limited.elf", main)
    board, wire, _ = exchange(elf, sound, *frames(sound)[:1], link.frame(b""), hops=16)
    place, size, _ = board.symbols["denoiser"]
    assert len(wire.answers) == 1
    limit = fixed.least_gain_q15(12).to_bytes(2, "little")
    assert limit in board.read(place + size - 4, 4), "it is the last number of the state"


def test_missing_optimisation_loses_no_byte(sound, wanted, tmp_path):
    elf = disco.build_example(tmp_path / "slow.elf", options=("-O0",))
    _, wire, _ = exchange(elf, sound, *frames(sound)[:2], hops=20)
    assert_all_denoised(wire.answers, wanted[:2])


def test_faster_port_loses_no_byte_either(sound, wanted, tmp_path):
    elf = disco.build_example(tmp_path / "fast.elf", options=("-O2", "-DBAUD=921600"))
    _, wire, _ = exchange(elf, sound, *frames(sound)[:2], hops=8)
    assert wire.dividers == {108_000_000 // 921_600}
    assert_all_denoised(wire.answers, wanted[:2])


def test_what_came_damaged_is_not_denoised(elf, sound, wanted):
    first, second, *_ = frames(sound)
    too_long = link.frame(first)[:3]
    broken = first[:100] + bytes([first[100] ^ 1]) + first[101:]
    _, wire, _ = exchange(elf, sound, broken, first, too_long, second, hops=30)
    assert [len(answer) for answer in wire.answers[::2]] == [5, 5]
    assert_all_denoised(wire.answers[1::2], wanted[:2])


def test_board_that_is_left_alone_goes_back_to_its_microphones(sound, tmp_path):
    main = tmp_path / "main.c"
    text = disco.example_file().read_text()
    main.write_text(text.replace("2 * SystemCoreClock", "SystemCoreClock / 10"))
    elf = disco.build_example(tmp_path / "impatient.elf", main)
    board, wire, _ = exchange(elf, sound, frames(sound)[0][:99], hops=30)
    assert b"ready" in wire.said and not wire.answers
    assert 18 <= len(board.hops) <= 23, "a tenth of a second of them rests"


def test_byte_at_another_rate_asks_for_nothing(elf, sound):
    wire = Wire()
    wire.asked.append(ord(link.ASK) + FRAMING)
    board = start(elf, sound, wire)
    board.stub("se_process", 0)
    board.power_on(30 * HOP)
    assert len(board.hops) == 29 and b"ready" not in wire.said


CAUSES = {
    Defect.CODEC: "codec",
    Defect.WORDS: "dma",
    Defect.DEAF: "no-sound",
    Defect.MUTE: "no-sound",
    Defect.DEAF_LATER: "no-sound",
    Defect.MUTE_LATER: "no-sound",
}


@pytest.mark.parametrize("defect", CAUSES)
def test_board_that_gives_up_says_why(defect, elf, sound):
    wire = Wire()
    start(elf, sound, wire, defect).power_on(10**6, 3)
    said = [line for line in lines(wire) if line.kind != "health"]
    assert said
    assert all(line == link.Line("stopped", {"cause": CAUSES[defect]}) for line in said)


def test_port_that_is_open_before_the_clock_runs_speaks_at_another_rate(elf, sound, tmp_path):
    text = disco.example_file().read_text()
    opens = re.search(r" *port_open\(\);.*\n", text)[0]
    main = tmp_path / "main.c"
    main.write_text(
        text.replace(opens, "").replace("    set_clock();\n", f"{opens}    set_clock();\n")
    )
    wire = Computer()
    board = start(disco.build_example(tmp_path / "e.elf", main), sound, wire)
    board.power_on(3 * HOP)
    assert wire.dividers and DIVIDER not in wire.dividers


def test_command_finds_every_bit_the_same(elf, sound, tmp_path):
    """Through a terminal of this machine, as a user would."""
    soundfile.write(tmp_path / "noisy.wav", sound[: 2 * HOP], 16_000, "PCM_16")
    wire = PtyWire()
    with running(start(elf, sound, wire)):
        done = run("board", wire.port, tmp_path / "noisy.wav", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "board.json").read_text())
    assert report["wrong_samples"] == 0 and report["samples"] == 3 * HOP
    assert report["health"]["lost"] == report["broken_lines"] == 0


@pytest.mark.parametrize("baud", [9_600, 38_400])
def test_wrong_rate_is_told(baud, elf, sound):
    wire = PtyWire()
    board = start(elf, sound, wire)
    board.stub("se_process", 0)
    wrong = pytest.raises(ValueError, match=f"do both ends have {baud} baud")
    with running(board), link.Link(wire.port, baud) as opened, wrong:
        silicon.hear(opened, 1.5)


class LateBoard(Board):
    """Each hop takes 25 ms more: the processor never sleeps."""

    def entered(self, address):
        if address == self.symbols["se_process"].address:
            self.devices.elapse(0.025 * HZ)


def test_board_that_is_late_in_every_hop_is_heard_all_the_same(elf, sound):
    wire = PtyWire()
    board = LateBoard(elf, np.stack([sound, sound], axis=1), wire=wire)
    board.stub("se_selftest", 1)
    board.stub("se_process", 0)
    with running(board), link.Link(wire.port) as opened:
        said = silicon.hear(opened, 1)[-1]
    assert said.late > 0 and said.cycles > 0.025 * said.hz
