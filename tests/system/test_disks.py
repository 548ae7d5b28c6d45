"""Disks that are full, or may only be read. Run by ``make test-system``.

They are small ones in memory, and to mount them takes Linux, and root or a sudo that asks nothing.
"""

import os
import re
import shutil
import subprocess
from functools import partial

import numpy as np
import pytest
from command_line import assert_one_clear_line
from killed_training import train
from kills import VICTIMS

from lstm_se.corpora import store, transfer
from lstm_se.files import write_whole
from lstm_se.training import runs

FULL, READ_ONLY = "No space left on device", "Read-only file system; choose another output"


class Disk:
    """A small disk."""

    def __init__(self, place):
        self.place = place
        place.mkdir()
        self.call("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs")

    def call(self, *words):
        """As root."""
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        done = subprocess.run([*sudo, *words, self.place], capture_output=True, text=True)
        assert done.returncode == 0, f"no disk without root, or sudo without asking: {done.stderr}"

    def change(self, options):
        """Mount it otherwise."""
        self.call("mount", "-o", f"remount,{options}")

    def leave(self, kilobytes):
        """Fill it, but for so much."""
        filler = self.place / ".filler"
        filler.unlink(missing_ok=True)
        if kilobytes is not None:
            filler.write_bytes(bytes(shutil.disk_usage(self.place).free - (kilobytes << 10)))


def start(name, folder, out):
    """A command on what was prepared, without what it counts beforehand."""
    command = VICTIMS[name].command(folder, out)
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    done.stderr = re.sub(r"^\d of \d files are there already\n", "", done.stderr)
    return done


@pytest.fixture
def disk(tmp_path):
    mounted = Disk(tmp_path / "disk")
    yield mounted
    mounted.call("umount")


@pytest.fixture
def prepared(tmp_path):
    """What a command reads, and the command for some output."""

    def prepare(name):
        folder = tmp_path / "in"
        folder.mkdir()
        VICTIMS[name].prepare(folder)
        return partial(start, name, folder)

    return prepare


@pytest.mark.parametrize("name", VICTIMS)
def test_disk_that_may_only_be_read_is_told(name, prepared, disk):
    run = prepared(name)
    disk.change("ro")
    assert_one_clear_line(run(disk.place / "out"), "cannot make the folder", "disk/", READ_ONLY)


@pytest.mark.parametrize("name", ["data open", "data build"])
def test_full_disk_is_told_and_with_more_room_the_command_goes_on(name, prepared, disk, tmp_path):
    run, victim = prepared(name), VICTIMS[name]
    disk.leave(1000)
    assert_one_clear_line(run(disk.place / "out"), "cannot write", "disk/", FULL)
    before = victim.look(disk.place / "out")
    disk.leave(None)
    for out in (disk.place / "out", tmp_path / "whole"):
        assert run(out).returncode == 0
    assert before.items() <= victim.look(disk.place / "out").items()
    assert victim.result(disk.place / "out") == victim.result(tmp_path / "whole")


def test_full_disk_stops_no_file_that_has_room(prepared, disk):
    """Each of the four files takes 375 kB."""
    run, victim, out = prepared("enhance"), VICTIMS["enhance"], disk.place / "out"
    disk.leave(900)
    done = run(out)
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert lines and all(line.endswith(FULL) and f"cannot write {out}" in line for line in lines)
    before = victim.look(out)
    assert len(before) == 4 - len(lines)
    assert len(list(out.rglob("*"))) == len(before), "half a file was left"
    disk.leave(None)
    assert run(out).returncode == 0
    assert before.items() <= victim.look(out).items()
    assert len(victim.look(out)) == 4


def test_full_disk_keeps_the_old_file(disk):
    (disk.place / "scores.json").write_text("old")
    disk.leave(8)
    with pytest.raises(OSError, match=f"cannot write {disk.place}/scores.json: {FULL}"):
        write_whole(disk.place / "scores.json", "new" * 10_000)
    assert (disk.place / "scores.json").read_text() == "old"
    disk.leave(None)
    assert [path.name for path in disk.place.iterdir()] == ["scores.json"]


def test_full_disk_keeps_what_was_downloaded(disk, tmp_path):
    content, part = np.random.default_rng(0).bytes(3_000_000), disk.place / "a.zip.part"
    (tmp_path / "a.zip").write_bytes(content)
    disk.leave(1000)
    with pytest.raises(OSError, match=f"cannot write {part}: {FULL}"):
        transfer.fetch(f"file://{tmp_path}/a.zip", part, "wait")
    assert content.startswith(part.read_bytes())
    disk.leave(None)
    assert transfer.fetch(f"file://{tmp_path}/a.zip", part, "wait").read_bytes() == content


def test_full_disk_keeps_what_a_store_has(disk):
    def make(missing):
        for key in missing:
            yield np.full(300_000, int(key), np.int16), {}

    def kept():
        return store.keep(disk.place, dict.fromkeys("1234", {}), make)

    disk.leave(1500)
    with pytest.raises(OSError, match=f"cannot write .*: {FULL}; {store.ELSEWHERE} names another"):
        kept()
    assert sorted(store.Store(disk.place / store.HIDDEN).arrays) == ["1", "2"]
    disk.leave(None)
    assert all((array[:] == int(key)).all() for key, array in kept().items())


@pytest.mark.parametrize("kilobytes", [8, 100], ids=["first checkpoint", "second checkpoint"])
def test_training_on_a_full_disk_tells_it_and_goes_on_with_more_room(kilobytes, disk, tmp_path):
    """The library that writes checkpoints would crash the process."""
    run, whole = runs.Run(disk.place / "run"), runs.Run(tmp_path / "run")
    disk.leave(kilobytes)
    with pytest.raises(OSError, match=f"cannot write {run.state}: {FULL}"):
        train(run.path)
    assert not list(run.path.glob(".*"))
    disk.leave(None)
    train(run.path, resume=run.state.exists())
    train(whole.path)
    losses = [[row["val_loss"] for row in each.history()] for each in (run, whole)]
    assert losses[0] == losses[1]


def test_curves_on_a_full_disk_tell_it(disk):
    disk.leave(0)
    with pytest.raises(OSError, match=f"cannot write {disk.place}/logs: {FULL}"):
        runs.Curves(disk.place / "logs").add({"epoch": 0, "loss": 1.0})
