"""The bundled corpus: every file has its source and licence, and no split leaks into another."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lstm_se.corpora import store

MINI = Path(__file__).resolve().parents[2] / "data" / "mini"
ALLOWED = re.compile(r"CC-BY-\d\.\d|CC-BY-SA-\d\.\d|CC0-1\.0|MIT|BSD-like")
HELD_OUT = {"allison", "carlo"}


def read_rows() -> list[dict[str, str]]:
    with (MINI / "SOURCES.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


ROWS = read_rows()


def rows_in(*folders: str) -> list[dict[str, str]]:
    return [row for row in ROWS if row["file"].split("/")[0] in folders]


def originals_of(row: dict[str, str]) -> set[tuple[str, str]]:
    """Package and name of each original; babble of several talkers may come from any of them."""
    return {(package, name) for package in row["package"].split() for name in
            row["original"].split(";")}  # fmt: skip


def minutes(rows: list[dict[str, str]]) -> float:
    return sum(soundfile.info(MINI / row["file"]).duration for row in rows) / 60


def bundled() -> list[Path]:
    """Files of the corpus; what a training run keeps beside them for the next one is none."""
    return [p for p in MINI.rglob("*") if p.is_file() and store.HIDDEN not in p.parts]


def test_sources_list_exactly_the_bundled_files():
    audio = {".wav", ".flac", ".ogg"}
    found = [p.relative_to(MINI).as_posix() for p in bundled() if p.suffix in audio]
    assert sorted(row["file"] for row in ROWS) == sorted(found)
    others = {p.name for p in bundled() if p.suffix not in audio}
    assert others == {"SOURCES.csv", "LICENSES.md"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_source_is_named_and_its_licence_allowed(row):
    assert all(ALLOWED.fullmatch(part) for part in row["licence"].split(" AND ")), row["licence"]
    for column in ("author", "licence_url", "original", "changes", "speaker_or_kind"):
        assert row[column].strip(), column
    assert all(re.fullmatch(r"[\w.-]+=[\w.+~-]+", pinned) for pinned in row["package"].split())


def test_licence_notices_name_every_package_and_author():
    text = (MINI / "LICENSES.md").read_text(encoding="utf-8")
    for row in ROWS:
        for pinned in row["package"].split():
            assert f"`{pinned.split('=')[0]}`" in text
        for author in row["author"].split("; "):
            assert author in text
    for required in ("Permission is hereby granted", "Any modifications must be clearly marked"):
        assert required in text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_audio_is_what_the_sources_say_and_sound(row):
    path = MINI / row["file"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert (rate, samples.shape[1]) == (16_000, 1)
    assert abs(len(samples) / rate - float(row["seconds"])) < 1e-3
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() < 0.99
    frames = samples[: len(samples) // 160 * 160, 0].reshape(-1, 160)
    level = 10 * np.log10(np.mean(frames.astype(np.float64) ** 2, axis=1) + 1e-12)
    assert np.mean(level > level.max() - 40) > 0.5, "mostly silence"


def test_size_and_minutes_stay_within_bounds():
    assert sum(p.stat().st_size for p in bundled()) <= 10_000_000
    assert minutes(rows_in("clean_trainset_3spk_wav")) <= 8
    assert minutes(rows_in("clean_testset_wav")) <= 2


def test_folder_name_counts_the_training_talkers():
    assert len({row["speaker_or_kind"] for row in rows_in("clean_trainset_3spk_wav")}) == 3


def test_file_names_carry_the_talker():
    for row in rows_in("clean_trainset_3spk_wav", "clean_testset_wav"):
        assert re.fullmatch(rf"{row['speaker_or_kind']}_\d{{3}}", Path(row["file"]).stem)


def test_talkers_of_train_and_test_are_disjoint():
    train = {row["speaker_or_kind"] for row in rows_in("clean_trainset_3spk_wav")}
    test = {row["speaker_or_kind"] for row in rows_in("clean_testset_wav")}
    assert train and test == HELD_OUT and not train & test


def test_held_out_voices_appear_in_no_training_file():
    train = [row for row in ROWS if row["split"] == "train"]
    authors = {row["author"] for row in rows_in("clean_testset_wav")}
    assert len(authors) == len(HELD_OUT)
    assert not any(author in row["author"] for row in train for author in authors)


def test_split_column_follows_the_folder():
    for row in ROWS:
        assert row["split"] == ("train" if "trainset" in row["file"].split("/")[0] else "test")


@pytest.mark.parametrize("column", ["original", "sha256", "author"])
def test_noise_of_train_and_test_is_disjoint(column):
    def values(folder: str) -> set[str]:
        return {part for row in rows_in(folder) for part in row[column].split(";")}

    assert values("noise_trainset") and not values("noise_trainset") & values("noise_testset")


def test_no_original_is_used_in_two_folders():
    users = defaultdict(set)
    for row in ROWS:
        for original in originals_of(row):
            users[original].add(row["file"].split("/")[0])
    assert not {key: folders for key, folders in users.items() if len(folders) > 1}


def test_no_two_bundled_files_are_the_same():
    assert len({row["sha256"] for row in ROWS}) == len(ROWS)


def test_english_is_among_the_test_languages():
    assert "en" in {row["language"] for row in rows_in("clean_testset_wav")}
