"""What tests of several folders ask for."""

import pytest

from lstm_se.chip import quantize
from lstm_se.network import pretrained


@pytest.fixture(scope="session")
def model():
    """The shipped model in integers."""
    shipped = pretrained.load_float("tiny")
    return quantize.quantize(shipped.weights, shipped.config)
