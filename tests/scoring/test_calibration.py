"""The check against published scores tells whole from part, and names each mistake."""

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from random_network import noise

import lstm_se
from lstm_se.corpora.download import ARCHIVES
from lstm_se.corpora.pairs import matched
from lstm_se.scoring import calibration
from lstm_se.scoring.calibration import (
    ADVICE,
    PUBLISHED,
    SEEN,
    TEST_FILES,
    WHOLE_SET,
    Calibration,
    calibrate,
    differing,
    look,
    mistakes_of_names,
    mistakes_of_scores,
    mistakes_of_sound,
)
from lstm_se.scoring.report import Report, Row
from lstm_se.sound import audio

ROOT = Path(__file__).resolve().parents[2]
RIGHT = {metric: published.mean for metric, published in PUBLISHED.items()}


def sounds(seed, rate=48_000, seconds=0.5):
    """A burst and a pause, and the same in noise."""
    clean = 0.1 * noise(int(rate * seconds), seed=seed)
    clean[len(clean) // 2 :] *= 0.001
    return clean, clean + 0.02 * noise(len(clean), seed=seed + 99)


def write(folder, clean, noisy, name="p232_001", rate=16_000):
    """A pair, in floats."""
    for side, samples in (("clean", clean), ("noisy", noisy)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / side / f"{name}.wav", samples, rate, "FLOAT")


def sound(folder):
    """A pair without fault: resampled to 16 kHz as it should be."""
    write(folder, *(audio.resample(side, 48_000, 16_000) for side in sounds(0)))


def changed(side, change):
    """Rewrite one side."""

    def spoil(folder):
        path = folder / side / "p232_001.wav"
        samples, rate = soundfile.read(path)
        soundfile.write(path, change(samples), rate, "FLOAT")

    return spoil


def exchanged(folder):
    """The folders named the wrong way round."""
    (folder / "clean").rename(folder / "other")
    (folder / "noisy").rename(folder / "clean")
    (folder / "other").rename(folder / "noisy")


def copied(folder):
    """The clean file as the noisy one."""
    shutil.copy(folder / "clean" / "p232_001.wav", folder / "noisy")


SPOIL = {
    "noiseless": copied,
    "swapped": exchanged,
    "unreadable": lambda folder: (folder / "noisy" / "p232_001.wav").write_bytes(b""),
    "mismatch": changed("noisy", lambda x: x[1:]),
    "silent": changed("clean", np.zeros_like),
    "delay": changed("noisy", lambda x: np.roll(x, 3)),
    "gain": changed("noisy", lambda x: 0.5 * x),
    "clipped": changed("noisy", lambda x: np.where(np.arange(len(x)) == 5, 1, x)),
    "rate": lambda folder: write(folder, *sounds(0), rate=48_000),
    "decimated": lambda folder: write(folder, *(side[::3] for side in sounds(0))),
}


def looks(folder):
    """What is found in the pairs of a folder."""
    return [look(pair) for pair in matched(folder / "clean", folder / "noisy")[0]]


def test_pair_without_fault_has_no_mistake(tmp_path):
    sound(tmp_path)
    assert list(mistakes_of_sound(looks(tmp_path))) == []


@pytest.mark.parametrize("kind", SPOIL)
def test_mistake_is_named(kind, tmp_path):
    sound(tmp_path)
    SPOIL[kind](tmp_path)
    (line,) = mistakes_of_sound(looks(tmp_path))
    assert line.startswith(f"{SEEN[kind]}: 1 of 1; {ADVICE[kind]}; first ")
    assert "p232_001.wav" in line


def test_every_kind_of_mistake_has_its_test():
    assert SPOIL.keys() == ADVICE.keys()


def test_files_of_one_length_were_cut(tmp_path):
    for number in range(3):
        write(tmp_path, *sounds(number, 16_000, 0.5), name=f"p232_00{number}")
    write(tmp_path, *sounds(3, 16_000, 0.7), name="p232_003")
    assert "pairs of 0.5 s: 3 of 4" in next(mistakes_of_sound(looks(tmp_path)))


def test_header_of_a_third_of_the_rate_is_suspected(tmp_path):
    for number, seconds in enumerate((2.0, 3.0)):
        whole = sounds(number, 48_000, seconds)
        write(tmp_path, *whole, name=f"p232_00{number}", rate=16_000)
    (line,) = mistakes_of_sound(looks(tmp_path))
    assert line.startswith("mean length: 7.5 s instead of 2.5 s")


@pytest.mark.parametrize(
    ("counts", "alone", "expected"),
    [
        (TEST_FILES, [], []),
        ({"p232": 70, "p257": 72}, [], ["missing pairs: 682 of 824, 323 of p232, 359 of p257"]),
        ({"p232": 393, "p257": 432}, [], ["pairs too many: 1 of p257"]),
        (
            TEST_FILES | {"p226": 5, "p227": 4, "p286": 3, "p287": 2},
            [],
            ["pairs of other talkers (p226, p227, p286, …): 14"],
        ),
        (
            TEST_FILES,
            ["p232_002", "p232_001"],
            ["files without a partner in noisy: 2; first p232_001"],
        ),
    ],
)
def test_names_tell_which_files_these_are(counts, alone, expected):
    found = list(mistakes_of_names(Counter(counts), {Path("noisy"): alone}))
    assert len(found) == len(expected)
    for line, start in zip(found, expected, strict=True):
        assert line.startswith(start)


def test_the_set_is_the_one_that_is_downloaded():
    (archive,) = (archive for archive in ARCHIVES if archive.name == "noisy_testset_wav")
    assert archive.files == WHOLE_SET


def test_the_book_shows_the_same_means():
    stored = json.loads((ROOT / "notebooks/results/09_published.json").read_text(encoding="utf-8"))
    (noisy,) = (row for row in stored["rows"] if row["system"] == "noisy")
    shown = {metric: noisy[metric] for metric in RIGHT if noisy[metric] is not None}
    assert len(shown) >= 3
    assert shown == {metric: RIGHT[metric] for metric in shown}


@pytest.mark.parametrize(
    ("means", "different", "words"),
    [
        (RIGHT, set(), None),
        (RIGHT | {"pesq_wb": 1.978, "si_sdr": 8.44}, set(), None),
        (RIGHT | {"si_sdr": 6.0}, {"si_sdr"}, "only SI-SDR differs"),
        (RIGHT | {"pesq_wb": 2.53}, {"pesq_wb"}, "nothing odd"),
        ({}, set(RIGHT), "nothing odd"),
    ],
)
def test_scores_tell_the_rest(means, different, words):
    assert differing(means) == different
    found = list(mistakes_of_scores(means))
    assert [words in line for line in found] == ([True] if words else [])


def scored(whole=True, **changes):
    """A check of one file with the right scores, but for some."""
    row = Row("p232_001", "noisy", {**RIGHT, **changes}, {})
    return Calibration(Report((row,), tuple(row.values)), whole, ())


def test_verdict_needs_the_whole_set():
    assert scored().agrees and scored().lines()[-1] == "as published"
    assert scored(stoi=0.9).lines()[-1] == "not as published"
    part = scored(whole=False)
    assert not part.agrees and part.lines()[-1].startswith("not to be compared")


def test_a_score_that_failed_spoils_the_check():
    rows = scored().report.rows + (Row("p232_002", "noisy", {}, dict.fromkeys(RIGHT, "why")),)
    assert not Calibration(Report(rows, tuple(RIGHT)), True, ()).agrees


def test_narrow_band_is_told_apart():
    assert "gives PESQ 2.90 listens in narrow band" in "\n".join(scored(pesq_nb=2.9).lines())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three recordings of the bundled corpus below names of the test set."""
    folder = tmp_path_factory.mktemp("test_set")
    for number, pair in enumerate(lstm_se.mini().test[:3]):
        for side in ("clean", "noisy"):
            (folder / side).mkdir(exist_ok=True)
            shutil.copy(getattr(pair, side), folder / side / f"p232_00{number}.wav")
    return folder


def test_folders_are_scored_and_compared(folder, monkeypatch):
    found = calibrate(folder / "clean", folder / "noisy", jobs=1)
    assert not found.whole
    assert "missing pairs: 821 of 824, 390 of p232, 431 of p257" in found.mistakes
    means = calibration.means_of(found.report)
    assert means.keys() == {*PUBLISHED, "pesq_nb"}
    pairs = matched(folder / "clean", folder / "noisy")[0]
    whole = lstm_se.evaluate(pairs, metrics=["si_sdr"], jobs=1).summary()[0]
    assert means["si_sdr"] == whole.mean
    monkeypatch.setattr(calibration, "TEST_FILES", {"p232": 3})
    assert calibrate(folder / "clean", folder / "noisy", jobs=1).whole


def test_folders_without_a_common_name_are_told(folder, tmp_path):
    sound(tmp_path)
    (tmp_path / "clean" / "p232_001.wav").rename(tmp_path / "clean" / "p257_001.wav")
    with pytest.raises(ValueError, match="has the name of one in"):
        calibrate(tmp_path / "clean", tmp_path / "noisy", jobs=1)
