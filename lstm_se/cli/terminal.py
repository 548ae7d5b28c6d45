"""What a command shows while it works: a progress bar, and no chatter of TensorFlow's."""

from __future__ import annotations

import os
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


def quieten_tensorflow() -> None:
    """Leave warnings and errors of TensorFlow's, unless the user asked for more or less.

    It has to be called before TensorFlow is imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
