"""``lstm-se enhance`` on folders, in several processes, and from pipe to pipe."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from command_line import assert_one_clear_line, run

from lstm_se.cli import enhance
from lstm_se.files import claimed

RATE = 16_000


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


@pytest.fixture
def recordings(tmp_path):
    """Five recordings."""
    folder = tmp_path / "rec"
    folder.mkdir()
    for number in range(5):
        soundfile.write(folder / f"{number}.wav", noise(4000, number), RATE)
    return folder


def contents(folder):
    """Bytes of all files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_processes_write_what_one_writes(recordings, tmp_path):
    for jobs in (1, 2):
        result = run("enhance", recordings, "-o", tmp_path / str(jobs), "--jobs", jobs)
        assert result.returncode == 0, result.stderr
        names = [line.rpartition("/")[2] for line in result.stdout.splitlines()]
        assert names == [f"{number}.wav" for number in range(5)]
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_resume_leaves_alone_what_is_there(recordings, tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "3.wav").write_bytes(b"done before")
    result = run("enhance", recordings, "-o", target, "--resume", "--jobs", 1)
    assert result.stderr == "1 of 5 files are there already\n"
    assert (target / "3.wav").read_bytes() == b"done before"
    assert sorted(contents(target)) == [f"{number}.wav" for number in range(5)]
    again = run("enhance", recordings, "-o", target, "--resume")
    assert (again.returncode, again.stdout) == (0, "")


def test_output_of_an_earlier_run_is_not_enhanced_again(recordings):
    for _ in range(2):
        assert run("enhance", recordings, "-o", recordings / "out").returncode == 0
    names = sorted(str(path.relative_to(recordings)) for path in recordings.rglob("*.wav"))
    assert names == [f"{n}.wav" for n in range(5)] + [f"out/{n}.wav" for n in range(5)]


def tasks(*words):
    """What would be done, by the name of the target."""
    *sources, output = map(str, words)
    found = enhance._tasks(tuple(map(Path, sources)), output)
    return {str(task.target): task.source for task in found}


def test_output_above_the_input_leaves_nothing_out(recordings, tmp_path, capsys):
    assert len(tasks(recordings, tmp_path)) == 5
    assert capsys.readouterr() == ("", "")


def test_files_of_an_earlier_run_are_counted(recordings, capsys):
    (recordings / "out").mkdir()
    for name in ("0.wav", "1.wav"):
        (recordings / name).rename(recordings / "out" / name)
    assert len(tasks(recordings, recordings / "out")) == 3
    assert f"note: left out 2 in {recordings / 'out'}: " in capsys.readouterr().err


def test_output_that_is_another_input_is_refused(recordings, monkeypatch):
    (recordings / "rec").mkdir()
    soundfile.write(recordings / "rec" / "3.wav", noise(100), RATE)
    monkeypatch.chdir(recordings.parent)
    with pytest.raises(ValueError, match=r"would be written over rec/3\.wav, .*choose another"):
        tasks("rec", ".")


@pytest.mark.parametrize("name", ["2024.11.29/", "take.wav/", "plain"])
def test_name_of_a_folder_is_one(name, recordings, tmp_path):
    assert list(tasks(recordings / "0.wav", f"{tmp_path}/{name}")) == [
        str(tmp_path / name / "0.wav")
    ]


@pytest.mark.parametrize("sources", [("0.wav", "1.wav"), (".",)])
def test_several_files_do_not_go_into_what_looks_like_one(sources, recordings, tmp_path):
    with pytest.raises(ValueError, match=r"both\.wav names a file: .*both\.wav/ if it is one"):
        tasks(*(recordings / source for source in sources), tmp_path / "both.wav")


def test_output_into_the_folder_of_the_input_is_refused(recordings):
    before = contents(recordings)
    assert_one_clear_line(run("enhance", recordings, "-o", recordings), "rec is the input itself")
    assert contents(recordings) == before


def test_two_inputs_of_one_name_are_refused(recordings, tmp_path):
    twin = tmp_path / "twin" / "3.wav"
    twin.parent.mkdir()
    soundfile.write(twin, noise(100), RATE)
    result = run("enhance", recordings, twin, "-o", tmp_path / "out")
    assert_one_clear_line(result, "both be written", "3.wav")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_interrupt_leaves_whole_files_only(tmp_path, jobs):
    folder, target = tmp_path / "rec", tmp_path / "out"
    folder.mkdir()
    soundfile.write(folder / "a.wav", noise(4000), RATE)
    for name in "bc":
        soundfile.write(folder / f"{name}.wav", noise(1800 * RATE), RATE)
    command = [sys.executable, "-m", "lstm_se", "enhance", folder, "-o", target, "--jobs", jobs]
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)
    while not ((target / "a.wav").exists() and list(target.glob(".[bc].wav.part"))):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.strip() == "interrupted"
    left = {path.name: soundfile.info(path).frames for path in target.iterdir()}
    assert left.pop("a.wav") == 4000
    # on a busy machine one process may have done b before the other had done a
    assert left in ({}, {"b.wav": 1800 * RATE}, {"c.wav": 1800 * RATE})


