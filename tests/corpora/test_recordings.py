"""Sound from a store is bit for bit that of the file, and of the file as it is now."""

import hashlib
import os
import warnings

import numpy as np
import pytest
import soundfile
from random_network import noise
from voicebank_fixture import make_corpus

from lstm_se.corpora import recordings
from lstm_se.corpora.pairs import voicebank_demand
from lstm_se.corpora.recordings import from_store, sounds_of
from lstm_se.sound import audio


def written(path, rate=16_000, channels=1, subtype="PCM_16", seed=0):
    """A file of noise."""
    samples = 0.3 * noise(rate // 5 * channels, seed=seed).reshape(-1, channels)
    soundfile.write(path, samples, rate, subtype)
    return path


@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_sound_is_bit_for_bit_that_of_the_file(rate, channels, subtype, tmp_path):
    path = written(tmp_path / "a.wav", rate, channels, subtype)
    sound, read = sounds_of([path])[path], audio.read(path).samples
    assert sound[:].tobytes() == read.tobytes()
    assert sound[100:300].tobytes() == read[100:300].tobytes()


@pytest.mark.parametrize(("rate", "dtype"), [(16_000, "<i2"), (48_000, "<f4")])
def test_16_bits_are_kept_where_they_lose_nothing(rate, dtype, tmp_path):
    path = written(tmp_path / "a.wav", rate)
    assert sounds_of([path])[path].stored.dtype == dtype


def test_changed_file_is_read_again_and_no_other(tmp_path, monkeypatch):
    paths = [written(tmp_path / f"{seed}.wav", seed=seed) for seed in range(3)]
    sounds_of(paths)
    written(paths[1], seed=9)
    read, seen = recordings.decoded, []
    monkeypatch.setattr(recordings, "decoded", lambda path: (seen.append(path), read(path))[1])
    sound = sounds_of(paths)[paths[1]]
    assert seen == [paths[1]]
    np.testing.assert_array_equal(sound[:], audio.read(paths[1]).samples)


def test_file_of_the_same_size_but_another_time_is_read_again(tmp_path):
    path = written(tmp_path / "a.wav")
    before = sounds_of([path])[path]
    os.utime(path, ns=(0, 0))
    assert sounds_of([path])[path].stored.offset != before.stored.offset


def test_entry_is_what_the_file_says(tmp_path):
    path = written(tmp_path / "a.wav", 48_000)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert sounds_of([path])[path].entry == ("a.wav", 0.2, digest)


def test_pairs_load_what_they_loaded(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        corpus = voicebank_demand(make_corpus(tmp_path, rate=48_000))
    for pair, stored in zip(corpus.train, from_store(corpus.train), strict=True):
        assert (stored.name, stored.speaker) == (pair.name, pair.speaker)
        for one, other in zip(pair.load(), stored.load(), strict=True):
            assert one.tobytes() == other.tobytes()


def test_many_files_are_decoded_in_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "SHARE", 2)
    paths = [written(tmp_path / f"{seed}.wav", seed=seed) for seed in range(5)]
    for path, sound in sounds_of(paths).items():
        np.testing.assert_array_equal(sound[:], audio.read(path).samples)


def test_pair_that_does_not_match_is_refused(tmp_path):
    (pair, *_) = voicebank_demand(make_corpus(tmp_path)).test
    soundfile.write(pair.noisy, np.ones(100) / 8, 16_000)
    with pytest.raises(ValueError, match=r"has 4800 samples but .* has 100: a pair must be"):
        from_store([pair])


def test_unreadable_file_is_named(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"no sound")
    with pytest.raises(ValueError, match=r"a\.wav is not a sound file"):
        sounds_of([path])


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a\.wav does not exist"):
        sounds_of([tmp_path / "a.wav"])
