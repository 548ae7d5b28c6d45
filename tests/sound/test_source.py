"""Sound comes by blocks from whatever holds some, and what was odd about it is said."""

import io
import os
import struct
import sys
import tracemalloc

import av
import numpy as np
import pytest
import soundfile as sf
from random_network import noise

from lstm_se.sound import audio
from lstm_se.sound.source import open_source, open_stream

RATE = 16_000


def wav(samples, told=None, riff=None, before=b""):
    """A WAV file of 16 bits whose header tells what it is asked to."""
    data = audio.to_pcm(samples.T).tobytes()
    channels = 1 if samples.ndim == 1 else len(samples)
    form = struct.pack("<HHIIHH", 1, channels, RATE, 2 * channels * RATE, 2 * channels, 16)
    told = len(data) if told is None else told
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + before + b"data" + struct.pack("<I", told)
    riff = len(body) + len(data) if riff is None else riff
    return b"RIFF" + struct.pack("<I", riff) + body + data


def read(source, frames=997):
    """All blocks in one, and the note."""
    with source:
        return np.concatenate(list(source.blocks(frames)), axis=1), source.note


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff", "w64"])
def test_blocks_are_what_libsndfile_reads_at_once(suffix, tmp_path):
    """Loud after quiet: a decoder of MP3 that is made to seek between blocks differs."""
    path, samples = tmp_path / f"a.{suffix}", 0.5 * noise(150_000)
    samples[:75_000] /= 500
    options = {"bitrate_mode": "VARIABLE"} if suffix == "mp3" else {}
    with sf.SoundFile(path, "w", RATE, 1, **options) as file:
        file.write(samples)
    with sf.SoundFile(path) as file:
        whole = file.read(dtype="float32", always_2d=True)
    found, note = read(open_source(path))
    np.testing.assert_array_equal(found, whole.T)
    assert note == ""


def test_memory_does_not_grow_with_the_length(tmp_path):
    peaks = []
    for seconds in (30, 300):
        path = tmp_path / f"{seconds}.wav"
        sf.write(path, np.zeros(seconds * RATE, np.int16), RATE)
        with open_source(path) as source:
            tracemalloc.start()
            frames = sum(block.shape[1] for block in source.blocks())
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert frames == seconds * RATE
    assert peaks[1] < 1.1 * peaks[0]


def test_source_knows_length_kind_and_tags_before_the_first_block(tmp_path):
    with sf.SoundFile(tmp_path / "a.flac", "w", 44_056, 2, "PCM_24") as file:
        file.title, file.artist = "Rede", "李雷"
        file.write(noise(700, 2))
    with open_source(tmp_path / "a.flac") as source:
        found = source.sample_rate, source.channels, source.frames, source.subtype
        assert found == (44_056, 2, 700, "PCM_24")
        assert source.tags == {"title": "Rede", "artist": "李雷"}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("told", "riff"),
    [(0, 0), (0, 36), (0xFFFFFFFF, 0xFFFFFFFF), (0x7FFFF000, 0x7FFFF024)],
)
def test_unfinished_header_loses_no_sample(told, riff, channels, tmp_path):
    samples = audio.to_pcm(noise(channels, 5000)).astype(np.float32) / 32768
    (tmp_path / "a.wav").write_bytes(wav(samples, told, riff))
    found, note = read(open_source(tmp_path / "a.wav"))
    np.testing.assert_array_equal(found, samples)
    assert note == "the header tells no length: read to the end of the file"


