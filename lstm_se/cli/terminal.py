"""What a command shows: a progress bar, one line for an error, no chatter of TensorFlow's."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
