"""What a training run wrote down: who reads it is told which file is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Within, what cannot be understood is the fault of a file.

    Args:
        path: The file.

    Raises:
        ValueError: If it is not what it should be.
    """
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{path} is damaged ({reason}): copy it again") from None
