"""Tables of the pages, and means with their intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from IPython.display import display

from ..tables import aligned


class Table:
    """Rows below a head, which a page shows as a table and a terminal as aligned text."""

    def __init__(self, head: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
        """Take what there is to show.

        Args:
            head: A title for each column.
            rows: Cells of each row, text or anything else that can be printed.

        Raises:
            ValueError: If a row has not as many cells as there are titles.
        """
        self.rows = [[str(cell) for cell in row] for row in (head, *rows)]
        if uneven := [row for row in self.rows if len(row) != len(head)]:
            raise ValueError(f"{len(uneven[0])} cells below {len(head)} titles: {uneven[0]}")

    def __repr__(self) -> str:
        """The first column flush left, the others flush right."""
        return "\n".join(aligned(self.rows, left=1))

    def _repr_html_(self) -> str:
        """The same; a wide table scrolls in the frame that the theme gives it."""
        head, *rows = self.rows
        titles = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
        lines = [
            f'<tr><th scope="row">{escape(row[0])}</th>'
            + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
            for row in rows
        ]
        body = "\n".join(f"{line}</tr>" for line in lines)
        return (
            f'<table class="dataframe">\n<thead><tr>{titles}</tr></thead>\n'
            f"<tbody>\n{body}\n</tbody>\n</table>"
        )


def show_table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """Show rows as a table; see :class:`Table`."""
    display(Table(head, rows))


def span(estimate: Mapping[str, float] | Sequence[float], digits: int, sign: str = "") -> str:
    """A mean and its 95 % interval as text, such as ``0.42 [0.31, 0.55]``.

    What is rounded to nought keeps its sign: an interval that ends at ``-0.00`` lies below nought.

    Args:
        estimate: Mean, low and high, in this order or by these names.
        digits: After the point.
        sign: ``"+"`` to show the sign of positive numbers, too.
    """
    if isinstance(estimate, Mapping):
        estimate = [estimate[name] for name in ("mean", "low", "high")]
    mean, low, high = (f"{value:{sign}.{digits}f}" for value in estimate)
    return f"{mean} [{low}, {high}]"