@pytest.fixture
def heeding():
    """What starts within heeds a terminal that closes, even if these tests run under ``nohup``."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def recorder(heeding):
    """Starts ``enhance - -o out.wav`` as behind a recorder, which stays when it is interrupted."""
    processes = []

    def start(target):
        words = ["enhance", "-", "-o", target, "--raw", RATE, "--jobs", 1]
        command = [sys.executable, "-m", "lstm_se", *map(str, words)]
        pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
        processes.append(subprocess.Popen(command, **pipes))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupt_is_the_end_of_what_is_recorded_and_loses_nothing(recorder, number, tmp_path):
    target, pcm = tmp_path / "new" / "out.wav", (noise(80_000) * 32768).astype("<i2")
    process = recorder(target)
    process.stdin.write(pcm[:50_000].tobytes())
    process.stdin.flush()
    while not list(tmp_path.rglob(".out.wav.part")):
        assert process.poll() is None
        time.sleep(0.05)
    process.stdin.write(pcm[50_000:].tobytes())
    process.stdin.flush()
    process.send_signal(number)
    told = process.stderr.read().decode()
    assert process.wait(60) == 130
    assert told.split() == f"interrupted: {target} holds what had come".split()
    assert [path.name for path in target.parent.iterdir()] == ["out.wav"]
    assert soundfile.info(target).frames == 80_000


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_terminal_that_closes_leaves_no_half_file(heeding, jobs, tmp_path):
    """It hangs up on all processes of the group."""
    folder, target = tmp_path / "rec", tmp_path / "out"
    folder.mkdir()
    for name in "ab":
        soundfile.write(folder / f"{name}.wav", noise(1800 * RATE), RATE)
    command = [sys.executable, "-m", "lstm_se", "enhance", folder, "-o", target, "--jobs", jobs]
    process = subprocess.Popen(command, start_new_session=True)
    while len(list(target.glob(".?.wav.part"))) < int(jobs):  # a worker that begins heeds it still
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGHUP)
    assert process.wait(60) == 128 + signal.SIGHUP
    assert {soundfile.info(path).frames for path in target.iterdir()} <= {1800 * RATE}


def taken(path):
    """Whether a process has a file."""
    try:
        with claimed(path):
            return False
    except BlockingIOError:
        return True


def test_workers_of_a_killed_command_write_no_longer(tmp_path):
    folder, target = tmp_path / "rec", tmp_path / "out"
    folder.mkdir()
    for name in "ab":
        soundfile.write(folder / f"{name}.wav", noise(600 * RATE), RATE)
    words = "enhance", folder, "-o", target, "--jobs", "2"
    command = [sys.executable, "-m", "lstm_se", *map(str, words)]
    with subprocess.Popen(command) as process:
        while len(parts := list(target.glob(".[ab].wav.part"))) < 2:
            assert process.poll() is None
            time.sleep(0.05)
        assert all(map(taken, parts))
        process.kill()
    latest = time.monotonic() + 10
    while any(map(taken, parts)):
        assert time.monotonic() < latest, "a worker is still at it"
        time.sleep(0.1)
    assert sorted(target.iterdir()) == sorted(parts)


def piped(sound, *options):
    """What comes out of ``enhance - -o -``, as bytes."""
    command = [sys.executable, "-m", "lstm_se", "enhance", "-", "-o", "-", *map(str, options)]
    result = subprocess.run(command, input=sound, capture_output=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert result.stderr == b""
    return result.stdout


@pytest.mark.parametrize("options", [(), ("--limit", 12), ("--engine", "int8")])
def test_pipe_carries_the_samples_of_the_file(options, recordings, tmp_path):
    source, target = recordings / "2.wav", tmp_path / "out.wav"
    assert run("enhance", source, "-o", target, *options).returncode == 0
    expected = soundfile.read(target, dtype="int16")[0]
    piped_wav = piped(source.read_bytes(), *options)
    (tmp_path / "piped.wav").write_bytes(piped_wav)
    np.testing.assert_array_equal(
        soundfile.read(tmp_path / "piped.wav", dtype="int16")[0], expected
    )
    raw = soundfile.read(source, dtype="int16")[0].astype("<i2").tobytes()
    found = np.frombuffer(piped(raw, "--raw", RATE, *options), "<i2")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("engine", ["int8", "float"])
def test_raw_pipe_of_two_channels_and_another_rate(tmp_path, engine):
    """The sums of a resampler and of a float network depend on how many samples come at once."""
    stereo = (0.1 * noise(44_100 * 2).reshape(-1, 2) * 32768).astype("<i2")
    soundfile.write(tmp_path / "in.wav", stereo, 44_100, "PCM_16")
    chosen = "--engine", engine
    assert run("enhance", tmp_path / "in.wav", "-o", tmp_path / "out.wav", *chosen).returncode == 0
    raw = piped(stereo.tobytes(), "--raw", 44_100, "--channels", 2, *chosen)
    expected = soundfile.read(tmp_path / "out.wav", dtype="int16")[0]
    found = np.frombuffer(raw, "<i2").reshape(-1, 2).astype(int)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1 and np.mean(found != expected) < 1e-3


def test_pipe_answers_hop_by_hop():
    """Each hop of 16 ms that goes in brings one out, while the pipe stays open."""
    command = [sys.executable, "-m", "lstm_se", "enhance", "-", "-o", "-", "--raw", str(RATE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        hop = (noise(256) * 32768).astype("<i2").tobytes()
        process.stdin.write(hop + hop)
        process.stdin.flush()
        assert len(os.read(process.stdout.fileno(), 4096)) == 512
        for _ in range(20):
            process.stdin.write(hop)
            process.stdin.flush()
            assert len(os.read(process.stdout.fileno(), 4096)) == 512
        process.stdin.close()
        assert len(process.stdout.read()) == 512


def test_player_that_leaves_early_gets_no_complaint(recordings):
    words = f"{sys.executable} -m lstm_se enhance {recordings}/1.wav -o - | head -c 100 | wc -c"
    result = subprocess.run(["bash", "-c", words], capture_output=True, text=True, timeout=120)
    assert (result.stdout.strip(), result.stderr) == ("100", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a.wav", "-", "-o", "-"), ("a pipe carries one sound",)),
        (("a.wav", "-o", "b.wav", "--raw", 16_000), ("--raw is for pipes",)),
        (("a.wav", "-o", "b.wav", "--limit", -3), ("limit -3.0 dB", "from 0 up")),
        (("a.wav", "-o", "b.wav", "--channels", 2), ("raw pipe", "leave --channels out")),
        (("-", "-o", "b.wav", "--channels", 2), ("raw pipe", "leave --channels out")),
        (("a.wav", "-o", "-", "--raw", 16_000, "--channels", 2), ("leave --channels out",)),
        (("-", "-o", "b.wav", "--resume"), ("a pipe cannot be resumed: leave --resume out",)),
    ],
)
def test_wrong_use_is_told(arguments, words):
    assert_one_clear_line(run("enhance", *arguments), *words)


def test_raw_pipe_has_the_rate_of_its_file(tmp_path):
    soundfile.write(tmp_path / "in.wav", noise(4800), 48_000)
    result = run("enhance", tmp_path / "in.wav", "-o", "-", "--raw", 16_000)
    assert_one_clear_line(result, "in.wav has 48000 Hz: write --raw 48000")
    assert result.stdout == ""


def test_what_a_pipe_loses_is_told(tmp_path):
    soundfile.write(tmp_path / "loud.wav", np.float32([0, 3, -3, 0] * 300), RATE, "FLOAT")
    cut = (tmp_path / "loud.wav").read_bytes()[:-1600]
    command = [sys.executable, "-m", "lstm_se", "enhance", "-", "-o", "-", "--limit", "0"]
    told = subprocess.run(command, input=cut, capture_output=True, check=True).stderr.decode()
    lost = "cut: the header promises 0.03 s more than there is"
    assert told.startswith(f"note: standard input: {lost}, ") and told.count("\n") == 1
    assert told.endswith(" samples were above full scale and are clipped\n")


def test_pipe_without_sound_is_told():
    result = run("enhance", "-", "-o", "-", input="")
    assert_one_clear_line(result, "standard input")
    result = run("enhance", "-", "-o", "-", input="no sound at all, but some text of a length")
    assert_one_clear_line(result, "standard input", "WAV")
