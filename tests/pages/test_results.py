"""Stored results are read by name, and a wrong name is told what there is."""

import json

import numpy as np
import pytest

from lstm_se.network.pretrained import folder_of
from lstm_se.pages import results


@pytest.mark.parametrize("name", ["peers", "09_peers", "09_peers.json"])
def test_page_number_and_suffix_may_be_left_out(name):
    assert {"peers", "speed", "sets"} <= results.stored(name).keys()


def test_json_comes_before_arrays_of_the_same_name():
    assert "weights_sha256" in results.stored("losses")


def test_arrays_are_read_by_name():
    assert all(isinstance(array, np.ndarray) for array in results.stored("losses.npz").values())


def test_unknown_name_is_told_what_there_is():
    with pytest.raises(ValueError, match="no stored result 'perrs': .* 09_peers"):
        results.stored("perrs")


def test_plan_for_10_000_hours_starts_from_the_run_that_is_shipped():
    recipe = json.loads((folder_of("tiny") / "recipe.json").read_text(encoding="utf-8"))
    run = results.stored("scale")["measured"]["run"]
    assert run["hours_of_sound"] == recipe["hours_of_mixtures"]