def test_cut_file_gives_what_is_there_and_tells_what_is_missing(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav(noise(RATE))[:-RATE])
    found, note = read(open_source(tmp_path / "a.wav"))
    assert found.shape == (1, RATE // 2)
    assert note == "cut: the header promises 0.50 s more than there is"


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff", "w64"])
def test_file_that_shrinks_while_it_is_read_gives_what_was_there_and_tells_it(suffix, tmp_path):
    path = tmp_path / f"a.{suffix}"
    sf.write(path, noise(400_000), RATE)
    with open_source(path) as source:
        blocks = source.blocks()
        done = next(blocks).shape[1]
        os.truncate(path, path.stat().st_size // 2)
        done += sum(block.shape[1] for block in blocks)
    assert 0 < done < 400_000
    assert source.note.startswith(("cut: ", "damaged beyond "))


def test_cut_flac_gives_what_is_there_too(tmp_path):
    sf.write(tmp_path / "a.flac", noise(20 * RATE), RATE)
    (tmp_path / "a.flac").write_bytes((tmp_path / "a.flac").read_bytes()[:-RATE])
    found, note = read(open_source(tmp_path / "a.flac"))
    assert 10 * RATE < found.shape[1] < 20 * RATE
    assert "damaged beyond" in note and "more than there is" in note


def test_flac_that_came_through_a_pipe_has_no_length_and_is_read_to_its_end(tmp_path):
    sf.write(tmp_path / "a.flac", noise(100_000), RATE)
    content = bytearray((tmp_path / "a.flac").read_bytes())
    content[21] &= 0xF0  # 36 bits of the first block: samples in all
    content[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(content)
    with open_source(tmp_path / "a.flac") as source:
        assert source.frames is None
        assert read(source)[0].shape == (1, 100_000)


@pytest.mark.parametrize("opened", [open_source, lambda path: open_stream(path.open("rb"), "it")])
@pytest.mark.parametrize("told", [0, 2, 1001])
def test_header_that_tells_less_than_there_is_loses_no_sample(told, opened, tmp_path):
    """As that of 5.5 GB, of whose size only the rest of 2 to the power of 32 fits in."""
    samples = audio.to_pcm(noise(1, 40_000)).astype(np.float32) / 32768
    (tmp_path / "a.wav").write_bytes(wav(samples, told))
    found, note = read(opened(tmp_path / "a.wav"))
    np.testing.assert_array_equal(found, samples)
    less = (40_000 - told // 2) / RATE
    assert (
        note == f"the header promises {less:.2f} s less than there is: read to the end of the file"
    )


@pytest.mark.parametrize(
    "behind", [b"", bytes(7), b"cue \0\0\0\0", b"_PMX\xff\xff\xff\xff", b"TAGone two"]
)
def test_what_lies_behind_the_samples_is_no_sound(behind, tmp_path):
    (tmp_path / "a.wav").write_bytes(wav(noise(400)) + behind)
    for source in (
        open_source(tmp_path / "a.wav"),
        open_stream((tmp_path / "a.wav").open("rb"), "it"),
    ):
        found, note = read(source)
        assert (found.shape, note) == ((1, 400), "")


def test_empty_file_that_was_finished_so_stays_empty(tmp_path):
    content = wav(np.zeros(0), riff=36 + 12) + b"LIST\4\0\0\0INFO"
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(ValueError, match="a.wav has 0 samples"):
        read(open_source(tmp_path / "a.wav"))


def test_sample_that_is_not_finite_is_named_with_its_place(tmp_path):
    samples = np.zeros((2, 3 * RATE))
    samples[1, 2 * RATE] = np.inf
    sf.write(tmp_path / "a.wav", samples.T, RATE, "FLOAT")
    with pytest.raises(ValueError, match=r"a.wav has 1 samples .* infinite from 2.000 s on"):
        read(open_source(tmp_path / "a.wav"))


@pytest.mark.parametrize("value", [1e15, -1e25])
def test_sample_whose_power_would_overflow_is_refused_as_it_would_ruin_all_that_follows(
    value, tmp_path
):
    samples = np.zeros(3 * RATE)
    samples[2 * RATE] = value
    sf.write(tmp_path / "a.wav", samples, RATE, "FLOAT")
    with pytest.raises(ValueError, match=r"a.wav has 1 samples .* absurdly large from 2.000 s on"):
        read(open_source(tmp_path / "a.wav"))
    sf.write(tmp_path / "a.wav", samples / value * 1e14, RATE, "FLOAT")
    assert read(open_source(tmp_path / "a.wav"))[0].max() > 9e13


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_file_whose_name_is_not_utf_8_is_written_and_read(suffix, tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9." + suffix.encode())
    audio.write(path, noise(400))
    assert read(open_source(path))[0].shape == (1, 400)


class Pipe(io.RawIOBase):
    """Gives some bytes at a time and cannot seek."""

    def __init__(self, content, step):
        self.pieces = [content[i : i + step] for i in range(0, len(content), step)]

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self.pieces.pop(0) if self.pieces else b""
        taken, rest = piece[: len(buffer)], piece[len(buffer) :]
        self.pieces[:0] = [rest] if rest else []
        buffer[: len(taken)] = taken
        return len(taken)


@pytest.mark.parametrize("step", [1, 7, 512])
@pytest.mark.parametrize("told", [None, 0, 0xFFFFFFFF])
def test_stream_in_any_pieces_gives_the_samples_of_the_file(step, told):
    samples = audio.to_pcm(noise(2, 300)).astype(np.float32) / 32768
    content = wav(samples, told, told, before=b"JUNK\5\0\0\0fmt \0\0")
    found, note = read(open_stream(Pipe(content, step), "standard input"))
    np.testing.assert_array_equal(found, samples)
    assert note == ""


@pytest.mark.parametrize(
    "subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"]
)
def test_stream_is_decoded_as_the_file_is(subtype, tmp_path):
    sf.write(tmp_path / "a.wav", noise(801), RATE, subtype)
    expected, _ = read(open_source(tmp_path / "a.wav"))
    source = open_stream(Pipe((tmp_path / "a.wav").read_bytes(), 100), "standard input")
    assert (source.subtype, source.frames) == (subtype, 801)
    np.testing.assert_array_equal(read(source)[0], expected)


def test_cut_stream_tells_it():
    _, note = read(open_stream(Pipe(wav(noise(RATE))[:-RATE], 999), "standard input"))
    assert note == "cut: the header promises 0.50 s more than there is"


def test_hop_is_given_before_the_next_one_is_written():
    """As a live pipe needs it: nobody waits for a full block, buffered or not."""
    for buffering in (-1, 0):
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb", buffering) as file:
            source = open_stream(file, "standard input", raw=RATE)
            for hop in np.arange(10 * 256, dtype="<i2").reshape(10, 1, 256):
                os.write(writing, hop.tobytes())
                np.testing.assert_array_equal(next(source.blocks()), hop / np.float32(32768))
            os.close(writing)


def test_raw_stream_has_the_channels_it_is_said_to_have():
    pcm = np.arange(20, dtype="<i2").reshape(10, 2)
    found, _ = read(open_stream(io.BytesIO(pcm.tobytes()), "standard input", RATE, channels=2))
    np.testing.assert_array_equal(found, pcm.T / np.float32(32768))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"fLaC" + bytes(99), "it is no WAV"),
        (b"", "it is no WAV"),
        (b"RIFF....WAVE", "it has no samples"),
        (b"RIFF....WAVEdata....", "it has no format before its samples"),
        (b"RIFF....WAVEfmt \4\0\0\0....", "its format is cut"),
        (
            b"RIFF....WAVEfmt \x10\0\0\0\2\0\1\0" + bytes(12),
            "its format 2 with 1 channels of 0 bits at 0 Hz",
        ),
    ],
)
def test_stream_that_is_no_such_sound_is_refused_with_a_reason(content, reason):
    with pytest.raises(
        ValueError, match=f"^standard input cannot be read as WAV from a pipe: {reason}"
    ):
        open_stream(Pipe(content, 10), "standard input")


def test_named_pipe_is_read_as_a_stream(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    samples = audio.to_pcm(noise(1, 900)).astype(np.float32) / 32768
    child = os.fork()
    if child == 0:
        (tmp_path / "pipe").write_bytes(wav(samples, 0xFFFFFFFF))
        os._exit(0)
    found, _ = read(open_source(tmp_path / "pipe"))
    os.waitpid(child, 0)
    np.testing.assert_array_equal(found, samples)


def contained(path, codec, samples, video=False):
    """A file as a phone or a browser makes it."""
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Anruf"
        if video:
            picture = container.add_stream("mpeg4", rate=25)
            picture.width = picture.height = 64
            picture.pix_fmt = "yuv420p"
        sound = container.add_stream(codec, rate=48_000, layout="stereo") if codec else None
        for packet in picture.encode(av.VideoFrame(64, 64, "yuv420p")) if video else ():
            container.mux(packet)
        for begin in range(0, samples.shape[1] if sound else 0, 4800):
            block = np.ascontiguousarray(samples[:, begin : begin + 4800])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 48_000, begin
            container.mux(sound.encode(frame))
        for stream in container.streams:
            container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("name", "codec", "video"),
    [
        ("a.m4a", "aac", False),
        ("a.webm", "libopus", False),
        ("a.mkv", "aac", True),
        ("a.mov", "aac", True),
        ("a.MP4", "aac", True),
    ],
)
def test_files_of_phones_and_browsers_are_read_in_time(name, codec, video, tmp_path):
    samples = np.zeros((2, 48_000), np.float32)
    samples[0, 20_000:] = 0.3 * np.sin(np.arange(28_000) / 20)  # no sound before, none right
    contained(tmp_path / name, codec, samples, video)
    with open_source(tmp_path / name) as source:
        assert (source.sample_rate, source.channels, source.subtype) == (48_000, 2, "PCM_16")
        assert source.tags == {"title": "Anruf"}
        found, note = read(source)
    assert note == "" and abs(found.shape[1] - 48_000) < 2048
    assert audio.snr_db(samples[0], found[0, :48_000]) > 15


def test_container_with_the_name_of_a_wav_is_read(tmp_path):
    contained(tmp_path / "a.m4a", "aac", np.zeros((2, 48_000), np.float32))
    (tmp_path / "a.m4a").rename(tmp_path / "a.wav")
    assert abs(read(open_source(tmp_path / "a.wav"))[0].shape[1] - 48_000) < 2048


def test_video_without_sound_is_told(tmp_path):
    contained(tmp_path / "a.mp4", None, np.zeros((2, 0)), video=True)
    with pytest.raises(ValueError, match=r"a.mp4 has no sound in it: .*\Z"):
        open_source(tmp_path / "a.mp4")


def test_damaged_container_is_no_sound_file(tmp_path):
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(500))
    with pytest.raises(ValueError, match=r"a.m4a is not a sound file that can be read: .+\Z"):
        open_source(tmp_path / "a.m4a")


