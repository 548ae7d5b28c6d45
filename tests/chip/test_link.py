"""What a board says is read, and what may go wrong at a serial port has one clear line each."""

import errno
import json
import os
import sys

import numpy as np
import pytest
import serial
import soundfile
from command_line import assert_one_clear_line, run
from fake_board import fake_board, line
from hypothesis import given
from hypothesis import strategies as st

from lstm_se.chip import export, link, silicon, stream
from lstm_se.cli.main import commands

HOP = stream.HOP
WORDS = {
    "board": "stm32f746g-disco", "version": "0.1.0", "compiler": "gcc-13.3.1", "optimised": "size",
    "caches": "both", "selftest": "passed", "hz": 216000000, "cycles": 700000, "most": 756000,
    "hops": 37500, "late": 0, "lost": 0, "clipped": 0, "peak": 3277,
}  # fmt: skip


@pytest.fixture(scope="module")
def sound():
    return np.random.default_rng(0).normal(0, 3000, 5 * HOP + 99).astype(np.int16)


@pytest.fixture
def health(model):
    """A line, and what is said in place of its words."""
    own = {"model": export.sha256(model)[:12]}
    return lambda **others: line("health", **(own | WORDS | others))


@pytest.fixture
def denoise(model):
    """Answers as the firmware does."""
    denoiser = stream.IntegerStream(model)

    def answer(content):
        hop = denoiser.process(np.frombuffer(content, "<i2").astype(np.int16))
        return link.frame(hop.astype("<i2").tobytes() + (800_000).to_bytes(4, "little"))

    return answer


def examine(port, model, sound, seconds=0.5, patience=1.0):
    with link.Link(port, patience=patience) as opened:
        return silicon.board_report(opened, model, "sound", sound, seconds)


def damaged(content, place=-2):
    changed = bytearray(content)
    changed[place] ^= 4
    return bytes(changed)


@given(st.dictionaries(st.text("abcdefz", min_size=1), st.text("az09.-=_"), min_size=1))
def test_line_is_read_as_it_was_said(words):
    assert link.read_line(line("health", **words)) == ("health", words)


@given(st.integers(1, 60), st.integers(0, 7))
def test_one_wrong_bit_of_a_line_is_noticed(place, bit):
    text = bytearray(line("health", cycles=700000, hops=63, board="stm32f746g-disco"))
    text[place] ^= 1 << bit
    assert link.read_line(bytes(text)) is None


def test_report_counts_broken_lines_and_wrong_samples(model, sound, health, denoise):
    def says(tick):
        return (health(hops=tick), damaged(health(hops=tick)), b"")[min(tick % 10, 2)]

    hops = []

    def answer(content):
        hops.append(denoise(content))
        return hops[-1] if len(hops) != 4 else link.frame(damaged(hops[-1][3:-2], 100))

    with fake_board(says, answer) as port:
        report, enhanced = examine(port, model, sound, seconds=1.5)
    assert report.lines >= 1 and report.broken_lines >= 1
    assert report.wrong_samples == 1 and report.samples == 7 * HOP
    assert (report.cycles_mean, report.cycles_most) == (800_000, 800_000)
    wanted = stream.IntegerStream(model).process(silicon.in_hops(sound).ravel())
    different = np.flatnonzero(enhanced != wanted[HOP : HOP + len(sound)])
    assert different.tolist() == [3 * HOP + 50 - HOP]


NOISE = np.random.default_rng(1).integers(0, 256, 100, np.uint8).tobytes()
SAID = {
    "nothing": (lambda tick, health: b"", "nothing heard in 0.5 s"),
    "noise": (lambda tick, health: NOISE, "no line with a right .* both ends have 115200 baud"),
    "something else": (lambda tick, health: b"login: \r\n", "no line with a right checksum"),
    "reset": (lambda tick, health: health(hops=tick % 2), "began anew meanwhile: was it reset"),
    "stopped": (lambda tick, health: line("stopped", cause="codec"), "gave up: codec"),
    "other model": (lambda tick, health: health(model="123"), "runs model 123, and this one is"),
    "no clock": (lambda tick, health: health(hz=0), "says hz=0: is its SystemCoreClock right"),
    "older": (lambda tick, health: line("health", board="x"), "says no version: build"),
    "deaf": (lambda tick, health: health(hops=tick), "does not hear: does PB7"),
    "stopped when asked": (
        lambda tick, health: health(hops=1) if tick < 28 else line("stopped", cause="no-sound"),
        "gave up: no-sound",
    ),
}


@pytest.mark.parametrize(("says", "message"), SAID.values(), ids=SAID)
def test_trouble_with_what_a_board_says_has_its_line(says, message, model, sound, health):
    board = fake_board(lambda tick: says(tick, health))
    with board as port, pytest.raises(ValueError, match=message):
        examine(port, model, sound, patience=0.2)


def unplugged(content, health):
    raise OSError


ANSWERS = {
    "damaged": (lambda content, health: damaged(link.frame(content + bytes(4))), "damaged on its"),
    "not understood": (lambda content, health: link.frame(b""), "damaged on its way"),
    "none": (lambda content, health: b"\x02\x04\x02", "no answer within 1 s"),
    "reset": (lambda content, health: health(hops=1), "began anew amid the sound"),
    "fault": (lambda content, health: line("stopped", cause="hard-fault"), "gave up: hard-fault"),
    "unplugged": (unplugged, "is gone: was the board unplugged"),
}


