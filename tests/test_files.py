"""A file is written by one process at a time, whole or not at all."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from lstm_se import files
from lstm_se.files import Part, claimed, write_whole

HELD = """
import sys
from pathlib import Path
from lstm_se.files import claimed

with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_writer_of_a_file_is_refused_and_the_first_goes_on(tmp_path):
    path = tmp_path / "a.json"
    first = Part(path)
    first.write(b"of the first")
    with pytest.raises(BlockingIOError, match=r"a\.json: another process is at it; wait for it"):
        write_whole(path, "of the second")
    first.finish()
    first.leave()
    assert path.read_bytes() == b"of the first"
    assert [found.name for found in tmp_path.iterdir()] == ["a.json"]


def test_what_a_killed_process_left_is_overwritten(tmp_path):
    (tmp_path / ".a.json.part").write_bytes(b"half of something that was longer than this")
    write_whole(tmp_path / "a.json", "whole")
    assert (tmp_path / "a.json").read_text() == "whole"
    assert [found.name for found in tmp_path.iterdir()] == ["a.json"]


def test_claim_keeps_other_processes_out_until_its_own_is_killed(tmp_path):
    command = [sys.executable, "-c", HELD, tmp_path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as holder:
        holder.stdout.readline()
        with pytest.raises(BlockingIOError, match=f"cannot write {tmp_path}"), claimed(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with claimed(tmp_path):
            pass


def test_claim_of_what_was_renamed_meanwhile_is_none(tmp_path):
    """Who waited would else write into the file that another process has just finished."""
    (tmp_path / "part").touch()
    handle = os.open(tmp_path / "part", os.O_RDWR)
    (tmp_path / "part").rename(tmp_path / "whole")
    assert not files._locked(handle, tmp_path / "part")
    (tmp_path / "part").touch()
    assert not files._locked(handle, tmp_path / "part")
    os.close(handle)


def test_disk_without_locks_can_be_written(tmp_path, monkeypatch):
    def refuse(handle, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    write_whole(tmp_path / "a.json", "whole")
    assert (tmp_path / "a.json").read_text() == "whole"


def test_table_is_read_as_it_was_written(tmp_path):
    rows = [("a, b", 'say "x"'), ("", "Анна")]
    files.write_csv(tmp_path / "a.csv", ("one", "two"), rows)
    columns, found = files.read_csv(tmp_path / "a.csv")
    assert columns == ["one", "two"]
    assert [tuple(row.values()) for row in found] == rows


@pytest.mark.parametrize("space", ["\xa0", "\u202f", "\u3000", "\u200d", "\xad"])
def test_name_with_a_space_or_joint_of_some_system_is_read_back(space, tmp_path):
    """As the screenshots of macOS have them between a time and its AM."""
    name = f"Recording at 9.41.00{space}AM.wav"
    files.write_csv(tmp_path / "a.csv", ("name",), [(name,)])
    assert files.read_csv(tmp_path / "a.csv")[1] == [{"name": name}]


@pytest.mark.parametrize("cut", ["\n", "\t", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"])
def test_character_that_cuts_a_name_in_two_is_refused(cut, tmp_path):
    files.write_csv(tmp_path / "a.csv", ("name",), [(f"a{cut}b",)])
    with pytest.raises(ValueError, match=r"a\.csv: row 1 has a character that cannot be seen"):
        files.read_csv(tmp_path / "a.csv")


def test_empty_table_has_no_columns(tmp_path):
    (tmp_path / "a.csv").touch()
    assert files.read_csv(tmp_path / "a.csv") == ([], [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"one,two\n\xff,1\n", "is no table of comma-separated values"),
        (b"one,two\n" + b"1" * 200_000 + b",1\n", "is no table of comma-separated values"),
        (b"one,two\n1,2\n3\n", "row 2 has not 2 values"),
        (b"one,two\n1,2,3\n", "row 1 has not 2 values"),
        (b'one,two\n1,"2\n3"\n', "row 1 has a character that cannot be seen"),
        (b"one,two\n1,\0\n", "row 1 has a character that cannot be seen"),
    ],
)
def test_damaged_table_is_named(content, reason, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path}:? {reason}"):
        files.read_csv(path)
