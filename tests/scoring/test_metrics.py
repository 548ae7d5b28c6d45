"""The measures on one utterance: known values, invariances, and refusal of the unmeasurable."""

import subprocess
import sys
import warnings
from pathlib import Path

import mir_eval
import numpy as np
import pesq
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from lstm_se.scoring import metrics
from lstm_se.scoring.metrics import METRICS, score

TEST_SPEECH = Path(__file__).parents[2] / "data" / "mini" / "clean_testset_wav"
SAMPLES = 64_000
ALL = pytest.mark.parametrize("name", METRICS)
PESQ = pytest.mark.parametrize("name", ["pesq_wb", "pesq_nb"])
STOI = pytest.mark.parametrize("name", ["stoi", "estoi"])
RATIOS = pytest.mark.parametrize("name", ["si_sdr", "sdr"])


@pytest.fixture(scope="module")
def clean():
    """Four seconds of recorded speech, the last tenth of a second silent."""
    files = sorted(TEST_SPEECH.glob("allison_*.flac"))
    speech = np.concatenate([soundfile.read(file)[0] for file in files[:6]])
    assert speech.size >= SAMPLES
    return np.pad(speech[: SAMPLES - 1_600], (0, 1_600))


@pytest.fixture(scope="module")
def noisy(clean):
    return at_snr(clean, 5)


def at_snr(clean, snr_db, seed=0):
    noise = np.random.default_rng(seed).standard_normal(clean.size)
    gain = np.sqrt(clean @ clean / (noise @ noise) / 10 ** (snr_db / 10))
    return clean + gain * noise


def delayed(x, samples):
    return np.concatenate([np.zeros(samples), x[:-samples]])


