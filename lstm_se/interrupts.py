"""Ctrl-C and SIGTERM where they must not strike."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM come after the block rather than within it.

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
