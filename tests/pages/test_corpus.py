"""The pages read the bundled corpus, or the reader's own."""

import pytest

import lstm_se
from lstm_se.pages import corpus


def test_without_a_wish_it_is_the_bundled_one(monkeypatch):
    monkeypatch.delenv("FULL", raising=False)
    assert corpus.chosen() == lstm_se.mini()


def test_full_corpus_is_read_from_its_folder(monkeypatch):
    monkeypatch.setenv("FULL", "1")
    monkeypatch.setenv("VOICEBANK_ROOT", str(lstm_se.mini().root))
    assert corpus.chosen() == lstm_se.voicebank_demand(lstm_se.mini().root)


def test_folder_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("FULL", "1")
    monkeypatch.setenv("VOICEBANK_ROOT", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        corpus.chosen()
