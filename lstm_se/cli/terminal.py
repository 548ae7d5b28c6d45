"""What a command shows, a bar or one line for an error, and the keys pressed meanwhile."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from tqdm import tqdm


def bar(items: Iterable[Any], name: str, unit: str) -> Iterable[Any]:
    """A progress bar that appears after two seconds, and only on a terminal.

    Args:
        items: What to go through.
        name: What is done, to the left of the bar.
        unit: What an item is.
    """
    return tqdm(items, name, delay=2, disable=None, unit=unit, leave=False)


def complain(error: Exception) -> None:
    """One line on stderr, above a bar if there is one."""
    tqdm.write(f"error: {error}", file=sys.stderr)


def quieten_tensorflow() -> None:
    """Leave warnings and errors of TensorFlow's, unless the user asked for more or less.

    It has to be called before TensorFlow is imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@contextmanager
def keyboard() -> Iterator[Callable[[float], str]]:
    """Keys as they are pressed, without Enter; none where stdin is no terminal.

    Yields:
        Function that waits some seconds for a key; it gives the key, or ``""`` if none came.
    """
    if not sys.stdin.isatty():
        yield _no_key
        return
    import select
    import termios
    import tty

    terminal = sys.stdin.fileno()

    def pressed(seconds: float) -> str:
        ready, _, _ = select.select([terminal], [], [], seconds)
        return os.read(terminal, 1).decode(errors="ignore") if ready else ""

    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        yield pressed
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@contextmanager
def ctrl_c() -> Iterator[Callable[[], bool]]:
    """Ctrl-C as something to look at, so that it cuts nothing off in the middle.

    Yields:
        Function that tells whether it was pressed.
    """
    pressed = Event()
    before = signal.signal(signal.SIGINT, lambda *_: pressed.set())
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def _no_key(seconds: float) -> str:
    """Wait."""
    time.sleep(seconds)
    return ""
