"""Microphone to headphones, through devices that PulseAudio makes up: ``make test-system``."""

import io
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pexpect
import pytest
import scipy.signal
import soundfile
from command_line import assert_one_clear_line, run

import lstm_se
from lstm_se.chip import engines
from lstm_se.sound import audio

# What is played into the room is what the microphone hears; the ears hear what comes out.
SERVER = """
load-module module-native-protocol-unix socket={socket} auth-anonymous=1
load-module module-null-sink sink_name=room norewinds=1 rate=16000 channels=1 format=s16le
load-module module-null-sink sink_name=ears norewinds=1 rate=16000 channels=1 format=s16le
set-default-source room.monitor
set-default-sink ears
"""
OPTIONS = ["--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no", "--disable-shm=yes"]
# Half a second in store: a machine that has other things to do, too, must lose nothing.
LIVE = ["live", "--input", "pulse", "--output", "pulse", "--buffer", "500"]
DEVICES = "pulse .16000 Hz. to pulse .16000 Hz."
FORM = ["--format=s16le", "--rate=16000", "--channels=1"]
FILES = ["noisy", "enhanced"]
TAIL = 3  # seconds until all that was said has come out


@pytest.fixture
def server(tmp_path_factory, monkeypatch):
    """A sound server, which every program finds that a test starts."""
    folder = tmp_path_factory.mktemp("pulse")
    socket, script = folder / "native", folder / "server.pa"
    script.write_text(SERVER.format(socket=socket))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{socket}")
    log = (folder / "log").open("w")
    process = subprocess.Popen(["pulseaudio", "-n", "-F", script, *OPTIONS], stdout=log, stderr=log)
    while subprocess.run(["pactl", "info"], capture_output=True).returncode:
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.1)
    yield process
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """Noisy speech in a file, and its samples."""
    path = tmp_path_factory.mktemp("spoken") / "noisy.wav"
    samples = np.concatenate([pair.load()[1] for pair in lstm_se.mini().test[:2]])
    audio.write(path, samples)
    return path, audio.to_pcm(samples)


@pytest.fixture
def ears(server, tmp_path):
    """Start to listen; what was heard is the int16 that the function it gives returns."""
    path = tmp_path / "ears.raw"
    with path.open("wb") as file:
        listener = subprocess.Popen(["parec", "--device=ears.monitor", *FORM], stdout=file)

        def heard():
            time.sleep(TAIL)
            listener.terminate()
            listener.wait()
            return np.frombuffer(path.read_bytes(), "<i2")

        yield heard
        listener.kill()
        listener.wait()


def speak(path):
    subprocess.run(["paplay", "--device=room", path], check=True)


def cut(part, whole):
    """The stretch of ``whole`` that is most like ``part``; both int16, as float."""
    part, whole = part / 32_768, whole / 32_768
    begin = np.argmax(scipy.signal.correlate(whole, part, "valid", "fft"))
    return whole[begin : begin + len(part)]


def dropouts(shown):
    return int(re.findall(r"dropouts (\d+)", shown)[-1])


@pytest.mark.parametrize(("engine", "snr_db"), [("float", 60), ("firmware", 300)])
def test_ears_hear_what_the_denoiser_makes_of_the_room(
    engine, snr_db, server, ears, noisy, tmp_path
):
    """Without a terminal: there are no keys, and the interrupt of ``kill -INT`` ends it."""
    path, spoken = noisy
    command = [sys.executable, "-m", "lstm_se", *LIVE, "--engine", engine, "--record", tmp_path]
    live = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    assert re.match(DEVICES, live.stdout.readline())
    speak(path)
    played = ears()
    live.send_signal(signal.SIGINT)
    assert dropouts(live.communicate(timeout=60)[0]) == 0
    assert live.returncode == 0

    heard, enhanced = (soundfile.read(tmp_path / f"{name}.wav", dtype="int16")[0] for name in FILES)
    assert audio.snr_db(cut(spoken, heard), spoken / 32_768) > 300
    late = engines.load("tiny", engine).stream().latency  # of both files: their first hop is silent
    expected = engines.load("tiny", engine)(heard[late:].astype(np.float32) / 32_768)
    assert audio.snr_db(expected, enhanced[late:] / 32_768) > snr_db
    begin = np.flatnonzero(heard)[0]
    out = enhanced[begin : begin + len(spoken)]
    assert audio.snr_db(out / 32_768, cut(out, played)) > snr_db


def test_key_switches_between_both_and_the_terminal_is_as_it_was(server, ears, noisy):
    path, spoken = noisy
    live = f"{sys.executable} -m lstm_se {' '.join(LIVE)} --engine firmware"
    script = f"stty -g; {live}; echo code $?; stty -g"
    terminal = pexpect.spawn("bash", ["-c", script], encoding="utf-8", timeout=60, echo=False)
    terminal.logfile_read = log = io.StringIO()
    for key, shown in [
        ("", "denoised"),
        ("a", "as it came"),
        (" ", "denoised"),
        ("a", "as it came"),
    ]:
        terminal.send(key)
        terminal.expect(f"{shown}: in +-\\d+, out +-\\d+ dBFS, dropouts 0, load")
    speak(path)
    time.sleep(TAIL)
    terminal.send("a")
    time.sleep(1)
    speak(path)
    played = ears()
    terminal.sendintr()
    terminal.expect("code 0")
    terminal.expect(pexpect.EOF)
    first, last = re.findall(r"^[0-9a-f:]{40,}", log.getvalue(), re.MULTILINE)
    assert first == last
    assert dropouts(log.getvalue()) == 0

    half = np.flatnonzero(played)[0] + len(spoken) + TAIL * 8_000
    as_it_came, denoised = cut(spoken, played[:half]), cut(spoken, played[half:])
    assert audio.snr_db(spoken / 32_768, as_it_came) > 300
    assert audio.snr_db(spoken / 32_768, denoised) < 20


def test_q_ends_it(server):
    terminal = pexpect.spawn(sys.executable, ["-m", "lstm_se", *LIVE], encoding="utf-8", timeout=60)
    terminal.expect("denoised: in")
    terminal.send("q")
    terminal.expect(r"\d s, dropouts 0, load .* ms late")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_what_cannot_be_opened_is_told(server, tmp_path):
    assert "pulse" in run("live", "--list-devices").stdout
    assert_one_clear_line(run("live", "--input", "none such"), "none such", "--list-devices")
    (tmp_path / "noisy.wav").touch()
    assert_one_clear_line(run(*LIVE, "--record", tmp_path), str(tmp_path / "noisy.wav"), "another")


def test_server_that_ends_is_noticed(server):
    command = [sys.executable, "-m", "lstm_se", *LIVE]
    live = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    live.stdout.readline()
    server.kill()
    _, complaints = live.communicate(timeout=60)  # PortAudio's own come first
    assert complaints.splitlines()[-1].startswith("error: the sound card has stopped")
    assert live.returncode == 2
