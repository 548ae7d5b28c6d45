"""The weights that come with the package are what their records say."""

import csv
import dataclasses
import hashlib
import json
import shlex
from pathlib import Path

import numpy as np
import pytest

import lstm_se
from lstm_se import files
from lstm_se.config import Config
from lstm_se.corpora.manifest import open_recordings
from lstm_se.network import in_numpy, pretrained
from lstm_se.scoring import metrics, stress
from lstm_se.scoring.report import Report, Row
from lstm_se.sound import audio, noises
from lstm_se.training import runs
from lstm_se.training.recipes import recipe_of
from lstm_se.training.sources import TRAINING_RECIPE

FOLDER = pretrained.folder_of("tiny")
HELD_OUT = ("allison", "carlo")


@pytest.fixture(scope="module")
def report():
    stored = json.loads((FOLDER / "scores.json").read_text(encoding="utf-8"))
    return Report(tuple(Row(**row) for row in stored["rows"]), tuple(stored["metrics"]))


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sources():
    return rows_of(FOLDER / "sources.csv")


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


@pytest.fixture(scope="module")
def recipe():
    return json.loads((FOLDER / "recipe.json").read_text(encoding="utf-8"))


def test_weights_are_those_of_one_training_run(recipe):
    assert {path.name for path in FOLDER.iterdir()} == {
        *("README.md", "config.json", "history.csv", "recipe.json"),
        *("scores.json", "sources.csv", "weights.npz"),
    }
    assert not {"averaged", "initial_sha256", "pruned"} & set(recipe)
    assert set(recipe["rescaled"]) == {"slope", "shift"}  # rescaled afterwards, it says of what


def test_training_run_is_that_of_the_recipe(recipe):
    named = recipe_of("tiny")
    schedule = named.schedule()
    assert (recipe["epochs"], recipe["steps"]) == (schedule.epochs, schedule.steps_per_epoch)
    assert recipe["validation_steps"] == schedule.validation_steps
    assert recipe["patience"] == schedule.patience
    assert tuple(recipe["rescaled"][name] for name in ("slope", "shift")) == named.rescale
    assert recipe["mixing"] == json.loads(json.dumps(dataclasses.asdict(TRAINING_RECIPE)))
    words = shlex.split(recipe["command"])
    assert words[:6] == ["lstm-se", "train", "--recipe", "tiny", "--data", "open"]
    assert "--set" not in words


def test_shipped_configuration_is_that_of_the_recipe_with_the_first_seed():
    named = recipe_of("tiny")
    config = pretrained.load_float("tiny").config
    assert config == Config.preset(named.preset, **dict(map(parsed, named.changes)))
    assert config.seed == 0


def parsed(change):
    field, _, value = change.partition("=")
    return field, json.loads(value)


def test_history_has_every_epoch_and_a_rate_that_falls_to_its_end(recipe):
    history = runs.Run(FOLDER).history()
    rates = [row["learning_rate"] for row in history]
    assert [row["epoch"] for row in history] == list(range(recipe["epochs"]))
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(pretrained.load_float("tiny").config.learning_rate, rel=0.01)
    assert rates[-1] == pytest.approx(rates[0] / 100, rel=0.01)


def test_hours_of_mixtures_are_those_of_all_steps(recipe):
    config = pretrained.load_float("tiny").config
    seconds = recipe["epochs"] * recipe["steps"] * config.batch_size * config.segment_seconds
    assert recipe["hours_of_mixtures"] == pytest.approx(seconds / 3600, abs=0.05)


def test_recipe_is_of_these_sources(recipe, sources):
    entries = [
        [row["use"], row["bank"], row["file"], float(row["seconds"]), row["sha256"]]
        for row in sources
    ]
    assert hashlib.sha256(json.dumps(entries).encode()).hexdigest() == recipe["sources_sha256"]


def test_heard_was_what_the_manifest_lists_for_it_and_bundled_speech_to_train_with(sources):
    listed = {each.target for each in open_recordings() if each.part}
    bundled = {hashlib.sha256(p.clean.read_bytes()).hexdigest() for p in lstm_se.mini().train}
    ours = set()
    for row in sources:
        side, kind = row["use"].split()
        folder = kind if side == "train" else f"{side}_{kind}"
        if f"{folder}/{row['bank']}/{row['file']}" not in listed:
            assert row["use"] == "train speech" and row["sha256"] in bundled, row
            ours.add(row["sha256"])
    assert ours == bundled


def test_readme_names_each_collection_with_its_licences():
    licences = {pair.speaker: set() for pair in lstm_se.mini().train}
    for row in rows_of(files.shipped("mini") / "SOURCES.csv"):
        if row["speaker_or_kind"] in licences:
            licences[row["speaker_or_kind"]].add(row["licence"])
    for each in open_recordings():
        if each.part:
            licences.setdefault(each.collection, set()).add(each.licence)
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    told = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    assert {cells[0].strip("`"): set(cells[-1].split(", ")) for cells in told} == licences


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


def test_record_tells_the_minutes_of_what_was_heard(recipe, sources):
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
