"""Tables of the pages line up, and intervals read the same wherever they come from."""

import pytest

from lstm_se.pages import tables
from lstm_se.scoring.statistics import Interval


def test_columns_are_as_wide_as_their_widest_cell():
    table = tables.Table(["loss", "dB"], [["mse", -1.5], ["compressed", 12]])
    assert repr(table).splitlines() == ["loss          dB", "mse         -1.5", "compressed    12"]


def test_empty_cells_leave_no_blanks_at_the_end_of_a_line():
    assert repr(tables.Table(["loss", "holds"], [["mse", ""]])) == "loss  holds\nmse"


def test_row_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="1 cells below 2 titles"):
        tables.Table(["loss", "dB"], [["mse"]])


def test_page_shows_a_table_with_a_head_and_names_of_rows(capsys):
    tables.show_table(["loss", "dB"], [["a < b", 12]])
    assert capsys.readouterr().out == "loss   dB\na < b  12\n"
    html = tables.Table(["loss", "dB"], [["a < b", 12]])._repr_html_()
    assert '<tr><th scope="row">a &lt; b</th><td>12</td></tr>' in html
    assert '<th scope="col">dB</th>' in html


@pytest.mark.parametrize(
    "estimate", [Interval(1.0, -0.04, 2.26), {"low": -0.04, "mean": 1, "high": 2.26}]
)
def test_span_of_names_or_of_a_tuple(estimate):
    assert tables.span(estimate, 1, "+") == "+1.0 [-0.0, +2.3]"
