"""The command line as its users meet it: real processes, real files, one line for each mistake."""

import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
from command_line import assert_one_clear_line, run

import lstm_se
from lstm_se.cli import info, main
from lstm_se.network import in_numpy

RATE = 16_000


def write(path, samples, rate=RATE, subtype="PCM_16"):
    """A WAV file, whatever is in it."""
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def noise(seconds=0.5, channels=1, rate=RATE):
    return 0.1 * np.random.default_rng(0).standard_normal((int(seconds * rate), channels))


@pytest.fixture
def noisy(tmp_path):
    return write(tmp_path / "noisy.wav", noise())


BAD_FILES = {
    "empty": (lambda path: path.write_bytes(b""), "0 bytes"),
    "text": (lambda path: path.write_text("not a sound\n" * 50), "not a sound file"),
    "headed": (lambda path: write(path, np.zeros((0, 1))), "0 samples"),
    "nan": (lambda path: write(path, noise() * np.nan, subtype="FLOAT"), "NaN"),
    "inf": (lambda path: write(path, noise() / 0.0, subtype="FLOAT"), "infinite"),
}


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_input_gets_one_line_and_leaves_nothing(tmp_path, kind):
    make, words = BAD_FILES[kind]
    bad = tmp_path / f"{kind}.wav"
    make(bad)
    result = run("enhance", bad, "-o", tmp_path / "out" / "enhanced.wav")
    assert_one_clear_line(result, str(bad), words)
    assert [path.name for path in tmp_path.iterdir()] == [bad.name]


def test_warning_gets_one_line(monkeypatch, capsys):
    monkeypatch.setattr(main.commands, "main", lambda **_: warnings.warn("mind", stacklevel=1))
    with warnings.catch_warnings(action="always"), pytest.raises(SystemExit):
        main.main()
    assert capsys.readouterr().err == "warning: mind\n"


def test_missing_file_is_named(tmp_path):
    result = run("enhance", tmp_path / "none.wav", "-o", tmp_path / "out.wav")
    assert_one_clear_line(result, "none.wav", "does not exist")
    assert not list(tmp_path.iterdir())


def test_output_may_not_be_the_input(noisy):
    before = noisy.read_bytes()
    assert_one_clear_line(run("enhance", noisy, "-o", noisy), str(noisy), "input")
    assert_one_clear_line(run("enhance", noisy, "-o", noisy.parent), str(noisy), "input")
    link = noisy.with_name("link.wav")
    link.symlink_to(noisy)
    assert_one_clear_line(run("enhance", noisy, "-o", link), str(link), "input")
    assert noisy.read_bytes() == before


def test_format_that_cannot_be_written_is_named(noisy):
    result = run("enhance", noisy, "-o", noisy.with_name("out.xyz"))
    assert_one_clear_line(result, "out.xyz", ".wav")
    assert not noisy.with_name("out.xyz").exists()


def test_unwritable_folder_is_named(noisy):
    # a folder below a file cannot be made, not even by root, who may write anywhere
    target = noisy / "below" / "out.wav"
    assert_one_clear_line(run("enhance", noisy, "-o", target), "cannot make the folder", "below")


def test_folder_without_audio_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    result = run("enhance", tmp_path / "empty", "-o", tmp_path / "out")
    assert_one_clear_line(result, "empty", "no sound file")
    assert not (tmp_path / "out").exists()


def test_pairs_that_do_not_match_are_named(tmp_path):
    for folder, name in (("clean", "a_001"), ("clean", "a_002"), ("noisy", "a_001")):
        (tmp_path / folder).mkdir(exist_ok=True)
        write(tmp_path / folder / f"{name}.wav", noise())
    result = run("evaluate", "--clean", tmp_path / "clean", "--noisy", tmp_path / "noisy")
    assert_one_clear_line(result, "a_002")


def test_pairs_of_different_length_are_named(tmp_path):
    for folder, seconds in (("clean", 1), ("noisy", 2)):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "a_001.wav", noise(seconds))
    result = run("evaluate", "--clean", tmp_path / "clean", "--noisy", tmp_path / "noisy")
    assert_one_clear_line(result, "16000 samples", "32000")


