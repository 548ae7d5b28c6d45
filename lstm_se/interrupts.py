"""What ends a program, Ctrl-C, SIGTERM or a terminal that closes, where it must not strike."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import BinaryIO

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
STOPS = tuple(getattr(signal, name) for name in NAMES if hasattr(signal, name))
IN_A_PIPE = 1 << 20  # bytes, at most


@contextmanager
def held_back() -> Iterator[None]:
    """Let what ends a program come after the block rather than within it.

    A C library that calls back into Python cannot pass an exception on: it would be printed and
    forgotten, the sound would lack a piece, and the program would go on as if nobody had asked.
    """
    if threading.current_thread() is not threading.main_thread():  # others are never interrupted
        yield
        return
    came: list[int] = []
    before = {stop: signal.signal(stop, lambda number, _: came.append(number)) for stop in STOPS}
    try:
        yield
    finally:
        for stop, handler in before.items():
            signal.signal(stop, handler)
        for number in came[:1]:
            signal.raise_signal(number)


@contextmanager
def ending(pipe: BinaryIO) -> Iterator[Callable[[], bool]]:
    """Let the first interrupt be the end of what a pipe brings; the second one acts.

    What lies in the pipe by then is still read. Interrupts that are ignored stay so.

    Args:
        pipe: Open file of the system.

    Yields:
        Function that tells whether an interrupt came.
    """
    came: list[int] = []

    def end(number: int, _: object) -> None:
        came.append(number)
        restore()
        _cut_off(pipe.fileno())

    def restore() -> None:
        for stop, handler in before.items():
            signal.signal(stop, handler)

    heeded = [stop for stop in STOPS if signal.getsignal(stop) != signal.SIG_IGN]
    before = {stop: signal.signal(stop, end) for stop in heeded}
    try:
        yield lambda: bool(came)
    finally:
        restore()


def _cut_off(pipe: int) -> None:
    """Put what is in a pipe now in its place, so that a reader who waits comes to its end."""
    with TemporaryFile(buffering=0) as rest:
        os.set_blocking(pipe, False)
        with suppress(BlockingIOError):
            rest.write(os.read(pipe, IN_A_PIPE))
        os.set_blocking(pipe, True)  # others may have it, too
        rest.seek(0)
        os.dup2(rest.fileno(), pipe)