@pytest.mark.parametrize(("answer", "message"), ANSWERS.values(), ids=ANSWERS)
def test_trouble_amid_the_sound_has_its_line(answer, message, model, sound, health):
    board = fake_board(lambda tick: health(hops=tick), lambda content: answer(content, health))
    with board as port, pytest.raises((ValueError, OSError), match=message):
        examine(port, model, sound)


def test_port_that_another_program_has_open_is_told(health):
    busy = pytest.raises(OSError, match="another program has it open")
    with fake_board(lambda tick: b"") as port, link.Link(port), busy:
        link.Link(port)


def trickle(health):
    """As a board that never sleeps: a few bytes at a time, and a line that takes over a second."""
    said = health() * 9
    return lambda tick: said[4 * tick : 4 * tick + 4]


def test_line_that_takes_longer_than_one_listens_is_waited_for(health):
    with fake_board(trickle(health)) as port, link.Link(port) as opened:
        assert silicon.hear(opened, 0.3)[0].hops == 37500


def test_board_that_is_too_slow_for_a_line_is_told_from_a_wrong_rate(health, monkeypatch):
    monkeypatch.setattr(link, "LONGEST_LINE", 0.3)
    slow = pytest.raises(ValueError, match="no whole line: is the processor too slow")
    with fake_board(trickle(health)) as port, link.Link(port) as opened, slow:
        silicon.hear(opened, 0.3)


NOT_OPENED = {
    "busy": (errno.EBUSY, "device busy", "another program has it open"),
    "windows, busy": (None, "PermissionError(13, 'Access is denied.')", "another program has it"),
    "windows, missing": (None, "FileNotFoundError(2, 'no file')", "there is no such serial port"),
    "other": (errno.EIO, "Input/output error", "Input/output error"),
}


@pytest.mark.parametrize(("number", "text", "message"), NOT_OPENED.values(), ids=NOT_OPENED)
def test_port_that_is_not_opened_has_its_line(number, text, message, monkeypatch):
    """What pyserial raises on Windows has no number, but the name of another error in its text."""
    told = (number, text) if number else (f"could not open port 'COM9': {text}",)

    def refuse(*_, **__):
        raise serial.SerialException(*told)

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(OSError, match=f"^COM9: {message}[^(]*; "):
        link.Link("COM9")


def test_command_takes_the_rate_of_the_link():
    (baud,) = (option for option in commands.commands["board"].params if option.name == "baud")
    assert baud.default == link.BAUD


def test_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(ValueError, match=r"package pyserial is not .*lstm-se\[board\]"):
        link.Link("/dev/ttyACM0")


def test_command_writes_the_report(sound, health, denoise, tmp_path):
    soundfile.write(tmp_path / "noisy.wav", sound, 16_000, "PCM_16")
    out = tmp_path / "out"
    with fake_board(lambda tick: health(hops=tick), denoise) as port:
        done = run("board", port, tmp_path / "noisy.wav", "--seconds", "1", "--out", out)
    assert done.returncode == 0, done.stderr
    report = json.loads((out / "board.json").read_text())
    assert report["wrong_samples"] == 0 and report["samples"] == 7 * HOP
    assert report["health"]["compiler"] == "gcc-13.3.1" and report["most_ms"] == 3.7037
    assert report["minutes"] == round(report["health"]["hops"] * 0.016 / 60, 1)
    table = (out / "board.md").read_text()
    assert table in done.stdout
    assert "| a hop live, most | 756,000 cycles, 3.50 ms, 21.9 % of the time |" in table
    assert "| microphone, clipped and peak | 0 samples, -20 dBFS |" in table
    assert soundfile.info(out / "enhanced.wav").frames == len(sound)


def test_reports_of_several_builds_fill_the_table_of_the_lesson(model, health, tmp_path):
    """Each build fills a row of its own, and what is not measured stays empty."""
    for day, words in enumerate(({}, {"optimised": "no", "most": 2_160_000, "caches": "code"})):
        said = silicon.Health.of(link.read_line(health(**words)))
        report = silicon.BoardReport(f"2027-01-0{day + 1}", said, 5, 0, "a.wav", 256, 0, 1, 2)
        path = tmp_path / str(day) / "board.json"
        path.parent.mkdir()
        path.write_text(report.json())
        os.utime(path, (day, day))
    found = silicon.measured(tmp_path)
    assert found["board"] == "2027-01-02, stm32f746g-disco"
    assert found["release, caches both"] == "0.76 million, 3.5 ms"
    assert found["debug, caches code"] == "2.16 million, 10.0 ms"
    assert "debug, caches both" not in found and not silicon.measured(tmp_path / "none")
    assert found["hops"] == "0 and 0 after 10 min"


def test_command_tells_that_bits_differ(sound, health, tmp_path):
    soundfile.write(tmp_path / "noisy.wav", sound, 16_000, "PCM_16")
    with fake_board(lambda tick: health(hops=tick), lambda c: link.frame(c + bytes(4))) as port:
        done = run("board", port, tmp_path / "noisy.wav", "--seconds", "1")
    assert done.returncode == 2 and "samples are not what Python computes" in done.stderr
    assert "differ from Python's | " in done.stdout


@pytest.mark.parametrize("there", [False, True])
def test_command_refuses_what_is_no_port(there, tmp_path):
    path = tmp_path / "ttyACM9"
    if there:
        path.write_text("a file")
    reason = "it is no serial port" if there else "there is no such serial port"
    assert_one_clear_line(run("board", path), str(path), reason, "there")