@pytest.mark.parametrize("keep", [0, 1000, 500_000])
def test_truncated_weights_are_named(tmp_path, noisy, keep):
    pretrained = Path(lstm_se.__file__).parent / "pretrained" / "tiny"
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_bytes((pretrained / "config.json").read_bytes())
    (model / "weights.npz").write_bytes((pretrained / "weights.npz").read_bytes()[:keep])
    result = run("enhance", noisy, "-o", tmp_path / "out.wav", "--model", model)
    assert_one_clear_line(result, "weights.npz", "damaged")
    assert not (tmp_path / "out.wav").exists()


def test_unknown_model_is_named(noisy):
    result = run("enhance", noisy, "-o", noisy.with_name("o.wav"), "--model", "huge")
    assert_one_clear_line(result, "huge", "tiny")


def test_8_khz_works_and_says_what_was_done(tmp_path):
    source = write(tmp_path / "phone.wav", noise(rate=8000), 8000)
    result = run("enhance", source, "-o", tmp_path / "out.wav")
    assert result.returncode == 0, result.stderr
    assert "8000 Hz" in result.stdout
    assert soundfile.info(tmp_path / "out.wav").samplerate == 8000


@pytest.mark.parametrize(("suffix", "subtype"), [("wav", "PCM_24"), ("flac", "PCM_16")])
def test_48_khz_stereo_keeps_rate_channels_length_and_subtype(tmp_path, suffix, subtype):
    source = tmp_path / f"stereo.{suffix}"
    soundfile.write(source, noise(1.0003, 2, 48_000), 48_000, subtype=subtype)
    target = tmp_path / f"out.{suffix}"
    assert run("enhance", source, "-o", target).returncode == 0
    before, after = soundfile.info(source), soundfile.info(target)
    for field in ("samplerate", "channels", "frames", "subtype"):
        assert getattr(before, field) == getattr(after, field)


def test_folder_in_gives_folder_out_and_one_bad_file_stops_no_other(tmp_path):
    source = tmp_path / "in"
    (source / "deep").mkdir(parents=True)
    write(source / "one.wav", noise())
    write(source / "deep" / "two.wav", noise())
    (source / "bad.wav").write_text("no sound")
    result = run("enhance", source, "-o", tmp_path / "out")
    assert_one_clear_line(result, "bad.wav")
    found = sorted(p.relative_to(tmp_path / "out") for p in (tmp_path / "out").rglob("*.*"))
    assert found == [Path("deep/two.wav"), Path("one.wav")]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_enhance_leaves_no_half_file(tmp_path, number):
    source = write(tmp_path / "long.wav", noise(60))
    target = tmp_path / "out.wav"
    target.write_bytes(b"the one from before")
    command = [sys.executable, "-m", "lstm_se", "enhance", str(source), "-o", str(target)]
    for wait in (0.3, 1.0, 2.0):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        time.sleep(wait)
        process.send_signal(number)
        process.communicate()
        if target.read_bytes() != b"the one from before":  # it was faster
            assert soundfile.info(target).frames == 60 * RATE
        visible = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
        assert visible == {"long.wav", "out.wav"}


