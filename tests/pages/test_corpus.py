"""The pages read the bundled corpus, or the reader's own."""

import numpy as np
import pytest

import lstm_se
from lstm_se.pages import corpus


def test_without_a_wish_it_is_the_bundled_one(monkeypatch):
    monkeypatch.delenv("FULL", raising=False)
    assert corpus.chosen() == lstm_se.mini()


def test_full_corpus_is_read_from_its_folder(monkeypatch, tmp_path):
    root = lstm_se.mini().root
    monkeypatch.setenv("FULL", "1")
    monkeypatch.setenv("VOICEBANK_ROOT", str(root))
    monkeypatch.setenv("LSTM_SE_STORE", str(tmp_path))
    full, plain = corpus.chosen(), lstm_se.voicebank_demand(root)
    assert full.root == plain.root
    for part in ("train", "validation", "test"):
        pairs = list(zip(getattr(full, part), getattr(plain, part), strict=True))
        assert all(one.name == other.name for one, other in pairs)
        for one, other in pairs[:2]:
            np.testing.assert_array_equal(one.load(), other.load())


def test_folder_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("FULL", "1")
    monkeypatch.setenv("VOICEBANK_ROOT", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        corpus.chosen()
