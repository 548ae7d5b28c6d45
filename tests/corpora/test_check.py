"""The check finds each fault by its kind, and nothing in a corpus that has none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from random_network import noise
from voicebank_fixture import make_corpus

import lstm_se
from lstm_se.config import Config
from lstm_se.corpora.check import FAULTS, NOTES, check_corpus
from lstm_se.training.sources import Sources

TEST = "testset_wav/p232_001.wav"


@pytest.fixture
def root(tmp_path):
    """A corpus without fault, at 16 kHz."""
    return written(tmp_path / "corpus", 16_000)


def written(root, rate):
    """A corpus of a rate; no two files are alike."""
    make_corpus(root, rate=rate)
    for seed, clean in enumerate(sorted(root.glob("clean_*/*.wav"))):
        samples = 0.1 * noise(rate // 4, seed=seed)
        soundfile.write(clean, samples, rate)
        noisy = Path(str(clean).replace("clean_", "noisy_"))
        soundfile.write(noisy, samples + 0.05 * noise(rate // 4, seed=seed + 99), rate)
    return root


def changed(path, change):
    """Rewrite a file."""
    samples, rate = soundfile.read(path)
    soundfile.write(path, change(samples), rate, "FLOAT")


def spoil_noisy(change):
    """Change one noisy file."""
    return lambda root: changed(root / f"noisy_{TEST}", change)


def swapped(root):
    """A pair whose two files were exchanged; without a pause nobody could tell."""
    changed(root / f"clean_{TEST}", lambda x: np.where(np.arange(len(x)) < len(x) / 2, x, x / 1000))
    samples, rate = soundfile.read(root / f"clean_{TEST}")
    noisy = samples + 0.05 * noise(len(samples), seed=1)
    soundfile.write(root / f"noisy_{TEST}", samples, rate, "FLOAT")
    soundfile.write(root / f"clean_{TEST}", noisy, rate, "FLOAT")


def twice(root, name="testset_wav/p232_002.wav"):
    """One pair under another name."""
    for side in ("clean", "noisy"):
        shutil.copy(root / f"{side}_{name}", root / f"{side}_{TEST}")


def renamed(root):
    """A training speaker in the test set."""
    for side in ("clean", "noisy"):
        (root / f"{side}_{TEST}").rename(root / f"{side}_testset_wav" / "p226_009.wav")


def removed(*folders):
    """Without some folders."""
    return lambda root: [shutil.rmtree(root / folder) for folder in folders]


def with_one_talker(root):
    """Nobody is left to validate on."""
    for path in root.glob("*_trainset_28spk_wav/*"):
        if not path.name.startswith("p226"):
            path.unlink()


SPOIL = {
    "part": removed("clean_testset_wav"),
    "partner": lambda root: (root / f"noisy_{TEST}").unlink(),
    "unreadable": lambda root: (root / f"noisy_{TEST}").write_bytes(b""),
    "mismatch": spoil_noisy(lambda x: x[1:]),
    "silent": lambda root: changed(root / f"clean_{TEST}", np.zeros_like),
    "noiseless": lambda root: shutil.copy(root / f"clean_{TEST}", root / f"noisy_{TEST}"),
    "swapped": swapped,
    "delay": spoil_noisy(lambda x: np.roll(x, 3)),
    "gain": spoil_noisy(lambda x: 0.5 * x),
    "shared speaker": renamed,
    "shared file": lambda root: twice(root, "trainset_28spk_wav/p226_001.wav"),
    "clipped": spoil_noisy(lambda x: np.where(np.arange(len(x)) == 5, 1, x)),
    "duplicate": twice,
}


def kinds(root, **options):
    """Kinds of what is found, with their counts."""
    seen = check_corpus(root, **options).seen
    return {kind: len(found) for kind, found in seen.items() if found}


def test_corpus_without_fault_has_no_finding(root):
    found = check_corpus(root)
    assert found.fit
    assert found.lines() == []
    assert dict(found.pairs) == {"train": 4, "validation": 4, "test": 4}


def test_bundled_corpus_is_fit():
    found = check_corpus(lstm_se.mini().root)
    assert found.fit, found.lines()


@pytest.mark.parametrize("kind", SPOIL)
def test_fault_is_found_under_its_name(kind, root):
    SPOIL[kind](root)
    assert kinds(root) == {kind: 1}
    assert check_corpus(root).fit == (kind in NOTES)


TRAINING = "clean_trainset_28spk_wav", "noisy_trainset_28spk_wav"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (removed("clean_testset_wav"), "clean_testset_wav, whose counterpart is there"),
        (removed("noisy_testset_wav"), "noisy_testset_wav, whose counterpart is there"),
        (removed(TRAINING[0]), "clean_trainset_28spk_wav, whose counterpart is there"),
        (removed(*TRAINING), "corpus: a training set"),
        (with_one_talker, "corpus: a second talker, to validate on"),
    ],
)
def test_what_training_would_refuse_is_not_fit(spoil, words, root):
    spoil(root)
    with pytest.raises((OSError, ValueError)):
        Sources([root]).load(Config())
    found = check_corpus(root)
    assert not found.fit
    (line,) = found.lines()
    assert line.endswith(words)


@pytest.mark.parametrize("side", ["clean", "noisy"])
def test_empty_folder_is_a_missing_part_and_hides_no_other_fault(side, root):
    for path in (root / f"{side}_testset_wav").iterdir():
        path.unlink()
    (root / f"{side}_trainset_28spk_wav" / "p226_001.wav").unlink()
    assert kinds(root) == {"part": 1, "partner": 1}
    assert f"{side}_testset_wav holds no sound file" in check_corpus(root).lines()[0]


def test_samples_that_are_the_clean_ones_are_found_in_another_format_too(root):
    samples, rate = soundfile.read(root / f"clean_{TEST}")
    soundfile.write(root / f"noisy_{TEST}", samples, rate, "FLOAT")
    assert kinds(root) == {"noiseless": 1}


def test_bang_in_steady_speech_is_noise(root):
    spoil_noisy(lambda x: x + 3 * (np.abs(np.arange(len(x)) - 2000) < 160) * x)(root)
    assert kinds(root) == {}


def test_every_kind_has_its_test():
    assert SPOIL.keys() | {"rate"} == FAULTS.keys() | NOTES.keys()


def test_other_rate_is_a_note(tmp_path):
    root = written(tmp_path, 48_000)
    assert kinds(root) == {"rate": 12}
    assert check_corpus(root).fit


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_sample_that_is_no_number_is_unreadable(value, root):
    spoil_noisy(lambda x: np.where(np.arange(len(x)) == 5, value, x))(root)
    assert kinds(root) == {"unreadable": 1}


def test_line_names_count_kind_and_first_file(root):
    SPOIL["delay"](root)
    (line,) = check_corpus(root).lines()
    assert line.split()[:2] == ["fault", "1"]
    assert "p232_001.wav is 3 samples late" in line


def test_processes_find_the_same(root):
    SPOIL["delay"](root)
    assert check_corpus(root, jobs=2).lines() == check_corpus(root).lines()


def test_folder_that_is_no_corpus_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds neither clean_trainset"):
        check_corpus(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "code"), [("", 0), ("clipped", 0), ("partner", 1)])
def test_exit_code_tells(kind, code, root):
    SPOIL.get(kind, lambda root: None)(root)
    command = [sys.executable, "-m", "lstm_se", "data", "check", str(root), "--jobs", "1"]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert result.returncode == code, result.stderr
    assert result.stdout.splitlines()[-1] == (
        "fit to train on" if code == 0 else "not fit to train on"
    )
