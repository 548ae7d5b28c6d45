"""Tables for a monospaced font."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def aligned(rows: Iterable[Sequence[str]], left: int = 2, head: bool = False) -> list[str]:
    """Rows as lines whose columns stand below each other, two spaces apart.

    Args:
        rows: Cells, as many in each row.
        left: Number of columns at the left that are flush left, as words are; the others are
            flush right, as numbers are.
        head: Rule a line below the first row.

    Returns:
        The lines, without spaces at their ends.
    """
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if head:
        rows.insert(1, ["-" * width for width in widths])
    return [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
