"""Files of phones and cameras are read whatever their names and tags, or refused by name."""

import os
import sys

import av
import numpy as np
import pytest

from lstm_se.sound.source import open_source

KINDS = {
    "a.aac": ("aac", "adts"),
    "a.m4a": ("aac", "mp4"),
    "a.mka": ("flac", "matroska"),
    "a.avi": ("pcm_s16le", "avi"),
    "a.wv": ("wavpack", "wv"),
}
SECONDS = 0.25


def content(path, name="a.m4a", rate=48_000, layout="mono", title=""):
    """The bytes of a file of the kind of ``name``, with a tone in it, written at ``path``."""
    codec, form = KINDS[name]
    samples = int(SECONDS * rate)
    tone = 0.3 * np.sin(np.arange(samples) / 9).astype(np.float32)
    with path.open("wb") as file, av.open(file, "w", format=form) as container:
        container.metadata["title"] = title
        stream = container.add_stream(codec, rate=rate, layout=layout)
        kind, size = stream.codec_context.format.name, stream.codec_context.frame_size or 1024
        channels = 1 if layout == "mono" else 2
        frame = av.AudioFrame.from_ndarray(np.stack([tone] * channels), "fltp", layout)
        frame.sample_rate, frame.pts = rate, 0
        cut = av.AudioResampler(format=kind, layout=layout, rate=rate, frame_size=size)
        for piece in (*cut.resample(frame), *cut.resample(None), None):
            container.mux(stream.encode(piece))
    return path.read_bytes()


def read(path):
    """All samples of a file, and the note."""
    with open_source(path) as source:
        return np.concatenate(list(source.blocks()), axis=1), source.note


@pytest.mark.parametrize("name", KINDS)
def test_tone_of_each_kind_is_as_long_as_it_was(name, tmp_path):
    content(tmp_path / name, name)
    found, note = read(tmp_path / name)
    assert note == "" and abs(found.shape[1] - SECONDS * 48_000) < 3000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("name", ["call:1.m4a", "10:30.m4a", "file:x.m4a", "a?b#c|d%20.m4a"])
def test_name_that_looks_like_an_address_is_one_of_a_file(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content(tmp_path / name)
    assert read(name)[0].size > 10_000


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_name_that_is_not_utf_8_is_read_as_any_other(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.m4a")
    content(path)
    assert read(path)[0].size > 10_000


def test_tag_in_another_alphabet_spoils_no_sound(tmp_path):
    written = content(tmp_path / "a.avi", "a.avi", title="Mxxller")
    (tmp_path / "a.avi").write_bytes(written.replace(b"Mxxller", "Müßler".encode("latin1") + b"!"))
    with open_source(tmp_path / "a.avi") as source:
        assert source.tags["title"] == "M\ufffd\ufffdler!"
        assert sum(block.shape[1] for block in source.blocks()) == SECONDS * 48_000


def test_sound_of_an_unknown_kind_is_refused_by_name(tmp_path):
    written = content(tmp_path / "a.mka", "a.mka")
    (tmp_path / "a.mka").write_bytes(written.replace(b"A_FLAC", b"A_XYZQ"))
    with pytest.raises(ValueError, match=r"a\.mka has sound that FFmpeg cannot decode"):
        open_source(tmp_path / "a.mka")


@pytest.mark.parametrize("name", KINDS)
def test_any_damage_is_read_with_a_note_or_refused_by_name_in_one_line(name, tmp_path):
    path, rng, outcomes = tmp_path / name, np.random.default_rng(1), set()
    written = content(path, name)
    for _ in range(25):
        damaged = bytearray(written)
        for place in rng.integers(len(damaged), size=9):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            outcomes.add(read(path)[1])
        except ValueError as error:
            assert str(error).startswith(str(path)) and str(error).count("\n") == 0
    assert all(note.startswith("damaged: ") for note in outcomes - {""})


@pytest.mark.parametrize("other", [{"rate": 44_100}, {"layout": "stereo"}])
@pytest.mark.parametrize("order", [1, -1])
def test_sound_that_changes_on_the_way_is_refused_rather_than_played_wrong(other, order, tmp_path):
    parts = [content(tmp_path / "part.aac", "a.aac", **made) for made in ({}, other)]
    (tmp_path / "a.aac").write_bytes(b"".join(parts[::order]))
    with pytest.raises(ValueError, match=r"a\.aac changes its rate or channels on the way"):
        read(tmp_path / "a.aac")
