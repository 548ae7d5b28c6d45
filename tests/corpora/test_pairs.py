"""What the index says must be true of the files: pairs, parts, speakers."""

import warnings

import numpy as np
import pytest
import soundfile
from voicebank_fixture import TEST_SPEAKERS, make_corpus, write_pair, write_phone_pair

from lstm_se.corpora.pairs import conditions_of, paired, voicebank_demand


@pytest.fixture
def root(tmp_path):
    return make_corpus(tmp_path / "corpus")


def speakers(pairs):
    return {pair.speaker for pair in pairs}


def test_each_part_holds_its_own_files(root):
    corpus = voicebank_demand(root)
    assert [pair.name for pair in corpus.train] == ["p226_001", "p226_002", "p227_001", "p227_002"]
    assert speakers(corpus.test) == set(TEST_SPEAKERS)
    for pair in (*corpus.train, *corpus.validation, *corpus.test):
        assert pair.clean.parent.name.replace("clean", "noisy") == pair.noisy.parent.name
        assert pair.clean.stem == pair.noisy.stem == pair.name


def test_validation_speakers_are_not_trained_on(root):
    corpus = voicebank_demand(root)
    assert speakers(corpus.validation) == {"p286", "p287"}
    assert not speakers(corpus.train) & speakers(corpus.validation)
    named = voicebank_demand(root, validation_speakers=["p227"])
    assert speakers(named.validation) == {"p227"}
    assert speakers(named.train) == {"p226", "p286", "p287"}


@pytest.mark.parametrize(
    ("train", "held_out"),
    [
        (("a", "b", "c", "d", "e"), {"d", "e"}),
        (("a", "b", "c"), {"c"}),
        (("a", "b"), {"b"}),
        (("a",), set()),
    ],
)
def test_other_corpora_hold_out_their_last_speakers(tmp_path, train, held_out):
    corpus = voicebank_demand(make_corpus(tmp_path, train, count=len(train)))
    assert speakers(corpus.validation) == held_out
    assert speakers(corpus.train) == set(train) - held_out


def test_no_validation_speakers_means_all_train(root):
    corpus = voicebank_demand(root, validation_speakers=())
    assert corpus.validation == ()
    assert len(corpus.train) == 8


def test_unknown_validation_speaker_is_refused(root):
    with pytest.raises(ValueError, match=r"no training file of p999.*its speakers are p226"):
        voicebank_demand(root, validation_speakers=["p999"])


def test_holding_out_everybody_is_refused(root):
    with pytest.raises(ValueError, match="none is left to train on"):
        voicebank_demand(root, validation_speakers=["p226", "p227", "p286", "p287"])


def test_two_training_sets_are_never_merged(root):
    make_corpus(root, train=("p234", "p236", "p238", "p241"), test=(), count=56)
    assert speakers(voicebank_demand(root).train) == {"p226", "p227"}
    assert speakers(voicebank_demand(root, speakers=28).train) == {"p226", "p227"}
    assert speakers(voicebank_demand(root, speakers=56).train) == {"p234", "p236"}


def test_two_sets_without_the_standard_one_need_a_choice(tmp_path):
    make_corpus(tmp_path, count=3)
    make_corpus(tmp_path, count=56)
    with pytest.raises(ValueError, match="training sets of 3, 56 speakers"):
        voicebank_demand(tmp_path)


def test_missing_training_set_lists_those_there(root):
    with pytest.raises(FileNotFoundError, match="no clean_trainset_56spk_wav: sets there: 28"):
        voicebank_demand(root, speakers=56)


@pytest.mark.parametrize(("train", "test"), [((), TEST_SPEAKERS), (("a", "b"), ())])
def test_one_part_alone_is_a_corpus(tmp_path, train, test):
    corpus = voicebank_demand(make_corpus(tmp_path, train, test))
    assert speakers(corpus.train + corpus.validation) == set(train)
    assert speakers(corpus.test) == set(test)


def test_missing_root_and_foreign_folder_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        voicebank_demand(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="neither clean_trainset_28spk_wav nor"):
        voicebank_demand(tmp_path)


@pytest.mark.parametrize("gone", ["noisy_testset_wav", "clean_trainset_28spk_wav"])
def test_missing_counterpart_folder_is_named(root, gone):
    (root / gone).rename(root / "elsewhere")
    with pytest.raises(FileNotFoundError, match=f"{gone} is missing"):
        voicebank_demand(root)


def test_empty_folder_is_refused(root):
    for path in (root / "noisy_testset_wav").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="noisy_testset_wav holds no sound file"):
        voicebank_demand(root)


def test_missing_pair_names_the_file_and_the_number(root):
    (root / "noisy_testset_wav" / "p232_002.wav").unlink()
    with pytest.raises(ValueError, match=r"1 of 4 files in .*clean_testset_wav.*\(p232_002\)"):
        voicebank_demand(root)


