"""What a command shows: a progress bar, one line for an error, no chatter of TensorFlow's."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
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
