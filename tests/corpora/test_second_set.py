"""The second test set shares nothing with the first, and is the same in every run."""

import csv
import importlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture
def second(monkeypatch):
    monkeypatch.syspath_prepend(str(DATA))
    return importlib.import_module("second_test")


@pytest.fixture(scope="module")
def bundled():
    with (DATA / "mini" / "SOURCES.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def sounds(count, seconds, seed=0):
    return np.random.default_rng(seed).standard_normal((count, seconds * 16_000)) / 20


def test_prompts_of_the_first_set_are_known(second, bundled):
    used = second.used_prompts(DATA / "mini")
    for line in bundled:
        for original in line["original"].split(";"):
            if line["split"] == "test":
                assert original in used
    assert not any(original.startswith("fr_") for original in used)  # June is in the training


def test_no_noise_is_a_recording_of_the_bundled_corpus(second, bundled):
    theirs = {
        original.rsplit("/", 1)[-1]
        for line in bundled
        if "noise" in line["file"]
        for original in line["original"].split(";")
    }
    ours = {name.rsplit("/", 1)[-1] for _, names in second.NOISES.values() for name in names}
    assert not ours & theirs


def test_every_source_has_author_licence_and_package(second):
    packages = {
        **second.load_packages(DATA / "packages.json"),
        **second.load_packages(DATA / "second_test.json"),
    }
    rows = second.source_rows(packages)
    assert len(rows) == len(second.VOICES) + len(second.NOISES)
    assert all(row["author"] and row["licence"] and row["package"] for row in rows)
    assert all(len(package.sha256) == 64 for package in packages.values())


def test_mixtures_are_pairs_of_one_length_and_the_same_in_every_run(second, tmp_path):
    speech = {"anna": list(sounds(5, 4)), "bert": list(sounds(3, 5, seed=1))}
    noises = np.round(sounds(3, 2, seed=2) * 20_000).astype(np.int16)
    banks = dict(zip(("one", "two", "three"), noises, strict=True))
    for run in ("a", "b"):
        assert second.write_pairs(tmp_path / run, speech, banks) == 8
    files = sorted((tmp_path / "a").rglob("*.*"))
    assert len(files) == 8 + 8 + 1
    for path in files:
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()
    clean, noisy = (
        [soundfile.info(p).frames for p in sorted((tmp_path / "a" / f"{k}_testset_wav").iterdir())]
        for k in ("clean", "noisy")
    )
    assert clean == noisy == [64_000] * 5 + [80_000] * 3
    lines = (tmp_path / "a" / "logfiles" / "log_testset.txt").read_text().splitlines()
    assert sorted(line.split()[2] for line in lines) == ["0", "0", "10", "10", "15", "15", "5", "5"]


def test_prompts_that_are_all_too_long_end_the_search(second, tmp_path):
    speech = importlib.import_module("speech")
    for i in range(12):
        soundfile.write(tmp_path / f"{i}.wav", sounds(1, 7)[0], 16_000)
    voice = speech.Voice("anna", None, sorted(tmp_path.iterdir()))
    assert list(speech.joined_utterances(voice, 1e9)) == []


@pytest.mark.parametrize("pairs", [4, 5, 6, 10, 139])
def test_every_talker_has_a_share_and_together_they_are_what_was_asked_for(second, pairs):
    shares = second.shares(pairs)
    assert sum(shares.values()) == pairs and min(shares.values()) >= 1


def test_shares_of_the_set_that_was_scored_are_what_they_were(second):
    assert second.shares(140) == {"allison": 35, "allison-es": 35, "carlo": 70}


def test_fewer_pairs_than_one_for_each_talker_are_refused(second, tmp_path, monkeypatch):
    monkeypatch.setattr(second, "require", lambda *tools: None)
    with pytest.raises(ValueError, match="3 pairs are not one for each talker: ask for 4 or more"):
        second.build(tmp_path / "new", None, 3)


def test_folder_with_something_in_it_is_left_alone(second, tmp_path, monkeypatch):
    monkeypatch.setattr(second, "require", lambda *tools: None)
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(ValueError, match="is not empty"):
        second.build(tmp_path, None, 4)