def test_mismatch_is_told_from_both_sides_and_kept_short(tmp_path):
    clean, noisy = tmp_path / "clean", tmp_path / "noisy"
    for number in range(6):
        write_pair(clean, noisy, f"a_{number}")
    for number in range(5):
        (noisy / f"a_{number}.wav").rename(noisy / f"b_{number}.wav")
    with pytest.raises(ValueError) as error:
        paired(clean, noisy)
    message = str(error.value)
    assert "5 of 6 files in" in message and "(a_0, a_1, a_2, …)" in message
    assert "(b_0, b_1, b_2, …)" in message
    assert "\n" not in message


def test_pairs_match_across_formats_and_subfolders(tmp_path):
    signal = np.zeros(1600)
    for folder, suffixes in (("clean", (".flac", ".ogg")), ("noisy", (".wav", ".wav"))):
        for name, suffix in zip(("x_1", "sub/y_2"), suffixes, strict=True):
            path = (tmp_path / folder / name).with_suffix(suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, signal, 16_000)
    pairs = paired(tmp_path / "clean", tmp_path / "noisy")
    assert [(pair.name, pair.speaker) for pair in pairs] == [("sub/y_2", "y"), ("x_1", "x")]
    assert [pair.clean.suffix for pair in pairs] == [".ogg", ".flac"]


def test_two_files_of_one_name_are_refused(root):
    soundfile.write(root / "clean_testset_wav" / "p232_001.flac", np.zeros(100), 16_000)
    with pytest.raises(ValueError, match=r"p232_001.flac and .*p232_001.wav have the same name"):
        voicebank_demand(root)


def test_pair_loads_both_at_16_khz(root):
    clean, noisy = voicebank_demand(root).test[0].load()
    assert clean.dtype == noisy.dtype == np.float32
    assert clean.shape == noisy.shape == (4800,)
    assert 0 < np.std(noisy - clean) < 0.5 * np.std(clean)


def write(path, samples, rate=16_000, channels=1):
    shape = (samples, channels) if channels > 1 else samples
    soundfile.write(path, np.zeros(shape), rate)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"samples": 4799}, r"p232_001.wav has 4800 samples but .*p232_001.wav has 4799: "),
        ({"samples": 4800, "channels": 2}, "has 1 channels but .* has 2"),
        ({"samples": 14400, "rate": 48_000}, "has 16000 Hz but .* has 48000"),
    ],
)
def test_pair_that_is_not_aligned_is_refused(root, bad, message):
    pair = voicebank_demand(root).test[0]
    write(pair.noisy, **bad)
    with pytest.raises(ValueError, match=message):
        pair.load()


def test_different_rates_are_found_without_loading(root):
    write(root / "noisy_testset_wav" / "p232_001.wav", 14400, rate=48_000)
    with pytest.raises(ValueError, match="16000 Hz but .* has 48000"):
        voicebank_demand(root)


def test_broken_file_is_named(root):
    (root / "clean_testset_wav" / "p232_001.wav").write_text("this is no sound")
    with pytest.raises(ValueError, match=r"p232_001.wav is not a sound file"):
        voicebank_demand(root)


def test_recordings_of_a_phone_are_a_corpus(tmp_path):
    make_corpus(tmp_path, train=())
    folders = tmp_path / "clean_testset_wav", tmp_path / "noisy_testset_wav"
    write_phone_pair(*folders, "p225_001")
    assert voicebank_demand(tmp_path).test[0].clean.suffix == ".m4a"


def test_48_khz_corpus_loads_at_16_khz_and_says_how_to_prepare_it(tmp_path):
    make_corpus(tmp_path, train=(), rate=48_000)
    with pytest.warns(UserWarning, match=r"holds 48000 Hz files.*prepare") as told:
        corpus = voicebank_demand(tmp_path)
    assert len(told) == 1
    clean, noisy = corpus.test[0].load()
    assert len(clean) == len(noisy) == 4800


def test_16_khz_corpus_warns_of_nothing(root):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert voicebank_demand(root).test


def test_conditions_come_from_the_logs(root):
    logs = root / "logfiles"
    logs.mkdir()
    (logs / "log_trainset_28spk.txt").write_text("p226_001 cafeteria 5\n")
    (logs / "log_testset.txt").write_text("p232_001 bus 2.5\n")
    (logs / "log_readme.txt").write_text("three words here\nor more of them\n")
    assert conditions_of(root) == {"p226_001": ("cafeteria", 5.0), "p232_001": ("bus", 2.5)}


def test_bad_or_missing_logs_are_named(root):
    with pytest.raises(FileNotFoundError, match="logfiles holds no log_"):
        conditions_of(root)
    (root / "logfiles").mkdir()
    (root / "logfiles" / "log_testset.txt").write_text("p232_001 bus 2.5\np232_002 bus\n")
    with pytest.raises(ValueError, match=r"log_testset.txt:2 is not NAME NOISE SNR"):
        conditions_of(root)
