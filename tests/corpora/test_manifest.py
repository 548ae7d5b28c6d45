"""The open material: everything has an author and a licence, and nobody trains and judges."""

import csv
import importlib
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

from lstm_se.corpora.manifest import blob_sha1, open_recordings

DATA = Path(__file__).resolve().parents[2] / "data"
ALLOWED = re.compile(r"CC0(-1\.0)?|CC-BY(-[34]\.0)?|Apache-2\.0|Public Domain")
ALL = open_recordings(DATA / "open")
USED = [recording for recording in ALL if recording.part]


def test_blobs_are_named_as_git_names_them():
    assert blob_sha1(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_every_file_has_its_own_place_and_can_be_fetched():
    assert len({recording.target for recording in ALL}) == len(ALL)
    for each in ALL:
        assert re.fullmatch(r"[0-9a-f]{40}", each.blob_sha1) and each.bytes > 0, each
        assert re.fullmatch(r"[0-9a-f]{40}", each.commit) and each.repository.count("/") == 1, each


def test_every_file_in_use_has_an_author_and_a_licence_that_lets_one_use_it():
    for each in USED:
        assert each.author and each.evidence and ALLOWED.fullmatch(each.licence), each


def test_what_is_left_out_has_a_reason():
    assert {bool(recording.part) != bool(recording.note) for recording in ALL} == {True}
    assert len(ALL) - len(USED) == 3


def test_no_talker_and_no_recording_trains_and_judges():
    sides, heard = defaultdict(set), defaultdict(set)
    for each in USED:
        sides[each.target.split("/")[1] if each.use == "speech" else each.path].add(each.part)
        heard[each.blob_sha1].add(each.part)
        for clip in re.findall(r"/\d-(\d+)-[A-Z]\.ogg|fs(\d+)", f"{each.path} {each.author}"):
            sides["Freesound", "".join(clip)].add(each.part)
    assert all(len(parts) == 1 for parts in (sides | heard).values())


def test_validation_has_thirty_talkers_and_eight_noises():
    held_out = {each.target.rsplit("/", 1)[0] for each in USED if each.part == "validation"}
    kinds = Counter(folder.split("/")[1].split("-")[0] for folder in held_out if "speech" in folder)
    assert kinds == {"librispeech": 15, "speechocean762": 15}
    assert sum(each.part == "validation" and each.use == "noise" for each in USED) == 8


def test_tables_can_be_made_again(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DATA))
    monkeypatch.setattr(sys, "argv", build_arguments(tmp_path))
    importlib.import_module("build_open").main()
    made = {each.target: each for each in open_recordings(tmp_path / "open")}
    assert {target: (each.part, each.author, each.licence) for target, each in made.items()} == {
        "validation_noise/train/blanket-train.flac": ("validation", "ann", "CC-BY-3.0"),
        "noise/rain/blanket-rain.flac": ("train", "bob", "CC0-1.0"),
        "noise/dog/esc10-1-1-A.flac": ("train", "nfrae", "CC0-1.0"),
        "validation_speech/librispeech-26/26-495-0000.flac": ("validation", "cy", "CC-BY-4.0"),
    }
    train = made["validation_noise/train/blanket-train.flac"]
    assert (train.path, train.bytes, train.blob_sha1) == ("a/b/train.ogg", 5, "0" * 40)
    assert train.copy_sha1 == blob_sha1(b"train.ogg")[:12]


def test_copy_that_is_missing_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(DATA))
    monkeypatch.setattr(sys, "argv", [*build_arguments(tmp_path), "--copy", "nowhere"])
    assert importlib.import_module("build_open").main() == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("build_open: ") and "nowhere" in told


def build_arguments(folder):
    """A copy of four recordings, and the options that name it."""
    rows = [
        ("noise/blanket/train.ogg", "x/blanket", "a/b/train.ogg", "ann", "CC-BY-3.0"),
        ("noise/blanket/rain.ogg", "x/blanket", "a/b/rain.ogg", "bob", "CC0-1.0"),
        ("noise/esc10/d/1-1-A.ogg", "x/ESC", "001 - Dog bark/1-1-A.ogg", "see there", "some"),
        ("speech/librispeech/26.flac", "x/y", "audio/26-495-0000.flac", "cy", "CC-BY-4.0"),
        ("speech/ljspeech/1.flac", "x/y", "audio/1.flac", "who", "PD"),
    ]
    for file, *_ in rows:
        path = folder / "copy" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(path.name.encode())
    columns = ("file", "repository", "path", "commit", "git_blob_sha1", "bytes")
    origins = [(*row[:3], "c" * 40, "0" * 40, 5) for row in rows]
    write(folder / "copy" / "ORIGINS.csv", columns, origins)
    sources = [(row[0], *row[3:], "README") for row in rows]
    write(folder / "copy" / "SOURCES.csv", ("file", "author", "licence", "evidence"), sources)
    readme = folder / "README.md"
    readme.write_text(
        "- **[1-1-A.ogg](u)**: from [a](b) by *nfrae* ([CC0](http://c.org/zero/1.0/))"
    )
    options = {"--copy": folder / "copy", "--esc10": readme, "--out": folder / "open"}
    return ["build_open.py", *(str(word) for pair in options.items() for word in pair)]


def write(path, columns, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
