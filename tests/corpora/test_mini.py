"""The bundled corpus is what it says: reproducible, aligned, at the logged SNR, held apart."""

import hashlib
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lstm_se import files
from lstm_se.corpora import mini as corpora_mini
from lstm_se.corpora.mini import mini
from lstm_se.corpora.pairs import conditions_of
from lstm_se.sound import audio


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return mini(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Sources of a few seconds in place of the bundled ones."""
    rng = np.random.default_rng(0)
    for name in (
        "clean_trainset_2spk_wav/a_1.ogg",
        "clean_trainset_2spk_wav/ivrvoiceru_1.ogg",
        "clean_testset_wav/c_1.flac",
        "noise_trainset/water.ogg",
        "noise_testset/keys.flac",
    ):
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * rng.standard_normal(8000), 16_000)
    monkeypatch.setattr(files, "shipped", lambda name: tmp_path / "sources")
    return tmp_path


def pairs_of(corpus):
    return (*corpus.train, *corpus.validation, *corpus.test)


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.slow
def test_two_builds_have_the_same_bytes(corpus, tmp_path):
    again = mini(tmp_path)
    assert again.root.name == corpus.root.name
    assert content(again.root) == content(corpus.root)


def test_sound_is_that_of_this_version(corpus):
    """Whoever changes what is mixed raises ``mini.VERSION``, so that no cache is stale."""
    logged = conditions_of(corpus.root)
    lines = [
        f"{pair.name} {logged[pair.name]} {audio.rms_dbfs(signal):.1f}"
        for pair in pairs_of(corpus)
        for signal in pair.load()
    ]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert (corpora_mini.VERSION, digest[:12]) == (1, "f63014b553f6")


def test_every_pair_is_aligned_and_16_khz_16_bit(corpus):
    for pair in pairs_of(corpus):
        clean, noisy = pair.load()
        assert clean.shape == noisy.shape
        for path in (pair.clean, pair.noisy):
            info = soundfile.info(path)
            assert (info.samplerate, info.subtype, info.channels) == (16_000, "PCM_16", 1)


def test_noise_lies_at_the_logged_snr(corpus):
    logged = conditions_of(corpus.root)
    pairs = pairs_of(corpus)
    assert set(logged) == {pair.name for pair in pairs}
    for pair in pairs:
        clean, noisy = pair.load()
        snr_db = audio.active_level_dbfs(clean) - audio.rms_dbfs(noisy - clean)
        assert snr_db == pytest.approx(logged[pair.name][1], abs=0.1), pair.name


def test_nothing_clips(corpus):
    assert max(np.abs(pair.load()[1]).max() for pair in pairs_of(corpus)) < 0.995


def test_speakers_of_the_parts_are_disjoint(corpus):
    parts = (corpus.train, corpus.validation, corpus.test)
    train, validation, test = ({pair.speaker for pair in part} for part in parts)
    assert train and not train & validation and not (train | validation) & test
    assert validation == {"ivrvoiceru"}
    assert test == {"allison", "carlo"}
    folder = corpus.train[0].clean.parent.name
    assert folder == f"clean_trainset_{len(train | validation)}spk_wav"


def test_noises_of_the_parts_are_disjoint(corpus):
    logged = conditions_of(corpus.root)
    train = {logged[pair.name][0] for pair in corpus.train + corpus.validation}
    test = {logged[pair.name][0] for pair in corpus.test}
    assert train and test and not train & test


def test_snrs_are_those_of_voicebank_demand_in_equal_shares(corpus):
    logged = conditions_of(corpus.root)
    for pairs, wanted in (
        (corpus.train + corpus.validation, {0, 5, 10, 15}),
        (corpus.test, {2.5, 7.5, 12.5, 17.5}),
    ):
        counts = Counter(logged[pair.name][1] for pair in pairs)
        assert set(counts) == wanted
        assert max(counts.values()) - min(counts.values()) <= 1


def test_nobody_is_disturbed_by_his_own_babble(corpus):
    for name, (noise, _) in conditions_of(corpus.root).items():
        assert name.split("_")[0] not in noise


def test_own_babble_is_passed_over_even_if_it_is_next():
    rng = np.random.default_rng(0)
    names = [f"{speaker}_{number}" for number in range(20) for speaker in ("x", "y")]
    noises = corpora_mini._assign(names, ["babble-of-x", "babble-of-y", "rain"], rng)
    assert Counter(noises).keys() == {"babble-of-x", "babble-of-y", "rain"}
    for name, noise in zip(names, noises, strict=True):
        assert noise != f"babble-of-{name[0]}"


def test_second_call_builds_nothing(tiny, monkeypatch):
    first = mini(tiny / "cache")
    monkeypatch.setattr(corpora_mini, "_build", None)
    assert mini(tiny / "cache") == first


def test_changed_recording_is_mixed_anew(tiny):
    first = mini(tiny / "cache")
    with open(tiny / "sources" / "noise_testset" / "keys.flac", "ab") as file:
        file.write(b"\0")
    assert mini(tiny / "cache").root != first.root


def test_interrupted_build_leaves_nothing(tiny, monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(audio, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mini(tiny / "cache")
    assert list((tiny / "cache").iterdir()) == []


def test_build_that_another_process_finished_first_is_used(tiny, monkeypatch):
    original, finished = corpora_mini._build_part, mini(tiny / "other").root

    def overtaken(sources, root, number):
        original(sources, root, number)
        if number == 1:
            shutil.copytree(finished, tiny / "cache" / finished.name)

    monkeypatch.setattr(corpora_mini, "_build_part", overtaken)
    corpus = mini(tiny / "cache")
    assert [path.name for path in (tiny / "cache").iterdir()] == [corpus.root.name]
    assert content(corpus.root) == content(finished)


def test_installation_without_recordings_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_HERE", tmp_path / "lstm_se")
    with pytest.raises(FileNotFoundError, match="no mini in"):
        mini(tmp_path)
