"""A store gives back what was put in, whatever happened to the process that put it there."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lstm_se.corpora import store

ONES = np.ones(1000, np.int16)
KILLED = """
import os, sys, time
from pathlib import Path
import numpy as np
from lstm_se.corpora import store

def make(missing):
    for number, key in enumerate(missing):
        print("making", key, flush=True)
        if number == int(sys.argv[2]):
            time.sleep(60)
        yield np.full(1000, int(key), np.float32), {}

store.keep(Path(sys.argv[1]), {str(n): {"kind": "whole"} for n in range(6)}, make)
"""


def kept(folder, wanted, made=None):
    """Arrays of ones by key; the keys that had to be made go into ``made``."""

    def make(missing):
        for key in missing:
            if made is not None:
                made.append(key)
            yield ONES, {"made": True}

    return store.keep(folder, wanted, make)


def filler(folder, stop):
    """A process that fills a store of six, and sleeps before it makes number ``stop``."""
    command = [sys.executable, "-c", KILLED, str(folder), str(stop)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_array_comes_back_whole_and_by_the_stretch(dtype, tmp_path):
    arrays = {"a": np.arange(333).astype(dtype), "b": np.arange(7).astype(dtype)}
    make = lambda missing: ((arrays[key], {}) for key in missing)  # noqa: E731
    found = store.keep(tmp_path, dict.fromkeys(arrays, {}), make)
    for key, array in arrays.items():
        assert found[key][:].dtype == dtype
        np.testing.assert_array_equal(found[key][:], array)
        np.testing.assert_array_equal(found[key][2:5], array[2:5])
        np.testing.assert_array_equal(np.asarray(found[key]), array)


def test_array_is_made_once(tmp_path):
    made = []
    for _ in range(2):
        kept(tmp_path, {"a": {"bytes": 1}}, made)
    assert made == ["a"]


def test_array_of_other_facts_is_made_again(tmp_path):
    made = []
    for size in (1, 2):
        found = kept(tmp_path, {"a": {"bytes": size}, "b": {}}, made)
        assert found["a"].facts["bytes"] == size
    assert made == ["a", "b", "a"]


@pytest.mark.parametrize("gap", [slice(0, 10, 2), slice(5, 5)])
def test_stretch_with_gaps_or_of_nothing_is_refused(gap, tmp_path):
    with pytest.raises(ValueError, match="a stretch has no gaps and at least one sample"):
        kept(tmp_path, {"a": {}})["a"][gap]


@pytest.mark.slow
def test_killed_process_loses_only_what_it_was_making(tmp_path):
    first = filler(tmp_path, 3)
    for _ in range(4):
        first.stdout.readline()
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = filler(tmp_path, -1)
    assert second.communicate()[0].split() == ["making", "3", "making", "4", "making", "5"]
    found = kept(tmp_path, {str(n): {"kind": "whole"} for n in range(6)})
    assert all((found[str(n)][:] == n).all() for n in range(6))


def test_half_written_tail_is_cut_off(tmp_path):
    kept(tmp_path, {"a": {}})
    index, samples = (tmp_path / store.HIDDEN / name for name in ("index.jsonl", "samples.bin"))
    with index.open("ab") as file:
        file.write(index.read_bytes().replace(b'"a"', b'"b"')[:-9])
    with samples.open("ab") as file:
        file.write(b"half an array")
    made = []
    found = kept(tmp_path, {"a": {}, "b": {}}, made)
    assert made == ["b"]
    np.testing.assert_array_equal(found["b"][:], ONES)
    assert samples.stat().st_size == 2 * ONES.nbytes
    assert [json.loads(line)["key"] for line in index.read_text().splitlines()] == ["a", "b"]


def test_samples_that_were_cut_short_are_made_again(tmp_path):
    kept(tmp_path, {"a": {}})
    os.truncate(tmp_path / store.HIDDEN / "samples.bin", 100)
    np.testing.assert_array_equal(kept(tmp_path, {"a": {}})["a"][:], ONES)


@pytest.mark.slow
def test_samples_that_are_cut_short_while_they_are_read_are_told(tmp_path):
    array = kept(tmp_path, {"a": {}})["a"]
    os.truncate(array.path, array.offset + array.size)
    assert len(array[:100]) == 100
    with pytest.raises(OSError, match="shorter"):
        array[900:]


def test_second_process_waits_and_finds_all_made(tmp_path):
    first = filler(tmp_path, 3)
    for _ in range(4):
        first.stdout.readline()
    second = filler(tmp_path, -1)
    time.sleep(1)
    assert second.poll() is None, "it did not wait"
    first.kill()
    assert second.communicate()[0].split() == ["making", "3", "making", "4", "making", "5"]
    first.wait()


def test_folder_that_cannot_be_written_has_its_store_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    corpus, made = tmp_path / "corpus", []
    corpus.mkdir()
    (corpus / store.HIDDEN).touch()  # no folder can be made of that name, even by root
    for _ in range(2):
        found = kept(corpus, {"a": {}}, made)
    assert made == ["a"]
    assert found["a"].path.is_relative_to(tmp_path / "cache")


def test_store_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv(store.ELSEWHERE, str(tmp_path / "fast disk"))
    (tmp_path / "corpus").mkdir()
    path = kept(tmp_path / "corpus", {"a": {}})["a"].path
    assert path.is_relative_to(tmp_path / "fast disk")
    assert list((tmp_path / "corpus").iterdir()) == []


def test_store_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "full").touch()
    monkeypatch.setenv(store.ELSEWHERE, str(tmp_path / "full"))
    with pytest.raises(OSError, match="cannot make the folder .*full.*; LSTM_SE_STORE names"):
        kept(tmp_path, {"a": {}})


def test_store_of_a_folder_has_the_name_that_it_always_had(tmp_path, monkeypatch):
    monkeypatch.setenv(store.ELSEWHERE, str(tmp_path))
    assert [path.name for path in store.places(Path("/corpus/ü"))] == ["ü-32e90bcfaa20"]


def test_folder_whose_name_is_no_utf8_has_a_store(tmp_path, monkeypatch):
    monkeypatch.setenv(store.ELSEWHERE, str(tmp_path / "fast"))
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    np.testing.assert_array_equal(kept(folder, {"a": {}})["a"][:], ONES)


def test_array_that_fails_leaves_those_before_it(tmp_path):
    def make(missing):
        yield ONES, {}
        raise ValueError("b.wav is empty")

    with pytest.raises(ValueError, match=r"b\.wav is empty"):
        store.keep(tmp_path, {"a": {}, "b": {}}, make)
    made = []
    kept(tmp_path, {"a": {}, "b": {}}, made)
    assert made == ["b"]


def counted(folder, wanted):
    """Arrays by key, each as many samples of a value of its own."""
    make = lambda keys: ((np.full(1000, ord(key), np.int16), {}) for key in keys)  # noqa: E731
    return store.keep(folder, dict.fromkeys(wanted, {}), make)


def test_rows_of_lost_samples_never_count_again(tmp_path):
    """Cut behind a, and asked for a and d: what is appended must not become the sound of b."""
    counted(tmp_path, "abc")
    os.truncate(tmp_path / store.HIDDEN / "samples.bin", 2000)
    counted(tmp_path, "ad")
    for key, array in counted(tmp_path, "abcd").items():
        np.testing.assert_array_equal(array[:], ord(key))


@pytest.mark.parametrize("damage", [b"\0" * 30, b"\xff{", b"[1]", b'{"key": "c"}'])
def test_damaged_line_of_the_index_costs_its_array_and_no_other(damage, tmp_path):
    counted(tmp_path, "abc")
    index = tmp_path / store.HIDDEN / "index.jsonl"
    lines = index.read_bytes().splitlines(keepends=True)
    index.write_bytes(lines[0] + damage + b"\n" + lines[2])
    made = []
    kept(tmp_path, dict.fromkeys("abc", {}), made)
    assert made == ["b"]
    assert [json.loads(line)["key"] for line in index.read_text().splitlines()] == ["a", "c", "b"]
