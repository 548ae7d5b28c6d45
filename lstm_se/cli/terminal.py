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


def bar(items: Iterable[Any], name: str, unit: str, total: int | None = None) -> Iterable[Any]:
    """A progress bar that appears after two seconds, and only on a terminal.

    Args:
        items: What to go through.
        name: What is done, to the left of the bar.
        unit: What an item is.
        total: How many there are, if the items cannot tell.
    """
    return tqdm(items, name, total, delay=2, disable=None, unit=unit, leave=False)


@contextmanager
def minutes_bar(name: str, show: bool = True) -> Iterator[Callable[[float, float | None], None]]:
    """A bar of the minutes of sound that are done, which appears as :func:`bar` does.

    Args:
        name: What is done, to the left of the bar.
        show: Whether there is one.

    Yields:
        A function to tell how many seconds are done, and of how many.
    """
    layout = "{l_bar}{bar}| {n:.1f}/{total:.1f} min of sound [{elapsed}<{remaining}]"
    with tqdm(
        total=0, desc=name, bar_format=layout, delay=2, disable=None if show else True, leave=False
    ) as minutes:

        def heard(done: float, total: float | None) -> None:
            minutes.total = (total or done) / 60
            minutes.update(done / 60 - minutes.n)

        yield heard


def complain(error: Exception | str, kind: str = "error") -> None:
    """One line on stderr, above a bar if there is one."""
    tqdm.write(f"{kind}: {error}", file=sys.stderr)


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
