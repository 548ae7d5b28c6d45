"""A package that is not there is told with the command that installs it."""

import pytest

from lstm_se import optional


def test_missing_package_is_named():
    with pytest.raises(ValueError, match=r"package nothing-here is not .*lstm-se\[tflite\]"):
        optional.module("nothing_here", "nothing-here", "tflite")