def test_missing_library_is_named_and_what_it_would_read_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(500))
    install = r'package av is not installed: run pip install "lstm-se\[formats\]"'
    with pytest.raises(ValueError, match=rf"a.m4a: {install}\Z"):
        open_source(tmp_path / "a.m4a")
    with pytest.raises(FileNotFoundError, match=f"holds no sound .*; 1 left out, {install}"):
        audio.find(tmp_path)
    (tmp_path / "b.wav").touch()
    sounds, others = audio.sounds_and_others(tmp_path)
    assert sounds == [tmp_path / "b.wav"] and [path.name for path, _ in others] == ["a.m4a"]


def test_with_the_library_they_are_found_among_the_others(tmp_path):
    for name in ("b.wav", "a.m4a", "c.webm", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in audio.find(tmp_path)] == ["a.m4a", "b.wav", "c.webm"]


@pytest.mark.parametrize("suffix", ["w64", "caf", "au", "snd", "rf64", "sph", "AIFC", "oga"])
def test_whatever_the_library_of_sound_reads_is_found(suffix, tmp_path):
    kind = {"snd": "AU", "sph": "NIST", "AIFC": "AIFF", "oga": "OGG"}.get(suffix, suffix.upper())
    sf.write(tmp_path / f"a.{suffix}", 0.1 * noise(400), RATE, format=kind)
    assert audio.find(tmp_path) == [tmp_path / f"a.{suffix}"]
    assert read(open_source(tmp_path / f"a.{suffix}"))[0].shape == (1, 400)


def test_channels_that_cancel_out_give_the_louder_one(tmp_path):
    one = audio.to_pcm(0.5 * noise(RATE)).astype(np.float32) / 32768
    audio.write(tmp_path / "a.wav", np.stack([-0.96875 * one, one]), subtype="FLOAT")
    recording = audio.read(tmp_path / "a.wav")
    np.testing.assert_array_equal(recording.samples, one)
    assert recording.note == "channels cancel out: took channel 2"
