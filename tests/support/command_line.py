"""The command line in a process of its own, and what a wrong input must print."""

import subprocess
import sys


def run(*arguments, **options):
    """``lstm-se`` in a process of its own."""
    command = [sys.executable, "-m", "lstm_se", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


def assert_one_clear_line(result, *words):
    """Exit code 2, and one line on stderr that names the file and the trouble."""
    assert result.returncode == 2, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]
