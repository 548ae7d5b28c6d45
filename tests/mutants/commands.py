"""Commands that end in time, with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

GLANCE = 0.5  # seconds after which a command that runs looks whether it is still wanted
STOPPED = threading.Event()  # set by who wants no more commands


def exit_code(
    command: Sequence[str | Path], folder: Path, patience: float = 600, log: Path | None = None
) -> int | None:
    """Exit code of a command in a folder; ``None`` if it does not end in time.

    Args:
        command: What to run, with the Python packages of the folder.
        folder: Where.
        patience: Seconds.
        log: File for what it prints.

    Raises:
        KeyboardInterrupt: If commands are no longer wanted.
    """
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    with open(log or os.devnull, "wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return _waited(process, time.monotonic() + patience)
    finally:
        with suppress(ProcessLookupError):  # none is left, as a rule
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _waited(process: subprocess.Popen[bytes], end: float) -> int | None:
    """Exit code of a process, or ``None`` if it still runs in the end."""
    while (left := end - time.monotonic()) > 0:
        if STOPPED.is_set():
            raise KeyboardInterrupt
        with suppress(subprocess.TimeoutExpired):
            return process.wait(min(GLANCE, left))
    return None