def test_killed_while_writing_leaves_the_old_file(tmp_path):
    """The worst moment, chosen exactly: when half of the samples are in the file."""
    target = tmp_path / "out.wav"
    target.write_bytes(b"the one from before")
    script = (
        "import os, signal, numpy\n"
        "from lstm_se.sound.sink import SoundSink\n"
        f"with SoundSink({str(target)!r}, 16000) as sink:\n"
        "    sink.write(numpy.zeros(8000, 'float32'))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == -signal.SIGKILL
    assert target.read_bytes() == b"the one from before"
    assert run("enhance", write(tmp_path / "in.wav", noise()), "-o", target).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.wav", "out.wav"]


def test_evaluate_writes_what_it_prints(tmp_path):
    corpus = lstm_se.mini()
    for folder in ("clean", "noisy"):
        (tmp_path / folder).mkdir()
        for pair in corpus.test[:3]:
            source = getattr(pair, folder)
            (tmp_path / folder / source.name).symlink_to(source)
    files = ("--csv", tmp_path / "scores.csv", "--json", tmp_path / "scores.json")
    folders = ("--clean", tmp_path / "clean", "--noisy", tmp_path / "noisy")
    result = run("evaluate", *folders, *files, "--metrics", "si_sdr,stoi")
    assert result.returncode == 0, result.stderr
    assert "SI-SDR" in result.stdout
    assert (tmp_path / "scores.csv").read_text().count("\n") == 1 + 3 * 2
    assert '"si_sdr"' in (tmp_path / "scores.json").read_text()


def test_evaluate_scores_a_folder_that_something_else_enhanced(tmp_path):
    pairs = lstm_se.mini().test[:2]
    for folder in ("clean", "noisy", "mine"):
        (tmp_path / folder).mkdir()
        for pair in pairs:
            source = pair.clean if folder == "mine" else getattr(pair, folder)
            (tmp_path / folder / source.name).symlink_to(source)
    folders = [f"--{kind}={tmp_path / kind}" for kind in ("clean", "noisy")]
    result = run("evaluate", *folders, "--enhanced", tmp_path / "mine", "--metrics", "stoi")
    assert result.returncode == 0, result.stderr
    assert "mine" in result.stdout
    assert "1.000" in result.stdout


def test_data_mini_prints_its_folder(tmp_path):
    result = run("data", "mini", "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    root = Path(result.stdout.splitlines()[0])
    assert root.is_relative_to(tmp_path)
    assert len(list((root / "noisy_testset_wav").glob("*.wav"))) == len(lstm_se.mini().test)


def test_info_tells_size_training_and_scores():
    result = run("info", "tiny")
    assert result.returncode == 0, result.stderr
    config = lstm_se.load("tiny").config
    cost = (f"{count(config):,}" for count in (in_numpy.parameters, in_numpy.macs))
    for words in (*cost, "train speech", "PESQ-WB", "95 % interval"):
        assert words in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_info_counts_the_talkers_of_a_collection(tmp_path):
    shipped = Path(lstm_se.__file__).parent / "pretrained" / "tiny"
    shutil.copytree(shipped, tmp_path / "run")
    banks = ["june", "kerstin-de", *(f"readers-{number}" for number in range(40))]
    rows = [f"train speech,{bank},a.wav,1.0,0" for bank in banks]
    (tmp_path / "run" / "sources.csv").write_text(
        "\n".join(["use,bank,file,seconds,sha256", *rows])
    )
    told = info.describe(tmp_path / "run").partition("scores")[0]
    assert "june, kerstin-de, readers (40)" in " ".join(told.split())
    assert max(map(len, told.splitlines())) <= 80


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("recipe.json", "{"),
        ("recipe.json", "[]"),
        ("recipe.json", "{}"),
        ("recipe.json", '{"command": "train", "steps": 1, "minutes": {}}'),
        ("recipe.json", '{"command": 1, "steps": 1}'),
        ("sources.csv", "bank,file\na,b\n"),
        ("history.csv", "\xff"),
        ("scores.json", '{"rows": [{}], "metrics": ["stoi"]}'),
        ("scores.json", '{"rows": []}'),
    ],
)
def test_damaged_record_is_named_by_info(name, content, tmp_path):
    shipped = Path(lstm_se.__file__).parent / "pretrained" / "tiny"
    shutil.copytree(shipped, tmp_path / "run")
    (tmp_path / "run" / name).write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=rf"\A\S+{name} is .+\Z"):
        info.describe(tmp_path / "run")


@pytest.mark.parametrize("command", ["", *main.commands.commands])
def test_help_comes_without_tensorflow(command):
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    result = run(*command.split(), "--help", env=environment)
    assert result.returncode == 0
    assert "Usage" in result.stdout
    for package in ("tensorflow", "keras", "librosa", "matplotlib"):
        assert f"| {package}\n" not in result.stderr
    if command not in ("", "data"):
        assert "Example" in result.stdout


def test_training_without_talkers_to_validate_on_is_refused(tmp_path):
    (tmp_path / "speech").mkdir()
    write(tmp_path / "speech" / "a.wav", noise())
    result = run("train", "--speech", tmp_path / "speech", "--out", tmp_path / "run")
    assert result.returncode == 2
    assert result.stderr.strip().splitlines()[-1].startswith("error: no talker to validate on")
    assert not (tmp_path / "run").exists()


def test_setting_an_unknown_field_is_refused(tmp_path):
    result = run("train", "--data", "mini", "--set", "colour=red", "--out", tmp_path / "run")
    assert result.returncode == 2
    assert "colour" in result.stderr.strip().splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_training_that_is_terminated_saves_and_ends(tmp_path):
    command = [sys.executable, "-m", "lstm_se", "train", "--data", "mini", "--out"]
    command.append(str(tmp_path / "run"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()  # "Epoch 1/40"
        process.terminate()
        _, complaint = process.communicate(timeout=120)
    assert process.returncode == 130, complaint
    assert b"--resume goes on from there" in complaint
