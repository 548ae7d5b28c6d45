"""Sound is written block by block, and what is too long for WAV becomes an RF64."""

import signal

import numpy as np
import pytest
import soundfile
from random_network import noise

from lstm_se.sound import sink
from lstm_se.sound.sink import FullError, SoundSink


def test_blocks_become_one_file(tmp_path):
    with SoundSink(tmp_path / "a.wav", 16_000, 2, "FLOAT") as file:
        for block in np.split(noise(2, 1000), [1, 1, 400], axis=1):
            file.write(block)
    written, rate = soundfile.read(tmp_path / "a.wav", dtype="float32")
    np.testing.assert_array_equal(written.T, noise(2, 1000))
    assert rate == 16_000


def test_nothing_is_there_before_the_end_and_nothing_after_a_failure(tmp_path):
    with pytest.raises(KeyboardInterrupt), SoundSink(tmp_path / "a.wav", 16_000) as file:
        file.write(noise(100))
        assert not (tmp_path / "a.wav").exists()
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_two_at_once_never_mix_in_one_file(tmp_path):
    with SoundSink(tmp_path / "a.wav", 16_000) as file:
        file.write(noise(1000))
        with pytest.raises(BlockingIOError, match="a.wav: another process is at it"):
            SoundSink(tmp_path / "a.wav", 16_000)
        file.write(noise(1000))
    assert soundfile.info(tmp_path / "a.wav").frames == 2000


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(value, name, tmp_path):
    samples = noise(2, 100)
    samples[1, 50] = value
    refused = pytest.raises(ValueError, match=f"{name}: some samples are NaN or infinite")
    with refused, SoundSink(tmp_path / name, 16_000, 2) as file:
        file.write(samples)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [AssertionError(), soundfile.LibsndfileError(1)])
def test_encoder_that_gives_up_is_no_success(error, tmp_path, monkeypatch):
    def give_up(*_):
        raise error

    monkeypatch.setattr(soundfile.SoundFile, "write", give_up)
    refused = pytest.raises(ValueError, match=r"cannot write .*a\.flac: its encoder gave up")
    with refused, SoundSink(tmp_path / "a.flac", 16_000) as file:
        file.write(noise(100))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("rate", "tags"), [(16_000.0, None), (16_000, {"title": "\udcff"})], ids=["header", "tags"]
)
@pytest.mark.parametrize("frames", [None, 100])
def test_file_that_cannot_be_begun_leaves_nothing_and_can_be_tried_again(
    rate, tags, frames, tmp_path, capfd
):
    with pytest.raises((TypeError, UnicodeEncodeError)) as kept:
        SoundSink(tmp_path / "a.wav", rate, frames=frames, tags=tags)
    assert not list(tmp_path.iterdir())
    with SoundSink(tmp_path / "a.wav", 16_000) as file:
        file.write(noise(100))
    del kept  # the claim ends while the error, and all that it holds, is still there
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("stop", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(
    ("moment", "name"),
    [(0, "a.wav"), (1, "a.flac"), (2, "a.flac")],
    ids=["header", "block", "end"],
)
def test_no_interrupt_is_lost_in_the_library_that_writes(
    moment, name, stop, tmp_path, monkeypatch, capfd
):
    number, write, reached = getattr(signal, stop), sink._Disk.write, []

    def interrupted(disk, content):
        if len(reached) == moment + 1:
            reached.append("told")
            signal.raise_signal(number)
        return write(disk, content)

    def leave(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sink._Disk, "write", interrupted)
    before = signal.signal(number, leave)
    try:
        with pytest.raises(KeyboardInterrupt):
            reached.append("begin")
            with SoundSink(tmp_path / name, 16_000) as file:
                reached.append("block")
                file.write(noise(20_000))
                reached.append("end")
        assert signal.getsignal(number) is leave
    finally:
        signal.signal(number, before)
    assert reached == ["begin", "block", "end"][: moment + 1] + ["told"]
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("frames", "kind"), [(99, "WAV"), (101, "RF64")])
def test_what_is_known_to_be_too_long_becomes_rf64(frames, kind, tmp_path, monkeypatch):
    monkeypatch.setattr(sink, "WAV_BYTES", 200)
    with SoundSink(tmp_path / "a.wav", 16_000, 1, "PCM_16", frames) as file:
        file.write(noise(frames))
    assert soundfile.info(tmp_path / "a.wav").format == kind
    assert soundfile.info(tmp_path / "a.wav").frames == frames


@pytest.mark.parametrize(("name", "frames"), [("a.wav", 60), ("a.aiff", None), ("a.au", None)])
def test_format_of_short_numbers_ends_whole_where_it_is_full(name, frames, tmp_path, monkeypatch):
    monkeypatch.setattr(sink, "WAV_BYTES", 200)
    full = pytest.raises(FullError, match=f"{name} is full at 4 GiB, and ends here: write .w64 or")
    with full, SoundSink(tmp_path / name, 16_000, 1, "PCM_16", frames) as file:
        for block in noise(5, 30):
            file.write(block)
    assert soundfile.info(tmp_path / name).frames == 90


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT", "DOUBLE", "ALAW"])
def test_wav_of_unknown_length_is_the_ordinary_one_if_it_can(subtype, tmp_path):
    found = {}
    for frames in (None, 300):
        with SoundSink(tmp_path / "a.wav", 16_000, 3, subtype, frames, {"title": "Rede"}) as file:
            file.write(0.5 * noise(3, 300))
        info = soundfile.info(tmp_path / "a.wav")
        with soundfile.SoundFile(tmp_path / "a.wav") as file:
            found[frames] = info.format, info.subtype, file.title, file.read()
        assert (tmp_path / "a.wav").read_bytes()[12:20] == b"fmt \x10\0\0\0" or subtype == "ALAW"
    assert found[None][:3] == found[300][:3] == ("WAV", subtype, "Rede")
    np.testing.assert_array_equal(found[None][3], found[300][3])


@pytest.mark.parametrize("frames", [None, 300])
def test_subtype_that_the_longer_wav_lacks_is_kept_and_ends_where_a_wav_is_full(
    frames, tmp_path, monkeypatch
):
    with SoundSink(tmp_path / "a.wav", 16_000, 1, "IMA_ADPCM", frames) as file:
        file.write(noise(300))
    assert soundfile.info(tmp_path / "a.wav").subtype == "IMA_ADPCM"
    monkeypatch.setattr(sink, "WAV_BYTES", 200)
    with pytest.raises(FullError), SoundSink(tmp_path / "a.wav", 16_000, 1, "IMA_ADPCM") as file:
        file.write(noise(201))


@pytest.mark.slow
def test_wav_of_unknown_length_grows_beyond_4_gib(tmp_path):
    """Its samples are left out of the file: it has a hole there, and takes no room."""
    with SoundSink(tmp_path / "a.wav", 16_000, 1, "DOUBLE") as file:
        file.write(noise(10))
        file._file.seek(2**29 + 77)
        file.write(noise(10))
    assert soundfile.info(tmp_path / "a.wav").format == "RF64"
    assert soundfile.info(tmp_path / "a.wav").frames == 2**29 + 87


@pytest.mark.parametrize(
    ("name", "form", "subtype"),
    [("a.opus", "OGG", "OPUS"), ("a.aif", "AIFF", "PCM_16"), ("a.w64", "W64", "PCM_16")],
)
def test_suffix_chooses_the_format(name, form, subtype, tmp_path):
    with SoundSink(tmp_path / name, 16_000) as file:
        file.write(0.1 * noise(4000))
    info = soundfile.info(tmp_path / name)
    assert (info.format, info.subtype) == (form, subtype)
