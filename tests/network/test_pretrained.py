"""The weights that come with the package are what their records say."""

import csv
import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import lstm_se
from lstm_se.config import Config
from lstm_se.network import in_numpy, pretrained
from lstm_se.scoring import metrics, stress
from lstm_se.scoring.report import Report, Row
from lstm_se.sound import audio, noises
from lstm_se.training import runs

FOLDER = pretrained.folder_of("tiny")
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
    config = pretrained.load_float("tiny").config
    assert in_numpy.parameters(config) <= 300_000
    assert in_numpy.macs(config) <= 300_000


def test_scores_cover_the_whole_test_set_without_a_failure(report):
    names = {pair.name for pair in lstm_se.mini().test}
    for metric in metrics.METRICS:
        for system in ("noisy", "tiny"):
            assert set(report.values(system, metric)) == names


def test_scores_come_from_these_weights(report):
    denoiser = pretrained.load_float("tiny")
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


def pairs(step):
    return [pair.load() for pair in lstm_se.mini().test[::step]]


def test_shipped_configuration_is_the_preset_but_for_the_rate_of_the_last_stage():
    shipped, preset = pretrained.load_float("tiny").config, Config.preset("tiny")
    assert dataclasses.replace(shipped, learning_rate=preset.learning_rate) == preset
    assert shipped.learning_rate < preset.learning_rate


def recipe_of(stage):
    return json.loads((stage / "recipe.json").read_text(encoding="utf-8"))


def test_each_stage_has_its_record_and_none_is_faster_than_the_first():
    rates = []
    for stage in pretrained.stages(FOLDER):
        config = Config.load(stage / "config.json")
        history = runs.Run(stage).history()
        assert in_numpy.shapes(config) == in_numpy.shapes(pretrained.load_float("tiny").config)
        assert 0 < len(history) <= recipe_of(stage)["epochs"]
        assert history[0]["learning_rate"] <= config.learning_rate
        assert ("initial_sha256" in recipe_of(stage)) == bool(rates)
        rates.append(config.learning_rate)
    assert len(rates) > 1 and max(rates[1:]) < rates[0]


def averaged(stage):
    """Names and digests of the models of which the mean was taken."""
    return dict(line.split() for line in recipe_of(stage)["averaged"])


def test_records_tell_what_was_averaged_and_what_was_rescaled():
    stages = pretrained.stages(FOLDER)
    begun_with = [recipe_of(stage)["initial_sha256"] for stage in stages[1:]]
    early, late = averaged(stages[2]), averaged(FOLDER)
    assert (*early, *late) == ("first", "third", "fourth", "fifth")
    assert (begun_with[0], begun_with[3]) == (early["first"], late["fourth"])
    rescaled = recipe_of(FOLDER)["rescaled"]
    name, digest = rescaled["of"].split()
    assert name == "mean"
    assert len({*begun_with, *early.values(), *late.values(), digest}) == 7
    assert 0 < rescaled["slope"] <= 1 and rescaled["shift"] <= 0


def test_level_of_the_recording_hardly_matters():
    swept = stress.level_sweep(
        pretrained.load_float("tiny"), pairs(9), levels_dbfs=(-45.0, -20.0, 0.0)
    )
    means = [np.mean(sdr) for sdr in swept.values()]
    assert max(means) - min(means) < 1.0


def test_clean_speech_comes_out_clean():
    found = stress.clean_speech(pretrained.load_float("tiny"), [clean for clean, _ in pairs(5)])
    assert np.mean(found["sdr"]) >= 20
    assert np.mean(found["pesq_wb"]) >= 4.0


@pytest.mark.parametrize("name", ["fan", "rain", "wind"])
def test_steady_noise_alone_falls_deep(name):
    noise = 0.05 * noises.SYNTHETIC[name](80_000, np.random.default_rng(0))
    assert stress.reduction_db(pretrained.load_float("tiny"), noise) >= 15


def test_recorded_noise_alone_falls():
    folder = Path(lstm_se.__file__).parents[1] / "data" / "mini" / "noise_testset"
    for path in sorted(folder.iterdir()):
        noise = audio.read(path).samples[:160_000]
        falls = stress.reduction_db(pretrained.load_float("tiny"), noise)
        assert falls >= 15, path.name


@pytest.mark.slow
def test_stream_does_not_drift():
    noisy = pairs(26)[0][1]
    stream = pretrained.load_float("tiny").stream()
    assert abs(stress.drift_db(stream.process, noisy, minutes=2)) < 0.1


def test_silence_stays_silent_and_music_does_not_blow_up():
    denoiser = pretrained.load_float("tiny")
    assert np.abs(denoiser(np.zeros(32_000, np.float32))).max() < 1e-6
    folder = Path(lstm_se.__file__).parents[1] / "data" / "mini" / "noise_testset"
    music = audio.read(folder / "music_coffee.ogg").samples[:160_000]
    assert np.abs(denoiser(music)).max() <= 1.1 * np.abs(music).max()


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
    denoiser = pretrained.load_float("tiny")
    loud = denoiser(noisy)
    quiet = denoiser(noisy / 100) * 100
    assert metrics.si_sdr(loud, quiet) > 40
    assert np.isfinite(denoiser(np.zeros(16_000, np.float32))).all()
