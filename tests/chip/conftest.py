"""The shipped model in integers."""

import pytest

from lstm_se.chip import quantize
from lstm_se.network import pretrained


@pytest.fixture(scope="session")
def shipped():
    return pretrained.load_float("tiny")


@pytest.fixture(scope="session")
def model(shipped):
    return quantize.quantize(shipped.weights, shipped.config)
