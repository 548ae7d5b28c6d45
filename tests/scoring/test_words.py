"""Words before and after denoising are counted against those of the clean recording, in pairs."""

import sys

import numpy as np
import pytest
import words
from hypothesis import given
from hypothesis import strategies as st

from lstm_se import mini
from lstm_se.corpora.mixing import mix
from lstm_se.corpora.pairs import paired, write_pair

TEXTS = st.lists(st.sampled_from("abc"), max_size=6)


@pytest.mark.parametrize(
    ("heard", "errors"),
    [
        ("please call stella", 0),
        ("please call bella", 1),
        ("please stella", 1),
        ("please do call stella", 1),
        ("call stella please", 2),
        ("", 3),
        ("a b c d e", 5),
    ],
)
def test_exchanged_lost_and_invented_words_count_one_each(heard, errors):
    assert words.word_errors(["please", "call", "stella"], heard.split()) == errors


@given(TEXTS, TEXTS, TEXTS)
def test_word_errors_are_a_distance(a, b, c):
    ab, ba = words.word_errors(a, b), words.word_errors(b, a)
    assert ab == ba and (ab == 0) == (a == b)
    assert words.word_errors(a, c) <= ab + words.word_errors(b, c)


def two_pairs(folder):
    """Two utterances of tones: the clean one of the second is twice as loud."""
    tone = np.sin(np.arange(16_000) / 5).astype(np.float32)
    noise = np.random.default_rng(0).standard_normal(16_000)
    for name, level in (("allison_001", 0.1), ("allison_002", 0.2)):
        write_pair(folder, "testset", name, *mix(level * tone, noise, 0.0))
    return paired(folder / "clean_testset_wav", folder / "noisy_testset_wav")


def loudness_in_words(sounds):
    """A recogniser that says one word for each hundredth of the root mean square."""
    return {k: "la " * round(100 * np.sqrt(np.mean(x**2))) for k, x in sounds.items()}


def test_every_version_is_compared_with_the_clean_recording_of_its_own_pair(tmp_path):
    pairs, systems = two_pairs(tmp_path), {"silent": np.zeros_like, "same": np.copy}
    files = words.recognised(pairs, systems, 1, loudness_in_words)
    assert list(files) == ["allison_001", "allison_002"]
    assert [file["words"] for file in files.values()] == [7, 14]
    for file in files.values():
        errors = file["errors"]
        assert errors["silent"] == file["words"]
        assert errors["same"] == errors["noisy"] > errors[words.FLOOR] == 0


def file_of(count, **errors):
    return {"words": count, "errors": errors}


def test_rates_are_of_all_words_and_of_each_file_and_their_differences_are_paired():
    files = {"a": file_of(10, noisy=8, tiny=5), "b": file_of(2, noisy=1, tiny=1)}
    found = words.summary(files, {})
    tiny = found["systems"]["tiny"]
    assert (found["words"], tiny["errors"], tiny["rate"]) == (12, 6, 0.5)
    assert tiny["by_file"]["mean"] == pytest.approx((0.5 + 0.5) / 2)
    assert tiny["minus_noisy"]["mean"] == pytest.approx((-0.3 + 0.0) / 2)
    assert found["systems"]["noisy"]["minus_noisy"] == {"n": 2, "mean": 0, "low": 0, "high": 0}


def test_means_of_strata_count_alike():
    ones, zeros = dict.fromkeys("abc", 1), dict.fromkeys("de", 0)
    files = {name: file_of(1, noisy=errors) for name, errors in (ones | zeros).items()}
    strata = dict.fromkeys(ones, "loud") | dict.fromkeys(zeros, "soft")
    assert words.summary(files, strata)["systems"]["noisy"]["by_file"]["mean"] == 0.5


def test_files_in_which_nothing_is_heard_are_named_and_left_out():
    files = {"a": file_of(2, noisy=1), "b": file_of(0, noisy=1), "c": file_of(2, noisy=1)}
    found = words.summary(files, {})
    assert found["left_out"] == ["b"]
    assert found["systems"]["noisy"]["by_file"]["n"] == found["systems"]["noisy"]["errors"] == 2


def test_only_english_talkers_of_the_second_set_are_recognised(tmp_path):
    two_pairs(tmp_path)
    silence = np.zeros(1600, np.float32)
    for talker in ("allison-es", "carlo"):
        write_pair(tmp_path, "testset", f"{talker}_001", silence, silence)
    pairs, strata = words.chosen_sets(tmp_path, None)["second"]
    assert [pair.name for pair in pairs] == ["allison_001", "allison_002"] and strata == {}


def test_missing_recogniser_is_told_with_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(ValueError, match=r"package pocketsphinx is not .*lstm-se\[peers\]"):
        words.heard({})


@pytest.mark.slow  # it takes longer than the sentence
def test_recogniser_hears_english_and_forgets_what_came_before():
    speech = next(pair for pair in mini().test if pair.speaker == "allison").load()[0]
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000)
    texts = words.heard({"first": speech, "noise": noise, "again": speech})
    assert texts["first"] == texts["again"]
    assert {"enter", "password", "pound", "key"} <= set(texts["first"].split())
