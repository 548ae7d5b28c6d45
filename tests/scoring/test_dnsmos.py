"""Opinions without a reference: the real networks, on speech that no training has heard."""

import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from command_line import assert_one_clear_line, run

import lstm_se
from lstm_se.scoring.dnsmos import DNSMOS_SCALES, _predictor, evaluate_dnsmos, rate

pytestmark = pytest.mark.slow  # judges whole recordings by a network

RATE = 16_000


@pytest.fixture(scope="module")
def loudest_noise():
    """Clean and noisy samples of the test pair with the lowest signal-to-noise ratio."""
    corpus = lstm_se.mini()
    snr = {name: db for name, (_, db) in lstm_se.corpora.pairs.conditions_of(corpus.root).items()}
    return min(corpus.test, key=lambda pair: snr[pair.name]).load()


@pytest.fixture(autouse=True)
def fresh_predictor():
    _predictor.cache_clear()


def speech(seconds=2.0):
    return lstm_se.mini().test[0].load()[0][: int(seconds * RATE)]


def test_noise_lowers_every_score(loudest_noise):
    clean, noisy = (rate(samples) for samples in loudest_noise)
    assert tuple(clean) == DNSMOS_SCALES
    for scale in DNSMOS_SCALES:
        assert 1 <= noisy[scale] < clean[scale] <= 5


def test_scores_are_those_of_the_package_itself():
    from speechmos import dnsmos

    theirs = dnsmos.run(speech(), RATE)
    for scale, value in rate(speech()).items():
        assert value == pytest.approx(theirs[scale.replace("dnsmos_", "") + "_mos"], abs=1e-3)


def test_sound_above_full_scale_is_judged_as_a_file_would_hold_it():
    loud = 4 * speech() / np.abs(speech()).max()
    assert rate(loud) == rate(np.clip(loud, -1, 1))


BAD = {
    "silent": (np.zeros(2 * RATE, np.float32), "silent"),
    "short": (np.ones(100, np.float32), "at least 1 s"),
    "empty": (np.ones(0, np.float32), "at least 1 s"),
    "integers": (np.ones(2 * RATE, np.int16), "int16"),
    "stereo": (np.ones((2, 2 * RATE), np.float32), "shape"),
    "nan": (np.full(2 * RATE, np.nan, np.float32), "NaN"),
}


@pytest.mark.parametrize("kind", BAD)
def test_unfit_sound_is_told_in_one_line(kind):
    samples, words = BAD[kind]
    with pytest.raises(ValueError, match=words) as error:
        rate(samples)
    assert "\n" not in str(error.value)


def test_missing_package_is_told_with_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "speechmos", None)
    monkeypatch.delitem(sys.modules, "speechmos.dnsmos", raising=False)
    for call in (lambda: rate(speech()), lambda: evaluate_dnsmos([tmp_path / "x.wav"])):
        with pytest.raises(ValueError, match=r'pip install "lstm-se\[peers\]"'):
            call()


def test_nothing_is_kept_to_be_reported_to_anybody(tmp_path):
    """The runtime keeps an identifier and a queue of reports in the user's cache if it may."""
    program = (
        "import numpy as np; from lstm_se.scoring import dnsmos; dnsmos.rate(np.eye(1, 16_000)[0])"
    )
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    inherited = {k: v for k, v in os.environ.items() if k not in ("CI", "ORT_DISABLE_TELEMETRY")}
    subprocess.run([sys.executable, "-c", program], check=True, env=inherited | home)
    assert not [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name]


def test_report_has_every_file_under_every_system_and_counts_what_failed(tmp_path):
    good, bad = tmp_path / "good.wav", tmp_path / "bad.wav"
    soundfile.write(good, speech(), RATE)
    bad.write_text("no sound")
    found = evaluate_dnsmos([good, bad], {"half": lambda noisy: noisy[: RATE // 2]})
    assert [(row.name, row.system) for row in found.rows] == [
        (str(path), system) for path in (good, bad) for system in ("noisy", "half")
    ]
    assert [set(row.values) == set(DNSMOS_SCALES) for row in found.rows] == [True] + 3 * [False]
    reasons = [reason for _, _, scale, reason in found.failures if scale == DNSMOS_SCALES[0]]
    for reason, words in zip(reasons, ("0.50 s", "not a sound", "not a sound"), strict=True):
        assert words in reason


def test_enhancer_may_not_change_the_noisy_recording(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, speech(), RATE)

    def spoil(noisy):
        noisy[:] = np.random.default_rng(0).uniform(-1, 1, len(noisy))
        return noisy

    with_spoiler = evaluate_dnsmos([path], {"spoil": spoil, "same": lambda noisy: noisy})
    values = {row.system: row.values for row in with_spoiler.rows}
    assert values["same"] == values["noisy"] != values["spoil"]


@pytest.mark.parametrize(
    ("paths", "enhancers", "words"),
    [
        ([], {}, "no recording"),
        (["a.wav", "a.wav"], {}, "twice"),
        (["a.wav"], {"noisy": abs}, "baseline"),
    ],
)
def test_what_cannot_be_reported_is_refused(paths, enhancers, words):
    with pytest.raises(ValueError, match=words):
        evaluate_dnsmos(paths, enhancers)


def test_command_scores_a_recording_without_its_clean_speech(tmp_path, loudest_noise):
    path = tmp_path / "mine.wav"
    soundfile.write(path, loudest_noise[1], RATE)
    result = run("evaluate", "--noisy", path, "--json", tmp_path / "scores.json")
    assert result.returncode == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines() if "BAK" in line]
    means = {cells[2]: float(cells[4]) for cells in lines}
    assert means["tiny"] > means["noisy"]
    assert (tmp_path / "scores.json").exists()


@pytest.mark.parametrize("option", ["--enhanced", "--metrics", "--with"])
def test_command_names_the_option_that_needs_clean_speech(tmp_path, option):
    value = {"--enhanced": tmp_path, "--metrics": "stoi", "--with": "ideal"}[option]
    result = run("evaluate", "--noisy", tmp_path, option, value)
    assert_one_clear_line(result, option, "--clean")


def test_command_names_a_file_that_cannot_be_judged(tmp_path):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(2 * RATE), RATE)
    assert_one_clear_line(run("evaluate", "--noisy", path), "silent")
