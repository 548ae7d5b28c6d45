"""Tables are aligned: words to the left, numbers to the right, nothing behind the last column."""

from lstm_se.tables import aligned

ROWS = [("name", "of", "n"), ("a", "longer one", "10"), ("b", "", "")]


def test_words_are_flush_left_and_numbers_flush_right():
    assert aligned(ROWS) == ["name  of           n", "a     longer one  10", "b"]


def test_a_head_is_ruled_off():
    assert aligned(ROWS[:2], left=1, head=True) == [
        "name          of   n",
        "----  ----------  --",
        "a     longer one  10",
    ]