def reference_sdr(clean, estimate):
    """The independent implementation of BSS Eval 3."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # announces its removal in mir_eval 0.9
        sdr, *_ = mir_eval.separation.bss_eval_sources(clean[None], estimate[None], False)
    return sdr[0]


IDENTICAL = {"pesq_wb": 4.644, "pesq_nb": 4.549, "stoi": 1.0, "estoi": 1.0}


@pytest.mark.parametrize("name", IDENTICAL)
def test_identical_signals_get_the_best_value(clean, name):
    assert METRICS[name](clean, clean) == pytest.approx(IDENTICAL[name], abs=1e-3)


@RATIOS
def test_identical_signals_get_a_large_but_finite_ratio(clean, name):
    assert 200 < METRICS[name](clean, clean) < 320


@ALL
def test_a_value_grows_with_the_snr(clean, name):
    values = [METRICS[name](clean, at_snr(clean, snr)) for snr in (-5, 0, 5, 10, 20, 30)]
    assert np.all(np.diff(values) > 0)


@ALL
def test_a_gain_changes_nothing(clean, noisy, name):
    value = METRICS[name](clean, noisy)
    for gain in (1e-6, 0.1, 3.0, 1e6):
        assert METRICS[name](clean, gain * noisy) == pytest.approx(value, abs=1e-4)
        assert METRICS[name](gain * clean, noisy) == pytest.approx(value, abs=1e-4)


@ALL
def test_float32_gives_the_value_of_float64(clean, noisy, name):
    single = METRICS[name](clean.astype(np.float32), noisy.astype(np.float32))
    assert single == pytest.approx(METRICS[name](clean, noisy), abs=1e-3)


@ALL
def test_the_arguments_are_not_changed(clean, noisy, name):
    before = clean.copy(), noisy.copy()
    METRICS[name](clean, noisy)
    assert np.array_equal(before[0], clean) and np.array_equal(before[1], noisy)


@PESQ
def test_pesq_is_that_of_the_package_with_clean_first(clean, noisy, name):
    mode = name[-2:]
    assert METRICS[name](clean, noisy) == pesq.pesq(16_000, clean, noisy, mode)
    assert METRICS[name](noisy, clean) != METRICS[name](clean, noisy)


def test_narrow_band_pesq_is_higher_than_wide_band(clean):
    estimate = at_snr(clean, 25)
    assert metrics.pesq_nb(clean, estimate) > metrics.pesq_wb(clean, estimate) + 0.2


def test_stoi_does_not_depend_on_the_level_at_which_it_is_computed(clean, noisy):
    assert metrics.stoi(1e-30 * clean, noisy) == pytest.approx(metrics.stoi(clean, noisy))


def test_estoi_repeats_exactly_and_leaves_the_global_generator_alone(clean, noisy):
    np.random.seed(7)
    expected = np.random.random()
    np.random.seed(7)
    first = metrics.estoi(clean, noisy)
    assert np.random.random() == expected
    assert metrics.estoi(clean, noisy) == first


def test_si_sdr_of_orthogonal_noise_is_the_snr(clean):
    rng = np.random.default_rng(1)
    speech = clean - clean.mean()
    noise = rng.standard_normal(speech.size)
    noise -= noise.mean()
    noise -= (noise @ speech) / (speech @ speech) * speech
    noise *= np.sqrt(speech @ speech / (noise @ noise) / 10)
    assert metrics.si_sdr(speech, speech + noise) == pytest.approx(10, abs=1e-9)


def test_si_sdr_ignores_an_offset(clean, noisy):
    value = metrics.si_sdr(clean, noisy)
    assert metrics.si_sdr(clean + 0.1, noisy - 0.2) == pytest.approx(value, abs=1e-9)


def test_sdr_forgives_a_shift_of_phase_and_si_sdr_does_not(clean, noisy):
    turned = signal.lfilter([-0.7, 1], [1, -0.7], noisy)  # an all-pass: same spectrum
    assert metrics.sdr(clean, turned) == pytest.approx(metrics.sdr(clean, noisy), abs=0.1)
    assert metrics.si_sdr(clean, turned) < metrics.si_sdr(clean, noisy) - 3


def test_sdr_forgives_a_short_filter_of_the_clean_speech(clean):
    taps = np.random.default_rng(2).standard_normal(32)
    filtered = signal.lfilter(taps, 1, clean)
    assert metrics.sdr(clean, filtered) > 200
    assert metrics.si_sdr(clean, filtered) < 10


def test_one_sample_of_delay_costs_si_sdr_and_neither_sdr_nor_pesq(clean):
    late = delayed(clean, 1)
    assert 0 < metrics.si_sdr(clean, late) < 15
    assert metrics.sdr(clean, late) > 200
    assert metrics.pesq_wb(clean, late) > 4.6


def test_sdr_does_not_forgive_a_delay_beyond_its_filter(clean):
    assert metrics.sdr(clean, delayed(clean, 400)) > 200
    assert metrics.sdr(clean, delayed(clean, 600)) < 0


@pytest.mark.parametrize("snr", [-10, 0, 10, 40])
def test_sdr_agrees_with_mir_eval(clean, snr):
    estimate = at_snr(clean, snr)
    assert metrics.sdr(clean, estimate) == pytest.approx(reference_sdr(clean, estimate), abs=0.05)


@pytest.mark.parametrize("shift", [1, 256, 511, 600])
def test_sdr_of_a_delayed_estimate_agrees_with_mir_eval(clean, noisy, shift):
    late = delayed(noisy, shift)
    assert metrics.sdr(clean, late) == pytest.approx(reference_sdr(clean, late), abs=0.05)


def test_sdr_of_band_limited_speech_agrees_with_mir_eval(clean):
    """Nothing above 4 kHz: the normal equations are nearly singular."""
    speech = signal.sosfiltfilt(signal.butter(10, 4_000, fs=16_000, output="sos"), clean)
    estimate = at_snr(speech, 10)
    assert metrics.sdr(speech, estimate) == pytest.approx(reference_sdr(speech, estimate), abs=0.05)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), snr=st.floats(-30, 60), taps=st.integers(1, 64))
def test_sdr_is_never_below_si_sdr(seed, snr, taps):
    rng = np.random.default_rng(seed)
    clean = signal.lfilter([1], [1, -0.9], rng.standard_normal(4_000))
    clean -= clean.mean()
    estimate = at_snr(np.convolve(clean, rng.standard_normal(taps))[:4_000], snr, seed)
    estimate -= estimate.mean()
    assert metrics.sdr(clean, estimate) >= metrics.si_sdr(clean, estimate) - 1e-6


def test_a_tone_has_an_sdr_although_its_equations_are_singular():
    tone = np.sin(0.3 * np.arange(16_000))
    assert metrics.sdr(tone, at_snr(tone, 20)) == pytest.approx(20, abs=0.5)
    assert metrics.sdr(tone, tone) > 150


@RATIOS
def test_an_estimate_without_any_speech_gets_a_finite_ratio(name):
    click, other = np.zeros(8_000), np.zeros(8_000)
    click[100], other[5_000] = 1, 1
    assert -320 < METRICS[name](click, other) < -60


@ALL
def test_signals_of_different_lengths_are_refused(clean, name):
    with pytest.raises(ValueError, match="64000 samples and the estimate 63999"):
        METRICS[name](clean, clean[:-1])


@ALL
@pytest.mark.parametrize("level", [0.0, 0.25])
def test_a_constant_signal_is_refused_as_silent(clean, name, level):
    silence = np.full(SAMPLES, level)
    with pytest.raises(ValueError, match="clean reference is silent"):
        METRICS[name](silence, clean)
    with pytest.raises(ValueError, match="estimate is silent"):
        METRICS[name](clean, silence)


@ALL
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(clean, name, bad):
    broken = clean.copy()
    broken[10:13] = bad
    with pytest.raises(ValueError, match="estimate has 3 samples that are NaN or infinite"):
        METRICS[name](clean, broken)
    with pytest.raises(ValueError, match="clean reference has 3 samples"):
        METRICS[name](broken, clean)


@ALL
def test_integers_and_several_channels_and_nothing_are_refused(clean, name):
    with pytest.raises(ValueError, match="holds int16"):
        METRICS[name]((32_767 * clean).astype(np.int16), clean)
    with pytest.raises(ValueError, match=r"shape \(2, 32000\)"):
        METRICS[name](clean, clean.reshape(2, -1))
    with pytest.raises(ValueError, match=r"shape \(0,\)"):
        METRICS[name](clean[:0], clean[:0])


@ALL
@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_another_sample_rate_is_refused(clean, name, rate):
    with pytest.raises(ValueError, match=f"16000 Hz, not {rate}"):
        METRICS[name](clean, clean, rate)


@PESQ
def test_pesq_refuses_less_than_a_quarter_second(clean, noisy, name):
    with pytest.raises(ValueError, match="0.25 s to 19 s"):
        METRICS[name](clean[8_000:11_999], noisy[8_000:11_999])
    assert 1 < METRICS[name](clean[8_000:12_000], noisy[8_000:12_000]) < 4.7


@PESQ
def test_pesq_refuses_what_its_c_code_would_not_survive(clean, name):
    """More than 50 stretches of speech overrun its arrays."""
    burst = np.concatenate([clean[8_000:14_400], np.zeros(6_400)])
    with pytest.raises(ValueError, match="this is 96 s"):
        METRICS[name](np.tile(burst, 120), np.tile(burst, 120))


@PESQ
def test_pesq_survives_the_densest_speech_it_accepts(clean, name):
    burst = np.concatenate([clean[8_000:11_200], np.zeros(3_264)])
    dense = np.tile(burst, 100)[: 19 * 16_000]
    assert 1 < METRICS[name](dense, at_snr(dense, 10)) < 4.7


@PESQ
def test_pesq_refuses_a_reference_in_which_it_finds_no_speech(clean, name):
    with pytest.raises(ValueError, match="no speech"):
        METRICS[name](1e-30 * clean, clean)


@STOI
def test_stoi_refuses_too_short_a_signal(clean, name):
    with pytest.raises(ValueError, match="0.4 s of speech"):
        METRICS[name](clean[8_000:14_000], clean[8_000:14_000])


@STOI
def test_stoi_refuses_a_long_signal_with_too_little_speech(clean, name):
    mostly_silent = np.zeros(SAMPLES)
    mostly_silent[30_000:33_000] = clean[8_000:11_000]
    with pytest.raises(ValueError, match="0.4 s of speech"):
        METRICS[name](mostly_silent, clean)


def test_score_has_every_metric(clean, noisy):
    found = score(clean, noisy)
    assert list(found.values) == list(METRICS) and found.failures == {}
    assert found.values["si_sdr"] == metrics.si_sdr(clean, noisy)


def test_score_keeps_what_succeeds_and_explains_the_rest(clean, noisy):
    found = score(clean[8_000:11_000], noisy[8_000:11_000])
    assert set(found.values) == {"si_sdr", "sdr"}
    assert set(found.failures) == {"pesq_wb", "pesq_nb", "stoi", "estoi"}
    assert "0.25 s" in found.failures["pesq_wb"]


def test_every_reason_is_one_line(clean):
    cases = [(clean, clean[1:]), (0 * clean, clean), (clean * np.nan, clean), (clean[:99],) * 2]
    reasons = [reason for case in cases for reason in score(*case).failures.values()]
    assert len(reasons) >= 3 * len(METRICS) + 4
    assert all(reason and "\n" not in reason for reason in reasons)


@pytest.mark.parametrize(("names", "message"), [(["stoy"], "stoy: choose from"), ([], "no metric")])
def test_score_refuses_unknown_metrics_and_none(clean, names, message):
    with pytest.raises(ValueError, match=message):
        score(clean, clean, names)


def test_scoring_needs_neither_tensorflow_nor_librosa_nor_matplotlib():
    code = (
        "import sys, numpy as np, lstm_se.scoring.evaluation as e\n"
        "x = np.random.default_rng(0).standard_normal(16_000)\n"
        "e.score(x, x + 0.1 * np.roll(x, 1))\n"
        "print([m for m in ('tensorflow', 'keras', 'librosa', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
