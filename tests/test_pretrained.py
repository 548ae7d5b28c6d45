"""The weights that come with the package are what their records say."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import lstm_se
from lstm_se import enhance, metrics, network
from lstm_se.report import Report, Row

FOLDER = enhance.folder_of("tiny")
HELD_OUT = ("allison", "carlo")


@pytest.fixture(scope="module")
def report():
    stored = json.loads((FOLDER / "scores.json").read_text(encoding="utf-8"))
    return Report(tuple(Row(**row) for row in stored["rows"]), tuple(stored["metrics"]))


@pytest.fixture(scope="module")
def sources():
    with (FOLDER / "sources.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def gain(report, metric):
    return next(s for s in report.summary() if (s.system, s.metric) == ("tiny", metric))


def test_network_is_small_enough():
    config = enhance.load("tiny").config
    assert network.parameters(config) <= 300_000
    assert network.macs(config) <= 300_000


def test_scores_cover_the_whole_test_set_without_a_failure(report):
    names = {pair.name for pair in lstm_se.mini().test}
    for metric in metrics.METRICS:
        for system in ("noisy", "tiny"):
            assert set(report.values(system, metric)) == names


def test_scores_come_from_these_weights(report):
    denoiser = enhance.load("tiny")
    for pair in lstm_se.mini().test[::9]:
        clean, noisy = pair.load()
        for system, estimate in {"noisy": noisy, "tiny": denoiser(noisy)}.items():
            again = metrics.score(clean, estimate, ("si_sdr", "stoi", "pesq_wb")).values
            for metric, tolerance in {"si_sdr": 0.05, "stoi": 0.002, "pesq_wb": 0.02}.items():
                stored = report.values(system, metric)[pair.name]
                assert again[metric] == pytest.approx(stored, abs=tolerance)


@pytest.mark.parametrize("metric", ["pesq_wb", "si_sdr"])
def test_gain_over_noisy_excludes_zero(report, metric):
    assert gain(report, metric).gain_low > 0


def test_intelligibility_is_not_lower(report):
    assert gain(report, "stoi").gain >= 0


def test_no_held_out_talker_was_heard(sources):
    for row in sources:
        heard = f"{row['bank']} {row['file']}".lower()
        assert not any(name in heard for name in HELD_OUT)


def test_no_bundled_test_file_was_heard(sources):
    heard = {row["sha256"] for row in sources}
    mini = Path(lstm_se.__file__).parents[1] / "data" / "mini"
    tests = [p for f in ("clean_testset_wav", "noise_testset") for p in (mini / f).iterdir()]
    assert tests
    for path in tests:
        assert hashlib.sha256(path.read_bytes()).hexdigest() not in heard


def test_training_and_validation_share_no_file(sources):
    sides = {"train": set(), "validation": set()}
    for row in sources:
        sides[row["use"].split()[0]].add(row["sha256"])
    assert sides["train"] and sides["validation"]
    assert not sides["train"] & sides["validation"]


def test_record_tells_how_long_it_was_trained_and_on_what(sources):
    recipe = json.loads((FOLDER / "recipe.json").read_text(encoding="utf-8"))
    assert recipe["hours_of_mixtures"] > 0
    for use, minutes in recipe["minutes"].items():
        listed = sum(float(row["seconds"]) for row in sources if row["use"] == use) / 60
        assert minutes == pytest.approx(listed, abs=0.1)


def test_level_of_the_input_does_not_matter():
    clean, noisy = lstm_se.mini().test[0].load()
    denoiser = enhance.load("tiny")
    loud = denoiser(noisy)
    quiet = denoiser(noisy / 100) * 100
    assert metrics.si_sdr(loud, quiet) > 40
    assert np.isfinite(denoiser(np.zeros(16_000, np.float32))).all()
