"""Tables of the pages line up, and intervals read the same wherever they come from."""

import pytest

from lstm_se.pages import tables
from lstm_se.scoring.statistics import Interval


def test_columns_are_as_wide_as_their_widest_cell(capsys):
    tables.print_table(["loss", "dB"], [["mse", -1.5], ["compressed", 12]])
    assert capsys.readouterr().out.splitlines() == [
        "loss          dB",
        "mse         -1.5",
        "compressed    12",
    ]


def test_empty_cells_leave_no_blanks_at_the_end_of_a_line(capsys):
    tables.print_table(["loss", "holds"], [["mse", ""]])
    assert capsys.readouterr().out == "loss  holds\nmse\n"


def test_row_that_is_too_short_is_refused():
    with pytest.raises(ValueError):
        tables.print_table(["loss", "dB"], [["mse"]])


@pytest.mark.parametrize(
    "estimate", [Interval(1.0, -0.04, 2.26), {"low": -0.04, "mean": 1, "high": 2.26}]
)
def test_span_of_names_or_of_a_tuple(estimate):
    assert tables.span(estimate, 1, "+") == "+1.0 [+0.0, +2.3]"
