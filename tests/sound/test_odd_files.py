"""Python reads the odd files of tests/support/torture.py, or says why not."""

import io
import json

import numpy as np
import pytest
import soundfile as sf
import torture

from lstm_se.sound import audio
from lstm_se.sound.source import open_source, open_stream

PACK = torture.pack()
STREAMS = [odd for odd in PACK if odd.content[:4] in (b"RIFF", b"RF64", b"BW64")]


def all_of(source):
    """Samples, rate and note."""
    with source:
        samples = np.concatenate(list(source.blocks(333)), axis=1)
        return samples, source.sample_rate, source.note


@pytest.mark.parametrize("odd", PACK, ids=lambda odd: odd.name)
def test_odd_file_gives_its_samples_or_the_reason(odd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # so that a leading dash leads
    (tmp_path / odd.name).write_bytes(odd.content)
    if "python" in odd.refused:
        with pytest.raises(ValueError) as refusal:
            all_of(open_source(odd.name))
        assert str(refusal.value).startswith(f"{odd.name} {odd.refused['python']}")
        return
    samples, rate, note = all_of(open_source(odd.name))
    np.testing.assert_array_equal(samples, odd.samples)
    assert (rate, note) == (odd.rate, odd.note)


@pytest.mark.parametrize("odd", STREAMS, ids=lambda odd: odd.name)
def test_odd_file_through_a_pipe_gives_the_same(odd, tmp_path):
    (tmp_path / odd.name).write_bytes(odd.content)
    with (tmp_path / odd.name).open("rb", buffering=0) as file:
        if odd.samples is None:
            with pytest.raises(ValueError, match="standard input "):
                all_of(open_stream(file, "standard input"))
            return
        samples, rate, _ = all_of(open_stream(file, "standard input"))
    np.testing.assert_array_equal(samples, odd.samples)
    assert rate == odd.rate


def test_any_damage_to_a_header_is_read_or_refused_in_one_line(tmp_path):
    """By a file and by a pipe, and never with an error of a library."""
    outcomes = set()
    for content in torture.damaged(400):
        (tmp_path / "a.wav").write_bytes(content)
        for source in (
            lambda: open_source(tmp_path / "a.wav"),
            lambda content=content: open_stream(io.BytesIO(content), "standard input"),
        ):
            try:
                outcomes.add(all_of(source())[0].dtype.name)
            except ValueError as error:
                assert str(error).count("\n") == 0
                outcomes.add("refused")
    assert outcomes == {"float32", "refused"}


def test_channels_are_mixed_as_the_page_mixes_them(tmp_path):
    odd = next(odd for odd in PACK if odd.name == "8_channels.wav")
    (tmp_path / odd.name).write_bytes(odd.content)
    mixed = audio.read(tmp_path / odd.name).samples
    np.testing.assert_allclose(mixed, odd.mono, atol=1e-7)


def test_pack_is_written_with_its_manifest(tmp_path):
    torture.write(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert len(manifest) == len({entry["name"] for entry in manifest}) > 40
    plain = next(entry for entry in manifest if entry["name"] == "plain.wav")
    samples, rate = sf.read(tmp_path / "plain.wav", dtype="float32")
    assert plain["sha256"] == torture.digest(samples) and plain["rate"] == rate
