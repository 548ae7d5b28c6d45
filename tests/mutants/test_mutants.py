"""Mutants are killed by tests that notice them, and by nothing else."""

import time

import commands
import pytest


def test_timeout_ends_what_a_command_has_started(tmp_path):
    beats = tmp_path / "beats"
    command = "while :; do echo >> beats; sleep 0.02; done & wait"
    assert commands.exit_code(["sh", "-c", command], tmp_path, 1) is None
    time.sleep(0.1)  # a signal takes a moment
    seen = beats.stat().st_size
    time.sleep(0.1)
    assert beats.stat().st_size == seen > 0


def test_command_that_nobody_wants_any_more_ends_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "GLANCE", 0.05)
    commands.STOPPED.set()
    try:
        with pytest.raises(KeyboardInterrupt):
            commands.exit_code(["sleep", "60"], tmp_path)
    finally:
        commands.STOPPED.clear()
