"""Variants of a study cost what they should, and results survive their file."""

import dataclasses
import json

import pytest

from lstm_se.config import Config
from lstm_se.network import in_numpy
from lstm_se.research import studies
from lstm_se.research.studies import Results, Study, Variant

TINY = Config.preset("tiny")
ALL = [field.name for field in dataclasses.fields(Config)]


def study(*variants, base=TINY, seeds=(0, 1), segments=64):
    return Study("s", base, variants or (Variant("base"),), seeds, segments)


def content(runs, names=("base", "other"), files=2):
    """A file of results with one set and one metric."""
    noisy = {"si_sdr": [1.0] * files}
    return {
        "study": "s",
        "config": {},
        "variants": {name: {} for name in names},
        "sets": {"here": {"names": ["a", "b"][:files], "references": {"noisy": noisy}}},
        "runs": [
            {"variant": v, "seed": seed, "scores": {"here": {"si_sdr": scores}}}
            for v, seed, scores in runs
        ],
    }


def test_cost_counts_two_operations_for_each_multiply_accumulate():
    found = studies.cost(TINY)
    assert found["weights"] == in_numpy.parameters(TINY)
    assert found["mops_per_frame"] * 1e6 == 2 * in_numpy.macs(TINY)
    halved = studies.cost(dataclasses.replace(TINY, hop_length=TINY.hop_length // 2))
    assert halved["mops_per_second"] == pytest.approx(2 * found["mops_per_second"])


def test_variant_changes_the_base_and_takes_the_seed():
    config = Variant("wide", {"units": [8, 8]}).config(TINY, seed=7)
    assert config == dataclasses.replace(TINY, units=(8, 8), seed=7)


def test_variant_that_cannot_be_trained_is_refused_at_once():
    with pytest.raises(ValueError, match=r"variant 'odd'.*layers"):
        study(Variant("base"), Variant("odd", {"layers": 3}))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"variants": ()}, "at least one variant"),
        ({"seeds": ()}, "at least one variant and one seed"),
        ({"variants": (Variant("a"), Variant("a"))}, "called 'a'"),
        ({"segments": 33}, "batches of 8"),
        ({"segments": 0}, "batches of 8"),
    ],
)
def test_study_that_makes_no_sense_is_refused(arguments, complaint):
    whole = {"name": "s", "base": TINY, "variants": (Variant("a"),), "seeds": (0,), "segments": 32}
    with pytest.raises(ValueError, match=complaint):
        Study(**{**whole, **arguments})


MARK = studies.fingerprint(study(), Variant("base"), 0, "data", ALL)


@pytest.mark.parametrize(
    ("changed", "variant", "seed", "data"),
    [
        (study(segments=96), Variant("base"), 0, "data"),
        (study(base=dataclasses.replace(TINY, bands=32)), Variant("base"), 0, "data"),
        (study(), Variant("base", {"bands": 32}), 0, "data"),
        (study(), Variant("base", recipe={"babble": 0.5}), 0, "data"),
        (study(), Variant("base", share=0.5), 0, "data"),
        (study(), Variant("base"), 1, "data"),
        (study(), Variant("base"), 0, "other data"),
    ],
    ids=["length", "base", "changes", "recipe", "share", "seed", "data"],
)
def test_fingerprint_knows_all_that_a_run_depends_on(changed, variant, seed, data):
    assert studies.fingerprint(changed, variant, seed, data, ALL) != MARK


def test_fingerprint_ignores_names():
    renamed = study(base=dataclasses.replace(TINY))
    assert studies.fingerprint(renamed, Variant("another"), 0, "data", ALL) == MARK


def test_field_that_is_new_voids_no_run_until_it_is_used():
    old = [name for name in ALL if name != "initializer"]
    mark = studies.fingerprint(study(), Variant("base"), 0, "data", old)
    used = Variant("base", {"initializer": "he_normal"})
    assert mark == studies.fingerprint(study(), Variant("base"), 0, "data", old)
    assert mark != studies.fingerprint(study(), used, 0, "data", old)
    assert "initializer" not in studies.fields_of(TINY, old)


def test_results_come_back_as_they_were_saved(tmp_path):
    results = Results(content([("base", 0, [1.0, 2.0]), ("base", 1, [3.0, None])]))
    results.save(tmp_path / "r.json")
    assert Results.load(tmp_path / "r.json") == results


@pytest.mark.parametrize("text", ["", "[1, 2", "[]", "3", '{"study": "s"}'])
def test_file_that_holds_no_study_is_named(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(ValueError, match=r"r\.json"):
        Results.load(tmp_path / "r.json")


def test_a_file_without_a_value_is_left_out_of_the_whole_comparison():
    runs = [("base", 0, [1.0, 2.0, 3.0]), ("base", 1, [1.0, 2.0, None])]
    runs += [("other", 0, [2.0, 4.0, 99.0]), ("other", 1, [2.0, 4.0, 99.0])]
    results = Results(content(runs, files=3))
    assert results.difference("other", "base", "here", "si_sdr").mean == 1.5


def test_differences_pair_equal_seeds_and_no_others():
    runs = [("base", 2, [5.0, 5.0]), ("base", 0, [1.0, 1.0]), ("base", 1, [3.0, 3.0])]
    runs += [("other", 1, [4.0, 4.0]), ("other", 2, [6.0, 6.0]), ("other", 9, [0.0, 0.0])]
    found = Results(content(runs)).difference("other", "base", "here", "si_sdr")
    assert found == (1.0, 1.0, 1.0)


def test_references_are_read_like_variants_with_one_row():
    results = Results(content([]))
    assert results.scores("noisy", "here", "si_sdr").tolist() == [[1.0, 1.0]]
    assert results.variants == ()


@pytest.mark.parametrize("asked", [("base", "there", "si_sdr"), ("base", "here", "pesq_wb")])
def test_scores_that_are_not_there_are_named(asked):
    results = Results(content([("base", 0, [1.0, 2.0])]))
    with pytest.raises(ValueError, match=f"{asked[0]} on {asked[1]} in {asked[2]}"):
        results.scores(*asked)


def test_saved_file_has_a_line_for_each_run(tmp_path):
    runs = [("base", seed, [1.0, 2.0]) for seed in range(3)]
    Results(content(runs)).save(tmp_path / "r.json")
    lines = (tmp_path / "r.json").read_text().splitlines()
    assert (
        sum(
            '"seed":' in line and json.loads(line.strip().rstrip(","))["seed"] >= 0
            for line in lines
        )
        == 3
    )
