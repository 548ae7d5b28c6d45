"""Tables of the pages: columns as wide as what stands in them, and means with their intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..tables import aligned


def print_table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """Print rows: the first column flush left, the others flush right.

    Args:
        head: A title for each column.
        rows: Cells of each row, text or anything else that can be printed.

    Raises:
        ValueError: If a row has not as many cells as there are titles.
    """
    print(*aligned([[str(cell) for cell in row] for row in (head, *rows)], left=1), sep="\n")


def span(estimate: Mapping[str, float] | Sequence[float], digits: int, sign: str = "") -> str:
    """A mean and its 95 % interval as text, such as ``0.42 [0.31, 0.55]``.

    Args:
        estimate: Mean, low and high, in this order or by these names.
        digits: After the point.
        sign: ``"+"`` to show the sign of positive numbers, too.
    """
    if isinstance(estimate, Mapping):
        estimate = [estimate[name] for name in ("mean", "low", "high")]
    mean, low, high = (f"{value:{sign}z.{digits}f}" for value in estimate)
    return f"{mean} [{low}, {high}]"
