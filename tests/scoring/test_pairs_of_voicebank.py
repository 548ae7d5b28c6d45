"""Of VoiceBank-DEMAND the files that the stored result names are scored, within their SNRs."""

import json

import numpy as np
import pairs
import pytest

from lstm_se.corpora.mixing import mix
from lstm_se.corpora.pairs import write_pair

STRATA = {"p232_001": "2.5", "p232_002": "2.5", "p257_001": "17.5", "p257_002": "17.5"}
OTHER = "p257_003"


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Five pairs in VoiceBank-DEMAND's layout, four of which the stored result names."""
    rng = np.random.default_rng(0)
    for name in [*STRATA, OTHER]:
        clean, noisy = mix(*rng.normal(0, 0.1, (2, 16_000)), float(STRATA.get(name, 40)))
        write_pair(tmp_path, "testset", name, clean, noisy)
    monkeypatch.setattr(pairs, "RESULTS", tmp_path / "09_pairs.json")
    monkeypatch.setattr(pairs, "METRICS", ("si_sdr",))
    monkeypatch.setattr(pairs.engines, "load", lambda *_: lambda noisy: 0.5 * noisy)
    pairs.RESULTS.write_text(json.dumps({"strata": STRATA}), encoding="utf-8")
    return tmp_path


def run(monkeypatch, corpus):
    """Found by the script for a corpus."""
    out = corpus / "out.json"
    arguments = ["pairs.py", "--corpus", str(corpus), "--out", str(out), "--jobs", "1"]
    monkeypatch.setattr("sys.argv", arguments)
    pairs.main()
    return json.loads(out.read_text(encoding="utf-8"))


def test_mean_is_that_of_the_named_files_within_their_strata(corpus, monkeypatch):
    found = run(monkeypatch, corpus)
    noisy, change = (found["metrics"]["si_sdr"][name] for name in ("noisy", "difference"))
    assert found["strata"] == STRATA and noisy["n"] == len(STRATA)
    assert noisy["mean"] == pytest.approx(10, abs=0.5)  # between 2.5 and 17.5 dB
    assert change["mean"] == pytest.approx(0, abs=0.01)  # of a gain


def test_corpus_without_all_of_the_files_is_refused(corpus, monkeypatch, capsys):
    for file in corpus.rglob("p232_001.wav"):
        file.unlink()
    with pytest.raises(SystemExit):
        run(monkeypatch, corpus)
    assert "holds 3 of the 4 files" in capsys.readouterr().err
